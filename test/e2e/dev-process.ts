/** `ironfly dev` as a process of its own, for tests of real clients. */

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const START_MS_MAX = 20_000;

export interface DevProcess {
  /** Of HTTP. */
  readonly url: string;
  readonly process: ChildProcess;
  /** All that it printed up to now. */
  readonly output: () => string;
  ask(method: string, ...params: readonly unknown[]): Promise<unknown>;
  /** As Ctrl-C; the exit code. */
  stop(): Promise<number | null>;
}

/** Starts it at a port that is free. @throws Error when it ends, or says nothing */
export async function startDev(...options: readonly string[]): Promise<DevProcess> {
  const started = spawn(process.execPath, [MAIN, 'dev', '--port', '0', ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const exited = new Promise<number | null>((resolve) => started.once('exit', resolve));
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no endpoint: ${output}`)), START_MS_MAX);
    const hear = (chunk: Buffer): void => {
      output += chunk.toString();
      const [, found] = /Listening at (http:\S+)/.exec(output) ?? [];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    };
    started.stdout.on('data', hear);
    started.stderr.on('data', hear);
    void exited.then((code) => reject(new Error(`it ended with ${code}: ${output}`)));
  }).catch((error: unknown) => {
    started.kill('SIGKILL');
    throw error;
  });
  return {
    url,
    process: started,
    output: () => output,
    ask: (method, ...params) => askAt(url, method, params),
    stop: async () => {
      started.kill('SIGINT');
      return exited;
    },
  };
}

/** @throws Error with the message and the code of an error that is answered */
export async function askAt(
  url: string,
  method: string,
  params: readonly unknown[],
): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  const answer = (await response.json()) as {
    result?: unknown;
    error?: { code: number; message: string };
  };
  if (answer.error === undefined) return answer.result;
  throw new Error(`${method}: ${answer.error.message} (${answer.error.code})`);
}
