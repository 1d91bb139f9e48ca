/** What a job has changed, read from the block's versions once it is folded into them. */
import { WordMap } from '../../base/word-map.ts';
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
  const first = view.getUint32(job + parallel.J_CHANGED, true);
  const count = view.getUint32(job + parallel.J_CHANGED_COUNT, true);
  const end = first + count * parallel.CHANGED_BYTES;
  const storages = readStorages(view, first, end);
  for (let changed = first; changed < end; changed += parallel.CHANGED_BYTES) {
    if (view.getUint32(changed + parallel.CHANGED_KIND, true) !== parallel.WRITTEN_ACCOUNT)
      continue;
    const entry = view.getUint32(changed + parallel.CHANGED_ENTRY, true);
    const storage = storages.get(entry) ?? NO_SLOTS;
    storages.delete(entry);
    const change = readAccount(memory, view, { changed, entry, storage, codes });
    accounts.set(readAddress(view, entry), change);
  }
  // Their slots have changed, and nothing else.
  for (const [account, storage] of storages) {
    accounts.set(readAddress(view, account), readUnchanged(memory, view, account, storage));
  }
  return { accounts, codes };
}

/** PERF: most accounts of a block have none, and a map each would be most of what this makes. */
const NO_SLOTS: ReadonlyMap<bigint, bigint> = new Map();

/** The slots that have changed, by the entries of their accounts. */
function readStorages(view: DataView, first: number, end: number): Map<number, WordMap<bigint>> {
  const storages = new Map<number, WordMap<bigint>>();
  for (let changed = first; changed < end; changed += parallel.CHANGED_BYTES) {
    if (view.getUint32(changed + parallel.CHANGED_KIND, true) === parallel.WRITTEN_ACCOUNT)
      continue;
    const entry = view.getUint32(changed + parallel.CHANGED_ENTRY, true);
    const account = view.getUint32(entry + layout.S_ACCOUNT, true);
    let storage = storages.get(account);
    if (storage === undefined) {
      storage = new WordMap();
      storages.set(account, storage);
    }
    storage.set(readWord(view, entry + layout.S_KEY), readWord(view, entry + layout.S_VALUE));
  }
  return storages;
}

interface ChangedAccount {
  readonly changed: number;
  readonly entry: number;
  readonly storage: ReadonlyMap<bigint, bigint>;
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
