/**
 * The `config` of a genesis file, as geth, reth and Anvil write it, as a chain's forks.
 *
 *   homesteadBlock ... grayGlacierBlock   forks by number; without one, they never come
 *   terminalTotalDifficulty               the merge
 *   shanghaiTime ... bpo5Time             forks by time
 *   blobSchedule                          blobs of each fork from Cancun on (EIP-7840, EIP-7892)
 *
 * An application chain's own rules stand in `ironfly` (chain/sequencing.ts):
 * {"milliseconds": address, "lanes": [[address, ...], ...]}.
 *
 * A fork that Ironfly does not know, or forks out of order, are refused: a chain that is imported
 * by other rules than its own is worse than one that is not imported. Rules of order: geth's
 * `CheckConfigForkOrder`. Unlike it, forks whose blobs are Ethereum's need no entry for them, as
 * long as no fork before has blobs of its own.
 */

import type { JsonField, JsonObject } from '../../base/json-field.ts';
import { BLOB_PARAMETER_ONLY, type BlobSchedule, blobSchedule } from '../../evm/forks/blob.ts';
import type { ForkName } from '../../evm/forks/names.ts';
import type { Address } from '../../evm/types.ts';
import type { ChainSpec, ForkPoint } from '../chain-spec.ts';
import { GenesisError } from './fault.ts';

/** What decides which forks hold in the first block. */
export interface FirstPlace {
  readonly number: bigint;
  readonly timestamp: bigint;
  readonly difficulty: bigint;
}

interface ForkRow {
  readonly name: string;
  readonly fork: ForkName;
  /** Those behind it may come without it. */
  readonly optional?: true;
  readonly bombDelay?: bigint;
}

const U64_MAX = 2n ** 64n - 1n;
const WORD_MAX = 2n ** 256n - 1n;
/** More blobs than any block could carry. */
const BLOBS_MAX = 1_000_000n;

/** In their order. */
const BLOCK_FORKS: readonly ForkRow[] = [
  { name: 'homesteadBlock', fork: 'homestead' },
  { name: 'eip150Block', fork: 'tangerineWhistle' },
  { name: 'eip158Block', fork: 'spuriousDragon' },
  { name: 'byzantiumBlock', fork: 'byzantium' },
  { name: 'constantinopleBlock', fork: 'constantinople' },
  { name: 'petersburgBlock', fork: 'petersburg' },
  { name: 'istanbulBlock', fork: 'istanbul' },
  { name: 'muirGlacierBlock', fork: 'istanbul', optional: true, bombDelay: 9_000_000n },
  { name: 'berlinBlock', fork: 'berlin' },
  { name: 'londonBlock', fork: 'london' },
  { name: 'arrowGlacierBlock', fork: 'london', optional: true, bombDelay: 10_700_000n },
  { name: 'grayGlacierBlock', fork: 'london', optional: true, bombDelay: 11_400_000n },
];
/** The bomb's delay in Berlin where Muir Glacier never came. */
const BOMB_BEFORE_MUIR_GLACIER = 5_000_000n;

const TIME_FORKS: readonly ForkRow[] = [
  { name: 'shanghaiTime', fork: 'shanghai' },
  { name: 'cancunTime', fork: 'cancun' },
  { name: 'pragueTime', fork: 'prague' },
  { name: 'osakaTime', fork: 'osaka' },
  { name: 'bpo1Time', fork: 'osaka', optional: true },
  { name: 'bpo2Time', fork: 'osaka', optional: true },
  { name: 'bpo3Time', fork: 'osaka', optional: true },
  { name: 'bpo4Time', fork: 'osaka', optional: true },
  { name: 'bpo5Time', fork: 'osaka', optional: true },
  { name: 'amsterdamTime', fork: 'amsterdam', optional: true },
];

