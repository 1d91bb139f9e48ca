/** JSON-RPC over HTTP, by real sockets: what is answered, what is turned away. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ask, post, RawClient, requestText } from '../../../test/node/rpc-client.ts';
import { type SmallNode, smallNode } from '../../../test/node/small-node.ts';
import { makeToken } from './bearer-token.ts';
import { type PortEndpoint, type Serving, serve } from './serve.ts';

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

async function start(endpoint: Partial<PortEndpoint> = {}): Promise<string> {
  const endpoints = [{ protocols: ['http'] as const, port: 0, ...endpoint }];
  const server = await serve(small.dispatcher, { endpoints });
  open.push(server);
  return server.urls[0] ?? '';
}

const errorOf = (text: string) => JSON.parse(text).error;

describe('a request', () => {
  it('is answered, alone, in a batch, and to whatever path', async () => {
    const url = await start();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const one = await post(url, requestText('eth_chainId'));
    expect(one.text).toBe('{"jsonrpc":"2.0","id":1,"result":"0x539"}');
    expect(one.headers.get('content-type')).toBe('application/json');
    const many = `[${requestText('eth_chainId')},${requestText('net_version', [], 'a')}]`;
    expect(JSON.parse((await post(`${url}/v1/key?x=1`, many)).text)).toEqual([
      { jsonrpc: '2.0', id: 1, result: '0x539' },
      { jsonrpc: '2.0', id: 'a', result: '1337' },
    ]);
    const quiet = await post(url, '{"jsonrpc":"2.0","method":"eth_chainId"}');
    expect([quiet.status, quiet.text]).toEqual([204, '']);
  });

  it('that fails is answered by an error of JSON-RPC', async () => {
    const url = await start();
    const code = async (text: string) => {
      const { status, text: answer } = await post(url, text);
      expect(status, text).toBe(200);
      return errorOf(answer).code;
    };
    for (const text of ['', '{', 'nonsense', '{"id":1', '\0', '"\ud800']) {
      expect(await code(text), text).toBe(-32700);
    }
    for (const text of ['7', 'null', '"a"', '{}', '[]', '{"method":7}', '{"method":null}']) {
      expect(await code(text), text).toBe(-32600);
    }
    expect(await code('{"id":1,"method":"no_such"}')).toBe(-32601);
    expect(await code('{"id":1,"method":"__proto__"}')).toBe(-32601);
    expect(await code('{"id":1,"method":"web3_sha3","params":{}}')).toBe(-32602);
    expect(await code('{"id":1,"method":"web3_sha3","params":[[]]}')).toBe(-32602);
    expect(await code(requestText('odd_throw'))).toBe(-32603);
    expect(await code(requestText('odd_bigint'))).toBe(-32603);
    expect(await code(requestText('odd_subscribe', ['0x1']))).toBe(-32004);
    expect(await code('['.repeat(100_000))).toBe(-32005);
    expect(
      await code(requestText('odd_echo', [JSON.parse('['.repeat(200) + ']'.repeat(200))])),
    ).toBe(-32005);
    expect(await code(`[${'7,'.repeat(1_000)}7]`)).toBe(-32005);
  });

  it('that takes too long is told so, and its method', async () => {
    const url = await start({ limits: { requestMsMax: 200 } });
    const aborted = small.seen.aborted;
    expect((await ask(url, 'odd_endless')).error?.message).toBe('told to end');
    expect(small.seen.aborted).toBe(aborted + 1);
    expect((await ask(url, 'odd_deaf')).error).toEqual({
      code: -32002,
      message: 'request timed out',
    });
    const batch = `[${requestText('odd_deaf')},${requestText('eth_chainId')}]`;
    const answers = JSON.parse((await post(url, batch)).text);
    expect(answers.map(({ error }: { error: { code: number } }) => error.code)).toEqual([
      -32002, -32002,
    ]);
  });

  it('ends when its client goes', async () => {
    const url = await start();
    const { aborted } = small.seen;
    const client = RawClient.to(url);
    const body = requestText('odd_endless');
    client.write(
      `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    client.socket.destroy();
    await expect.poll(() => small.seen.aborted).toBe(aborted + 1);
  });

  it('may have too large an answer', async () => {
    const url = await start({ limits: { answerCharactersMax: 1_000 } });
    expect((await ask(url, 'odd_large', ['0x300'])).result).toHaveLength(0x300);
    expect((await ask(url, 'odd_large', ['0x400'])).error?.code).toBe(-32005);
    expect((await ask(url, 'odd_longest')).error).toEqual({
      code: -32005,
      message: 'the answer is too large',
    });
    const large = requestText('odd_large', ['0x380']);
    const batch = await post(url, `[${large},${large},${requestText('odd_stream', ['0x2'])}]`);
    expect(JSON.parse(batch.text)[2].error.code).toBe(-32005);
  });

  it('may be answered in pieces', async () => {
    const url = await start();
    const whole = await ask(url, 'odd_stream', ['0x40']);
    expect((whole.result as string[]).map(({ length }) => length)).toEqual(Array(64).fill(65_534));
    await expect(post(url, requestText('odd_broken'))).rejects.toThrow();
    const ids = [requestText('eth_chainId', [], 1), requestText('eth_chainId', [], 3)];
    const batch = await post(url, `[${ids[0]},${requestText('odd_stream', ['0x2'], 2)},${ids[1]}]`);
    expect(JSON.parse(batch.text)).toMatchObject([
      { id: 1 },
      { id: 2 },
      { id: 3, result: '0x539' },
    ]);
    expect(JSON.parse(batch.text)[1].result.length).toBe(2);
    await expect(post(url, `[${ids[0]},${requestText('odd_broken')}]`)).rejects.toThrow();
  });
});

describe('over HTTP', () => {
  it('pages ask for what they may, and a server says who it lets ask', async () => {
    const url = await start({ origins: ['loopback', 'https://app.example'] });
    const origin = 'https://app.example';
    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'content-type,x-any',
        'Access-Control-Request-Private-Network': 'true',
      },
    });
    expect(preflight.status).toBe(204);
    const header = (name: string) => preflight.headers.get(`access-control-allow-${name}`);
    expect(header('origin')).toBe(origin);
    expect(header('methods')).toContain('POST');
    expect(header('headers')).toBe('content-type,x-any');
    expect(header('private-network')).toBe('true');
    for (const site of [origin, 'http://localhost:5173', 'http://127.0.0.1:3000']) {
      const { status, headers } = await post(url, requestText('eth_chainId'), { Origin: site });
      expect([status, headers.get('access-control-allow-origin')]).toEqual([200, site]);
      expect(headers.get('vary')).toBe('Origin');
    }
  });

  it('a foreign page is turned away, and nothing is done for it', async () => {
    const url = await start({ origins: ['loopback'] });
    for (const headers of [{ Origin: 'https://evil.example' }, { Origin: 'null' }]) {
      for (const method of ['POST', 'OPTIONS', 'GET']) {
        const body = method === 'POST' ? { body: requestText('eth_chainId') } : {};
        const { status, headers: got } = await fetch(url, { method, headers, ...body });
        expect([status, got.get('access-control-allow-origin')]).toEqual([403, null]);
      }
    }
    const raw = RawClient.to(url);
    raw.write('POST / HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 2\r\n\r\n{}');
    expect(await raw.until('invalid host')).toMatch(/^HTTP\/1\.1 403 /);
    raw.socket.destroy();
    const strict = await start();
    const headers = { Origin: 'http://localhost:3000' };
    expect((await post(strict, requestText('eth_chainId'), headers)).status).toBe(403);
    const named = await start({ hosts: ['node.example'], origins: ['*'] });
    const client = RawClient.to(named);
    const head = 'Host: node.example:8545\r\nOrigin: https://any.example\r\n';
    client.write(`POST / HTTP/1.1\r\n${head}Content-Length: 2\r\n\r\n{}`);
    expect(await client.until('-32600')).toMatch(/^HTTP\/1\.1 200 /);
    client.socket.destroy();
  });

  it('other methods and types are refused', async () => {
    const url = await start();
    for (const method of ['PUT', 'DELETE', 'PATCH']) {
      expect((await fetch(url, { method })).status).toBe(405);
    }
    const types = { 'Content-Type': 'text/plain' };
    expect((await post(url, requestText('eth_chainId'), types)).status).toBe(415);
    const json = { 'Content-Type': 'application/json; charset=utf-8' };
    expect((await post(url, requestText('eth_chainId'), json)).status).toBe(200);
    expect((await fetch(url)).status).toBe(200);
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
  });

  it('a secret guards', async () => {
    const secret = new Uint8Array(32).fill(7);
    const url = await start({ secret });
    const status = async (token: string) => {
      const headers = { Authorization: `Bearer ${token}` };
      return (await post(url, requestText('eth_chainId'), headers)).status;
    };
    expect((await post(url, requestText('eth_chainId'))).status).toBe(401);
    expect(await status('x')).toBe(401);
    expect(await status(makeToken(new Uint8Array(32)))).toBe(401);
    expect(await status(makeToken(secret, { iat: 7 }))).toBe(401);
    expect(await status(makeToken(secret))).toBe(200);
    expect((await fetch(`${url}/health`)).status).toBe(404);
  });

  it('an endpoint has its own methods', async () => {
    const url = await start({ namespaces: ['eth', 'net_version'] });
    expect((await ask(url, 'eth_chainId')).result).toBe('0x539');
    expect((await ask(url, 'net_version')).result).toBe('1337');
    expect((await ask(url, 'net_listening')).error?.code).toBe(-32601);
    expect((await ask(url, 'web3_clientVersion')).error?.code).toBe(-32601);
    await expect(start({ namespaces: ['eht'] })).rejects.toThrow(
      /eht is unknown: there are eth, net/,
    );
  });

  it('a rate holds for each request, also of a batch', async () => {
    const url = await start({ limits: { rate: { perSecond: 0.001, burst: 3 } } });
    const batch = `[${Array(4).fill(requestText('eth_chainId')).join(',')}]`;
    const answers = JSON.parse((await post(url, batch)).text);
    expect(answers[2].result).toBe('0x539');
    expect(answers[3].error).toEqual({ code: -32005, message: 'too many requests' });
    const late = await post(url, requestText('eth_chainId'));
    expect([late.status, errorOf(late.text).code]).toEqual([429, -32005]);
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(1);
  });
});

describe('a server', () => {
  it('that has too many connections gives up those that are kept for later', async () => {
    const url = await start({ limits: { connectionsMax: 3 } });
    const body = requestText('eth_chainId');
    const head = `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n`;
    const kept = [1, 2, 3].map(() => RawClient.to(url));
    for (const client of kept) client.write(head + body);
    await Promise.all(kept.map((client) => client.until('0x539')));
    const dropped = RawClient.to(url);
    await dropped.closed;
    await Promise.all(kept.map(({ closed }) => closed));
    expect((await ask(url, 'eth_chainId')).result).toBe('0x539');
  });

  it('says where it cannot listen, and leaves nothing open', async () => {
    const url = await start();
    const { port } = new URL(url);
    const endpoints = [
      { protocols: ['http'] as const, port: 0 },
      { protocols: ['http'] as const, port: Number(port) },
    ];
    await expect(serve(small.dispatcher, { endpoints })).rejects.toMatchObject({
      code: 'server/cannot listen',
      message: `cannot listen at 127.0.0.1:${port}: something else listens there`,
    });
  });

  it('answers what is under way when it is closed, and no more', async () => {
    const url = await start();
    const later = ask(url, 'odd_later', ['0x12c']);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const closed = open[0]?.close();
    expect((await later).result).toBe('later');
    const startMs = performance.now();
    await closed;
    expect(performance.now() - startMs).toBeLessThan(1_000);
    await expect(ask(url, 'eth_chainId')).rejects.toThrow();
  });

  it('closes in bounded time, whatever is under way', async () => {
    const url = await start({ limits: { closeMsMax: 300 } });
    const { aborted } = small.seen;
    const cut = ask(url, 'odd_endless').catch(() => 'cut');
    await new Promise((resolve) => setTimeout(resolve, 100));
    const startMs = performance.now();
    await open[0]?.close();
    expect(performance.now() - startMs).toBeLessThan(2_000);
    await cut;
    expect(small.seen.aborted).toBe(aborted + 1);
  });

  it('says how it is', async () => {
    const checks = { chain: undefined as string | undefined };
    const server = await serve(small.dispatcher, {
      endpoints: [{ protocols: ['http'], port: 0 }],
      ready: () => checks,
    });
    open.push(server);
    const [url = ''] = server.urls;
    const get = async (path: string) => {
      const response = await fetch(`${url}${path}`);
      return [response.status, await response.json()];
    };
    expect(await get('/health')).toEqual([200, { status: 'ok', checks: {} }]);
    expect(await get('/ready')).toEqual([200, { status: 'ok', checks: { chain: 'ok' } }]);
    checks.chain = 'is opened';
    expect(await get('/ready')).toEqual([
      503,
      { status: 'failing', checks: { chain: 'is opened' } },
    ]);
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
  });
});
