/**
 * A node that sequences is killed with -9 at random moments under load, again and again: what it
 * had said of a transaction's place holds, its pool's journal is whole, and it starts by itself
 * each time. The same where the power goes with it: then all that it never synced is lost.
 */
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { transactionHash } from '../../src/node/ledger/transaction-index.ts';
import { PoolJournal } from '../../src/node/pool/journal.ts';
import { cutPower } from './power-cut.ts';
import { randomFrom } from './random.ts';
import { Client, SENDERS, type Started, sent, start } from './sequencer-process.ts';

/** A fifth of the others': a round is a start of a node. */
const ROUNDS = Math.ceil(Number(process.env['IRONFLY_CRASH_ROUNDS'] ?? 15) / 5);
const SEED = Number(process.env['IRONFLY_CRASH_SEED'] ?? Date.now() % 1_000_000);
/** Milliseconds after its first answer in which a node is killed. */
const KILLED_WITHIN_MS = 700;
/** Transactions of the journal that are asked for after a start. */
const ASKED_MAX = 100;
/** Of the journal: a transaction of the test's with what is before it. */
const RECORD_BYTES_MAX = 200;

const place = mkdtempSync(join(tmpdir(), 'ironfly-sequencer-'));
/** The one that runs: it outlives no test that fails. */
let running: Started['node'] | undefined;
afterAll(() => {
  running?.kill('SIGKILL');
  rmSync(place, { recursive: true, force: true });
});

interface Promised {
  readonly blockNumber: string;
  readonly transactionIndex: string;
}

test.each(['a kill', 'a power cut'] as const)(
  `what a sequencer has said holds, ${ROUNDS} times %s, seed ${SEED}`,
  async (what) => {
    const random = randomFrom(SEED);
    const folder = join(place, what.replaceAll(' ', '-'));
    const records = `${folder}-records`;
    const record = join(records, 'record');
    const preload = new URL('sync-record.ts', import.meta.url).href;
    const promised = new Map<string, Promised>();
    let fresh: string[] = [];
    let journalled: readonly Uint8Array[] = [];
    const counts = { executed: 0, restored: 0 };
    /** How often something of a file was lost. */
    const lost: Record<string, number> = { order: 0, log: 0, pool: 0 };
    for (let round = 0; round <= ROUNDS; round++) {
      rmSync(records, { recursive: true, force: true });
      mkdirSync(records);
      const isCut = what === 'a power cut';
      process.env['IRONFLY_SYNC_RECORD'] = record;
      const { node, url } = await start(folder, isCut ? ['--import', preload] : []);
      running = node;
      const client = await Client.open(url, ({ status, transactionHash: hash, ...rest }) => {
        if (status !== 'executed') return;
        counts.executed += 1;
        promised.set(String(hash), rest as unknown as Promised);
        fresh.push(String(hash));
      });
      const checked = round === ROUNDS ? [...promised.keys()] : fresh;
      for (const hash of checked) await expectPlace(client, hash, promised.get(hash) as Promised);
      counts.restored += await expectRestored(client, journalled);
      fresh = [];
      await client.request('ironfly_subscribePreconfirmations', []);
      await loadUntilKilled(client, node, random);
      client.close();
      for (const path of isCut ? cutPower(record, random).keys() : []) {
        const [name = ''] = relative(folder, path).split('/');
        lost[name] = (lost[name] ?? 0) + 1;
      }
      journalled = await journalIn(folder, what);
    }
    expect(counts.executed).toBeGreaterThan(ROUNDS);
    // Else nothing was tried.
    if (what === 'a power cut') expect(lost['pool']).toBeGreaterThan(0);
    console.log(`${what}: ${JSON.stringify(counts)}, lost of files: ${JSON.stringify(lost)}`);
  },
  ROUNDS * 20_000 + 60_000,
);

/** Sends without waiting, from all senders, until the node is gone. */
async function loadUntilKilled(
  client: Client,
  node: Started['node'],
  random: ReturnType<typeof randomFrom>,
): Promise<void> {
  const nonces: number[] = [];
  for (const sender of SENDERS) {
    nonces.push(Number(await client.request('eth_getTransactionCount', [sender, 'pending'])));
  }
  let isGone = false;
  void once(node, 'exit').then(() => {
    isGone = true;
  });
  setTimeout(() => node.kill('SIGKILL'), random(KILLED_WITHIN_MS));
  for (let turn = 0; !isGone; turn++) {
    const from = turn % SENDERS.length;
    const nonce = nonces[from] as number;
    nonces[from] = nonce + 1;
    void client.request('eth_sendRawTransaction', [sent(from, nonce)]);
    if (turn % 20 === 0) await new Promise((resolve) => setTimeout(resolve, random(20)));
  }
}

async function expectPlace(client: Client, hash: string, told: Promised): Promise<void> {
  const receipt = (await client.request('eth_getTransactionReceipt', [hash])) as Promised | null;
  const { blockNumber, transactionIndex } = receipt ?? {};
  expect({ hash, blockNumber, transactionIndex }).toEqual({
    hash,
    blockNumber: told.blockNumber,
    transactionIndex: told.transactionIndex,
  });
}

/** What the journal holds. After a kill alone no more than its last record is not whole. */
async function journalIn(folder: string, what: string): Promise<readonly Uint8Array[]> {
  const path = join(folder, 'pool');
  if (!existsSync(path)) return [];
  const copy = join(place, 'journal');
  copyFileSync(path, copy);
  const { size } = statSync(copy);
  const { journal, sent: found } = await PoolJournal.open(copy);
  await journal.close();
  if (what === 'a kill') expect(size - statSync(copy).size).toBeLessThan(RECORD_BYTES_MAX);
  return found;
}

/** The last ones of a journal are in the pool again, or in a block; how many were asked for. */
async function expectRestored(client: Client, journalled: readonly Uint8Array[]): Promise<number> {
  const asked = journalled.slice(-ASKED_MAX);
  for (const each of asked) {
    const hash = transactionHash(each);
    expect(await client.request('eth_getTransactionByHash', [hash])).toMatchObject({ hash });
  }
  return asked.length;
}
