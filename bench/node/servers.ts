/** The nodes that are measured: ours and Anvil, each a process of its own on loopback. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBinary } from '../../src/cli/bench/anvil.ts';
import { connectTo } from './client.ts';

export interface Server {
  readonly url: string;
  /** Milliseconds from its start to its first answer. */
  readonly startMs: number;
  /** Bytes of memory that are resident; of Linux alone. */
  memory(): number;
  stop(): Promise<void>;
}

const START_MS_MAX = 30_000;

export function startIronfly(options: readonly string[]): Promise<Server> {
  return start(process.execPath, ['bin/ironfly.mjs', 'dev', '--silent'], options);
}

/** undefined where npm has no binary for this platform. Without tracing it shows no steps. */
export async function startAnvil(
  options: readonly string[],
  { tracing = true }: { readonly tracing?: boolean } = {},
): Promise<Server | undefined> {
  const binary = findBinary();
  if (binary === undefined) return undefined;
  // Gigabytes of states that snapshots keep, in the home folder otherwise, where they stay.
  const states = mkdtempSync(join(tmpdir(), 'ironfly-anvil-states-'));
  const first = ['--silent', '--cache-path', states, ...(tracing ? ['--steps-tracing'] : [])];
  const server = await start(binary, first, options);
  return {
    ...server,
    stop: async () => {
      await server.stop();
      rmSync(states, { recursive: true, force: true });
    },
  };
}

async function start(
  program: string,
  first: readonly string[],
  options: readonly string[],
): Promise<Server> {
  const port = await freePort();
  const begun = performance.now();
  const child = spawn(program, [...first, '--port', `${port}`, ...options], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  await firstAnswer(url, child, begun);
  return {
    url,
    startMs: performance.now() - begun,
    memory: () => residentOf(child.pid),
    stop: async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await gone;
    },
  };
}

async function firstAnswer(url: string, child: ChildProcess, begun: number): Promise<void> {
  for (;;) {
    const client = connectTo(url);
    try {
      await client.request('eth_chainId', []);
      return;
    } catch (error) {
      if (child.exitCode !== null) throw new Error(`${url} has ended`, { cause: error });
      if (performance.now() - begun > START_MS_MAX) throw error;
      await new Promise((resolve) => setTimeout(resolve, 2));
    } finally {
      client.close();
    }
  }
}

function residentOf(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
