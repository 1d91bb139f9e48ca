/** A block in the making, upon a state that stands at its parent. */

import type { Account, Address, Hash, StateChanges, StateReader } from '../../evm/types.ts';
import { ChangeSet } from '../../state/change-set.ts';
import { EditedState } from '../../state/edited-state.ts';
import type { Applied, FlatState } from '../../state/flat/flat-state.ts';
import type { BlockHashes, ChainBlock, PendingBlock } from '../block-tree.ts';

/** What leads from the state of a block's parent to the block's, and back. */
export interface Moves {
  readonly forward: StateChanges;
  readonly reverse: StateChanges;
}

export interface PendingOptions {
  readonly state: FlatState;
  readonly blockHashes: BlockHashes;
  /** Told of every move of the state: what was there before. */
  readonly moved: (before: StateChanges) => void;
  readonly commit: (block: ChainBlock, bytes: Uint8Array, moves: Moves) => void;
  readonly end: () => void;
}

export class Pending implements PendingBlock {
  readonly #options: PendingOptions;
  readonly #forward: StateChanges[] = [];
  readonly #applied: Applied[] = [];
  /** Applied, and not brought to the tries: that costs most, and nobody may ask for it. */
  #waiting: StateChanges | undefined;
  #ended = false;

  constructor(options: PendingOptions) {
    this.#options = options;
  }

  /** What leads from where the state is back to the parent's, in this order. */
  get reverses(): StateChanges[] {
    return this.#applied.map(({ reverse }) => reverse.changes).reverse();
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
    return this.#options.blockHashes(number);
  }

  apply(changes: StateChanges): void {
    this.#bring();
    this.#waiting = changes;
  }

  ahead(blockHashes: BlockHashes): StateReader {
    const { state } = this.#options;
    // The tries alone say whether there is storage.
    const hasStorage = (address: Address) => this.hasStorage(address);
    const below: StateReader = {
      getAccount: (address) => state.getAccount(address),
      getStorage: (address, slot) => state.getStorage(address, slot),
      getCode: (codeHash) => state.getCode(codeHash),
      hasStorage,
      getBlockHash: blockHashes,
    };
    if (this.#waiting === undefined) return below;
    const edited = new EditedState(below, this.#waiting);
    return {
      getAccount: (address) => edited.getAccount(address),
      getStorage: (address, slot) => edited.getStorage(address, slot),
      getCode: (codeHash) => edited.getCode(codeHash),
      hasStorage,
      getBlockHash: blockHashes,
    };
  }

  root(): Hash {
    return this.#state.root();
  }

  commit(block: ChainBlock, bytes: Uint8Array): void {
    if (this.#ended) return;
    this.#bring();
    const moves = { forward: merged(this.#forward), reverse: merged(this.reverses) };
    this.#options.commit(block, bytes, moves);
    // A block that could not be committed is still there to be dropped.
    this.#end();
  }

  drop(): void {
    if (this.#ended) return;
    this.#waiting = undefined;
    try {
      for (const { reverse } of this.#applied.toReversed()) {
        this.#options.moved(this.#state.undo(reverse).reverse.changes);
      }
    } finally {
      this.#end();
    }
  }

  get #state(): FlatState {
    this.#bring();
    return this.#options.state;
  }

  #bring(): void {
    const changes = this.#waiting;
    if (changes === undefined) return;
    this.#waiting = undefined;
    const applied = this.#options.state.apply(changes);
    this.#forward.push(changes);
    this.#applied.push(applied);
    this.#options.moved(applied.reverse.changes);
  }

  #end(): void {
    this.#ended = true;
    this.#options.end();
  }
}

/** Changes one upon the other as one. */
function merged(changes: readonly StateChanges[]): StateChanges {
  if (changes.length === 1) return changes[0] as StateChanges;
  const all = new ChangeSet();
  for (const each of changes) all.add(each);
  return all;
}
