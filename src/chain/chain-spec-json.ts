/**
 * A chain's specification as JSON: how a database keeps what chain it is of.
 *
 *   {"chainId": "1", "forks": [{"fork": "frontier"}, {"fork": "homestead", "block": "1150000"},
 *    ...], "daoFork": "1920000", "depositContract": "0x...", "netsplit": "...",
 *    "sequencing": {"milliseconds": "0x...", "lanes": [["0x..."], ...]}}
 *
 * Integers that are bigints are decimal text. The decoder is strict: a field that it does not know
 * is refused, since a rule that is left out makes another chain.
 */

import { IronflyError } from '../base/errors.ts';
import { FORKS, type ForkName, forkIndex } from '../evm/forks/names.ts';
import { type Rules, rulesOf } from '../evm/forks/rules.ts';
import type { ChainSpec, ForkPoint } from './chain-spec.ts';
import type { Sequencing } from './sequencing.ts';

/** A specification that is none, and where. */
export class ChainSpecError extends IronflyError<'chain spec/malformed'> {}

/** Longer than that of any chain; bounds the time of reading one. */
const LENGTH_MAX = 1_048_576;
/** 2^256 has 78 digits. */
const INTEGER = /^(0|[1-9]\d{0,77})$/;
const INTEGER_FIELDS = ['block', 'timestamp', 'totalDifficulty', 'bombDelay'] as const;

type Json = Readonly<Record<string, unknown>>;

export function encodeChainSpec(spec: ChainSpec): string {
  return JSON.stringify(spec, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}

/** @throws ChainSpecError naming the field */
export function decodeChainSpec(text: string): ChainSpec {
  if (text.length > LENGTH_MAX) throw malformed('the text', `has ${text.length} characters`);
  const whole = object(parsed(text), 'the specification', [
    'chainId',
    'forks',
    'daoFork',
    'depositContract',
    'netsplit',
    'sequencing',
  ]);
  const { forks, daoFork, depositContract, netsplit, sequencing } = whole;
  if (!Array.isArray(forks)) throw malformed('forks', `is ${shown(forks)}, not a list`);
  const points = forks.map((point, index) => forkPoint(point, `forks[${index}]`));
  checkOrder(points);
  return {
    chainId: integer(whole['chainId'], 'chainId'),
    forks: points,
    ...(daoFork === undefined ? {} : { daoFork: integer(daoFork, 'daoFork') }),
    ...(depositContract === undefined
      ? {}
      : { depositContract: address(depositContract, 'depositContract') }),
    ...(netsplit === undefined ? {} : { netsplit: integer(netsplit, 'netsplit') }),
    ...(sequencing === undefined ? {} : { sequencing: sequencingOf(sequencing) }),
  };
}

function sequencingOf(value: unknown): Sequencing {
  const { milliseconds, lanes } = object(value, 'sequencing', ['milliseconds', 'lanes']);
  if (lanes !== undefined && !Array.isArray(lanes)) {
    throw malformed('sequencing.lanes', `is ${shown(lanes)}, not a list`);
  }
  return {
    ...(milliseconds === undefined
      ? {}
      : { milliseconds: address(milliseconds, 'sequencing.milliseconds') }),
    ...(lanes === undefined ? {} : { lanes: lanes.map(laneOf) }),
  };
}

function laneOf(value: unknown, index: number): `0x${string}`[] {
  const at = `sequencing.lanes[${index}]`;
  if (!Array.isArray(value)) throw malformed(at, `is ${shown(value)}, not a list`);
  return value.map((each, place) => address(each, `${at}[${place}]`));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw malformed('the text', `is not JSON: ${(error as Error).message}`);
  }
}

