/** JSON-RPC over WebSockets, by real sockets. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ask, RawClient, requestText, WebSocketClient } from '../../../test/node/rpc-client.ts';
import { type SmallNode, smallNode } from '../../../test/node/small-node.ts';
import { makeToken } from './bearer-token.ts';
import { type PortEndpoint, type Serving, serve } from './serve.ts';

const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';

let small: SmallNode;
let open: Serving[] = [];

beforeAll(async () => {
  small = await smallNode();
});
afterEach(async () => {
  await Promise.all(open.map((server) => server.close()));
  open = [];
});
afterAll(() => small.close());

/** The address for WebSockets. */
async function start(endpoint: Partial<PortEndpoint> = {}): Promise<string> {
  const endpoints = [{ protocols: ['http', 'ws'] as const, port: 0, ...endpoint }];
  const server = await serve(small.dispatcher, { endpoints });
  open.push(server);
  return server.urls.find((url) => url.startsWith('ws')) ?? '';
}

describe('a WebSocket', () => {
  it('carries requests and batches on the port of HTTP, whatever the path', async () => {
    const url = await start();
    expect((await ask(url.replace('ws', 'http'), 'eth_chainId')).result).toBe('0x539');
    const client = await WebSocketClient.open(`${url}/any/path?x=1`);
    expect((await client.ask('eth_chainId')).result).toBe('0x539');
    client.send(`[${requestText('net_version', [], 2)},${requestText('no_such', [], 3)}]`);
    const [, batch] = await client.until(2);
    expect(batch).toMatchObject([
      { id: 2, result: '1337' },
      { id: 3, error: { code: -32601 } },
    ]);
    client.send('{"jsonrpc":"2.0","method":"eth_chainId"}');
    client.send('{');
    client.socket.send(Buffer.from(requestText('eth_chainId', [], 'binary')));
    const [, , parseError, binary] = await client.until(4);
    expect(parseError).toMatchObject({ id: null, error: { code: -32700 } });
    expect(binary).toMatchObject({ id: 'binary', result: '0x539' });
    client.socket.close();
    await client.closed;
  });

  it('answers short requests while long ones are under way', async () => {
    const client = await WebSocketClient.open(await start());
    client.send(requestText('odd_later', ['0xc8'], 1));
    client.send(requestText('eth_chainId', [], 2));
    expect((await client.until(2)).map(({ id }) => id)).toEqual([2, 1]);
    client.socket.close();
  });

  it('is told the answer before what a subscription brings', async () => {
    const client = await WebSocketClient.open(await start());
    const { closed } = small.seen;
    client.send(requestText('odd_subscribe', ['0x3']));
    const [answer, ...news] = await client.until(4);
    expect(answer).toEqual({ jsonrpc: '2.0', id: 1, result: '0x1' });
    expect(news).toEqual(
      [0, 1, 2].map((index) => ({ jsonrpc: '2.0', method: 'odd_subscription', params: { index } })),
    );
    client.socket.close();
    await expect.poll(() => small.seen.closed).toBe(closed + 1);
  });

  it('has an answer in pieces, and others behind it', async () => {
    const client = await WebSocketClient.open(await start());
    client.send(requestText('odd_stream', ['0x40'], 1));
    client.send(requestText('odd_stream', ['0x2'], 2));
    client.send(requestText('odd_stream', ['0x0'], 3));
    await client.until(1);
    for (let id = 4; id < 100; id++) client.send(requestText('eth_chainId', [], id));
    const answers = await client.until(99);
    const sizes = answers.map(({ id, result }) => [id, (result as unknown[]).length]);
    expect(sizes.filter(([id]) => Number(id) < 3)).toEqual([
      [1, 64],
      [2, 2],
    ]);
    expect(new Set(answers.map(({ id }) => id)).size).toBe(99);
    client.send(requestText('odd_broken'));
    expect(await client.closed).toBe(1006);
  });

  it('is turned away by page, host and token, and where there are too many', async () => {
    const secret = new Uint8Array(32).fill(7);
    const url = await start({ origins: ['loopback'] });
    const refused = (at: string, headers?: Readonly<Record<string, string>>) =>
      expect(WebSocketClient.open(at, headers)).rejects;
    await refused(url, { Origin: 'https://evil.example' }).toThrow(/403/);
    await refused(url, { Host: 'evil.example' }).toThrow(/403/);
    const page = await WebSocketClient.open(url, { Origin: 'http://localhost:3000' });
    page.socket.close();
    const guarded = await start({ secret });
    await refused(guarded).toThrow(/401/);
    await refused(guarded, { Authorization: `Bearer ${makeToken(new Uint8Array(32))}` }).toThrow(
      /401/,
    );
    const token = { Authorization: `Bearer ${makeToken(secret)}` };
    const known = await WebSocketClient.open(guarded, token);
    expect((await known.ask('eth_chainId')).result).toBe('0x539');
    known.socket.close();
    const few = await start({ limits: { webSocketsMax: 1 } });
    const first = await WebSocketClient.open(few);
    await refused(few).toThrow(/503/);
    first.socket.close();
    await first.closed;
    await expect.poll(async () => (await WebSocketClient.open(few)).socket.readyState).toBe(1);
  });

  it('may have a port of its own', async () => {
    const url = await start({ protocols: ['ws'] });
    const client = await WebSocketClient.open(url);
    expect((await client.ask('eth_chainId')).result).toBe('0x539');
    client.socket.close();
    const post = { method: 'POST', body: requestText('eth_chainId') };
    expect((await fetch(url.replace('ws', 'http'), post)).status).toBe(426);
  });

  it('is not on a port that is for HTTP alone', async () => {
    const url = (await start({ protocols: ['http'] })) || (open[0]?.urls[0] ?? '');
    await expect(WebSocketClient.open(url.replace('http', 'ws'))).rejects.toThrow(/200/);
  });
});

