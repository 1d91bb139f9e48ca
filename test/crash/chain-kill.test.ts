/**
 * A process that imports is killed with -9 at a random moment, again and again: after
 * each time every answered block is there, whole, and the state is its block's.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { DatabaseError, type DatabaseFault } from '../../src/chain/database/fault.ts';
import { openFolder } from '../../src/chain/database/folder.ts';
import { Machines } from '../../src/chain/machines.ts';
import type { Hash } from '../../src/evm/types.ts';
import type { WrittenBlock } from './chain-importer.ts';
import { expectWhole } from './judge.ts';
import { LIMITS, type PreparedChain, prepareChain } from './prepared-chain.ts';
import { randomFrom } from './random.ts';

const ROUNDS = Number(process.env['IRONFLY_CRASH_ROUNDS'] ?? 4);
const SEED = Number(process.env['IRONFLY_CRASH_SEED'] ?? Date.now() % 1_000_000);
const LENGTH = 60;
/** A process ends after up to so many lines, and so many milliseconds more. */
const LINES_MAX = 40;
const MILLISECONDS_MAX = 12;
const IMPORTER = fileURLToPath(new URL('chain-importer.ts', import.meta.url));

const place = mkdtempSync(join(tmpdir(), 'ironfly-kill-'));
const list = join(place, 'blocks.json');
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** Runs an importer and kills it; what it said. */
async function runAndKill(folder: string, random: (below: number) => number): Promise<string[]> {
  const importer = spawn(process.execPath, [IMPORTER, folder, list], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = random(LINES_MAX);
  const delay = random(MILLISECONDS_MAX);
  let said = '';
  let isDoomed = false;
  const doom = (): void => {
    if (isDoomed || said.split('\n').length <= lines) return;
    isDoomed = true;
    setTimeout(() => importer.kill('SIGKILL'), delay);
  };
  importer.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    doom();
  });
  // Some do not come to their first line.
  if (lines === 0) setTimeout(doom, random(600));
  await once(importer.stdout, 'close');
  if (importer.exitCode === null && importer.signalCode === null) await once(importer, 'exit');
  expect(importer.exitCode ?? 0, `the importer failed after ${said}`).toBe(0);
  return said.split('\n').slice(0, -1);
}

/** What was answered in one folder, over all that were killed. */
class Answers {
  readonly imported = new Set<Hash>();
  head: Hash | undefined;
  isOpened = false;
  isDone = false;

  add(lines: readonly string[]): void {
    for (const line of lines) {
      const [what, hash] = line.split(' ') as [string, Hash];
      if (what === 'imported') this.imported.add(hash);
      if (what === 'head') this.head = hash;
      this.isOpened = true;
      this.isDone ||= what === 'done';
    }
  }
}

/** Of a database that was not finished, or not begun. */
const UNFINISHED: readonly DatabaseFault[] = ['database/incomplete', 'database/missing'];

/** Whether the folder holds a chain: one that was not finished when it was made is none. */
async function judge(folder: string, chain: PreparedChain, answers: Answers): Promise<boolean> {
  try {
    const database = await openFolder(folder, LIMITS);
    try {
      await expectWhole(database, chain, answers);
      if (answers.isDone) expect(database.head.hash).toBe(chain.blocks.at(-1)?.hash);
    } finally {
      await database.close();
    }
    return true;
  } catch (error) {
    const isUnfinished = error instanceof DatabaseError && UNFINISHED.includes(error.code);
    if (!isUnfinished || answers.isOpened) throw error;
    return false;
  }
}

const title = `a chain is whole after each of ${ROUNDS} kills, seed ${SEED}`;
test(title, { timeout: 120_000 + ROUNDS * 20_000 }, async () => {
  const random = randomFrom(SEED);
  const chain = await prepareChain(LENGTH, new Machines({ engine: 'interpreter' }));
  const written = chain.blocks.map(({ rlp, hash, isHead }): WrittenBlock => {
    return [toHex(rlp), hash, isHead];
  });
  writeFileSync(list, JSON.stringify(written));
  const counts = { rounds: 0, finished: 0, unfinished: 0 };
  let folder = join(place, 'chain-0');
  let answers = new Answers();
  for (let round = 1; round <= ROUNDS; round++) {
    answers.add(await runAndKill(folder, random));
    const isThere = await judge(folder, chain, answers);
    counts.rounds += 1;
    if (isThere && !answers.isDone) continue;
    counts[isThere ? 'finished' : 'unfinished'] += 1;
    rmSync(folder, { recursive: true, force: true });
    folder = join(place, `chain-${round}`);
    answers = new Answers();
  }
  console.info(`kills: ${JSON.stringify(counts)}`);
});
