/**
 * An import on a disk whose power goes at any moment, and with it any part of what was never
 * synced; and on one that is full, fails to read, or flips bits. A failure names its seed.
 */

import { tmpdir } from 'node:os';
import { beforeAll, describe, expect, it } from 'vitest';
import { IronflyError } from '../../src/base/errors.ts';
import { Chain } from '../../src/chain/chain.ts';
import type { ChainDatabase } from '../../src/chain/database/chain-database.ts';
import { checkpointOf } from '../../src/chain/database/inspect/opened.ts';
import { checkOldBlocks } from '../../src/chain/database/inspect/verify-blocks.ts';
import { checkState } from '../../src/chain/database/inspect/verify-state.ts';
import { Machines } from '../../src/chain/machines.ts';
import type { Hash } from '../../src/evm/types.ts';
import { MemoryStore } from '../../src/state/store/memory-store.ts';
import { TrieMemory } from '../../src/state/trie-memory.ts';
import { Disk } from './disk.ts';
import { expectWhole } from './judge.ts';
import { type PreparedBlock, type PreparedChain, prepareChain, SPEC } from './prepared-chain.ts';
import { randomFrom } from './random.ts';

const ROUNDS = Number(process.env['IRONFLY_CRASH_ROUNDS'] ?? 12);
const SEED = Number(process.env['IRONFLY_CRASH_SEED'] ?? Date.now() % 1_000_000);
const LENGTH = 24;
/** Moments, or operations, up to a fault: an import of the chain has some 250. */
const MOMENTS_MAX = 90;
const OPERATIONS_MAX = 60;
/** Of the making of a database; with the last its record is on the disk. */
const CREATION_MOMENTS = 12;
const TIMEOUT = 60_000 + ROUNDS * 5_000;

/** From so many rounds on some fault must have happened, and from so many on each kind of it. */
const ROUNDS_FOR_ONE = 8;
const ROUNDS_FOR_EACH = 100;

type Random = ReturnType<typeof randomFrom>;

const machines = new Machines({ engine: 'interpreter' });
const memory = new TrieMemory();
let chain: PreparedChain;
beforeAll(async () => {
  chain = await prepareChain(LENGTH, machines);
});

/** What was answered so far. */
class Answers {
  readonly imported = new Set<Hash>();
  head: Hash | undefined;

  copy(): Answers {
    const copy = new Answers();
    for (const hash of this.imported) copy.imported.add(hash);
    copy.head = this.head;
    return copy;
  }
}

/** Imports what is not there, up to two at a time, until the end or until it is told to stop. */
async function importAll(
  database: ChainDatabase,
  answers: Answers,
  isStopped: () => boolean = () => false,
): Promise<void> {
  const upon = new Chain({ spec: SPEC, tree: database, machines });
  const importOne = async ({ rlp, hash, number, isHead }: PreparedBlock): Promise<void> => {
    if (database.known(hash) === undefined) {
      if (!isHead && number <= database.oldest.header.number) return;
      await upon.importBlock(rlp);
    }
    answers.imported.add(hash);
    if (!isHead || upon.head.header.number >= number) return;
    await upon.setHead(hash);
    answers.head = hash;
  };
  let earlier: Promise<void> = Promise.resolve();
  for (const block of chain.blocks) {
    if (isStopped()) break;
    const before = earlier;
    earlier = importOne(block);
    // Whoever awaits it sees its failure.
    earlier.catch(() => {});
    await before;
  }
  await earlier;
}

/** Takes the chain to its end on a disk, and judges it. */
async function finish(disk: Disk, answers: Answers): Promise<void> {
  const database = await disk.open(memory);
  try {
    await expectWhole(database, chain, answers);
    await importAll(database, answers);
    expect(database.head.hash).toBe(chain.blocks.at(-1)?.hash);
    await expectWhole(database, chain, answers);
  } finally {
    await database.close();
  }
}

async function newDisk(random: Random): Promise<Disk> {
  const disk = new Disk().slowSyncs(random);
  await (await disk.create(chain, memory)).close();
  return disk;
}