describe('a WebSocket that misbehaves', () => {
  it('is closed after too large a message, and after frames that are none', async () => {
    const url = await start({ limits: { requestBytesMax: 1_000 } });
    const large = await WebSocketClient.open(url);
    large.send(requestText('odd_echo', ['x'.repeat(1_000)]));
    expect(await large.closed).toBe(1009);
    const many = await WebSocketClient.open(url);
    for (let part = 0; part < 100; part++) many.socket.send('x'.repeat(100), { fin: false });
    expect(await many.closed).toBe(1009);
    const raw = RawClient.to(url);
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n';
    raw.write(`GET / HTTP/1.1\r\nHost: localhost\r\n${UPGRADE}${key}\r\n`);
    await raw.until('101 Switching Protocols');
    raw.socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
    await raw.closed;
    const bad = RawClient.to(url);
    bad.write(`GET / HTTP/1.1\r\nHost: localhost\r\n${UPGRADE}\r\n`);
    expect(await bad.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect((await ask(url.replace('ws', 'http'), 'eth_chainId')).result).toBe('0x539');
  });

  it('is closed when it is not there any more', async () => {
    const url = await start({ limits: { pingMs: 100 } });
    const alive = await WebSocketClient.open(url);
    const dead = await WebSocketClient.open(url);
    dead.socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 500));
    dead.socket.resume();
    expect(await dead.closed).toBe(1006);
    expect((await alive.ask('eth_chainId')).result).toBe('0x539');
    alive.socket.close();
  });

  it('gets no more answers than it reads', async () => {
    const url = await start({ limits: { unsentBytesMax: 1 << 20 } });
    const slow = await WebSocketClient.open(url);
    slow.socket.pause();
    slow.send(requestText('odd_shower', ['0x1000', '0x4000']));
    await new Promise((resolve) => setTimeout(resolve, 500));
    slow.socket.resume();
    expect(await slow.closed).toBe(1006);
    expect(slow.messages.length).toBeLessThan(1_024);
  });
});

describe('a server that is closed', () => {
  it('answers what is under way and says that it goes away', async () => {
    const client = await WebSocketClient.open(await start());
    client.send(requestText('odd_later', ['0x12c'], 1));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const closing = open[0]?.close();
    client.send(requestText('eth_chainId', [], 2));
    expect(await client.closed).toBe(1001);
    expect(client.messages.map(({ id }) => id)).toEqual([1]);
    await closing;
  });

  it('does not wait for those that do not go', async () => {
    const url = await start({ limits: { closeMsMax: 300 } });
    const client = await WebSocketClient.open(url);
    client.send(requestText('odd_deaf'));
    const raw = RawClient.to(url);
    raw.write('POST / HTTP/1.1\r\n');
    await new Promise((resolve) => setTimeout(resolve, 100));
    const startMs = performance.now();
    await open[0]?.close();
    expect(performance.now() - startMs).toBeLessThan(2_000);
    await raw.closed;
    await client.closed;
  });
});
