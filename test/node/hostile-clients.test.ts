/**
 * Clients that mean ill, each kind against one server of another process, while an honest client
 * asks every few milliseconds. The server must answer it all the time, stay alive, and use no more
 * memory than its limits say: it has a heap of 384 MiB.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeToken } from '../../src/node/server/bearer-token.ts';
import { ask, post, RawClient, requestText, WebSocketClient } from './rpc-client.ts';

/** What is under way (16 MiB) and not read (64 MiB), parsed requests, what V8 leaves behind. */
const GROWTH_MAX = 350 << 20;
/** On a machine that runs other tests, too. */
const HONEST_MS_MAX = 3_000;

let child: ChildProcess;
let http: string;
let ws: string;
let guarded: string;
let guardedWs: string;

beforeAll(async () => {
  const script = new URL('./serve-small.ts', import.meta.url).pathname;
  const flags = ['--max-old-space-size=384'];
  child = spawn(process.execPath, [...flags, script], { stdio: ['pipe', 'pipe', 'inherit'] });
  if (child.stdout === null) throw new Error('no output');
  const [line] = await once(createInterface(child.stdout), 'line');
  [http, ws, guarded, guardedWs] = JSON.parse(line);
});

afterAll(async () => {
  const ended = once(child, 'exit');
  child.stdin?.end();
  expect((await ended)[0]).toBe(0);
});

async function memoryBytes(): Promise<number> {
  const text = await (await fetch(`${http}/metrics`)).text();
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1]);
}

/** Runs an attack while an honest client asks; what it was told, and how memory grew. */
async function during(attack: () => Promise<void>): Promise<void> {
  const before = await memoryBytes();
  let isOver = false;
  let slowestMs = 0;
  let answers = 0;
  const honest = (async () => {
    do {
      const startMs = performance.now();
      const { result } = await ask(http, 'eth_chainId');
      expect(result).toBe('0x539');
      slowestMs = Math.max(slowestMs, performance.now() - startMs);
      answers += 1;
      await sleep(10);
    } while (!isOver);
  })();
  try {
    await attack();
  } finally {
    isOver = true;
  }
  await honest;
  expect(slowestMs).toBeLessThan(HONEST_MS_MAX);
  expect(answers).toBeGreaterThan(0);
  expect((await memoryBytes()) - before).toBeLessThan(GROWTH_MAX);
}

const JSON_TYPE = { 'Content-Type': 'application/json' };
const times = (count: number) => Array.from({ length: count }, (_, index) => index);
const postHead = (headers: string) => `POST / HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n\r\n`;

