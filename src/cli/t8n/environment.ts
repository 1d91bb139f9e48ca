/**
 * The block that a transition is of: what its environment says, and what follows of that from the
 * fork: difficulty, base fee and excess blob gas come from the parent's where they are left out.
 */

import { JsonField, type JsonObject } from '../../base/json-field.ts';
import type { Withdrawal } from '../../chain/blocks/block.ts';
import { nextDifficulty } from '../../chain/blocks/difficulty.ts';
import { nextBaseFee, nextExcessBlobGas } from '../../chain/blocks/fees.ts';
import { NO_UNCLES_HASH } from '../../chain/blocks/header-rules.ts';
import { type BlockRules, type ChainSpec, ForkTimeline } from '../../chain/chain-spec.ts';
import type { ExecutedHeader } from '../../chain/executor/sequential.ts';
import type { Address, Hash } from '../../evm/types.ts';
import { TransitionError } from './fault.ts';
import { address, hash, integer, integer64, listed, optional, word } from './values.ts';

/** An uncle, so many blocks before the block that names it. */
export interface Ommer {
  readonly delta: bigint;
  readonly address: Address;
}

/** An environment as it is given; undefined for what is left out. */
export interface Environment {
  readonly coinbase: Address;
  readonly number: bigint;
  readonly timestamp: bigint;
  readonly gasLimit: bigint;
  readonly difficulty: bigint | undefined;
  readonly random: Hash | undefined;
  readonly baseFee: bigint | undefined;
  readonly excessBlobGas: bigint | undefined;
  readonly beaconBlockRoot: Hash | undefined;
  readonly slotNumber: bigint | undefined;
  readonly parent: ParentFields;
  readonly blockHashes: ReadonlyMap<bigint, Hash> | undefined;
  readonly ommers: readonly Ommer[];
  readonly withdrawals: readonly Withdrawal[] | undefined;
}

export interface ParentFields {
  readonly timestamp: bigint;
  readonly gasUsed: bigint;
  readonly gasLimit: bigint;
  readonly unclesHash: Hash | undefined;
  readonly difficulty: bigint | undefined;
  readonly baseFee: bigint | undefined;
  readonly excessBlobGas: bigint | undefined;
  readonly blobGasUsed: bigint | undefined;
}

/** A block that can be executed. */
export interface TransitionBlock {
  readonly blockRules: BlockRules;
  readonly header: ExecutedHeader;
  /** Whether the price of blobs is known: without it they are refused. */
  readonly hasBlobPrice: boolean;
}

const ZERO_HASH: Hash = `0x${'00'.repeat(32)}`;
/** More than any chain's difficulty. */
const MERGED = 2n ** 256n;
/** Parts of a reward that an uncle may be late by. */
const DELTA_MAX = 8n;

/** @throws JsonError naming the field that is not as it should be */
export function readEnvironment(env: JsonObject): Environment {
  return {
    coinbase: address(env.get('currentCoinbase')),
    number: integer64(env.get('currentNumber')),
    timestamp: integer64(env.get('currentTimestamp')),
    gasLimit: integer64(env.get('currentGasLimit')),
    difficulty: optional(env, 'currentDifficulty', integer),
    random: optional(env, 'currentRandom', word),
    baseFee: optional(env, 'currentBaseFee', integer),
    excessBlobGas: optional(env, 'currentExcessBlobGas', integer64),
    beaconBlockRoot: optional(env, 'parentBeaconBlockRoot', hash),
    slotNumber: optional(env, 'slotNumber', integer64),
    parent: readParent(env),
    blockHashes: optional(env, 'blockHashes', readBlockHashes),
    ommers: listed(env.get('ommers'), readOmmer),
    withdrawals: optional(env, 'withdrawals', (field) => field.list().map(readWithdrawal)),
  };
}

function readParent(env: JsonObject): ParentFields {
  return {
    timestamp: optional(env, 'parentTimestamp', integer64) ?? 0n,
    gasUsed: optional(env, 'parentGasUsed', integer64) ?? 0n,
    gasLimit: optional(env, 'parentGasLimit', integer64) ?? 0n,
    unclesHash: optional(env, 'parentUncleHash', hash),
    difficulty: optional(env, 'parentDifficulty', integer),
    baseFee: optional(env, 'parentBaseFee', integer),
    excessBlobGas: optional(env, 'parentExcessBlobGas', integer64),
    blobGasUsed: optional(env, 'parentBlobGasUsed', integer64),
  };
}

function readBlockHashes(field: JsonField): Map<bigint, Hash> {
  const hashes = Array.from(field.object().entries(), ([number, value]) => {
    const key = new JsonField(number, field, 'a number of a block');
    return [integer64(key), hash(value)] as const;
  });
  return new Map(hashes);
}

