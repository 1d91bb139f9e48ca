/**
 * Calls: a transaction that nobody signed, executed upon the state of a block and forgotten. What
 * is checked of it is what geth checks: it pays where it names a price, and its nonce counts not.
 */

import { intrinsicGas } from '../../chain/transactions/intrinsic-gas.ts';
import { recoverAuthority } from '../../chain/transactions/signature.ts';
import { EVMError } from '../../evm/errors.ts';
import type { EVM, TransactOptions } from '../../evm/evm-interface.ts';
import type { StateOverrides } from '../../evm/execution-options.ts';
import type {
  Account,
  Address,
  BlockEnvironment,
  ExecutionResult,
  Refused,
  StateReader,
  Transaction,
} from '../../evm/types.ts';
import { EMPTY_CODE_HASH } from '../../state/memory.ts';
import { RpcError } from '../rpc/errors.ts';
import type { Caller } from '../rpc/method.ts';
import type { BlockId } from '../rpc/values.ts';
import { refusalText, stopText } from './call-failure.ts';
import type { CallNode, CallPlace } from './call-node.ts';
import { type BlockOverrides, overrideEnvironment } from './call-overrides.ts';
import { type CallRequest, checkCallRequest } from './call-request.ts';

export const NOBODY: Address = `0x${'00'.repeat(20)}`;
const U64_MAX = 2n ** 64n - 1n;
const CHECKS = { nonce: false, senderCode: false };
/** Frozen, so that a machine sees by itself that they are the same. */
const LIMITS = Object.freeze({ transactionGas: 0n });

/** Where a call runs, and what bounds it. */
export interface CallSetting {
  readonly evm: EVM;
  readonly state: StateReader;
  readonly place: CallPlace;
  readonly environment: BlockEnvironment;
  readonly overrides: StateOverrides | undefined;
  readonly signal: AbortSignal;
  /** Of `performance.now()`. */
  readonly deadlineMs: number;
  readonly limitMs: number;
}

export interface CallPlaceOptions {
  readonly overrides?: StateOverrides | undefined;
  readonly blockOverrides?: BlockOverrides | undefined;
}

/** A machine at the block for as long as the work takes. @throws RpcError */
export async function withMachine<T>(
  node: CallNode,
  caller: Caller,
  { at, overrides, blockOverrides }: CallPlaceOptions & { readonly at: BlockId },
  work: (setting: CallSetting) => Promise<T>,
): Promise<T> {
  const place = await node.blockState(at);
  const environment =
    blockOverrides === undefined
      ? place.environment
      : overrideEnvironment(place.environment, blockOverrides);
  const lease = await node.machines.acquire(place.standing);
  const limitMs = node.limits.callMsMax;
  try {
    return await work({
      evm: lease.evm,
      state: lease.state,
      place,
      environment,
      overrides,
      signal: caller.signal,
      deadlineMs: performance.now() + limitMs,
      limitMs,
    });
  } catch (error) {
    if (error instanceof EVMError) throw stopText(error, limitMs);
    throw error;
  } finally {
    lease.release();
  }
}

/** A request as a transaction; what it leaves out is as geth has it for calls. */
export function callTransaction(
  request: CallRequest,
  chainId: bigint,
  { gasLimit, nonce = 0n }: { readonly gasLimit: bigint; readonly nonce?: bigint },
): Transaction {
  checkCallRequest(request, chainId);
  const { gasPrice, accessList, blobVersionedHashes, authorizationList, maxFeePerGas } = request;
  const tip = request.maxPriorityFeePerGas;
  return {
    type: typeOf(request),
    sender: request.from ?? NOBODY,
    nonce: request.nonce ?? nonce,
    gasLimit,
    to: request.to,
    value: request.value ?? 0n,
    data: request.data ?? new Uint8Array(0),
    maxFeePerGas: gasPrice ?? maxFeePerGas ?? 0n,
    maxPriorityFeePerGas: gasPrice ?? tip ?? 0n,
    accessList: accessList ?? [],
    maxFeePerBlobGas: request.maxFeePerBlobGas ?? 0n,
    blobVersionedHashes: blobVersionedHashes ?? [],
    authorizationList: (authorizationList ?? []).map((authorization) => ({
      chainId: authorization.chainId,
      address: authorization.address,
      nonce: authorization.nonce,
      authority: recoverAuthority(authorization),
    })),
  };
}

/** The type that has the fields which are given. */
export function typeOf(request: CallRequest): Transaction['type'] {
  if (request.authorizationList !== undefined) return 4;
  if (request.blobVersionedHashes !== undefined) return 3;
  if ((request.maxFeePerGas ?? request.maxPriorityFeePerGas) !== undefined) return 2;
  return request.accessList === undefined ? 0 : 1;
}