function forkPoint(value: unknown, at: string): ForkPoint {
  const known = ['fork', ...INTEGER_FIELDS, 'rules', 'blobs'];
  const { fork, rules, blobs, ...integers } = object(value, at, known);
  if (!FORKS.includes(fork as ForkName)) {
    throw malformed(`${at}.fork`, `is ${shown(fork)}, not one of ${FORKS.join(', ')}`);
  }
  const name = fork as ForkName;
  return {
    fork: name,
    ...Object.fromEntries(
      Object.entries(integers).map(([field, each]) => [field, integer(each, `${at}.${field}`)]),
    ),
    ...(rules === undefined ? {} : { rules: changedRules(rules, name, `${at}.rules`) }),
    ...(blobs === undefined ? {} : { blobs: blobSchedule(blobs, `${at}.blobs`) }),
  };
}

function checkOrder(points: readonly ForkPoint[]): void {
  const [first] = points;
  if (first === undefined) throw malformed('forks', 'has no point: name one from the start on');
  for (const [index, { fork }] of points.entries()) {
    const before = points[index - 1]?.fork ?? fork;
    if (forkIndex(before) <= forkIndex(fork)) continue;
    throw malformed(`forks[${index}].fork`, `is ${fork}, which comes before ${before}`);
  }
}

/** Each of the type that the fork's own rule has. */
function changedRules(value: unknown, fork: ForkName, at: string): Partial<Rules> {
  const usual = rulesOf(fork) as unknown as Json;
  const given = object(value, at, Object.keys(usual));
  return Object.fromEntries(
    Object.entries(given).map(([name, each]) => {
      const place = `${at}.${name}`;
      const model = usual[name];
      if (typeof model === 'bigint') return [name, integer(each, place)];
      if (typeof model === 'number') return [name, wholeNumber(each, place)];
      if (Array.isArray(model) && Array.isArray(each)) {
        return [name, each.map((item) => wholeNumber(item, place))];
      }
      const isOfType = typeof each === typeof model && Array.isArray(each) === Array.isArray(model);
      if (isOfType && each !== null) return [name, each];
      throw malformed(place, `is ${shown(each)}, where ${fork} has ${shown(model)}`);
    }),
  );
}

function blobSchedule(value: unknown, at: string): NonNullable<ForkPoint['blobs']> {
  const blobs = object(value, at, ['target', 'max', 'baseFeeUpdateFraction']);
  const target = wholeNumber(blobs['target'], `${at}.target`);
  const max = wholeNumber(blobs['max'], `${at}.max`);
  const fraction = integer(blobs['baseFeeUpdateFraction'], `${at}.baseFeeUpdateFraction`);
  // Prices are divided by both.
  if (max === 0 || max < target) throw malformed(`${at}.max`, `is ${max}, the target ${target}`);
  if (fraction === 0n) throw malformed(`${at}.baseFeeUpdateFraction`, 'is 0');
  return { target, max, baseFeeUpdateFraction: fraction };
}

function object(value: unknown, at: string, known: readonly string[]): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(at, `is ${shown(value)}, not an object`);
  }
  const foreign = Object.keys(value).find((name) => !known.includes(name));
  if (foreign === undefined) return value as Json;
  throw malformed(`${at}.${foreign}`, `is no field: there are ${known.join(', ')}`);
}

function integer(value: unknown, at: string): bigint {
  if (typeof value === 'string' && INTEGER.test(value)) return BigInt(value);
  throw malformed(at, `is ${shown(value)}, not an integer in decimal digits`);
}

function wholeNumber(value: unknown, at: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw malformed(at, `is ${shown(value)}, not a whole number`);
}

function address(value: unknown, at: string): `0x${string}` {
  if (typeof value === 'string' && /^0x[0-9a-f]{40}$/.test(value)) return value as `0x${string}`;
  throw malformed(at, `is ${shown(value)}, not an address in lower case`);
}

function malformed(at: string, what: string): ChainSpecError {
  return new ChainSpecError('chain spec/malformed', `${at} ${what}`, { details: { at } });
}

/** A value for an error's text, cut short. */
function shown(value: unknown): string {
  const plain = (_: string, each: unknown) => (typeof each === 'bigint' ? `${each}` : each);
  const json = JSON.stringify(value, plain) ?? 'missing';
  return json.length > 80 ? `${json.slice(0, 77)}...` : json;
}
