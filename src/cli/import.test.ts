/** `ironfly db init`, `import`, `export` and `db prune` as they are typed, and killed. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  createWriteStream,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomFrom } from '../../test/crash/random.ts';
import { concatBytes } from '../base/bytes.ts';
import { encodeBlock } from '../chain/blocks/block.ts';
import { Chain } from '../chain/chain.ts';
import { createInMemory } from '../chain/database/folder.ts';
import { parseGenesis } from '../chain/genesis-files/genesis-file.ts';
import { Machines } from '../chain/machines.ts';
import { BLANK_TRANSACTION } from '../chain/transactions/blank.ts';
import { encodeTransaction } from '../chain/transactions/encode.ts';
import { addressOfKey, signTransaction } from '../chain/transactions/signature.ts';
import type { Hash } from '../evm/types.ts';

const BIN = fileURLToPath(new URL('../../bin/ironfly.mjs', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'ironfly-import-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const ROUNDS = Number(process.env['IRONFLY_CRASH_ROUNDS'] ?? 4);
const SEED = Number(process.env['IRONFLY_CRASH_SEED'] ?? Date.now() % 1_000_000);
const TIMEOUT = 300_000 + ROUNDS * 30_000;
const KEY = new Uint8Array(32).fill(7);
/** Writes the number of the block into a slot of that number: every block adds to the state. */
const WRITER = `0x${'ab'.repeat(20)}`;
const GENESIS = {
  config: {
    chainId: 77,
    homesteadBlock: 0,
    eip150Block: 0,
    eip155Block: 0,
    eip158Block: 0,
    byzantiumBlock: 0,
    constantinopleBlock: 0,
    petersburgBlock: 0,
    istanbulBlock: 0,
    berlinBlock: 0,
    londonBlock: 0,
    terminalTotalDifficulty: 0,
    shanghaiTime: 0,
  },
  alloc: {
    [addressOfKey(KEY)]: { balance: '0xffffffffffffffffffff' },
    [WRITER]: { balance: '0', code: '0x43804355' },
  },
  gasLimit: '0x1c9c380',
  difficulty: '0x0',
  baseFeePerGas: '0x7',
};
const BLOCKS = 200;
const blocks: Uint8Array[] = [];
let last: Hash = '0x';

const path = (name: string) => join(root, name);
const genesis = path('genesis.json');
const whole = path('chain.rlp');

beforeAll(async () => {
  writeFileSync(genesis, JSON.stringify(GENESIS));
  const { spec, block, state } = parseGenesis(JSON.stringify(GENESIS));
  const tree = await createInMemory(block, state);
  const chain = new Chain({ spec, tree, machines: new Machines({ engine: 'interpreter' }) });
  for (let index = 1; index <= BLOCKS; index++) {
    const transaction = signTransaction(
      {
        ...BLANK_TRANSACTION,
        type: 2,
        chainId: 77n,
        nonce: BigInt(index - 1),
        maxFeePerGas: 10n ** 12n,
        gasLimit: 100_000n,
        to: WRITER as Hash,
      },
      KEY,
    );
    const built = await chain.buildBlock({
      timestamp: BigInt(12 * index),
      coinbase: `0x${'c0'.repeat(20)}`,
      transactions: [encodeTransaction(transaction)],
      withdrawals: [],
    });
    const bytes = encodeBlock(built.block);
    const { hash } = await chain.importBlock(bytes);
    await chain.setHead(hash);
    blocks.push(bytes);
    last = hash;
  }
  await tree.close();
  writeFileSync(whole, concatBytes(...blocks));
}, TIMEOUT);

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

function init(name: string, ...options: string[]): string {
  const folder = path(name);
  const made = run('db', 'init', folder, '--genesis', genesis, ...options);
  expect(made).toMatchObject({ status: 0, stderr: '' });
  return folder;
}

