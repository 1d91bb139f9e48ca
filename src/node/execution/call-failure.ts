/** Why a call failed, in the words and codes that clients of geth look for. */

import { costOf } from '../../chain/transactions/cost.ts';
import type { EVMError } from '../../evm/errors.ts';
import { decodeRevert } from '../../evm/solidity/revert-reason.ts';
import type {
  Account,
  BlockEnvironment,
  ExecutionResult,
  HaltReason,
  RefusalReason,
  Transaction,
} from '../../evm/types.ts';
import { withChecksum } from '../json/checksum.ts';
import { RpcError, type RpcFault } from '../rpc/errors.ts';
import { dataHex } from '../rpc/values.ts';

/** As geth's abi package says Solidity's panics. */
const PANICS: Readonly<Record<string, string>> = {
  0: 'generic panic',
  1: 'assert(false)',
  17: 'arithmetic underflow or overflow',
  18: 'division or modulo by zero',
  33: 'enum overflow',
  34: 'invalid encoded storage byte array accessed',
  49: 'out-of-bounds array access; popping on an empty array',
  50: 'out-of-bounds access of an array or bytesN',
  65: 'out of memory',
  81: 'uninitialized function',
};

/** As geth's vm package (core/vm/errors.go) says why a frame halted. */
export const HALT_WORDS: Readonly<Record<HaltReason, string>> = {
  'out of gas': 'out of gas',
  'invalid opcode': 'invalid opcode',
  'stack underflow': 'stack underflow',
  'stack overflow': 'stack limit reached 1024 (1023)',
  'bad jump destination': 'invalid jump destination',
  'static state change': 'write protection',
  'return data out of bounds': 'return data out of bounds',
  'create collision': 'contract address collision',
  'code too large': 'max code size exceeded',
  'invalid code prefix': 'invalid code: must not begin with 0xef',
  'init code too large': 'max initcode size exceeded',
  'nonce overflow': 'nonce uint64 overflow',
  'precompile failure': 'execution reverted',
};

export function haltText(reason: HaltReason): string {
  return HALT_WORDS[reason];
}

/** "execution reverted", with what the contract said of it. */
export function revertText(output: Uint8Array): string {
  const reason = decodeRevert(output);
  if (reason.kind === 'error') return `execution reverted: ${reason.message}`;
  if (reason.kind !== 'panic') return 'execution reverted';
  const { code } = reason;
  const text = PANICS[String(code)] ?? `unknown panic code: 0x${code.toString(16)}`;
  return `execution reverted: ${text}`;
}

/** The error of an execution that failed; undefined of one that did not. */
export function failureOf(result: ExecutionResult): RpcError | undefined {
  if (result.status === 'success') return undefined;
  if (result.status === 'halt') return new RpcError('server error', haltText(result.reason));
  const { output } = result;
  return new RpcError('execution reverted', revertText(output), dataHex(output));
}

/** What of a refused transaction and its block the texts name. */
export interface RefusedCall {
  readonly transaction: Transaction;
  readonly environment: BlockEnvironment;
  readonly sender: Account | undefined;
  /** Gas that it needs before it begins. */
  readonly intrinsic: { readonly intrinsic: bigint; readonly floor: bigint };
}

/** Codes of `eth_simulateV1`; by another method they are all -32000. */
const SIMULATION_FAULTS: Partial<Record<RefusalReason, RpcFault>> = {
  'nonce too low': 'nonce too low',
  'nonce too high': 'nonce too high',
  'fee below base fee': 'fee below base fee',
  'priority fee above fee': 'invalid params',
  'intrinsic gas too low': 'intrinsic gas too low',
  'floor gas too low': 'intrinsic gas too low',
  'insufficient funds': 'insufficient funds',
  'gas limit exceeds block': 'block gas limit reached',
  'sender has code': 'sender has code',
  'init code too large': 'init code too large',
};

export function simulationFault(reason: RefusalReason): RpcFault {
  return SIMULATION_FAULTS[reason] ?? 'internal error';
}

/** The words of a refusal. */
export function refusalText(
  reason: RefusalReason,
  { transaction, environment, sender: account, intrinsic }: RefusedCall,
): string {
  const { sender, nonce, gasLimit, maxFeePerGas, maxPriorityFeePerGas: tip } = transaction;
  const address = `address ${withChecksum(sender)}`;
  switch (reason) {
    case 'nonce too low':
    case 'nonce too high':
      return `${reason}: ${address}, tx: ${nonce} state: ${account?.nonce ?? 0n}`;
    case 'nonce overflow':
      return `nonce has max value: ${address}, nonce: ${nonce}`;
    case 'sender has code':
      return `sender not an eoa: ${address}`;
    case 'insufficient funds': {
      const have = account?.balance ?? 0n;
      const want = costOf(transaction);
      return `insufficient funds for gas * price + value: ${address} have ${have} want ${want}`;
    }
    case 'intrinsic gas too low':
      return `intrinsic gas too low: have ${gasLimit}, want ${intrinsic.intrinsic}`;
    case 'floor gas too low':
      return `insufficient gas for floor data gas cost: have ${gasLimit}, want ${intrinsic.floor}`;
    case 'gas limit exceeds block':
      return 'gas limit reached';
    case 'gas limit exceeds maximum':
      return `transaction gas limit too high (cap: 16777216, tx: ${gasLimit})`;
    case 'fee below base fee': {
      const fees = `maxFeePerGas: ${maxFeePerGas}, baseFee: ${environment.baseFee}`;
      return `max fee per gas less than block base fee: ${address}, ${fees}`;
    }
    case 'priority fee above fee': {
      const fees = `maxPriorityFeePerGas: ${tip}, maxFeePerGas: ${maxFeePerGas}`;
      return `max priority fee per gas higher than max fee per gas: ${address}, ${fees}`;
    }
    case 'blob fee below base': {
      const fees = `maxFeePerBlobGas: ${transaction.maxFeePerBlobGas}`;
      const base = `blobBaseFee: ${environment.blobBaseFee}`;
      return `max fee per blob gas less than block blob gas fee: ${address} ${fees}, ${base}`;
    }
    case 'init code too large':
      return `max initcode size exceeded: code size ${transaction.data.length}`;
    default:
      return OTHER_REFUSALS[reason] ?? reason;
  }
}

const OTHER_REFUSALS: Partial<Record<RefusalReason, string>> = {
  'type not supported': 'transaction type not supported',
  'no blobs': 'blob transaction missing blob hashes',
  'too many blobs': 'blob transaction has too many blobs',
  'invalid blob hash version': 'blob 0 has invalid hash version',
  'blob creates contract': 'blob transaction of type create',
  'empty authorization list': 'EIP-7702 transaction with empty auth list',
  'set code creates contract': 'EIP-7702 transaction cannot be used to create contract',
  'gas price overflow': 'max fee per gas higher than 2^256-1',
};

/** What was executed had not ended when its time was over. */
export class ExecutionAborted extends RpcError {
  constructor(message: string) {
    super('server error', message);
  }

  /** In geth's words. */
  static after(milliseconds: number): ExecutionAborted {
    return new ExecutionAborted(`execution aborted (timeout = ${milliseconds / 1000}s)`);
  }
}

/** What the machine itself says of a call that it gave up, as an answer. */
export function stopText(error: EVMError, milliseconds: number): RpcError {
  if (error.code === 'evm/stopped') return ExecutionAborted.after(milliseconds);
  const fault: RpcFault = error.code === 'evm/too many calls' ? 'limit exceeded' : 'server error';
  return new RpcError(fault, error.message);
}