/** Gas of a call: what it asks for, within what the node allows. */
export function callGas(request: CallRequest, gasMax: bigint): bigint {
  const { gas } = request;
  return gas === undefined || gas > gasMax ? gasMax : gas;
}

/** What every call has: bounds, block, and checks left out as geth leaves them out. */
export function callOptions(setting: CallSetting, transaction: Transaction): TransactOptions {
  const { environment, overrides, signal, deadlineMs, place } = setting;
  const { metersStateGas } = place.rules.rules;
  return {
    commit: false,
    block: priced(environment, transaction),
    blockGasLeft: U64_MAX,
    blockStateGasLeft: U64_MAX,
    checks: CHECKS,
    signal,
    timeoutMs: Math.max(1, Math.ceil(deadlineMs - performance.now())),
    ...(metersStateGas ? {} : { limits: LIMITS }),
    ...(overrides === undefined ? {} : { overrides }),
  };
}

const free = new WeakMap<BlockEnvironment, BlockEnvironment>();

/** Who names no price pays none. PERF: of one block most calls have the same, made once. */
function priced(environment: BlockEnvironment, transaction: Transaction): BlockEnvironment {
  const { maxFeePerGas, maxPriorityFeePerGas, maxFeePerBlobGas } = transaction;
  const isFree = maxFeePerGas === 0n && maxPriorityFeePerGas === 0n;
  const isBlobFree = maxFeePerBlobGas === 0n;
  if (!isFree || !isBlobFree) {
    return {
      ...environment,
      ...(isFree ? { baseFee: 0n } : {}),
      ...(isBlobFree ? { blobBaseFee: 0n } : {}),
    };
  }
  let made = free.get(environment);
  if (made === undefined) {
    made = Object.freeze({ ...environment, baseFee: 0n, blobBaseFee: 0n });
    free.set(environment, made);
  }
  return made;
}

/** Executes a call. @throws RpcError for one that may not be executed */
export async function executeCall(
  setting: CallSetting,
  transaction: Transaction,
  options: Partial<TransactOptions> = {},
): Promise<ExecutionResult> {
  const result = await tryCall(setting, transaction, options);
  if (result.status === 'refused') throw await refusedCall(setting, transaction, result);
  return result;
}

/** The same, with what is refused as a result. @throws EVMError */
export function tryCall(
  setting: CallSetting,
  transaction: Transaction,
  options: Partial<TransactOptions> = {},
): Promise<ExecutionResult | Refused> {
  if (performance.now() > setting.deadlineMs) {
    throw new EVMError('evm/stopped', 'the call has taken too long');
  }
  return setting.evm.transact(transaction, { ...callOptions(setting, transaction), ...options });
}

/** Why it may not be executed, with `say` about the words of that. */
export async function refusedCall(
  setting: CallSetting,
  transaction: Transaction,
  { reason }: Refused,
  say = (text: string): string => `err: ${text} (supplied gas ${transaction.gasLimit})`,
): Promise<RpcError> {
  const { rules } = setting.place.rules;
  const text = refusalText(reason, {
    transaction,
    environment: setting.environment,
    sender: await accountOf(setting, transaction.sender),
    intrinsic: intrinsicGas({ ...transaction, authorizationList: blanks(transaction) }, rules),
  });
  return new RpcError('server error', say(text));
}

/** Intrinsic gas counts authorisations alone. */
function blanks({ authorizationList }: Transaction) {
  return authorizationList.map(({ chainId, address, nonce }) => ({
    chainId,
    address,
    nonce,
    yParity: 0n,
    r: 0n,
    s: 0n,
  }));
}

/** An account as the call sees it, overrides included. */
export async function accountOf(
  { state, overrides = {} }: CallSetting,
  address: Address,
): Promise<Account | undefined> {
  const account = await state.getAccount(address);
  const { balance, nonce } = overrides[address] ?? {};
  if (balance === undefined && nonce === undefined) return account;
  return {
    nonce: nonce ?? account?.nonce ?? 0n,
    balance: balance ?? account?.balance ?? 0n,
    codeHash: account?.codeHash ?? EMPTY_CODE_HASH,
  };
}

/** Whether a call of the address runs code of a contract, overrides included. */
export async function hasCode(setting: CallSetting, address: Address): Promise<boolean> {
  const code = setting.overrides?.[address]?.code;
  if (code !== undefined) return code.length > 0;
  const account = await setting.state.getAccount(address);
  return account !== undefined && account.codeHash !== EMPTY_CODE_HASH;
}
