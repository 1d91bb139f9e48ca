/** Addresses and small programs that the examples share. */
import type { Address, Transaction } from '../src/evm/types.ts';
import { MemoryState } from '../src/state/memory.ts';

export const USER: Address = `0x${'aa'.repeat(20)}`;
export const COUNTER: Address = `0x${'c0'.repeat(20)}`;
/** Adds one to slot 0 and returns it. */
export const COUNT: Uint8Array = Uint8Array.fromHex('5f546001018060005560005260206000f3');

/** A state in which a user has ten ether and a counter stands at 41. */
export function counterState(): MemoryState {
  const state = new MemoryState();
  const code = new Uint8Array();
  state.setAccount(USER, { nonce: 0n, balance: 10n ** 19n, code, storage: [] });
  state.setAccount(COUNTER, { nonce: 1n, balance: 0n, code: COUNT, storage: [[0n, 41n]] });
  return state;
}

/** A transaction of type 2 that calls the counter. */
export function countOnce(nonce: bigint): Transaction {
  return {
    type: 2,
    sender: USER,
    nonce,
    gasLimit: 100_000n,
    to: COUNTER,
    value: 0n,
    data: new Uint8Array(),
    maxFeePerGas: 10n ** 9n,
    maxPriorityFeePerGas: 0n,
    accessList: [],
    maxFeePerBlobGas: 0n,
    blobVersionedHashes: [],
    authorizationList: [],
  };
}
