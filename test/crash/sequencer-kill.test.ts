/**
 * A node that sequences is killed with -9 at random moments under load, again and again: what it
 * had said of a transaction's place holds, and it starts by itself each time.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { toHex } from '../../src/base/bytes.ts';
import { MILLISECONDS_CODE } from '../../src/chain/sequencing.ts';
import { BLANK_TRANSACTION } from '../../src/chain/transactions/blank.ts';
import { encodeTransaction } from '../../src/chain/transactions/encode.ts';
import { addressOfKey, signTransaction } from '../../src/chain/transactions/signature.ts';
import type { Address } from '../../src/evm/types.ts';
import { randomFrom } from './random.ts';

/** A fifth of the others': a round is a start of a node. */
const ROUNDS = Math.ceil(Number(process.env['IRONFLY_CRASH_ROUNDS'] ?? 15) / 5);
const SEED = Number(process.env['IRONFLY_CRASH_SEED'] ?? Date.now() % 1_000_000);
const KEYS = Array.from({ length: 8 }, (_, i) => new Uint8Array(32).fill(i + 1));
const SENDERS = KEYS.map(addressOfKey);
const CLOCK: Address = `0x${'c1'.repeat(20)}`;
const COUNTER: Address = `0x${'ab'.repeat(20)}`;
/** Milliseconds after its first answer in which a node is killed. */
const KILLED_WITHIN_MS = 700;

const place = mkdtempSync(join(tmpdir(), 'ironfly-sequencer-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));
const genesis = join(place, 'genesis.json');
writeFileSync(genesis, genesisFile());

function genesisFile(): string {
  const balance = '0xd3c21bcecceda1000000';
  const alloc: Record<string, object> = Object.fromEntries(
    SENDERS.map((address) => [address, { balance }]),
  );
  alloc[CLOCK] = { balance: '0x0', code: toHex(MILLISECONDS_CODE) };
  alloc[COUNTER] = { balance: '0x0', code: '0x600160005401600055' };
  const names = ['homestead', 'eip150', 'eip155', 'eip158', 'byzantium', 'constantinople'];
  const later = ['petersburg', 'istanbul', 'berlin', 'london'];
  const numbers = [...names, ...later].map((name) => [`${name}Block`, 0]);
  return JSON.stringify({
    config: {
      chainId: 1,
      ...Object.fromEntries(numbers),
      terminalTotalDifficulty: 0,
      shanghaiTime: 0,
      cancunTime: 0,
      ironfly: { milliseconds: CLOCK },
    },
    alloc,
    gasLimit: '0x5f5e100',
    difficulty: '0x0',
    baseFeePerGas: '0x7',
  });
}

function sent(from: number, nonce: number): string {
  const fields = {
    ...BLANK_TRANSACTION,
    type: 2,
    chainId: 1n,
    nonce: BigInt(nonce),
    gasLimit: 60_000n,
    maxFeePerGas: 10n ** 9n,
    to: COUNTER,
  } as const;
  return toHex(encodeTransaction(signTransaction(fields, KEYS[from] as Uint8Array)));
}

async function start(folder: string): Promise<{ node: ChildProcess; url: string }> {
  const bin = fileURLToPath(new URL('../../bin/ironfly.mjs', import.meta.url));
  const node = spawn(
    process.execPath,
    [
      ...[bin, 'node', '--datadir', folder, '--genesis', genesis, '--http-port', '0'],
      ...['--sequencer', `0x${'c0'.repeat(20)}`, '--block-ms', '60', '--workers', '1'],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let text = '';
  for await (const part of node.stderr as NodeJS.ReadableStream) {
    text += String(part);
    const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1];
    if (port === undefined) continue;
    return { node, url: `ws://127.0.0.1:${port}` };
  }
  throw new Error(`the node did not start: ${text}`);
}

class Client {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  readonly told: (result: Record<string, unknown>) => void;
  #id = 0;

  static async open(
    url: string,
    told: (result: Record<string, unknown>) => void = () => {},
  ): Promise<Client> {
    const socket = new WebSocket(url);
    await once(socket, 'open');
    return new Client(socket, told);
  }

  private constructor(socket: WebSocket, told: (result: Record<string, unknown>) => void) {
    this.#socket = socket;
    this.told = told;
    // It is killed in the midst.
    socket.on('error', () => {});
    socket.on('message', (data) => {
      const message = JSON.parse(String(data));
      if (message.method === 'ironfly_subscription') this.told(message.params.result);
      this.#waiting.get(message.id)?.(message.result);
    });
  }

  request(method: string, params: readonly unknown[]): Promise<unknown> {
    const id = ++this.#id;
    const answer = new Promise<unknown>((resolve) => this.#waiting.set(id, resolve));
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    }
    return answer;
  }

  close(): void {
    this.#socket.terminate();
  }
}

interface Promised {
  readonly blockNumber: string;
  readonly transactionIndex: string;
}

test(
  `what a sequencer has said holds, ${ROUNDS} kills, seed ${SEED}`,
  async () => {
    const random = randomFrom(SEED);
    const folder = join(place, 'data');
    const promised = new Map<string, Promised>();
    let fresh: string[] = [];
    let executed = 0;
    for (let round = 0; round <= ROUNDS; round++) {
      const { node, url } = await start(folder);
      const client = await Client.open(url, ({ status, transactionHash, ...rest }) => {
        if (status !== 'executed') return;
        executed += 1;
        const hash = String(transactionHash);
        promised.set(hash, rest as unknown as Promised);
        fresh.push(hash);
      });
      const checked = round === ROUNDS ? [...promised.keys()] : fresh;
      for (const hash of checked) await expectPlace(client, hash, promised.get(hash) as Promised);
      fresh = [];
      const nonces: number[] = [];
      for (const sender of SENDERS) {
        nonces.push(Number(await client.request('eth_getTransactionCount', [sender, 'pending'])));
      }
      await client.request('ironfly_subscribePreconfirmations', []);
      const gone = once(node, 'exit');
      let isGone = false;
      void gone.then(() => {
        isGone = true;
      });
      setTimeout(() => node.kill('SIGKILL'), random(KILLED_WITHIN_MS));
      for (let turn = 0; !isGone; turn++) {
        const from = turn % KEYS.length;
        const nonce = nonces[from] as number;
        nonces[from] = nonce + 1;
        void client.request('eth_sendRawTransaction', [sent(from, nonce)]);
        if (turn % 20 === 0) await new Promise((resolve) => setTimeout(resolve, random(20)));
      }
      client.close();
    }
    expect(executed).toBeGreaterThan(ROUNDS);
    console.log(`executed: ${executed}`);
  },
  ROUNDS * 20_000 + 60_000,
);

async function expectPlace(client: Client, hash: string, told: Promised): Promise<void> {
  const receipt = (await client.request('eth_getTransactionReceipt', [hash])) as Promised | null;
  const { blockNumber, transactionIndex } = receipt ?? {};
  expect({ hash, blockNumber, transactionIndex }).toEqual({
    hash,
    blockNumber: told.blockNumber,
    transactionIndex: told.transactionIndex,
  });
}
