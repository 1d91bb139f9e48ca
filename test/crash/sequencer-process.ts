/** A sequencer as a process of its own, that crash tests load and kill, and its client. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';
import { toHex } from '../../src/base/bytes.ts';
import { MILLISECONDS_CODE } from '../../src/chain/sequencing.ts';
import { BLANK_TRANSACTION } from '../../src/chain/transactions/blank.ts';
import { encodeTransaction } from '../../src/chain/transactions/encode.ts';
import { addressOfKey, signTransaction } from '../../src/chain/transactions/signature.ts';
import type { Address } from '../../src/evm/types.ts';

const KEYS = Array.from({ length: 8 }, (_, i) => new Uint8Array(32).fill(i + 1));
/** Who have ether. */
export const SENDERS: readonly Address[] = KEYS.map(addressOfKey);
const CLOCK: Address = `0x${'c1'.repeat(20)}`;
const COUNTER: Address = `0x${'ab'.repeat(20)}`;

export interface Started {
  readonly node: ChildProcess;
  readonly url: string;
}

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

/** A transaction that counts, signed, as it is sent. */
export function sent(from: number, nonce: number): string {
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

/**
 * Starts it, and resolves when it listens.
 * @param flags of Node.js, before the program
 * @throws Error when it ends before
 */
export async function start(folder: string, flags: readonly string[] = []): Promise<Started> {
  const genesis = `${folder}.json`;
  writeFileSync(genesis, genesisFile());
  const bin = fileURLToPath(new URL('../../bin/ironfly.mjs', import.meta.url));
  const node = spawn(
    process.execPath,
    [
      ...[...flags, bin, 'node', '--datadir', folder, '--genesis', genesis, '--http-port', '0'],
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

/** Asks a node over a WebSocket. What it asked before the node was killed is never answered. */
export class Client {
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
