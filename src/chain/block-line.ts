/** Blocks, and what else is asked of a chain, one after another; and which block comes next. */

import { Turns } from '../base/turns.ts';
import type { JobTransactions } from '../evm/parallel/job.ts';
import type { BlockAhead } from './block-ahead.ts';
import type { BuiltBlock } from './block-builder.ts';
import type { ReadBlock } from './blocks/block-rules.ts';
import type { KnownSenders } from './transactions/senders.ts';

/** A block that waits for its turn to be imported. */
export interface WaitingBlock {
  readonly read: ReadBlock;
  readonly senders: KnownSenders;
  /** Those transactions of which the slots that codes name are not read ahead yet. */
  readonly callers: readonly Uint8Array[];
  /** What came of this very block when it was built, if it was. */
  readonly built?: BuiltBlock | undefined;
  /** By its access list: see JobTransactions. */
  readonly after?: JobTransactions['after'];
  /** Begun before its turn; undefined is what could not be. */
  ahead?: Promise<BlockAhead | undefined>;
}

export class BlockLine {
  readonly #turns = new Turns();
  /** What has its turn, and behind it what waits. */
  readonly #line: (WaitingBlock | undefined)[] = [];

  /** Does the work when all that was asked for before has ended, well or not. */
  take<Result>(work: () => Result | Promise<Result>, block?: WaitingBlock): Promise<Result> {
    this.#line.push(block);
    return this.#turns.take(async () => {
      try {
        return await work();
      } finally {
        this.#line.shift();
      }
    });
  }

  /** The block that has the very next turn, if it is a block's. */
  get next(): WaitingBlock | undefined {
    return this.#line[1];
  }
}