function imported(folder: string, ...files: string[]) {
  const { status, stdout, stderr } = run('import', '--db', folder, '--json', ...files);
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}

describe('import and export', { timeout: TIMEOUT }, () => {
  test('leave the states that were to be kept', () => {
    const oldest = (folder: string) =>
      JSON.parse(run('db', 'stats', folder, '--json').stdout).oldest.number;
    const [archive, near] = [init('archive', '--archive', '--window', '3'), init('near')];
    for (const folder of [archive, near]) imported(folder, whole);
    const refused = run('db', 'prune', archive);
    expect(refused).toMatchObject({ status: 1 });
    expect(refused.stderr).toContain('keeps all states: say with --window');
    expect(oldest(archive)).toBe('0');
    // What it says is kept for the next one.
    run('db', 'prune', near, '--window', '10');
    expect(run('db', 'snapshot', near, path('near.snapshot')).status).toBe(0);
    expect(JSON.parse(run('db', 'prune', near, '--json').stdout)).toMatchObject({
      is: { oldest: `${BLOCKS - 10}` },
    });
    const pruned = run('db', 'prune', archive, '--window', '4', '--json');
    expect(JSON.parse(pruned.stdout)).toMatchObject({ is: { oldest: `${BLOCKS - 4}` } });
    expect(run('db', 'init', path('none'), '--genesis', genesis, '--window', '-1').status).toBe(2);
  });

  test('bring back what was there, in RLP and in JSON', () => {
    const folder = init('plain');
    const zipped = path('chain.rlp.gz');
    writeFileSync(zipped, gzipSync(readFileSync(whole)));
    expect(imported(folder, zipped)).toMatchObject({
      blocks: BLOCKS,
      skipped: 0,
      transactions: BLOCKS,
      head: { number: `${BLOCKS}`, hash: last },
    });
    expect(imported(folder, whole)).toMatchObject({ blocks: 0, skipped: BLOCKS });
    const pruned = run('db', 'prune', folder, '--window', '10', '--json');
    expect(JSON.parse(pruned.stdout)).toMatchObject({ is: { oldest: `${BLOCKS - 10}` } });
    expect(imported(folder, whole)).toMatchObject({ blocks: 0, skipped: BLOCKS });
    const out = path('out.rlp');
    expect(run('export', '--db', folder, '--from', '1', out).status).toBe(0);
    expect(readFileSync(out).equals(readFileSync(whole))).toBe(true);
    const json = path('out.json.gz');
    expect(run('export', '--db', folder, '--format', 'json', json).status).toBe(0);
    // With block 0, which is there.
    expect(imported(init('json'), json)).toMatchObject({
      blocks: BLOCKS,
      skipped: 1,
      head: { hash: last },
    });
    const part = path('part.rlp');
    expect(run('export', '--db', folder, '--from', '195', '--to', '197', part).status).toBe(0);
    expect(readFileSync(part).equals(concatBytes(...blocks.slice(194, 197)))).toBe(true);
    const missing = run('export', '--db', folder, '--from', '7', '--to', '201', part);
    expect(missing).toMatchObject({ status: 1 });
    expect(missing.stderr).toContain('there is no block 201: the head is block 200');
    expect(readdirSync(root)).not.toContain('part.rlp.part');
  });

  test('end at a block that breaks a rule; those before it stay', () => {
    const folder = init('invalid');
    const bad = blocks.map((block) => block.slice());
    // The state root stands behind the parent's hash, the uncles' hash and the coinbase.
    const at = 3 + 3 + 33 + 33 + 21 + 1;
    const spoilt = bad[9] as Uint8Array;
    spoilt[at + 5] = (spoilt[at + 5] as number) ^ 1;
    const file = path('bad.rlp');
    writeFileSync(file, concatBytes(...bad));
    const refused = run('import', '--db', folder, '--json', file);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/block 10 \(0x[0-9a-f]{64}\) is invalid: block\/wrong state ro/);
    expect(JSON.parse(refused.stdout)).toMatchObject({ blocks: 9, head: { number: '9' } });
    expect(imported(folder, whole)).toMatchObject({ blocks: BLOCKS - 9, head: { hash: last } });
  });

  test('refuse what is no file of blocks, or of another chain, or no database', () => {
    const folder = init('refused');
    const cut = path('cut.rlp');
    writeFileSync(cut, concatBytes(...blocks.slice(0, 3)).subarray(0, -1));
    const { status, stderr } = run('import', '--db', folder, cut);
    expect(stderr).toMatch(/cut\.rlp: the file ends in the block at byte \d+/);
    expect(status).toBe(1);
    const other = path('other.json');
    writeFileSync(other, JSON.stringify({ ...GENESIS, gasLimit: '0x1c9c381' }));
    const another = path('another');
    expect(run('db', 'init', another, '--genesis', other).status).toBe(0);
    const out = path('another.rlp');
    expect(run('export', '--db', another, out).status).toBe(0);
    expect(run('import', '--db', folder, out).stderr).toContain('begins another chain');
    expect(run('db', 'init', another, '--genesis', other).stderr).toContain('there is a chain');
    expect(run('import', '--db', path('nowhere'), whole).stderr).toContain('there is no database');
    expect(readdirSync(root)).not.toContain('nowhere');
  });
});

