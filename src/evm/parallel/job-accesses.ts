/** What each transaction of a job looked at and left, for block access lists. */
import * as layout from '../layout.ts';
import type { MachineMemory } from '../machine/memory.ts';
import { readAddress, readHash, readWord } from '../machine/words.ts';
import * as parallel from '../parallel-layout.ts';
import type { Account, Address, Hash } from '../types.ts';

/** Of one transaction. */
export interface JobAccesses {
  /** Accounts that it looked at or wrote, if only for a while. */
  readonly accounts: readonly Address[];
  readonly slots: readonly (readonly [Address, bigint])[];
  /** What it left otherwise than it found; undefined is an account that is gone. */
  readonly changedAccounts: readonly (readonly [Address, Account | undefined])[];
  readonly changedSlots: readonly (readonly [Address, slot: bigint, value: bigint])[];
  /** The code of an account that has changed; good until the machine's next job. */
  readonly codeOf: (codeHash: Hash) => Uint8Array | undefined;
}

/** Of the transaction with this task, once all count. */
export function readJobAccesses(memory: MachineMemory, task: number): JobAccesses {
  const view = memory.view();
  return { ...readListed(view, task), ...readLeft(memory, view, task) };
}

function readListed(view: DataView, task: number): Pick<JobAccesses, 'accounts' | 'slots'> {
  const list = view.getUint32(task + parallel.TASK_ACCESSES, true);
  let at = list + parallel.ACCESSED_LIST;
  const accounts: Address[] = [];
  for (let left = view.getUint32(list + parallel.ACCESSED_ACCOUNTS, true); left > 0; left--) {
    accounts.push(readAddress(view, at));
    at += parallel.ACCESSED_ACCOUNT_BYTES;
  }
  const slots: [Address, bigint][] = [];
  for (let left = view.getUint32(list + parallel.ACCESSED_SLOTS, true); left > 0; left--) {
    slots.push([readAddress(view, at + parallel.ACCESSED_OWNER), readWord(view, at)]);
    at += parallel.ACCESSED_SLOT_BYTES;
  }
  return { accounts, slots };
}

/** A record of what counts says all of an account. */
function readLeft(
  memory: MachineMemory,
  view: DataView,
  task: number,
): Pick<JobAccesses, 'changedAccounts' | 'changedSlots' | 'codeOf'> {
  const changedAccounts: [Address, Account | undefined][] = [];
  const changedSlots: [Address, bigint, bigint][] = [];
  /** PERF: copied where somebody asks: most have the code that they had. */
  const codes = new Map<Hash, number>();
  const codeOf = (codeHash: Hash): Uint8Array | undefined => {
    const code = codes.get(codeHash);
    if (code === undefined) return undefined;
    const start = code + layout.CODE_BYTES;
    const size = view.getUint32(code + layout.CODE_SIZE, true);
    return memory.bytes().slice(start, start + size);
  };
  let record = view.getUint32(task + parallel.TASK_RECORDS, true);
  for (; record !== 0; record = view.getUint32(record + parallel.V_NEXT_OWN, true)) {
    const entry = view.getUint32(record + parallel.V_ENTRY, true);
    if (view.getUint32(entry + parallel.W_KIND, true) === parallel.WRITTEN_SLOT) {
      const owner = readAddress(view, entry + parallel.W_OWNER);
      const slot = readWord(view, entry + parallel.W_KEY);
      changedSlots.push([owner, slot, readWord(view, record + parallel.V_VALUE)]);
      continue;
    }
    const address = readAddress(view, entry + parallel.W_KEY);
    changedAccounts.push([address, readAccount(memory, view, record, codes)]);
  }
  return { changedAccounts, changedSlots, codeOf };
}

function readAccount(
  memory: MachineMemory,
  view: DataView,
  record: number,
  codes: Map<Hash, number>,
): Account | undefined {
  const flags = view.getUint32(record + parallel.V_FLAGS, true);
  if ((flags & layout.ACCOUNT_EXISTS) === 0) return undefined;
  const codeHash = readHash(memory.bytes(), record + parallel.V_CODE_HASH);
  // Where nobody has asked for the code, it has not changed.
  const code = view.getUint32(record + parallel.V_CODE, true);
  if (code !== 0) codes.set(codeHash, code);
  return {
    nonce: view.getBigUint64(record + parallel.V_NONCE, true),
    balance: readWord(view, record + parallel.V_VALUE),
    codeHash,
  };
}
