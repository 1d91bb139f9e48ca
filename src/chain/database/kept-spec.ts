/**
 * What chain a database is of: its specification in the store, under 00 ‖ 'chain'. It is put there
 * before the first state, so that no database has a state and does not say of what.
 */

import { concatBytes } from '../../base/bytes.ts';
import type { OrderedStore } from '../../state/store/ordered-store.ts';
import type { ChainSpec, ForkPoint } from '../chain-spec.ts';
import { decodeChainSpec, encodeChainSpec } from '../chain-spec-json.ts';
import { DatabaseError } from './fault.ts';

const KEY = concatBytes(Uint8Array.of(0), new TextEncoder().encode('chain'));

export function keepSpec(store: OrderedStore, spec: ChainSpec): Promise<void> {
  const value = new TextEncoder().encode(encodeChainSpec(spec));
  return store.write([{ key: KEY, value }]);
}

/** None where the database was made without. @throws DatabaseError `database/damaged` */
export function readSpec(store: OrderedStore): ChainSpec | undefined {
  const bytes = store.get(KEY)?.slice();
  if (bytes === undefined) return undefined;
  try {
    return decodeChainSpec(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    const message = `what the database says of its chain is damaged: ${(error as Error).message}`;
    throw new DatabaseError('database/damaged', message, { cause: error });
  }
}

/** @throws DatabaseError `database/incomplete` where there is none; `what` is what lacks it */
export function requireSpec(kept: ChainSpec | undefined, what: string = 'the database'): ChainSpec {
  if (kept !== undefined) return kept;
  const message = `${what} does not say of which chain it is: make it anew with its chain`;
  throw new DatabaseError('database/incomplete', message);
}

/** @throws DatabaseError `database/another chain` naming what differs; `what` is what has `kept`;
 * `database/incomplete` */
export function checkSpec(
  kept: ChainSpec | undefined,
  wanted: ChainSpec,
  what: string = 'the database',
): void {
  const difference = differenceOf(requireSpec(kept, what), wanted);
  if (difference === undefined) return;
  throw new DatabaseError('database/another chain', `${what} is of another chain: ${difference}`);
}

function differenceOf(kept: ChainSpec, wanted: ChainSpec): string | undefined {
  if (kept.chainId !== wanted.chainId) {
    return `its id is ${kept.chainId}, not ${wanted.chainId}`;
  }
  const points = Math.max(kept.forks.length, wanted.forks.length);
  for (let index = 0; index < points; index++) {
    const has = forkText(kept.forks[index]);
    const wants = forkText(wanted.forks[index]);
    if (has !== wants) return `where it has ${has}, ${wants} is wanted`;
  }
  if (kept.daoFork !== wanted.daoFork) {
    return `its DAO fork is at ${kept.daoFork}, not at ${wanted.daoFork}`;
  }
  if (kept.depositContract === wanted.depositContract) return undefined;
  return `its deposit contract is ${kept.depositContract}, not ${wanted.depositContract}`;
}

/** A point of the schedule, its fields in an order of their own. */
export function forkText(point: ForkPoint | undefined): string {
  if (point === undefined) return 'no fork';
  const { fork, block, timestamp, totalDifficulty, bombDelay, blobs, rules } = point;
  return [
    fork,
    ...(block === undefined ? [] : [`from block ${block}`]),
    ...(timestamp === undefined ? [] : [`from time ${timestamp}`]),
    ...(totalDifficulty === undefined ? [] : [`from total difficulty ${totalDifficulty}`]),
    ...(bombDelay === undefined ? [] : [`bomb late by ${bombDelay}`]),
    ...(blobs === undefined
      ? []
      : [`blobs ${blobs.target} to ${blobs.max}, fraction ${blobs.baseFeeUpdateFraction}`]),
    ...Object.entries(rules ?? {})
      .sort()
      .map(([name, value]) => `${name} ${value}`),
  ].join(', ');
}