/** An import on its way that has written some of its blocks. */
async function begin(folder: string): Promise<{ process: ChildProcess; ended: Promise<unknown> }> {
  const child = spawn(process.execPath, [BIN, 'import', '--db', folder, whole], {
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  const before = logBytes(folder);
  while (child.exitCode === null && logBytes(folder) === before) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return { process: child, ended };
}

function logBytes(folder: string): number {
  const log = join(folder, 'log');
  return readdirSync(log).reduce((sum, name) => sum + statSync(join(log, name)).size, 0);
}

describe('an import that is ended', { timeout: TIMEOUT }, () => {
  const random = randomFrom(SEED);
  test(`by kill -9, ${ROUNDS} times, goes on where it was (seed ${SEED})`, async () => {
    const folder = init('killed');
    for (let round = 0; round < ROUNDS; round++) {
      const { process: child, ended } = await begin(folder);
      await new Promise((resolve) => setTimeout(resolve, random(200)));
      child.kill('SIGKILL');
      await ended;
    }
    const { blocks: rest, skipped, head } = imported(folder, whole);
    expect(rest + skipped).toBe(BLOCKS);
    expect(skipped).toBeGreaterThan(0);
    expect(head.hash).toBe(last);
    const out = path('killed.rlp');
    expect(run('export', '--db', folder, '--from', '1', out).status).toBe(0);
    expect(readFileSync(out).equals(readFileSync(whole))).toBe(true);
  });

  test('by Ctrl-C ends between two blocks of a file that goes on', async () => {
    const folder = init('interrupted');
    const before = logBytes(folder);
    const pipe = path('pipe');
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
    const child = spawn(process.execPath, [BIN, 'import', '--db', folder, pipe]);
    const ended = once(child, 'exit');
    const notes: Buffer[] = [];
    child.stderr.on('data', (bytes: Buffer) => notes.push(bytes));
    // It ends by itself before all is read, and nobody takes the rest.
    const source = createWriteStream(pipe).on('error', () => {});
    source.write(concatBytes(...blocks.slice(0, 20)));
    while (child.exitCode === null && logBytes(folder) === before) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    child.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 100));
    source.end(concatBytes(...blocks.slice(20)));
    expect(await ended).toEqual([130, null]);
    expect(Buffer.concat(notes).toString()).toContain('ended between two blocks');
    const { skipped, head } = imported(folder, whole);
    expect(skipped).toBeGreaterThan(0);
    expect(skipped).toBeLessThan(BLOCKS);
    expect(head.hash).toBe(last);
  });
});
