/**
 * What makes a chain that chain: its id, which fork holds when, and the few events of its own.
 *
 * A point of the schedule is reached by block number, by timestamp, or by the total difficulty of
 * the blocks before (the merge). Whatever a fork fixes may be named otherwise at a point, so that
 * networks which only raise the number of blobs (EIP-7892), or moved the difficulty bomb, are
 * data, too.
 */

import { type BlobSchedule, blobSchedule } from '../evm/forks/blob.ts';
import { type ForkName, forkIndex } from '../evm/forks/names.ts';
import { type Rules, rulesOf } from '../evm/forks/rules.ts';
import type { ForkActivation } from '../evm/forks/schedule.ts';
import type { Address } from '../evm/types.ts';
import type { Sequencing } from './sequencing.ts';

export interface ForkPoint extends ForkActivation {
  /** The parent's total difficulty must have reached this. */
  readonly totalDifficulty?: bigint;
  /** Instead of the fork's. */
  readonly blobs?: BlobSchedule;
  /** Blocks by which the difficulty bomb is late, instead of the fork's. */
  readonly bombDelay?: bigint;
}

export interface ChainSpec {
  readonly chainId: bigint;
  /** In the order of time; the first holds from the start on. */
  readonly forks: readonly ForkPoint[];
  /** The block in which the DAO's ether went to its refund contract. */
  readonly daoFork?: bigint;
  /** EIP-6110; mainnet's when left out. */
  readonly depositContract?: Address;
  /** A block that changes no rules, and counts in the name of the forks (EIP-2124). */
  readonly netsplit?: bigint;
  /** What an application chain asks beyond Ethereum's rules. */
  readonly sequencing?: Sequencing;
}

/** Where a block stands. */
export interface BlockPlace {
  readonly number: bigint;
  readonly timestamp: bigint;
  /** Of all blocks before it. */
  readonly parentTotalDifficulty: bigint;
}

/** What holds in one block. */
export interface BlockRules {
  /** The rules of execution; one object a point of the schedule, so it serves as a key. */
  readonly rules: Rules;
  /** Cancun. */
  readonly blobs: BlobSchedule | undefined;
  readonly bombDelay: bigint;
  /** London's first block: the gas limit doubles, the base fee starts. */
  readonly is: (fork: ForkName) => boolean;
}

/** Blocks by which each fork made the bomb late: EIP-649, EIP-1234, EIP-2384, EIP-3554. */
const BOMB_DELAYS: readonly (readonly [ForkName, bigint])[] = [
  ['frontier', 0n],
  ['byzantium', 3_000_000n],
  ['constantinople', 5_000_000n],
  // Muir Glacier, which came with Istanbul's rules a month later.
  ['berlin', 9_000_000n],
  ['london', 9_700_000n],
];

/** The rules of all points of one chain. */
export class ForkTimeline {
  readonly #points: readonly (readonly [ForkPoint, BlockRules])[];

  constructor(spec: ChainSpec) {
    this.#points = spec.forks.map((point) => [point, blockRulesOf(point)]);
  }

  /** The rules of a block that follows `parent`. */
  after(
    parent: { readonly totalDifficulty: bigint },
    { number, timestamp }: Pick<BlockPlace, 'number' | 'timestamp'>,
  ): BlockRules {
    return this.at({ number, timestamp, parentTotalDifficulty: parent.totalDifficulty });
  }

  /** The rules of a block, whose total difficulty is with its own. */
  of({
    header: { number, timestamp, difficulty },
    totalDifficulty,
  }: {
    readonly header: Pick<BlockPlace, 'number' | 'timestamp'> & { readonly difficulty: bigint };
    readonly totalDifficulty: bigint;
  }): BlockRules {
    return this.at({ number, timestamp, parentTotalDifficulty: totalDifficulty - difficulty });
  }

  /** @throws RangeError for a schedule whose first point is not reached */
  at(place: BlockPlace): BlockRules {
    const reached = this.#points.findLast(
      ([{ block = 0n, timestamp = 0n, totalDifficulty = 0n }]) =>
        place.number >= block &&
        place.timestamp >= timestamp &&
        place.parentTotalDifficulty >= totalDifficulty,
    );
    if (reached !== undefined) return reached[1];
    throw new RangeError(`no fork holds at block ${place.number}: name one from the start on`);
  }
}

function blockRulesOf(point: ForkPoint): BlockRules {
  const index = forkIndex(point.fork);
  const blobs = point.blobs ?? blobSchedule(point.fork);
  const most = blobs === undefined ? {} : { maxBlobsBlock: blobs.max };
  const delay = BOMB_DELAYS.findLast(([fork]) => forkIndex(fork) <= index) as [ForkName, bigint];
  return {
    rules: { ...rulesOf(point.fork), ...most, ...point.rules },
    blobs,
    bombDelay: point.bombDelay ?? delay[1],
    is: (fork) => index >= forkIndex(fork),
  };
}
