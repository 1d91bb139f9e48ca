/** Which fork holds when, as the versions of the Engine API's methods ask for it. */

import { type BlockRules, type ChainSpec, ForkTimeline } from '../../chain/chain-spec.ts';
import type { ForkName } from '../../evm/forks/names.ts';
import { RpcError } from '../rpc/errors.ts';

/** Payloads come after the merge, however much work there was before it. */
const ALL_WORK = 2n ** 256n;

/** From the first fork on, and before the second. */
export interface ForkSpan {
  readonly from: ForkName;
  readonly before: ForkName;
}

/** A payload's place. */
export interface PayloadPlace {
  readonly number: bigint;
  readonly timestamp: bigint;
}

export class PayloadForks {
  readonly #timeline: ForkTimeline;

  constructor(spec: ChainSpec) {
    this.#timeline = new ForkTimeline(spec);
  }

  rulesAt({ number, timestamp }: PayloadPlace): BlockRules {
    return this.#timeline.at({ number, timestamp, parentTotalDifficulty: ALL_WORK });
  }

  /** @throws RpcError -38005 for a payload of another time */
  require(place: PayloadPlace, { from, before }: ForkSpan, method: string): void {
    const { is, rules } = this.rulesAt(place);
    if (is(from) && !is(before)) return;
    const message = `Unsupported fork: ${method} at timestamp ${place.timestamp} (${rules.fork})`;
    throw new RpcError('unsupported fork', message);
  }
}