/** Runs until the power goes, if it does; what is on the disk then, and what had been answered. */
async function runToPowerCut(disk: Disk, answers: Answers, random: Random) {
  const after: { disk: Disk | undefined; answers: Answers } = { disk: undefined, answers };
  disk.cutAfter(1 + random(MOMENTS_MAX), () => {
    after.answers = answers.copy();
    after.disk = disk.afterPowerCut(random);
  });
  const database = await disk.open(memory);
  await expectWhole(database, chain, answers);
  await importAll(database, answers, () => after.disk !== undefined);
  await database.close();
  return after;
}

/** Runs the rounds; each says what happened in it: where nothing ever does, nothing is tested. */
async function rounds<Kind extends string>(
  name: string,
  kinds: readonly Kind[],
  round: (random: Random, happened: (kind: Kind) => void) => Promise<void>,
): Promise<void> {
  const counts = Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<Kind, number>;
  const happened = (kind: Kind): void => {
    counts[kind] += 1;
  };
  for (let index = 0; index < ROUNDS; index++) {
    const seed = SEED + index;
    try {
      await round(randomFrom(seed), happened);
    } catch (cause) {
      const again = `IRONFLY_CRASH_SEED=${seed} IRONFLY_CRASH_ROUNDS=1`;
      throw new Error(`${name}: ${again}: ${(cause as Error).stack}`, { cause });
    }
  }
  console.info(`${name}: ${JSON.stringify(counts)}`);
  const least = ROUNDS < ROUNDS_FOR_EACH ? 0 : 1;
  for (const kind of kinds) expect(counts[kind], kind).toBeGreaterThanOrEqual(least);
  if (ROUNDS < ROUNDS_FOR_ONE) return;
  expect(
    kinds.reduce((sum, kind) => sum + counts[kind], 0),
    name,
  ).toBeGreaterThan(0);
}

/** Of the log's writes, of the store's, and of what is read of the log. */
const FAULTS = ['log', 'store', 'reads'] as const;
/** Errors of ours, a check of what the store has, or nothing that counts. */
const VERDICTS = ['refused', 'shown'] as const;

describe(`an import, ${ROUNDS} rounds from seed ${SEED}`, () => {
  it('loses nothing that was answered when the power goes', { timeout: TIMEOUT }, async () => {
    await rounds('power', ['cut', 'cut again'], async (random, happened) => {
      let disk = await newDisk(random);
      let answers = new Answers();
      for (let cut = 0; cut < 4; cut++) {
        const after = await runToPowerCut(disk, answers, random);
        answers = after.answers;
        disk = after.disk ?? disk;
        if (after.disk === undefined) break;
        happened(cut === 0 ? 'cut' : 'cut again');
      }
      await finish(disk, answers);
    });
  });

  it('begins anew when the power goes while it is made', { timeout: TIMEOUT }, async () => {
    await rounds('creation', ['incomplete', 'whole'], async (random, happened) => {
      const disk = new Disk().slowSyncs(random);
      let cut: Disk | undefined;
      const isLate = random(3) === 0;
      const moments = isLate ? CREATION_MOMENTS - random(2) : 1 + random(CREATION_MOMENTS);
      disk.cutAfter(moments, () => {
        cut = disk.afterPowerCut(random);
      });
      const database = await disk.create(chain, memory);
      await database.close();
      if (cut === undefined) return;
      const opened = await cut.open(memory).catch((error: unknown) => error as IronflyError);
      if (opened instanceof Error) {
        expect((opened as IronflyError).code).toBe('database/incomplete');
        happened('incomplete');
        return;
      }
      happened('whole');
      await opened.close();
      await finish(cut, new Answers());
    });
  });

  it('refuses when the disk does, and goes on afterwards', { timeout: TIMEOUT }, async () => {
    await rounds('faults', FAULTS, async (random, happened) => {
      const disk = await newDisk(random);
      const answers = new Answers();
      for (let fault = 0; fault < 4; fault++) {
        const database = await disk.open(memory);
        await expectWhole(database, chain, answers);
        const kind = FAULTS[random(FAULTS.length)];
        const { files } = disk;
        files.failure = random(2) === 0 ? 'ENOSPC: no space left on device' : 'EIO: i/o error';
        if (kind === 'log') files.failsAfter = random(OPERATIONS_MAX);
        const stop = random(chain.blocks.length);
        const inject = (): boolean => {
          if (answers.imported.size < stop) return false;
          disk.isStoreFull = kind === 'store';
          files.failsToRead = kind === 'reads';
          return false;
        };
        const failed = await importAll(database, answers, inject).catch((error: unknown) => error);
        if (failed !== undefined) {
          expect(String(failed)).toMatch(/ENOSPC|EIO|must be opened anew/);
          happened(kind as (typeof FAULTS)[number]);
        }
        await database.close();
        disk.mended();
      }
      await finish(disk, answers);
    });
  });

  it('refuses a flipped bit by name, or shows it', { timeout: TIMEOUT }, async () => {
    await rounds('bits', VERDICTS, async (random, happened) => {
      const disk = await newDisk(random);
      const answers = new Answers();
      const length = random(chain.blocks.length);
      const database = await disk.open(memory);
      await importAll(database, answers, () => answers.imported.size >= length);
      await database.close();
      const inLog = random(2) === 0;
      flip(disk, inLog, random);
      const found = await verdict(disk, inLog, answers);
      if (found !== 'harmless') happened(found);
    });
  });
});