/** Fields that say nothing of the rules, or what others say already. */
const IGNORED = ['eip150Hash', 'ethash', 'networkId', 'terminalTotalDifficultyPassed'];
const OTHERS = [
  'chainId',
  'daoForkBlock',
  'daoForkSupport',
  'eip155Block',
  'mergeNetsplitBlock',
  'terminalTotalDifficulty',
  'depositContractAddress',
  'blobSchedule',
  'clique',
  'ironfly',
];
const FORK_NAMES = [...BLOCK_FORKS, ...TIME_FORKS].map(({ name }) => name);
const KNOWN = new Set([...IGNORED, ...OTHERS, ...FORK_NAMES].map((name) => name.toLowerCase()));
const BLOBS_BY_NAME = new Map<string, BlobSchedule>(Object.entries(BLOB_PARAMETER_ONLY));

/** @throws JsonError, GenesisError */
export function readConfig(config: JsonObject, first: FirstPlace): ChainSpec {
  refuseUnknown(config);
  const blocks = readBlocks(config);
  const times = readTimes(config);
  const merge = config.get('terminalTotalDifficulty');
  const difficulty = optional(merge, WORD_MAX);
  if (difficulty !== undefined && !blocks.some(({ fork }) => fork === 'london')) {
    throw new GenesisError('genesis/fork order', merge.path, 'is given, and no londonBlock');
  }
  checkMerge(config, times, difficulty, first);
  if (difficulty !== undefined && difficulty <= first.difficulty) {
    refuseBehindMerge(config, blocks, first);
  }
  const paris: ForkPoint[] =
    difficulty === undefined ? [] : [{ fork: 'paris', totalDifficulty: difficulty }];
  const deposits = config.get('depositContractAddress');
  const dao = daoFork(config);
  const netsplit = optional(config.get('mergeNetsplitBlock'));
  return {
    chainId: config.get('chainId').integer(U64_MAX),
    forks: fromFirst([{ fork: 'frontier' }, ...blocks, ...paris, ...times], first),
    ...(dao === undefined ? {} : { daoFork: dao }),
    ...(netsplit === undefined ? {} : { netsplit }),
    ...(deposits.isAbsent ? {} : { depositContract: deposits.fixedBytes(20) as Address }),
    ...readSequencing(config.get('ironfly')),
  };
}

/** Lanes of more addresses would be looked through for each transaction. */
const LANE_ADDRESSES_MAX = 1_000;

function readSequencing(field: JsonField): Pick<ChainSpec, 'sequencing'> {
  if (field.isAbsent) return {};
  const given = field.object();
  for (const [name, { path }] of given.entries()) {
    if (name === 'milliseconds' || name === 'lanes') continue;
    throw new GenesisError('genesis/unknown field', path, 'is unknown: give milliseconds, lanes');
  }
  const [milliseconds, lanes] = [given.get('milliseconds'), given.get('lanes')];
  const addresses = (list: JsonField) => list.list().map((each) => each.fixedBytes(20) as Address);
  const read = lanes.isAbsent ? [] : lanes.list().map(addresses);
  if (read.flat().length > LANE_ADDRESSES_MAX) {
    throw lanes.refusal(`at most ${LANE_ADDRESSES_MAX} addresses`);
  }
  return {
    sequencing: {
      ...(milliseconds.isAbsent ? {} : { milliseconds: milliseconds.fixedBytes(20) as Address }),
      ...(lanes.isAbsent ? {} : { lanes: read }),
    },
  };
}

function refuseUnknown(config: JsonObject): void {
  for (const [name, field] of config.entries()) {
    if (KNOWN.has(name) || field.isAbsent || field.value === false) continue;
    if (/(?:block|time)$/.test(name)) {
      const message = 'is a fork that Ironfly does not know: it cannot run this chain';
      throw new GenesisError('genesis/unknown fork', field.path, message);
    }
    const message = 'is unknown: what it asks of the chain cannot be done';
    throw new GenesisError('genesis/unknown field', field.path, message);
  }
}

