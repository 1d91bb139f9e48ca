/** JSON-RPC over a socket of the file system. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RawClient, requestText } from '../../../test/node/rpc-client.ts';
import { type SmallNode, smallNode } from '../../../test/node/small-node.ts';
import type { ServerLimits } from './limits.ts';
import { type Serving, serve } from './serve.ts';

let small: SmallNode;
let folder: string;
let open: Serving[] = [];
let fileCount = 0;

beforeAll(async () => {
  small = await smallNode();
  folder = await mkdtemp(join(tmpdir(), 'ironfly-ipc-'));
});
afterEach(async () => {
  await Promise.all(open.map((server) => server.close()));
  open = [];
});
afterAll(async () => {
  await small.close();
  await rm(folder, { recursive: true });
});

const freePath = () => join(folder, `${fileCount++}.ipc`);

async function start(limits: Partial<ServerLimits> = {}, path = freePath()): Promise<string> {
  const server = await serve(small.dispatcher, { endpoints: [{ path, limits }] });
  open.push(server);
  expect(server.urls).toEqual([path]);
  return path;
}

const linesOf = (client: RawClient) =>
  client.received
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe.skipIf(process.platform === 'win32')('IPC', () => {
  it('answers values that follow one another, however they are cut', async () => {
    const path = await start();
    const client = new RawClient({ path });
    const [first, second, third] = ['eth_chainId', 'net_version', 'eth_chainId'].map((name, at) =>
      requestText(name, [], at + 1),
    );
    const text = `${first}${second}\n [${third}] `;
    for (const character of text) {
      client.write(character);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.until('"id":3');
    expect(linesOf(client)).toMatchObject([
      { id: 1, result: '0x539' },
      { id: 2, result: '1337' },
      [{ id: 3, result: '0x539' }],
    ]);
    client.write(requestText('odd_subscribe', ['0x2'], 4));
    await client.until('"index":1');
    expect(linesOf(client).slice(3)).toMatchObject([
      { id: 4, result: '0x1' },
      { params: { index: 0 } },
      { params: { index: 1 } },
    ]);
    client.write(requestText('odd_stream', ['0x10'], 5) + requestText('eth_chainId', [], 6));
    await client.until('"id":6');
    await client.until('7"]}\n');
    const last = linesOf(client).slice(6);
    expect(last.find(({ id }) => id === 5).result.length).toBe(16);
    expect(last.find(({ id }) => id === 6).result).toBe('0x539');
    client.socket.end();
    await client.closed;
  });

  it('answers who has said all', async () => {
    const path = await start();
    const client = new RawClient({ path });
    client.socket.end(requestText('odd_later', ['0x64']));
    await client.closed;
    expect(linesOf(client)).toMatchObject([{ id: 1, result: 'later' }]);
  });

  it('is for its owner, and is gone when it is closed', async () => {
    const path = await start();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await open[0]?.close();
    expect(existsSync(path)).toBe(false);
  });

  it('takes the place of a process that died, and of none that lives', async () => {
    const path = await start();
    await expect(serve(small.dispatcher, { endpoints: [{ path }] })).rejects.toMatchObject({
      code: 'server/in use',
    });
    const client = new RawClient({ path });
    client.write(requestText('eth_chainId'));
    await client.until('0x539');
    client.socket.destroy();
    const dead = freePath();
    const listening = `net.createServer().listen(${JSON.stringify(dead)}, die)`;
    const script = `const die = () => process.kill(process.pid, 'SIGKILL'); ${listening}`;
    spawnSync(process.execPath, ['-e', script]);
    expect(existsSync(dead)).toBe(true);
    const heir = new RawClient({ path: await start({}, dead) });
    heir.write(requestText('eth_chainId'));
    await heir.until('0x539');
    heir.socket.destroy();
  });

  it('ends with what is no JSON, too large or too deep, and says so', async () => {
    const path = await start({ requestBytesMax: 10_000 });
    for (const [text, code] of [
      ['nonsense', -32700],
      [`{} ${'x'.repeat(100)}`, -32700],
      ['['.repeat(100_000), -32005],
      [`["${'x'.repeat(20_000)}`, -32005],
    ] as const) {
      const client = new RawClient({ path });
      client.write(text);
      await client.closed;
      expect(client.received, text.slice(0, 10)).toContain(`"code":${code}`);
    }
    const client = new RawClient({ path });
    client.write('{"id":1,"method":}');
    await client.until('-32700');
    client.write(requestText('eth_chainId'));
    await client.until('0x539');
    client.socket.destroy();
  });

  it('cuts off who does not read', async () => {
    const path = await start({ unsentBytesMax: 1 << 20 });
    const client = new RawClient({ path });
    client.socket.pause();
    client.write(requestText('odd_shower', ['0x1000', '0x4000']));
    await new Promise((resolve) => setTimeout(resolve, 500));
    client.socket.resume();
    await client.closed;
    expect(client.received.length).toBeLessThan(4 << 20);
  });
});