/** Flips one bit of the log, or of a value of the store. */
function flip({ files, content }: Disk, inLog: boolean, random: Random): void {
  const pieces = inLog
    ? [...files.files.values()].map(({ bytes }) => bytes)
    : [...content.values()].filter(({ length }) => length > 0);
  const bytes = pieces[random(pieces.length)] as Uint8Array;
  const at = random(bytes.length);
  bytes[at] = (bytes[at] as number) ^ (1 << random(8));
}

/**
 * What becomes of it: an error of ours that names it, or the check of the whole store shows it. In
 * the log nothing is shown but the end that is cut: what is there is right.
 */
async function verdict(
  disk: Disk,
  inLog: boolean,
  answers: Answers,
): Promise<(typeof VERDICTS)[number] | 'harmless'> {
  const isShown = !inLog && (await faultsIn(disk)).length > 0;
  let database: ChainDatabase | undefined;
  try {
    database = await disk.open(memory);
    const left = inLog ? withoutLastBatch(database, answers) : answers;
    await expectWhole(database, chain, left);
    return isShown || left !== answers ? 'shown' : 'harmless';
  } catch (error) {
    if (error instanceof IronflyError) return 'refused';
    // Only values of the store have no checksum: what makes them wrong, their roots must show.
    if (!isShown) throw error;
    return 'shown';
  } finally {
    await database?.close();
  }
}

/** What `db verify` says of the store, as it is before it is opened. */
async function faultsIn({ content }: Disk): Promise<string[]> {
  const faults: string[] = [];
  const onFault = (place: string, fault: string): void => {
    faults.push(`${place}: ${fault}`);
  };
  try {
    const store = await MemoryStore.open({ content: new Map(content), readOnly: true });
    const checkpoint = checkpointOf(store);
    const { root } = await checkState({ store, folder: tmpdir(), onFault, onEntries: () => {} });
    if (root !== checkpoint?.stateRoot) onFault('the checkpoint', `it is not of ${root}`);
    checkOldBlocks(store, undefined, onFault);
  } catch (error) {
    onFault('the store', String(error));
  }
  return faults;
}

/**
 * What had been answered, less what the log's last batch may have held, if that is gone: it cannot
 * be told from one that a crash cut short.
 */
function withoutLastBatch(database: ChainDatabase, answers: Answers): Answers {
  const lost = chain.blocks.filter(
    ({ hash }) => answers.imported.has(hash) && database.known(hash) === undefined,
  );
  const chosen = chain.blocks.find(({ hash }) => hash === answers.head)?.number ?? 0n;
  const behind = chosen - database.head.header.number;
  if (lost.length === 0 && behind <= 0n) return answers;
  // No more than two imports are on their way at a time.
  expect(lost.filter(({ isHead }) => isHead).length).toBeLessThanOrEqual(2);
  expect(behind).toBeLessThanOrEqual(2n);
  const left = new Answers();
  for (const hash of answers.imported) {
    if (!lost.some((block) => block.hash === hash)) left.imported.add(hash);
  }
  return left;
}
