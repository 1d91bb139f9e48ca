/**
 * Anvil (revm with its inspector loop) as a peer: the binary that npm delivers, asked over IPC for
 * `eth_call`s of a contract that is set in its state; the time of an empty call is subtracted.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface Anvil {
  /** Milliseconds of one call and its output. */
  call(
    code: Uint8Array,
    input: Uint8Array,
    runs: number,
  ): Promise<{ readonly ms: number; readonly output: string }>;
  stop(): void;
}

const CONTRACT = `0x${'c0de'.padStart(40, '0')}`;
const CALLER = `0x${'ca11'.padStart(40, '0')}`;
const EMPTY = `0x${'e0'.padStart(40, '0')}`;
const START_MS_MAX = 20_000;

/** Starts Anvil; undefined where npm has no binary for this platform. */
export async function startAnvil(): Promise<Anvil | undefined> {
  const binary = findBinary();
  if (binary === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'ironfly-anvil-'));
  const path = join(folder, 'ipc');
  const process_ = spawn(
    binary,
    [
      ...['--ipc', path, '--host', '127.0.0.1', '--port', '0', '--silent', '--hardfork', 'osaka'],
      ...['--disable-block-gas-limit', '--disable-code-size-limit', '--no-mining'],
      ...['--memory-limit', '4294967296'],
    ],
    { stdio: 'ignore' },
  );
  const socket = await open(path, process_);
  const ask = conversation(socket);
  return {
    call: async (code, input, runs) => {
      await ask('anvil_setCode', [CONTRACT, `0x${code.toHex()}`]);
      const call = (to: string) =>
        ask('eth_call', [
          { from: CALLER, to, data: `0x${input.toHex()}`, gas: '0xe8d4a51000' },
          'latest',
        ]);
      const output = (await call(CONTRACT)) as string;
      const times: number[] = [];
      const idle: number[] = [];
      for (let i = 0; i < runs; i++) {
        idle.push(await timed(() => call(EMPTY)));
        times.push(await timed(() => call(CONTRACT)));
      }
      return { ms: Math.max(median(times) - median(idle), 0), output };
    },
    stop: () => {
      socket.destroy();
      process_.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function findBinary(): string | undefined {
  const os = process.platform === 'win32' ? 'win32' : process.platform;
  const cpu = process.arch === 'x64' ? 'amd64' : process.arch;
  try {
    const load = createRequire(import.meta.url);
    const manifest = load.resolve(`@foundry-rs/anvil-${os}-${cpu}/package.json`);
    const binary = join(
      dirname(manifest),
      'bin',
      process.platform === 'win32' ? 'anvil.exe' : 'anvil',
    );
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

/** Connects once the socket exists. @throws when Anvil ends or takes too long */
async function open(path: string, anvil: ChildProcess): Promise<Socket> {
  const deadline = Date.now() + START_MS_MAX;
  while (Date.now() < deadline) {
    if (anvil.exitCode !== null) throw new Error(`anvil ended with ${anvil.exitCode}`);
    if (existsSync(path)) {
      const socket = connect(path);
      const connected = await new Promise<boolean>((resolve) => {
        socket.once('connect', () => resolve(true));
        socket.once('error', () => resolve(false));
      });
      if (connected) return socket;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  anvil.kill();
  throw new Error(`anvil opened no socket within ${START_MS_MAX} ms`);
}

/** JSON-RPC, one request at a time. */
function conversation(socket: Socket): (method: string, params: unknown[]) => Promise<unknown> {
  let buffered = '';
  let waiting: ((text: string) => boolean) | undefined;
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    buffered += chunk;
    if (waiting?.(buffered) === true) buffered = '';
  });
  let id = 0;
  return (method, params) =>
    new Promise((resolve, reject) => {
      id += 1;
      waiting = (text) => {
        // An answer is whole when its last brace has come.
        if (!text.trimEnd().endsWith('}')) return false;
        let answer: { result?: unknown; error?: { message: string } };
        try {
          answer = JSON.parse(text) as typeof answer;
        } catch {
          return false;
        }
        waiting = undefined;
        if (answer.error !== undefined) reject(new Error(`${method}: ${answer.error.message}`));
        else resolve(answer.result);
        return true;
      };
      socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    });
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