function readOmmer(field: JsonField): Ommer {
  const ommer = field.object();
  // Farther away the reward would be less than nothing.
  return { delta: ommer.get('delta').integer(DELTA_MAX), address: address(ommer.get('address')) };
}

function readWithdrawal(field: JsonField): Withdrawal {
  const withdrawal = field.object();
  return {
    index: integer64(withdrawal.get('index')),
    validatorIndex: integer64(withdrawal.get('validatorIndex')),
    address: address(withdrawal.get('address')),
    amount: integer64(withdrawal.get('amount')),
  };
}

/** @throws TransitionError `t8n/configuration` naming what the fork needs and is not there */
export function blockOf(env: Environment, spec: ChainSpec): TransitionBlock {
  const { number, timestamp, coinbase, gasLimit, random } = env;
  // Nobody says how difficult all blocks before were; what has a random number is behind the merge.
  const parentTotalDifficulty = random === undefined ? 0n : MERGED;
  const blockRules = new ForkTimeline(spec).at({ number, timestamp, parentTotalDifficulty });
  const { is } = blockRules;
  if (is('shanghai') && env.withdrawals === undefined) throw missing('withdrawals', 'shanghai');
  if (is('cancun') && env.beaconBlockRoot === undefined) {
    throw missing('parentBeaconBlockRoot', 'cancun');
  }
  const excessBlobGas = is('cancun') ? excessOf(env, blockRules) : undefined;
  return {
    blockRules,
    hasBlobPrice: excessBlobGas !== undefined,
    header: {
      parentHash: env.blockHashes?.get(number - 1n) ?? ZERO_HASH,
      coinbase,
      number,
      timestamp,
      extraData: '0x',
      gasLimit,
      difficulty: difficultyOf(env, blockRules),
      mixHash: random ?? ZERO_HASH,
      ...(is('london') ? { baseFeePerGas: baseFeeOf(env) } : {}),
      ...(is('cancun')
        ? { excessBlobGas: excessBlobGas ?? 0n, parentBeaconBlockRoot: env.beaconBlockRoot as Hash }
        : {}),
      ...(is('amsterdam') ? { slotNumber: env.slotNumber ?? 0n } : {}),
    },
  };
}

function difficultyOf(env: Environment, blockRules: BlockRules): bigint {
  const { difficulty, number, timestamp, parent } = env;
  if (blockRules.is('paris')) {
    if (env.random === undefined) throw missing('currentRandom', 'paris');
    if ((difficulty ?? 0n) === 0n) return 0n;
    throw configuration(`currentDifficulty is ${difficulty}, which is zero from the merge on`);
  }
  if (difficulty !== undefined) return difficulty;
  if (parent.difficulty === undefined || number === 0n) {
    throw configuration('currentDifficulty is missing, or parentDifficulty to compute it from');
  }
  if (timestamp <= parent.timestamp) {
    const times = `currentTimestamp ${timestamp} is not after parentTimestamp ${parent.timestamp}`;
    throw configuration(`${times}: give currentDifficulty`);
  }
  const { unclesHash = ZERO_HASH } = parent;
  const hasUncles = unclesHash !== ZERO_HASH && unclesHash !== NO_UNCLES_HASH;
  const before = { number: number - 1n, timestamp: parent.timestamp, hasUncles };
  return nextDifficulty({ ...before, difficulty: parent.difficulty }, timestamp, blockRules);
}

function baseFeeOf({ baseFee, number, parent }: Environment): bigint {
  if (baseFee !== undefined) return baseFee;
  if (parent.baseFee === undefined || number === 0n) throw missing('parentBaseFee', 'london');
  const { gasUsed, gasLimit } = parent;
  if (gasLimit < 2n) throw configuration(`parentGasLimit ${gasLimit} makes no base fee: give it`);
  return nextBaseFee({ baseFeePerGas: parent.baseFee, gasUsed, gasLimit });
}

function excessOf({ excessBlobGas, parent }: Environment, rules: BlockRules): bigint | undefined {
  const { blobGasUsed, baseFee } = parent;
  if (excessBlobGas !== undefined || rules.blobs === undefined) return excessBlobGas;
  if (parent.excessBlobGas === undefined || blobGasUsed === undefined) return undefined;
  const before = { excessBlobGas: parent.excessBlobGas, blobGasUsed, baseFeePerGas: baseFee ?? 0n };
  return nextExcessBlobGas(before, rules, rules.blobs);
}

function missing(name: string, fork: string): TransitionError {
  return configuration(`from ${fork} on the environment needs ${name}`);
}

function configuration(message: string): TransitionError {
  return new TransitionError('t8n/configuration', message);
}
