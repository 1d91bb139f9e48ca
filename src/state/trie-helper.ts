/**
 * Another thread that hashes tries (trie-runtime/share.ts). What it does not come to, whoever asked
 * does: it may be late, busy, or not there at all.
 */

import { nodeBuiltin } from '../evm/machine/node-builtins.ts';

/** What it works upon. */
export interface HashRequest {
  /** The tries' runtime. */
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
}

type Helper = Pick<import('node:worker_threads').Worker, 'postMessage'>;

let helper: Helper | 'none' | undefined;

/** Has the thread take tasks of this memory; false where there is none. */
export function askHelper(request: HashRequest): boolean {
  helper ??= start();
  if (helper === 'none') return false;
  helper.postMessage(request);
  return true;
}

/** The helper of this thread; it does not keep the process alive. */
function start(): Helper | 'none' {
  const threads = nodeBuiltin('node:worker_threads');
  const cores = nodeBuiltin('node:os')?.availableParallelism() ?? 1;
  if (threads === undefined || cores < 2) return 'none';
  const file = import.meta.url.endsWith('.ts') ? './trie-worker.ts' : './trie-worker.js';
  const url = new URL(file, import.meta.url);
  // Options of the process may be none of a thread: --input-type ends it.
  const started = new threads.Worker(url, { name: 'ironfly tries', execArgv: [] });
  started.unref();
  started.on('error', () => {
    helper = 'none';
  });
  return started;
}
