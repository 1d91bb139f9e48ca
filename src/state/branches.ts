/**
 * The states of a tree of blocks, in memory: one state that moves to the block that is asked for,
 * by undoing down to the common ancestor and applying what the blocks above it changed. It keeps
 * every block's changes, so it is for chains that fit memory, and the model that others are held
 * against.
 */

import type { Account, Address, Hash, StateChanges } from '../evm/types.ts';
import type { MemoryState, Snapshot } from './memory.ts';
import type { PendingState } from './pending.ts';

interface Commit {
  readonly block: Hash;
  readonly parent: Commit | undefined;
  readonly changes: StateChanges | undefined;
}

/** A step of the path from the first block to where the state is. */
interface Step {
  readonly commit: Commit;
  /** Where the state was before the commit. */
  readonly before: Snapshot;
}

/** Answers BLOCKHASH for a block in the making. */
export type BlockHashes = (number: bigint) => Hash;

/** A block in the making, until it is committed under its hash or dropped. One at a time. */
export interface PendingBlock extends PendingState {
  commit(block: Hash): void;
  /** Takes back what was applied; nothing after a commit. */
  drop(): void;
}

export class StateBranches {
  readonly #state: MemoryState;
  readonly #commits = new Map<Hash, Commit>();
  #path: Step[];
  #pending: Pending | undefined;

  /** `state` is that of `block`, and this object's from now on. */
  constructor(state: MemoryState, block: Hash) {
    const commit: Commit = { block, parent: undefined, changes: undefined };
    this.#state = state;
    this.#commits.set(block, commit);
    this.#path = [{ commit, before: state.snapshot() }];
  }

  has(block: Hash): boolean {
    return this.#commits.has(block);
  }

  /**
   * Begins a block upon the state of `parent`.
   * @throws Error for a block without state, or while another is in the making
   */
  begin(parent: Hash, blockHashes: BlockHashes): PendingBlock {
    if (this.#pending !== undefined) throw new Error('states: another block is in the making');
    const commit = this.#commits.get(parent);
    if (commit === undefined) throw new Error(`states: no state of block ${parent}`);
    this.#moveTo(commit);
    const before = this.#state.snapshot();
    let ended = false;
    const end = (block: Hash | undefined, changes: readonly StateChanges[]): void => {
      if (ended) return;
      ended = true;
      this.#pending = undefined;
      if (block === undefined) {
        this.#state.restore(before);
        return;
      }
      this.#path.push({ commit: this.#keep(block, commit, changes), before });
    };
    this.#state.blockHash = blockHashes;
    this.#pending = new Pending(this.#state, end);
    return this.#pending;
  }

  /** The state of a block, to be read until the next call. */
  at(block: Hash): MemoryState {
    if (this.#pending !== undefined) throw new Error('states: a block is in the making');
    const commit = this.#commits.get(block);
    if (commit === undefined) throw new Error(`states: no state of block ${block}`);
    this.#moveTo(commit);
    return this.#state;
  }

  #keep(block: Hash, parent: Commit, changes: readonly StateChanges[]): Commit {
    let commit = parent;
    for (const change of changes) commit = { block, parent: commit, changes: change };
    if (changes.length === 0) commit = { block, parent, changes: undefined };
    this.#commits.set(block, commit);
    return commit;
  }

  #moveTo(target: Commit): void {
    const above: Commit[] = [];
    const known = new Map(this.#path.map(({ commit }, index) => [commit, index]));
    let at: Commit | undefined = target;
    while (at !== undefined && !known.has(at)) {
      above.push(at);
      at = at.parent;
    }
    const common = known.get(at as Commit) as number;
    const next = this.#path[common + 1];
    if (next !== undefined) this.#state.restore(next.before);
    this.#path.length = common + 1;
    for (const commit of above.reverse()) {
      this.#path.push({ commit, before: this.#state.snapshot() });
      if (commit.changes !== undefined) this.#state.apply(commit.changes);
    }
  }
}

class Pending implements PendingBlock {
  readonly #state: MemoryState;
  readonly #changes: StateChanges[] = [];
  readonly #end: (block: Hash | undefined, changes: readonly StateChanges[]) => void;

  constructor(
    state: MemoryState,
    end: (block: Hash | undefined, changes: readonly StateChanges[]) => void,
  ) {
    this.#state = state;
    this.#end = end;
  }

  getAccount(address: Address): Account | undefined {
    return this.#state.getAccount(address);
  }

  getStorage(address: Address, slot: bigint): bigint {
    return this.#state.getStorage(address, slot);
  }

  getCode(codeHash: Hash): Uint8Array {
    return this.#state.getCode(codeHash);
  }

  hasStorage(address: Address): boolean {
    return this.#state.hasStorage(address);
  }

  getBlockHash(number: bigint): Hash {
    return this.#state.getBlockHash(number);
  }

  apply(changes: StateChanges): void {
    this.#changes.push(changes);
    this.#state.apply(changes);
  }

  root(): Hash {
    return this.#state.root();
  }

  commit(block: Hash): void {
    this.#end(block, this.#changes);
  }

  drop(): void {
    this.#end(undefined, []);
  }
}
