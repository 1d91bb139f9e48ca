/**
 * In which order a sequencer puts transactions into a block. A rule is a function of what is there,
 * so that the same transactions give the same block.
 *
 *   first come     each as it comes: it can be executed, and told, at once
 *   priority fee   by what pays most, each sender's in the order of nonces
 *
 * Lanes (chain/sequencing.ts) come before the rule: within a lane it holds. Nothing can be executed
 * before all of a block's transactions are there then, but for rules of one lane.
 */

import type { Sequencing } from '../../chain/sequencing.ts';
import { laneOf } from '../../chain/sequencing.ts';
import type { PooledTransaction } from '../pool/pool.ts';

export type OrderingRule = 'first come' | 'priority fee';

export interface Ordering {
  /** Whether each can be put into the block as it comes. */
  readonly streams: boolean;
  /** Of those that are there: `ready` as the pool gives them, what pays most first. */
  order(ready: readonly PooledTransaction[]): PooledTransaction[];
}

export function orderingOf(rule: OrderingRule, { lanes = [] }: Sequencing = {}): Ordering {
  const streams = rule === 'first come' && lanes.length === 0;
  return {
    streams,
    order: (ready) => {
      const ordered = rule === 'first come' ? byArrival(ready) : [...ready];
      if (lanes.length === 0) return ordered;
      return inLanes(ordered, (each) => laneOf(each.bytes, lanes));
    },
  };
}

/** By time; of one sender by nonce, whenever they came. */
function byArrival(ready: readonly PooledTransaction[]): PooledTransaction[] {
  const waits = new Map<string, number>();
  const keyed = ready.map((each, index) => {
    const before = waits.get(each.sender) ?? 0;
    const time = Math.max(each.timeMs, before);
    waits.set(each.sender, time);
    return { each, time, index };
  });
  keyed.sort((a, b) => a.time - b.time || a.index - b.index);
  return keyed.map(({ each }) => each);
}

/**
 * Stable by lane. A sender's transaction may need one before it that is of a later lane: it waits
 * for another block then, with those behind it.
 */
function inLanes(
  ordered: readonly PooledTransaction[],
  lane: (transaction: PooledTransaction) => number,
): PooledTransaction[] {
  const reached = new Map<string, number>();
  const waiting = new Set<string>();
  const keyed = ordered.flatMap((each, index) => {
    const of = lane(each);
    const before = reached.get(each.sender) ?? 0;
    if (waiting.has(each.sender) || of < before) {
      waiting.add(each.sender);
      return [];
    }
    reached.set(each.sender, of);
    return [{ each, of, index }];
  });
  keyed.sort((a, b) => a.of - b.of || a.index - b.index);
  return keyed.map(({ each }) => each);
}
