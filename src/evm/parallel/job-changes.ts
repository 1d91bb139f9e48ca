/** What a job has changed, read from the block's versions once it is folded into them. */
import * as layout from '../layout.ts';
import type { MachineMemory } from '../machine/memory.ts';
import { readAddress, readHash, readWord } from '../machine/words.ts';
import * as parallel from '../parallel-layout.ts';
import type { AccountChange, Address, Hash, StateChanges } from '../types.ts';

/** Of all its transactions together. PERF: O(accounts and slots), whatever wrote them how often. */
export function readJobChanges(memory: MachineMemory, job: number): StateChanges {
  const view = memory.view();
  const accounts = new Map<Address, AccountChange | null>();
  const codes = new Map<Hash, Uint8Array>();
  const storages = new Map<number, Map<bigint, bigint>>();
  const first = view.getUint32(job + parallel.J_CHANGED, true);
  const count = view.getUint32(job + parallel.J_CHANGED_COUNT, true);
  for (let i = 0; i < count; i++) {
    const changed = first + i * parallel.CHANGED_BYTES;
    const entry = view.getUint32(changed + parallel.CHANGED_ENTRY, true);
    if (view.getUint32(changed + parallel.CHANGED_KIND, true) === parallel.WRITTEN_ACCOUNT) {
      const storage = new Map<bigint, bigint>();
      storages.set(entry, storage);
      const change = readAccount(memory, view, { changed, entry, storage, codes });
      accounts.set(readAddress(view, entry), change);
      continue;
    }
    const account = view.getUint32(entry + layout.S_ACCOUNT, true);
    let storage = storages.get(account);
    if (storage === undefined) {
      // Its slots have changed, and nothing else.
      storage = new Map();
      storages.set(account, storage);
      accounts.set(readAddress(view, account), readUnchanged(memory, view, account, storage));
    }
    storage.set(readWord(view, entry + layout.S_KEY), readWord(view, entry + layout.S_VALUE));
  }
  return { accounts, codes };
}

interface ChangedAccount {
  readonly changed: number;
  readonly entry: number;
  readonly storage: Map<bigint, bigint>;
  readonly codes: Map<Hash, Uint8Array>;
}

function readAccount(
  memory: MachineMemory,
  view: DataView,
  { changed, entry, storage, codes }: ChangedAccount,
): AccountChange | null {
  const flags = view.getUint32(entry + layout.A_FLAGS, true);
  if ((flags & layout.ACCOUNT_EXISTS) === 0) return null;
  const wiped = view.getUint32(changed + parallel.CHANGED_WIPED, true) !== 0;
  const change = { ...readUnchanged(memory, view, entry, storage), storageWiped: wiped };
  const code = view.getUint32(entry + layout.A_CODE, true);
  if (view.getUint32(changed + parallel.CHANGED_CODE, true) !== 0 && code !== 0) {
    const size = view.getUint32(code + layout.CODE_SIZE, true);
    const start = code + layout.CODE_BYTES;
    codes.set(change.codeHash, memory.bytes().slice(start, start + size));
  }
  return change;
}

function readUnchanged(
  memory: MachineMemory,
  view: DataView,
  entry: number,
  storage: ReadonlyMap<bigint, bigint>,
): AccountChange {
  return {
    nonce: view.getBigUint64(entry + layout.A_NONCE, true),
    balance: readWord(view, entry + layout.A_BALANCE),
    codeHash: readHash(memory.bytes(), entry + layout.A_CODE_HASH),
    storageWiped: false,
    storage,
  };
}
