/**
 * Going back within a block: while a snapshot is open, what a commit replaces in the block's
 * versions is noted first. Entries never move, so a note is an address and the bytes there; an
 * entry that was not there before is marked as absent.
 */
import { EVMError } from '../errors.ts';
import * as layout from '../layout.ts';
import type { Arena } from './arena.ts';
import type { Machine } from './instance.ts';

/** A context that commits, and the block's versions. */
type Committing = Pick<Arena, 'ctx' | 'versions'>;

interface Note {
  readonly entry: number;
  readonly bytes: Uint8Array;
}

/** Bytes of an entry behind its key. */
const ACCOUNT_SIZE = layout.ACCOUNT_BYTES - 32;
const SLOT_SIZE = layout.SLOT_BYTES - 32;

/** Makes the versions' entry of all that the context would commit, and notes how each was. */
export function noteVersions({ memory, runtime }: Machine, { ctx, versions }: Committing): Note[] {
  const notes: Note[] = [];
  const note = (entry: number, size: number): void => {
    notes.push({ entry, bytes: memory.bytes().slice(entry + 32, entry + 32 + size) });
  };
  const account = (a: number): number => {
    const known = runtime.layerFindAccount(versions, a) >>> 0;
    const entry = known !== 0 ? known : runtime.layerPutAccount(versions, a) >>> 0;
    if (entry === 0) throw noMemory();
    if (known === 0) memory.view().setUint32(entry + layout.A_FLAGS, layout.ACCOUNT_ABSENT, true);
    note(entry, ACCOUNT_SIZE);
    return entry;
  };
  for (let a = runtime.nextAccount(ctx, 0) >>> 0; a !== 0; a = runtime.nextAccount(ctx, a) >>> 0) {
    const flags = memory.view().getUint32(a + layout.A_FLAGS, true);
    if ((flags & layout.ACCOUNT_DIRTY) !== 0) account(a);
  }
  for (let s = runtime.nextSlot(ctx, 0) >>> 0; s !== 0; s = runtime.nextSlot(ctx, s) >>> 0) {
    const view = memory.view();
    if ((view.getUint32(s + layout.S_FLAGS, true) & layout.SLOT_DIRTY) === 0) continue;
    const owner = account(view.getUint32(s + layout.S_ACCOUNT, true));
    const known = runtime.layerFindSlot(versions, owner, s) >>> 0;
    const entry = known !== 0 ? known : runtime.layerPutSlot(versions, owner, s) >>> 0;
    if (entry === 0) throw noMemory();
    if (known === 0) {
      memory.view().setUint32(entry + layout.S_GENERATION, layout.GENERATION_ABSENT, true);
    }
    note(entry, SLOT_SIZE);
  }
  return notes;
}

function noMemory(): EVMError {
  return new EVMError('evm/host limit', 'no memory is left for the changes of the block');
}

/** Takes back what was noted before one commit. */
export function restoreVersions({ memory }: Machine, notes: readonly Note[]): void {
  const bytes = memory.bytes();
  for (const { entry, bytes: before } of notes) bytes.set(before, entry + 32);
}

/** The open snapshots of a block: how many commits each has before it. */
export class VersionUndo {
  readonly #commits: Note[][] = [];
  #open = false;

  snapshot(): number {
    this.#open = true;
    return this.#commits.length;
  }

  /** Whether a commit would have to be noted. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** To be called before each commit. */
  beforeCommit(machine: Machine, arena: Committing): void {
    if (this.#open) this.#commits.push(noteVersions(machine, arena));
  }

  /** False when there is no such snapshot (any more). */
  revert(machine: Machine, snapshot: number): boolean {
    if (!this.#open || !(Number.isInteger(snapshot) && snapshot >= 0)) return false;
    if (snapshot > this.#commits.length) return false;
    while (this.#commits.length > snapshot) {
      restoreVersions(machine, this.#commits.pop() as Note[]);
    }
    return true;
  }

  /** The code objects of accounts as they were noted. */
  *codes(): Generator<number> {
    for (const { bytes } of this.#commits.flat()) {
      if (bytes.length !== ACCOUNT_SIZE) continue;
      yield new DataView(bytes.buffer).getUint32(layout.A_CODE - 32, true);
    }
  }

  /** The block's versions are gone, and the snapshots with them. */
  clear(): void {
    this.#commits.length = 0;
    this.#open = false;
  }
}
