/**
 * Fork schedules: which rules hold in a block, by its number up to the merge and by its timestamp
 * from Shanghai on. A chain of one's own names its own points, and may change rules at any.
 */
import { checkU64, InputError } from '../input.ts';
import { FORKS, type ForkName, forkIndex } from './names.ts';
import { type Rules, rulesOf } from './rules.ts';

export interface ForkActivation {
  readonly fork: ForkName;
  /** First block, and first timestamp in seconds: both must be reached. */
  readonly block?: bigint;
  readonly timestamp?: bigint;
  /** What differs from the fork's rules from here on: a limit, a price, a count of blobs. */
  readonly rules?: Partial<Omit<Rules, 'fork'>>;
}

/** In the order of time; the first has neither block nor timestamp. */
export type ForkSchedule = readonly ForkActivation[];

/** Ethereum's main network. The last two only raise the number of blobs (EIP-7892). */
export const MAINNET: ForkSchedule = [
  { fork: 'frontier' },
  { fork: 'homestead', block: 1_150_000n },
  { fork: 'tangerineWhistle', block: 2_463_000n },
  { fork: 'spuriousDragon', block: 2_675_000n },
  { fork: 'byzantium', block: 4_370_000n },
  { fork: 'petersburg', block: 7_280_000n },
  { fork: 'istanbul', block: 9_069_000n },
  { fork: 'berlin', block: 12_244_000n },
  { fork: 'london', block: 12_965_000n },
  { fork: 'paris', block: 15_537_394n },
  { fork: 'shanghai', timestamp: 1_681_338_455n },
  { fork: 'cancun', timestamp: 1_710_338_135n },
  { fork: 'prague', timestamp: 1_746_612_311n },
  { fork: 'osaka', timestamp: 1_764_798_551n },
  { fork: 'osaka', timestamp: 1_765_290_071n, rules: { maxBlobsBlock: 15 } },
  { fork: 'osaka', timestamp: 1_767_747_671n, rules: { maxBlobsBlock: 21 } },
];

/**
 * The rules of a block.
 * @throws InputError for a schedule that is not in order, or a block that is none
 */
export function rulesAt(
  schedule: ForkSchedule,
  block: { readonly number: bigint; readonly timestamp: bigint },
): Rules {
  checkU64('block.number', block.number);
  checkU64('block.timestamp', block.timestamp);
  checkSchedule(schedule);
  const active = schedule.findLast(
    (point) => block.number >= (point.block ?? 0n) && block.timestamp >= (point.timestamp ?? 0n),
  );
  if (active === undefined) {
    throw new InputError('schedule[0]', 'later than the block', 'a fork from the start on');
  }
  return active.rules === undefined
    ? rulesOf(active.fork)
    : { ...rulesOf(active.fork), ...active.rules };
}

function checkSchedule(schedule: ForkSchedule): void {
  for (const [index, { fork, block, timestamp }] of schedule.entries()) {
    if (!FORKS.includes(fork)) {
      throw new InputError(`schedule[${index}].fork`, fork, `one of ${FORKS.join(', ')}`);
    }
    if (block !== undefined) checkU64(`schedule[${index}].block`, block);
    if (timestamp !== undefined) checkU64(`schedule[${index}].timestamp`, timestamp);
    const before = schedule[index - 1];
    if (before !== undefined && forkIndex(before.fork) > forkIndex(fork)) {
      throw new InputError(`schedule[${index}].fork`, fork, `no fork before ${before.fork}`);
    }
  }
}
