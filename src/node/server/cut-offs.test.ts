/** Lines about clients that are cut off, and how many there are. */
import { expect, test } from 'vitest';
import { RawClient, requestText, WebSocketClient } from '../../../test/node/rpc-client.ts';
import { smallNode } from '../../../test/node/small-node.ts';
import { createLogger } from '../operations/logger.ts';
import { CutOffs } from './cut-offs.ts';
import type { ServerLimits } from './limits.ts';
import { serve } from './serve.ts';

type Line = Readonly<Record<string, unknown>>;

function recorded() {
  const lines: Line[] = [];
  const write = (line: string) => lines.push(JSON.parse(line) as Line);
  return { lines, log: createLogger({ level: 'warn', format: 'json', write }) };
}

test('ten lines a minute, and a count of those left out', () => {
  const { lines, log } = recorded();
  const cutOffs = new CutOffs(log, 'public');
  const why = 'it read nothing for too long';
  for (let index = 0; index < 25; index++) cutOffs.say(`192.0.2.${index}`, why, 1_000 + index);
  expect(lines.length).toBe(10);
  expect(lines[0]).toMatchObject({ level: 'warn', endpoint: 'public', client: '192.0.2.0', why });
  expect(lines[0]).not.toHaveProperty('leftOut');
  cutOffs.say('192.0.2.99', why, 60_999);
  expect(lines.length).toBe(10);
  cutOffs.say('192.0.2.100', why, 61_000);
  expect(lines[10]).toMatchObject({ client: '192.0.2.100', leftOut: 16 });
  cutOffs.say('192.0.2.101', why, 61_001);
  expect(lines[11]).not.toHaveProperty('leftOut');
});

const TOO_MANY = 'its unread answers are too many';
const TOO_LONG = 'it read nothing for too long';
const OLDEST = 'unread answers of all clients are too many, its the oldest';

/** Larger than what sockets of the system hold. */
const LARGE = requestText('odd_large', ['0x1000000']);
const STREAM = requestText('odd_stream', ['0x1000']);
const postOf = (text: string) =>
  `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${text.length}\r\n\r\n${text}`;

interface Case {
  readonly name: string;
  readonly why: string;
  readonly limits: Partial<ServerLimits>;
  /** Opens what does not read. */
  readonly slow: (http: string, ws: string) => Promise<{ readonly close: () => void }>;
}

async function unread(ws: string, text: string) {
  const client = await WebSocketClient.open(ws);
  client.socket.pause();
  client.send(text);
  return { close: () => client.socket.terminate() };
}

async function unreadHttp(http: string, text: string) {
  const client = RawClient.to(http);
  client.socket.pause();
  client.write(postOf(text));
  return { close: () => client.socket.destroy() };
}

const CASES: readonly Case[] = [
  {
    name: 'a whole answer over HTTP',
    why: TOO_LONG,
    limits: { unreadMsMax: 300 },
    slow: (http) => unreadHttp(http, LARGE),
  },
  {
    name: 'an answer in pieces over HTTP',
    why: TOO_LONG,
    limits: { unreadMsMax: 300 },
    slow: (http) => unreadHttp(http, STREAM),
  },
  {
    name: 'an answer in pieces over a WebSocket',
    why: TOO_LONG,
    limits: { unreadMsMax: 300 },
    slow: (_, ws) => unread(ws, STREAM),
  },
  {
    name: 'notifications',
    why: TOO_MANY,
    limits: { unsentBytesMax: 1 << 20 },
    slow: (_, ws) => unread(ws, requestText('odd_shower', ['0x1000', '0x4000'])),
  },
  {
    name: 'answers of several clients together',
    why: OLDEST,
    limits: { unsentBytesTogetherMax: 1 << 20 },
    slow: async (http) => {
      const clients = [await unreadHttp(http, LARGE), await unreadHttp(http, LARGE)];
      return { close: () => clients.map(({ close }) => close()) };
    },
  },
];

test.each(CASES)('who does not read $name is cut off, and named', async ({ limits, slow, why }) => {
  const { lines, log } = recorded();
  const { dispatcher, close } = await smallNode();
  const endpoints = [{ protocols: ['http', 'ws'] as const, port: 0, limits }];
  const server = await serve(dispatcher, { endpoints, log });
  try {
    const [http = '', ws = ''] = server.urls;
    const client = await slow(http, ws);
    await expect.poll(() => lines.length, { timeout: 10_000 }).toBeGreaterThan(0);
    expect(lines[0]).toMatchObject({ level: 'warn', client: '127.0.0.1', why });
    expect(lines[0]?.['message']).toBe('client cut off: slow reader');
    client.close();
  } finally {
    await server.close();
    await close();
  }
});
