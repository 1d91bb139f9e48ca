/** A state with changes upon it that no block has: what is pending, simulated, or pretended. */

import type { Awaitable, Hash, StateChanges, StateReader } from '../../evm/types.ts';
import { ChangeSet } from '../../state/change-set.ts';
import { EditedState } from '../../state/edited-state.ts';
import type { ClosableState } from './call-machines.ts';

/** What lies below is closed with it, where it can be. */
type Below = StateReader & Partial<Pick<ClosableState, 'close'>>;

export class OverlayState extends EditedState implements ClosableState {
  readonly #below: Below;
  readonly #changes: ChangeSet;
  /** Hashes of blocks that are not in the chain. */
  readonly #hashes = new Map<bigint, Hash>();

  constructor(below: Below) {
    const changes = new ChangeSet();
    super(below, changes);
    this.#below = below;
    this.#changes = changes;
  }

  apply(changes: StateChanges): void {
    this.#changes.add(changes);
  }

  setBlockHash(number: bigint, hash: Hash): void {
    this.#hashes.set(number, hash);
  }

  override getBlockHash(number: bigint): Awaitable<Hash> {
    return this.#hashes.get(number) ?? super.getBlockHash(number);
  }

  close(): void {
    this.#below.close?.();
  }
}
