/** What a machine's versions of a block come to, beside the state that they lie upon. */
import * as layout from '../../src/evm/layout.ts';
import type { Machine } from '../../src/evm/machine/instance.ts';
import { ARENAS_START } from '../../src/evm/machine/memory.ts';
import type { RuntimeExports } from '../../src/evm/machine/runtime.ts';
import { readAddress, readHash, readWord } from '../../src/evm/machine/words.ts';
import type { MemoryState } from '../../src/state/memory.ts';

type Walking = RuntimeExports & { nextChangedSlot(ctx: number, entry: number): number };

/** Accounts and slots that differ from the state, as text by what they are of. */
export function changedIn({ memory, runtime }: Machine, state: MemoryState): Map<string, string> {
  const { nextChangedAccount, nextChangedSlot } = runtime as Walking;
  // The first context's.
  const ctx = ARENAS_START;
  const view = memory.view();
  const changed = new Map<string, string>();
  const wiped = new Set<string>();
  for (let a = nextChangedAccount(ctx, 0) >>> 0; a !== 0; a = nextChangedAccount(ctx, a) >>> 0) {
    const address = readAddress(view, a);
    const before = state.getAccount(address);
    const exists = (view.getUint32(a + layout.A_FLAGS, true) & layout.ACCOUNT_EXISTS) !== 0;
    const after = exists
      ? {
          nonce: view.getBigUint64(a + layout.A_NONCE, true),
          balance: readWord(view, a + layout.A_BALANCE),
          codeHash: readHash(memory.bytes(), a + layout.A_CODE_HASH),
        }
      : undefined;
    const isWiped = view.getUint32(a + layout.A_GENERATION, true) !== 0;
    if (isWiped && before !== undefined) wiped.add(address);
    const text = textOf(after);
    if (text !== textOf(before)) changed.set(address, text);
  }
  for (let s = nextChangedSlot(ctx, 0) >>> 0; s !== 0; s = nextChangedSlot(ctx, s) >>> 0) {
    const a = view.getUint32(s + layout.S_ACCOUNT, true);
    const address = readAddress(view, a);
    const generation = view.getUint32(a + layout.A_GENERATION, true);
    if (view.getUint32(s + layout.S_GENERATION, true) !== generation) continue;
    const slot = readWord(view, s + layout.S_KEY);
    const value = readWord(view, s + layout.S_VALUE);
    const before = wiped.has(address) ? 0n : state.getStorage(address, slot);
    if (value !== before) changed.set(`${address} ${slot}`, `${value}`);
  }
  for (const address of wiped) changed.set(`${address} storage`, 'wiped');
  return changed;
}

function textOf(account: { nonce: bigint; balance: bigint; codeHash: string } | undefined): string {
  return account === undefined ? 'none' : `${account.nonce} ${account.balance} ${account.codeHash}`;
}
