/**
 * The networks of the official blockchain tests, read from their names: a fork that holds from
 * the start, or one that follows another at a block, a time or a total difficulty.
 *
 *   Berlin    BerlinToLondonAt5    PragueToOsakaAtTime15k    ArrowGlacierToParisAtDiffC0000
 *
 * A fork that only changes blobs has no meaning without their schedule: its name is none then.
 */

import type { ChainSpec, ForkPoint } from '../../chain/chain-spec.ts';
import type { BlobSchedule } from '../../evm/forks/blob.ts';
import { findFork } from '../../evm/forks/names.ts';

/** Blob schedules by the names of forks, as a test's configuration gives them. */
export type BlobSchedules = ReadonlyMap<string, BlobSchedule>;

/** Forks that only moved the difficulty bomb. */
const BOMB_DELAYS: Readonly<Record<string, bigint>> = {
  MuirGlacier: 9_000_000n,
  ArrowGlacier: 10_700_000n,
  GrayGlacier: 11_400_000n,
};

/** Forks that only change the blob schedule (EIP-7892). */
const BLOB_ONLY = /^BPO\d$/;

const DAO = 'Dao';

/** The chain of a network, or undefined for a name that means none. */
export function networkSpec(
  name: string,
  chainId: bigint,
  blobs: BlobSchedules,
): ChainSpec | undefined {
  const single = forkPoint(name, blobs);
  if (single !== undefined) return { chainId, forks: [single] };
  const parts = /^(\w+?)To(\w+)At(Time|Diff)?([0-9A-F]+)(k?)$/.exec(name);
  if (parts === null) return undefined;
  const [, from, to, kind, digits, thousands] = parts as unknown as [string, ...string[]];
  const before = forkPoint(from as string, blobs);
  if (before === undefined) return undefined;
  const number = BigInt(kind === 'Diff' ? `0x${digits}` : (digits as string));
  const at = thousands === 'k' ? number * 1000n : number;
  if (to === DAO) return { chainId, forks: [before], daoFork: at };
  const after = forkPoint(to as string, blobs);
  if (after === undefined) return undefined;
  const reached =
    kind === 'Time' ? { timestamp: at } : kind === 'Diff' ? { totalDifficulty: at } : { block: at };
  return { chainId, forks: [before, { ...after, ...reached }] };
}

function forkPoint(name: string, schedules: BlobSchedules): ForkPoint | undefined {
  const fork = BLOB_ONLY.test(name) ? 'osaka' : findFork(name);
  if (fork === undefined) return undefined;
  const blobs = schedules.get(name);
  if (blobs === undefined && BLOB_ONLY.test(name)) return undefined;
  const bombDelay = BOMB_DELAYS[name];
  return {
    fork,
    ...(blobs === undefined ? {} : { blobs }),
    ...(bombDelay === undefined ? {} : { bombDelay }),
  };
}
