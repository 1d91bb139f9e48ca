/**
 * What a transaction looked at and wrote, by field, from the marks in its overlay. A revert undoes
 * neither: this is what parallel validation, witnesses, access lists and prestate traces need.
 */
import { WordMap } from '../../base/word-map.ts';
import * as layout from '../layout.ts';
import type { Address } from '../types.ts';
import type { Machine } from './instance.ts';
import { readAddress, readWord } from './words.ts';

export interface AccountAccess {
  /** Fields that the result may depend on. */
  readonly reads: {
    readonly balance: boolean;
    readonly nonce: boolean;
    readonly code: boolean;
    readonly existence: boolean;
    readonly hasStorage: boolean;
  };
  /** Balance, nonce, code or existence were written, if only for a while. */
  readonly written: boolean;
  readonly slots: ReadonlyMap<bigint, SlotAccess>;
}

export interface SlotAccess {
  readonly read: boolean;
  /** Written with another value, if only for a while. */
  readonly written: boolean;
}

export interface StateAccesses {
  readonly accounts: ReadonlyMap<Address, AccountAccess>;
  /** Numbers of the blocks whose hashes were read. */
  readonly blockHashes: readonly bigint[];
}

export function readAccesses({ runtime, memory }: Machine, ctx: number): StateAccesses {
  const view = memory.view();
  const accounts = new Map<Address, AccountAccess>();
  const slotsOf = slotsByAccount(view, ctx, runtime);
  for (let a = runtime.nextAccount(ctx, 0) >>> 0; a !== 0; a = runtime.nextAccount(ctx, a) >>> 0) {
    const reads = view.getUint32(a + layout.A_READS, true);
    const written = (view.getUint32(a + layout.A_FLAGS, true) & layout.ACCOUNT_DIRTY) !== 0;
    const slots = slotsOf.get(a) ?? new WordMap<SlotAccess>();
    if (reads === 0 && !written && slots.size === 0) continue;
    accounts.set(readAddress(view, a), {
      reads: {
        balance: (reads & layout.READ_BALANCE) !== 0,
        nonce: (reads & layout.READ_NONCE) !== 0,
        code: (reads & layout.READ_CODE) !== 0,
        existence: (reads & layout.READ_EXISTENCE) !== 0,
        hasStorage: (reads & layout.READ_HAS_STORAGE) !== 0,
      },
      written,
      slots,
    });
  }
  return { accounts, blockHashes: readBlockHashes(view, ctx) };
}

function slotsByAccount(
  view: DataView,
  ctx: number,
  runtime: Machine['runtime'],
): Map<number, WordMap<SlotAccess>> {
  const all = new Map<number, WordMap<SlotAccess>>();
  for (let s = runtime.nextSlot(ctx, 0) >>> 0; s !== 0; s = runtime.nextSlot(ctx, s) >>> 0) {
    const read = (view.getUint32(s + layout.S_READS, true) & layout.READ_SLOT) !== 0;
    const written = (view.getUint32(s + layout.S_FLAGS, true) & layout.SLOT_DIRTY) !== 0;
    if (!read && !written) continue;
    const account = view.getUint32(s + layout.S_ACCOUNT, true);
    const slots = all.get(account) ?? new WordMap<SlotAccess>();
    slots.set(readWord(view, s + layout.S_KEY), { read, written });
    all.set(account, slots);
  }
  return all;
}

/** The bit set holds the low byte of each number; they are of the 256 blocks before this one. */
function readBlockHashes(view: DataView, ctx: number): bigint[] {
  const current = view.getBigUint64(ctx + layout.C_NUMBER, true);
  const numbers: bigint[] = [];
  for (let back = 256n; back >= 1n; back--) {
    if (back > current) continue;
    const number = current - back;
    const low = Number(number & 255n);
    const byte = view.getUint8(ctx + layout.C_BLOCK_HASH_READS + (low >> 3));
    if ((byte & (1 << (low & 7))) !== 0) numbers.push(number);
  }
  return numbers;
}

/** Accounts that are warm as the frames begin: nobody gains by listing them (EIP-2929). */
export function readWarm({ runtime, memory }: Machine, ctx: number): Set<Address> {
  const view = memory.view();
  const warm = new Set<Address>();
  for (let a = runtime.nextAccount(ctx, 0) >>> 0; a !== 0; a = runtime.nextAccount(ctx, a) >>> 0) {
    const flags = view.getUint32(a + layout.A_FLAGS, true);
    if ((flags & layout.ACCOUNT_WARM) !== 0) warm.add(readAddress(view, a));
  }
  return warm;
}