describe('a server bears', () => {
  it('what is no HTTP', () =>
    during(async () => {
      const texts = [
        '\0\0\0\0\r\n\r\n',
        'GET\r\n\r\n',
        'POST / HTTP/9.9\r\n\r\n',
        'POST / HTTP/1.1\r\n\r\n',
        postHead('Content-Length: -1'),
        postHead('Content-Length: 1e9'),
        postHead('Content-Length: 5\r\nContent-Length: 6'),
        postHead('Content-Length: 5\r\nTransfer-Encoding: chunked'),
        postHead('Transfer-Encoding: nonsense'),
        `${postHead('Transfer-Encoding: chunked')}zz\r\n`,
        postHead(`X: ${'x'.repeat(100_000)}`),
        `GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(10_000)}`,
        '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      ];
      await Promise.all(
        texts.flatMap((text) =>
          times(5).map(async () => {
            const client = RawClient.to(http);
            client.write(text);
            await client.closed;
            expect(client.received, text.slice(0, 60)).toMatch(/^(HTTP\/1\.1 4\d\d |$)/);
          }),
        ),
      );
    }));

  it('what is no JSON, or nested without end', () =>
    during(async () => {
      const deep = '['.repeat(100_000);
      const texts = [
        deep,
        deep + ']'.repeat(100_000),
        '{"a":'.repeat(100_000),
        '['.repeat(5_000_000),
        '[],'.repeat(1_600_000),
        `[${'[],'.repeat(1_600_000)}[]]`,
        `"${'\\'.repeat(4_000_000)}`,
        `{"id":1,"method":"odd_echo","params":[${'[],'.repeat(1_000_000)}[]]}`,
        `{"id":"${'x'.repeat(1_000_000)}","method":"eth_chainId"}`,
        `{"id":1,"method":"${'x'.repeat(4_000_000)}"}`,
      ];
      for (const text of texts) {
        const { status, text: answer } = await post(http, text);
        expect([200, 503]).toContain(status);
        expect(JSON.parse(answer), text.slice(0, 40)).toBeTypeOf('object');
        const client = await WebSocketClient.open(ws);
        client.send(text);
        await client.until(1);
        client.socket.close();
      }
    }));

  it('bodies that are too large, said or unsaid', () =>
    during(async () => {
      const said = RawClient.to(http);
      said.write(postHead('Content-Length: 10000000000'));
      expect(await said.until('413')).toContain('413');
      said.socket.destroy();
      const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
      const send = async (bytes: number) => {
        const client = RawClient.to(http);
        client.write(postHead('Transfer-Encoding: chunked'));
        for (let sent = 0; sent < bytes && !client.socket.destroyed; sent += 0x10000) {
          if (client.socket.write(chunk)) continue;
          await Promise.race([once(client.socket, 'drain').catch(() => {}), client.closed]);
        }
        return client;
      };
      await Promise.all(
        times(8).map(async () => {
          const client = await send(20 << 20);
          expect(await client.until('\r\n')).toMatch(/^HTTP\/1\.1 (413|503) /);
          client.socket.destroy();
          const endless = await send(Number.POSITIVE_INFINITY);
          await endless.closed;
        }),
      );
    }));

  it('batches that are too large, and whose answers would be', () =>
    during(async () => {
      const one = requestText('eth_chainId');
      const tooMany = await post(http, `[${Array(80_000).fill(one).join(',')}]`);
      expect(JSON.parse(tooMany.text).error.code).toBe(-32005);
      const large = `[${Array(1_000)
        .fill(requestText('odd_large', ['0x100000']))
        .join(',')}]`;
      const answers = JSON.parse((await post(http, large)).text);
      expect(answers.length).toBe(1_000);
      expect(answers[31].result.length).toBe(1 << 20);
      expect(answers[999].error.code).toBe(-32005);
    }));

  it('batches of answers in pieces, a gigabyte together', () =>
    during(async () => {
      const pieces = 0x200;
      const batch = `[${times(32)
        .map((id) => requestText('odd_stream', [`0x${pieces.toString(16)}`], id))
        .join(',')}]`;
      const response = await fetch(http, { method: 'POST', body: batch, headers: JSON_TYPE });
      let bytes = 0;
      for await (const chunk of response.body ?? []) bytes += chunk.length;
      expect(bytes).toBeGreaterThan(32 * pieces * 65_000);
      const unread = times(16).map(() => {
        const client = RawClient.to(http);
        client.socket.pause();
        client.write(`${postHead(`Content-Length: ${batch.length}`)}${batch}`);
        return client;
      });
      await sleep(1_000);
      for (const { socket } of unread) socket.destroy();
    }));

  it('readers that do not read', () =>
    during(async () => {
      const body = requestText('odd_large', ['0x1000000']);
      const stream = requestText('odd_stream', ['0x1000']);
      const clients = times(24).map((index) => {
        const client = RawClient.to(http);
        client.socket.pause();
        const text = index % 4 === 0 ? stream : body;
        client.write(`${postHead(`Content-Length: ${text.length}`)}${text}`);
        return client;
      });
      const sockets = await Promise.all(
        times(8).map(async () => {
          const client = await WebSocketClient.open(ws);
          client.socket.pause();
          client.send(requestText('odd_shower', ['0x400', '0x10000']));
          client.send(requestText('odd_stream', ['0x1000'], 2));
          return client;
        }),
      );
      await sleep(4_000);
      for (const client of clients) client.socket.resume();
      for (const client of sockets) client.socket.resume();
      await Promise.all([...clients, ...sockets].map((client) => client.closed));
      for (const { received } of clients) expect(received.length).toBeLessThan(20 << 20);
    }));

  it('WebSockets that flood', () =>
    during(async () => {
      const requests = Array.from({ length: 20_000 }, (_, id) =>
        requestText('eth_chainId', [], id),
      );
      await Promise.all(
        times(10).map(async (index) => {
          const client = await WebSocketClient.open(ws);
          if (index % 2 === 0) client.socket.pause();
          for (const text of requests) client.send(text);
          if (index % 2 === 0) {
            await sleep(1_000);
            client.socket.terminate();
          } else {
            await client.until(20_000);
            client.socket.close();
          }
        }),
      );
    }));

  it('many requests in one connection that take long', () =>
    during(async () => {
      const body = requestText('odd_deaf');
      const one = `${postHead(`Content-Length: ${body.length}`)}${body}`;
      const pipelined = RawClient.to(http);
      pipelined.write(one.repeat(5_000));
      const client = await WebSocketClient.open(ws);
      for (let id = 0; id < 5_000; id++) client.send(requestText('odd_deaf', [], id));
      await sleep(500);
      client.socket.terminate();
      pipelined.socket.destroy();
    }));

  it('connections that say nothing, or half of it', () =>
    during(async () => {
      const halves = [
        '',
        'POST / HT',
        'POST / HTTP/1.1\r\nHost: localhost\r\n',
        postHead('Content-Length: 100'),
      ];
      const clients = halves.flatMap((text) =>
        times(40).map(() => {
          const client = RawClient.to(http);
          client.write(text);
          return client;
        }),
      );
      const startMs = performance.now();
      await Promise.all(clients.map(({ closed }) => closed));
      expect(performance.now() - startMs).toBeLessThan(8_000);
    }));

  it('pages and tokens that are not let in', () =>
    during(async () => {
      const forged = makeToken(new Uint8Array(32));
      const tokens = [
        '',
        'Bearer',
        'Bearer a.b.c',
        `Bearer ${forged}`,
        `Bearer ${'x'.repeat(10_000)}`,
      ];
      await Promise.all(
        times(100).map(async (index) => {
          const page = { Origin: `https://evil${index}.example` };
          expect((await post(http, requestText('eth_chainId'), page)).status).toBe(403);
          await expect(WebSocketClient.open(ws, page)).rejects.toThrow(/403/);
          const bearer = { Authorization: tokens[index % tokens.length] ?? '' };
          expect((await post(guarded, requestText('eth_chainId'), bearer)).status).toBe(401);
          await expect(WebSocketClient.open(guardedWs, bearer)).rejects.toThrow(/401/);
        }),
      );
      const token = { Authorization: `Bearer ${makeToken(new Uint8Array(32).fill(7))}` };
      expect((await post(guarded, requestText('eth_chainId'), token)).status).toBe(200);
    }));

  it('more connections than it takes', () =>
    during(async () => {
      const clients = times(700).map(() => RawClient.to(http));
      await Promise.all(clients.map(({ socket }) => once(socket, 'connect').catch(() => {})));
      for (const { socket } of clients) socket.destroy();
    }));
});
