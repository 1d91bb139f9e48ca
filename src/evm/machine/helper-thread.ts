/**
 * A thread that helps the one it belongs to, where there is one to be had: it is started when it is
 * first asked, does not keep the process alive, and is not asked again once it died. So whoever
 * asks must do with what it has not done.
 */

import { nodeBuiltin } from './node-builtins.ts';

export interface HelperOptions {
  readonly name: string;
  /** `import.meta.url` of the module beside which its program lies. */
  readonly beside: string;
  /** Path of its program from there, without the extension. */
  readonly program: string;
}

type Running = Pick<import('node:worker_threads').Worker, 'postMessage'>;

export class HelperThread {
  readonly #options: HelperOptions;
  #running: Running | 'none' | undefined;

  constructor(options: HelperOptions) {
    this.#options = options;
  }

  /** Whether it is there; starts it. */
  get isThere(): boolean {
    this.#running ??= this.#start();
    return this.#running !== 'none';
  }

  /** Sends what it is to do, where it is there. */
  send(message: unknown): void {
    if (this.isThere) (this.#running as Running).postMessage(message);
  }

  #start(): Running | 'none' {
    const threads = nodeBuiltin('node:worker_threads');
    if (threads === undefined) return 'none';
    const { name, beside, program } = this.#options;
    // Sources run as they are, or as the JavaScript that was made of them.
    const url = new URL(`${program}${beside.endsWith('.ts') ? '.ts' : '.js'}`, beside);
    // Options of the process may be none of a thread: --input-type ends it.
    const started = new threads.Worker(url, { name, execArgv: [] });
    started.unref();
    started.on('error', () => {
      this.#running = 'none';
    });
    return started;
  }
}
