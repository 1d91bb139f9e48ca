/**
 * A workload: a call into a state, the same for every engine and peer. Also the loop that small
 * ones are measured in, and copies of one that no cache has seen.
 */
import type { Address } from '../../evm/types.ts';

/** An account of the state that a workload starts from. */
export interface WorkloadAccount {
  /** What it is, where that is not the workload's contract. */
  readonly name?: string;
  readonly address: Address;
  readonly code: Uint8Array;
  readonly balance: bigint;
  readonly nonce: bigint;
  readonly storage: ReadonlyMap<bigint, bigint>;
}

export interface Workload {
  readonly name: string;
  /** Contract that several inputs belong to; the mean is per contract, then over contracts. */
  readonly contract: string;
  /** Whether it belongs to the set that is judged. */
  readonly judged: boolean;
  readonly accounts: readonly WorkloadAccount[];
  readonly to: Address;
  readonly input: Uint8Array;
  /** The output, where it is computed outside the EVM; others are compared with the peers'. */
  readonly expected: string | undefined;
}

export const CONTRACT: Address = `0x${'c0de'.padStart(40, '0')}`;
export const CALLER: Address = `0x${'ca11'.padStart(40, '0')}`;
export const CALL_GAS = 1_000_000_000_000n;
const LOOPER: Address = `0x${'100b'.padStart(40, '0')}`;
/** The loop's counter is pushed as three bytes. */
export const LOOPS_MAX = 0xffffff;

/** A contract without storage. */
export function contractAt(address: Address, code: Uint8Array): WorkloadAccount {
  return { address, code, balance: 0n, nonce: 1n, storage: new Map() };
}

/** The code that a workload calls. */
export function codeOf({ accounts, to }: Workload): Uint8Array {
  const account = accounts.find(({ address }) => address === to);
  if (account === undefined) throw new RangeError(`no account ${to} in the workload`);
  return account.code;
}

/**
 * The workload called `count` times by a contract, each time with the input that it got itself; it
 * returns the last output. So calls of microseconds can be timed through a socket, where a single
 * one is lost in the noise of the connection.
 */
export function looped(workload: Workload, count: number): Workload {
  if (count < 1 || count > LOOPS_MAX) throw new RangeError(`${count} is not 1 to ${LOOPS_MAX}`);
  const accounts = [...workload.accounts, contractAt(LOOPER, loopCode(workload.to, count))];
  return { ...workload, accounts, to: LOOPER };
}

/** Offsets of the loop's start and of where a failed call leads. */
const LOOP_START = 8;
const LOOP_FAILED = 55;

function loopCode(target: Address, count: number): Uint8Array {
  const byte = (value: number) => value.toString(16).padStart(2, '0');
  const parts = [
    '365f5f37', // CALLDATASIZE PUSH0 PUSH0 CALLDATACOPY
    `62${count.toString(16).padStart(6, '0')}`, // PUSH3 count
    `5b5f5f365f73${target.slice(2)}5afa`, // JUMPDEST, STATICCALL of the target with the input
    `1560${byte(LOOP_FAILED)}57`, // ISZERO PUSH1 failed JUMPI
    `600190038060${byte(LOOP_START)}57`, // count - 1, again while it is not zero
    '3d5f5f3e3d5ff3', // the last output, RETURN
    '5b3d5f5f3e3d5ffd', // failed: REVERT with what the target gave
  ];
  return Uint8Array.fromHex(parts.join(''));
}

/** STOP, and something that makes the copy's hash its own. */
const COPY_BYTES = 17;

/**
 * A copy that no cache has seen: bytes that are never reached are appended to the code of every
 * account. Its outputs are compared like all others.
 */
export function unseen(workload: Workload): Workload {
  const accounts = workload.accounts.map((account) => {
    if (account.code.length === 0) return account;
    const code = new Uint8Array(account.code.length + COPY_BYTES);
    code.set(account.code);
    globalThis.crypto.getRandomValues(code.subarray(account.code.length + 1));
    return { ...account, code };
  });
  return { ...workload, accounts };
}
