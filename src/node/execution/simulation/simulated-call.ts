/** A call of a simulation: the transaction that it is, and what came of it. */

import { intrinsicGas } from '../../../chain/transactions/intrinsic-gas.ts';
import type { SignedTransaction } from '../../../chain/transactions/types.ts';
import { EVMError } from '../../../evm/errors.ts';
import type { EVM, TransactOptions } from '../../../evm/evm-interface.ts';
import type { StateOverrides } from '../../../evm/execution-options.ts';
import type { Rules } from '../../../evm/forks/rules.ts';
import type { CallHooks } from '../../../evm/machine/hooks.ts';
import type { TraceStep } from '../../../evm/machine/steps.ts';
import type {
  Account,
  BlockEnvironment,
  ExecutionResult,
  RefusalReason,
  StateReader,
  Transaction,
} from '../../../evm/types.ts';
import { RpcError } from '../../rpc/errors.ts';
import { callTransaction } from '../call.ts';
import { refusalText, simulationFault } from '../call-failure.ts';
import type { CallRequest } from '../call-request.ts';

export interface SimulatedCallSetting {
  readonly evm: EVM;
  readonly rules: Rules;
  /** As the calls before left it. */
  readonly state: StateReader;
  readonly environment: BlockEnvironment;
  readonly chainId: bigint;
  /** London. */
  readonly hasFees: boolean;
  readonly gasLimit: bigint;
  readonly blockGasLeft: bigint;
  readonly blockStateGasLeft: bigint;
  readonly validation: boolean;
  readonly traceTransfers: boolean;
  readonly precompiles: StateOverrides | undefined;
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
}

export interface ExecutedCall {
  readonly transaction: Transaction;
  readonly signed: SignedTransaction;
  readonly result: ExecutionResult;
  /** Logs that were left, also those of frames that were undone. */
  readonly logsSeen: number;
}

/** @throws RpcError for a transaction that may not be in the block */
export async function executeSimulated(
  request: CallRequest,
  setting: SimulatedCallSetting,
): Promise<ExecutedCall> {
  const { evm, environment, chainId, state, validation } = setting;
  if (performance.now() > setting.deadlineMs) {
    throw new EVMError('evm/stopped', 'the simulation has taken too long');
  }
  const from = request.from ?? `0x${'00'.repeat(20)}`;
  const account = await state.getAccount(from);
  const typed = { ...request, ...feesOf(request, setting.hasFees) };
  const transaction = callTransaction(typed, chainId, {
    gasLimit: setting.gasLimit,
    nonce: account?.nonce ?? 0n,
  });
  const signed = unsigned(typed, transaction, chainId);
  const refused = (reason: RefusalReason) => {
    const intrinsic = intrinsicGas(signed, setting.rules);
    const text = refusalText(reason, { transaction, environment, sender: account, intrinsic });
    const message = `err: ${text} (supplied gas ${transaction.gasLimit})`;
    return new RpcError(simulationFault(reason), message);
  };
  // Fees are looked at first by the machine, and nonces by all others.
  const nonceFault = validation ? nonceFaultOf(transaction, account) : undefined;
  if (nonceFault !== undefined) throw refused(nonceFault);
  const options = optionsOf(transaction, setting);
  const before = evm.snapshot();
  const watch = new CallWatch(setting.traceTransfers);
  const result = await evm.transact(transaction, { ...options, hooks: watch.hooks });
  if (result.status === 'refused') throw refused(result.reason);
  if (!watch.hasFailed) {
    return { transaction, signed, result, logsSeen: result.logs.length };
  }
  // Which logs were undone, only its steps say.
  const again = options.commit !== false;
  if (again) evm.revert(before);
  let logsSeen = watch.transfers;
  const onStep = ({ op }: TraceStep) => {
    if (op >= LOG0 && op <= LOG4) logsSeen += 1;
  };
  await evm.transact(transaction, { ...options, commit: false, onStep });
  if (again) await evm.transact(transaction, options);
  return { transaction, signed, result, logsSeen };
}

const LOG0 = 0xa0;
const LOG4 = 0xa4;

/** Sees whether any frame failed, and what ether moved, or would have. */
class CallWatch {
  readonly #traceTransfers: boolean;
  hasFailed = false;
  transfers = 0;

  constructor(traceTransfers: boolean) {
    this.#traceTransfers = traceTransfers;
  }

  readonly hooks: CallHooks = {
    onEnter: ({ kind, value }) => {
      if (this.#traceTransfers && kind !== 'delegatecall' && value > 0n) this.transfers += 1;
    },
    onExit: ({ status }) => {
      if (status !== 'success') this.hasFailed = true;
    },
  };
}

function nonceFaultOf(
  { nonce }: Transaction,
  account: Account | undefined,
): RefusalReason | undefined {
  const expected = account?.nonce ?? 0n;
  if (nonce !== expected) return nonce < expected ? 'nonce too low' : 'nonce too high';
  return nonce === NONCE_MAX ? 'nonce overflow' : undefined;
}

const NONCE_MAX = 2n ** 64n - 1n;

function optionsOf(transaction: Transaction, setting: SimulatedCallSetting): TransactOptions {
  const { environment, validation, precompiles, blockGasLeft, blockStateGasLeft, rules } = setting;
  const isFree = transaction.maxFeePerGas === 0n && transaction.maxPriorityFeePerGas === 0n;
  const isFreeOfBlobFee = !validation && transaction.maxFeePerBlobGas === 0n;
  return {
    block: isFreeOfBlobFee ? { ...environment, blobBaseFee: 0n } : environment,
    blockGasLeft,
    blockStateGasLeft,
    checks: { nonce: validation, senderCode: false, baseFee: validation || !isFree },
    ...(rules.metersStateGas ? {} : { limits: { transactionGas: 0n } }),
    ...(precompiles === undefined ? {} : { commit: false, overrides: precompiles }),
    signal: setting.signal,
    timeoutMs: Math.max(1, Math.ceil(setting.deadlineMs - performance.now())),
  };
}

/** A fee is named where the block has one; a gas price makes a transaction of type 0. */
function feesOf({ gasPrice, maxFeePerGas, accessList }: CallRequest, hasFees: boolean) {
  if (gasPrice !== undefined) return {};
  return hasFees || accessList !== undefined ? { maxFeePerGas: maxFeePerGas ?? 0n } : {};
}

/** The transaction as a block holds it, but for its signature. */
function unsigned(
  { authorizationList, gasPrice }: CallRequest,
  transaction: Transaction,
  chainId: bigint,
): SignedTransaction {
  const type = gasPrice === undefined ? transaction.type : 0;
  return {
    ...transaction,
    type,
    chainId: type === 0 ? 0n : chainId,
    authorizationList: authorizationList ?? [],
    v: 0n,
    r: 0n,
    s: 0n,
  };
}
