/** Blocks that depend on their number alone: for a process that is killed, and its judge. */
import type { AccountChange, Address, StateChanges } from '../../src/evm/types.ts';
import { EMPTY_CODE_HASH } from '../../src/state/memory.ts';

const ACCOUNTS = 12;
const ACCOUNTS_CHANGED = 5;
const SLOTS = 400n;
const SLOTS_CHANGED = 80;

/** Every third account that changes goes or begins anew. */
export function blockOf(number: bigint): StateChanges {
  const random = generator(number);
  const accounts = new Map<Address, AccountChange | null>();
  for (let count = 0; count < ACCOUNTS_CHANGED; count++) {
    accounts.set(addressOf(Number(random() % BigInt(ACCOUNTS))), accountOf(number, random));
  }
  return { accounts, codes: new Map() };
}

export function addressOf(index: number): Address {
  return `0x${(index + 1).toString(16).padStart(40, '0')}`;
}

export const ADDRESSES: readonly Address[] = Array.from({ length: ACCOUNTS }, (_, index) =>
  addressOf(index),
);

function accountOf(number: bigint, random: () => bigint): AccountChange | null {
  const fate = random() % 6n;
  if (fate === 0n) return null;
  const storage = new Map<bigint, bigint>();
  for (let count = 0; count < SLOTS_CHANGED; count++) {
    storage.set((random() % SLOTS) ** 20n, random() % 4n === 0n ? 0n : random());
  }
  const balance = random();
  return { nonce: number, balance, codeHash: EMPTY_CODE_HASH, storageWiped: fate === 1n, storage };
}

/** Knuth's linear congruential generator of 64 bits, of which the upper 48 are given. */
function generator(seed: bigint): () => bigint {
  let state = seed;
  return () => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    return state >> 16n;
  };
}