function readBlocks(config: JsonObject): ForkPoint[] {
  const eip155 = optional(config.get('eip155Block'));
  const eip158 = config.get('eip158Block');
  if (eip155 !== optional(eip158)) {
    const message = `is not eip155Block, ${eip155}: Ironfly has both as one fork`;
    throw new GenesisError('genesis/unsupported', eip158.path, message);
  }
  const hasMuirGlacier = !config.get('muirGlacierBlock').isAbsent;
  return inOrder(config, BLOCK_FORKS).map(({ row, at }): ForkPoint => {
    const early = row.fork === 'berlin' && !hasMuirGlacier ? BOMB_BEFORE_MUIR_GLACIER : undefined;
    const bombDelay = row.bombDelay ?? early;
    return { fork: row.fork, block: at, ...(bombDelay === undefined ? {} : { bombDelay }) };
  });
}

function readTimes(config: JsonObject): ForkPoint[] {
  const schedule = config.get('blobSchedule');
  const blobs = readBlobs(schedule);
  // The first fork whose blobs are not Ethereum's.
  let different: string | undefined;
  return inOrder(config, TIME_FORKS).map(({ row, at }): ForkPoint => {
    const name = row.name.slice(0, -'Time'.length);
    const usual = BLOBS_BY_NAME.get(name);
    const given = blobs.get(name);
    const own = given ?? usual;
    const isOnlyBlobs = name.startsWith('bpo');
    if (given === undefined && (different !== undefined || (isOnlyBlobs && usual === undefined))) {
      const why = different === undefined ? '' : `, and ${different} has blobs of its own`;
      const message = `has no entry ${name}, and config has ${row.name}${why}`;
      throw new GenesisError('genesis/fork order', schedule.path, message);
    }
    const ethereums = usual ?? (isOnlyBlobs ? undefined : blobSchedule(row.fork));
    if (given !== undefined && !isSame(given, ethereums)) different ??= name;
    return { fork: row.fork, timestamp: at, ...(own === undefined ? {} : { blobs: own }) };
  });
}

function isSame(a: BlobSchedule, b: BlobSchedule | undefined): boolean {
  return (
    a.target === b?.target && a.max === b.max && a.baseFeeUpdateFraction === b.baseFeeUpdateFraction
  );
}

/** Blobs by the name of their fork, in lower case. */
function readBlobs(schedule: JsonField): Map<string, BlobSchedule> {
  const blobs = new Map<string, BlobSchedule>();
  if (schedule.isAbsent) return blobs;
  for (const [name, field] of schedule.object().entries()) {
    if (!TIME_FORKS.some((row) => row.name.toLowerCase() === `${name}time`)) {
      const message = 'is a fork that Ironfly does not know';
      throw new GenesisError('genesis/unknown fork', field.path, message);
    }
    const entry = field.object();
    const max = entry.get('max').integer(BLOBS_MAX);
    // The price divides by it (EIP-7918).
    if (max === 0n) throw entry.get('max').refusal('an integer above 0');
    const target = entry.get('target').integer(max);
    const fraction = entry.get('baseFeeUpdateFraction');
    const baseFeeUpdateFraction = fraction.integer(U64_MAX);
    if (baseFeeUpdateFraction === 0n) throw fraction.refusal('an integer above 0');
    blobs.set(name, { target: Number(target), max: Number(max), baseFeeUpdateFraction });
  }
  return blobs;
}

interface Activation {
  readonly row: ForkRow;
  readonly at: bigint;
}

/** The forks of a kind that come. @throws GenesisError where one stands before one it needs */
function inOrder(config: JsonObject, rows: readonly ForkRow[]): Activation[] {
  const found: Activation[] = [];
  let missing: ForkRow | undefined;
  for (const row of rows) {
    const field = fieldOf(config, row);
    const at = optional(field);
    if (at === undefined) {
      if (row.optional !== true) missing ??= row;
      continue;
    }
    const before = found.at(-1);
    if (missing !== undefined) {
      throw new GenesisError('genesis/fork order', field.path, `is given, and no ${missing.name}`);
    }
    if (before !== undefined && before.at > at) {
      const message = `is ${at}, before ${before.row.name}, ${before.at}`;
      throw new GenesisError('genesis/fork order', field.path, message);
    }
    found.push({ row, at });
  }
  return found;
}

