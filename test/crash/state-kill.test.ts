/** The committed state after kill -9: that of a checkpoint, whole, none before the last done. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { FlatState } from '../../src/state/flat/flat-state.ts';
import { MemoryState } from '../../src/state/memory.ts';
import { LmdbStore } from '../../src/state/store/lmdb-store.ts';
import { ADDRESSES, blockOf } from './blocks.ts';
import { randomFrom } from './random.ts';

const ROUNDS = Number(process.env['IRONFLY_CRASH_ROUNDS'] ?? 5);
const SEED = Number(process.env['IRONFLY_CRASH_SEED'] ?? Date.now() % 1_000_000);
/** A round's process lives so long after its first checkpoint. */
const LIFE_MS_MAX = 120;
const WRITER = fileURLToPath(new URL('state-writer.ts', import.meta.url));

/** Runs a writer for a while and kills it; the number of the last checkpoint it said was done. */
async function runAndKill(folder: string, life: number): Promise<bigint> {
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const writer = spawn(process.execPath, [WRITER, folder], { stdio: [...stdio] });
  let said = '';
  writer.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = once(writer.stdout, 'close');
  await Promise.race([once(writer.stdout, 'data'), ended]);
  await new Promise((resolve) => setTimeout(resolve, life));
  writer.kill('SIGKILL');
  await ended;
  const lines = said.split('\n').slice(0, -1);
  expect(lines.length).toBeGreaterThan(0);
  return BigInt(lines.at(-1) as string);
}

const title = `a state is whole after ${ROUNDS} kills, seed ${SEED}`;
test(title, { timeout: 60_000 + ROUNDS * 10_000 }, async () => {
  const random = randomFrom(SEED);
  const folder = join(mkdtempSync(join(tmpdir(), 'ironfly-kill-')), 'state');
  const model = new MemoryState();
  let applied = 0n;
  for (let round = 0; round < ROUNDS; round++) {
    const done = await runAndKill(folder, random(LIFE_MS_MAX));
    const store = await LmdbStore.open({ folder });
    const state = new FlatState({ store });
    const number = state.checkpointed?.number ?? 0n;
    expect(number).toBeGreaterThanOrEqual(done);
    while (applied < number) model.apply(blockOf(++applied));
    expect(state.root()).toBe(model.root());
    for (const address of ADDRESSES) {
      expect(state.getAccount(address)?.balance).toBe(model.getAccount(address)?.balance);
      for (const [slot, value] of model.storageOf(address)) {
        expect(state.getStorage(address, slot)).toBe(value);
      }
    }
    // The tries that were written are those of the state: another block leads to the same root.
    model.apply(blockOf(++applied));
    expect(state.apply(blockOf(applied)).root).toBe(model.root());
    await state.checkpoint({ block: `0x${'00'.repeat(32)}`, number: applied, record: applied });
    state.free();
    await store.close();
  }
  rmSync(join(folder, '..'), { recursive: true });
});
