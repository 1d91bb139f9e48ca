/** `ironfly node` as a process of its own, and questions to it over HTTP. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { makeToken } from '../../src/node/server/bearer-token.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const START_MS_MAX = 60_000;
const ANSWER_MS_MAX = 30_000;
/** Lines of a node's log that are kept, for what went wrong. */
const LINES_KEPT = 50;

export interface NodePlace {
  readonly folder: string;
  readonly genesis: string;
  readonly secretFile: string;
}

export class NodeProcess {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #urls = new Map<string, string>();

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when it listens. */
  static async start({ folder, genesis, secretFile }: NodePlace): Promise<NodeProcess> {
    const options = ['--datadir', folder, '--genesis', genesis, '--jwt', secretFile];
    const ports = ['--http-port', '0', '--authrpc-port', '0', '--workers', '1'];
    const child = spawn(
      process.execPath,
      [MAIN, 'node', ...options, ...ports, '--log-format', 'json'],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const node = new NodeProcess(child);
    await node.#listening();
    return node;
  }

  async #listening(): Promise<void> {
    const { stderr } = this.#child;
    if (stderr === null) throw new Error('the node has no log');
    const lines = createInterface({ input: stderr });
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`${why}\n${this.#lines.join('\n')}`));
      const timer = setTimeout(() => fail('the node does not listen'), START_MS_MAX);
      this.#child.once('exit', (code) => fail(`the node ended with ${code}`));
      lines.on('line', (line) => {
        this.#lines.push(line);
        if (this.#lines.length > LINES_KEPT) this.#lines.shift();
        const found = /"message":"listening","endpoint":"(\w+)","at":"(\S+)/.exec(line);
        if (found !== null)
          this.#urls.set(found[1] as string, (found[2] as string).split('"')[0] as string);
        if (this.#urls.size < 2) return;
        clearTimeout(timer);
        resolve();
      });
    });
  }

  url(endpoint: 'http' | 'engine'): string {
    return this.#urls.get(endpoint) as string;
  }

  /** Its last lines. */
  get log(): string {
    return this.#lines.join('\n');
  }

  /** Ends it; resolves with its exit code when it is gone. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return null;
    const gone = once(this.#child, 'exit');
    this.#child.kill(signal);
    const [code] = (await gone) as [number | null];
    return code;
  }
}

export interface RpcAnswer {
  /** Of HTTP. */
  readonly status: number;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

/** Who asks one endpoint. */
export class RpcClient {
  readonly #url: string;
  /** What stands in the header `Authorization`, if anything. */
  readonly #authorization: (() => string) | undefined;
  #id = 0;

  constructor(url: string, authorization?: () => string) {
    this.#url = url;
    this.#authorization = authorization;
  }

  /** With a token for each request, as consensus clients have it. */
  static engine(url: string, secret: Uint8Array): RpcClient {
    return new RpcClient(url, () => `Bearer ${makeToken(secret)}`);
  }

  async ask(method: string, ...params: readonly unknown[]): Promise<RpcAnswer> {
    this.#id += 1;
    const authorization = this.#authorization?.();
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(authorization === undefined ? {} : { authorization }),
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: this.#id, method, params }),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    const text = await response.text();
    const { status } = response;
    return status === 200 ? { status, ...(JSON.parse(text) as object) } : { status };
  }

  /** The result. @throws Error for an answer that is an error */
  async call<Result>(method: string, ...params: readonly unknown[]): Promise<Result> {
    const { status, result, error } = await this.ask(method, ...params);
    if (status !== 200) throw new Error(`${method}: HTTP ${status}`);
    if (error !== undefined) throw new Error(`${method}: ${error.code} ${error.message}`);
    return result as Result;
  }
}