/** Petersburg came into being with Constantinople for files that are older than it. */
function fieldOf(config: JsonObject, { name }: ForkRow): JsonField {
  const field = config.get(name);
  return name === 'petersburgBlock' && field.isAbsent ? config.get('constantinopleBlock') : field;
}

/** Forks by time need the merge, and one in the first block needs it there. */
function checkMerge(
  config: JsonObject,
  times: readonly ForkPoint[],
  difficulty: bigint | undefined,
  first: FirstPlace,
): void {
  const merge = config.get('terminalTotalDifficulty');
  const [earliest] = times;
  if (earliest !== undefined && difficulty === undefined) {
    const message = `is missing: give the total difficulty of the merge, before ${earliest.fork}`;
    throw new GenesisError('genesis/fork order', merge.path, message);
  }
  const isMerged = difficulty !== undefined && difficulty <= first.difficulty;
  if (!isMerged && earliest !== undefined && (earliest.timestamp ?? 0n) <= first.timestamp) {
    const message = `is ${difficulty}, and ${earliest.fork} holds in the first block: the merge`;
    throw new GenesisError('genesis/fork order', merge.path, `${message} comes before it`);
  }
  const clique = config.get('clique');
  if (clique.isAbsent || isMerged) return;
  const message = 'is proof of authority, which Ironfly does not check: start from the merge';
  throw new GenesisError('genesis/unsupported', clique.path, message);
}

/** Of a chain that begins with the merge no fork comes by number: it would never be reached. */
function refuseBehindMerge(
  config: JsonObject,
  blocks: readonly ForkPoint[],
  { number }: FirstPlace,
): void {
  const late = blocks.findIndex(
    ({ fork, block = 0n }, index) =>
      block > number && fork !== (blocks[index - 1]?.fork ?? 'frontier'),
  );
  if (late < 0) return;
  const point = blocks[late] as ForkPoint;
  const row = BLOCK_FORKS.find(({ fork }) => fork === point.fork) as ForkRow;
  const merge = 'and the merge is reached in the first block: let both begin there';
  const message = `is ${point.block}, ${merge}`;
  throw new GenesisError('genesis/fork order', fieldOf(config, row).path, message);
}

/** As in geth, a chain takes part in the fork only where it says so. */
function daoFork(config: JsonObject): bigint | undefined {
  const block = optional(config.get('daoForkBlock'));
  const support = config.get('daoForkSupport');
  return !support.isAbsent && support.boolean() ? block : undefined;
}

/** Without what never holds or is over in the first block; what begins there is unconditional. */
function fromFirst(
  points: readonly ForkPoint[],
  { number, timestamp }: FirstPlace,
): readonly ForkPoint[] {
  const holds = points.findLastIndex(
    (point) =>
      (point.block ?? 0n) <= number &&
      (point.timestamp ?? 0n) <= timestamp &&
      (point.totalDifficulty ?? 0n) === 0n,
  );
  const { block, timestamp: time, totalDifficulty, ...start } = points[holds] as ForkPoint;
  const later = points.slice(holds + 1);
  return [start, ...later.filter((point, index) => !beginTogether(point, later[index + 1]))];
}

function beginTogether(point: ForkPoint, next: ForkPoint | undefined): boolean {
  return (
    point.block === next?.block &&
    point.timestamp === next?.timestamp &&
    point.totalDifficulty === next?.totalDifficulty
  );
}

function optional(field: JsonField, max = U64_MAX): bigint | undefined {
  return field.isAbsent ? undefined : field.integer(max);
}
