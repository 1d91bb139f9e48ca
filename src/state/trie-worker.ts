/** The thread that helps hashing tries (trie-helper.ts). */

import { parentPort } from 'node:worker_threads';
import type { HashRequest } from './trie-helper.ts';
import { HASH_DONE, HASH_FAILED } from './trie-layout.ts';
import type { TrieRuntime } from './trie-memory.ts';

/** Whoever asks has instance 0. */
const INSTANCE = 1;

parentPort?.on('message', ({ module, memory }: HashRequest) => {
  try {
    const env = { memory, takePortion: () => {} };
    const { exports } = new WebAssembly.Instance(module, { env });
    const runtime = exports as unknown as TrieRuntime;
    runtime.begin(INSTANCE);
    runtime.hashTasks();
  } catch (error) {
    const words = new Int32Array(memory.buffer);
    Atomics.store(words, HASH_FAILED >> 2, 1);
    Atomics.notify(words, HASH_DONE >> 2);
    throw error;
  }
});
