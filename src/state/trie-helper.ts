/**
 * Another thread that hashes tries (trie-runtime/share.ts). What it does not come to, whoever asked
 * does: it may be late, busy, or not there at all.
 */

import { HelperThread } from '../evm/machine/helper-thread.ts';
import { nodeBuiltin } from '../evm/machine/node-builtins.ts';

/** What it works upon. */
export interface HashRequest {
  /** The tries' runtime. */
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
}

const beside = import.meta.url;
const helper = new HelperThread({ name: 'ironfly tries', beside, program: './trie-worker' });
const cores: number = nodeBuiltin('node:os')?.availableParallelism() ?? 1;

/** Has the thread take tasks of this memory; false where there is none. */
export function askHelper(request: HashRequest): boolean {
  if (cores < 2 || !helper.isThere) return false;
  helper.send(request);
  return true;
}
