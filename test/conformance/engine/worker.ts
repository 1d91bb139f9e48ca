/** A thread of the pool: plays the files it is sent as payloads, on machines that it keeps. */

import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { type MachineOptions, Machines } from '../../../src/chain/machines.ts';
import { parseBlockTests } from '../../../src/cli/blocktest/fixture.ts';
import type { BlockTestResult, TestBed } from '../../../src/cli/blocktest/run.ts';
import type { PoolResult, WorkerAnswer, WorkerTask } from '../../../src/cli/file-pool.ts';
import { isSampled } from '../../../src/cli/sample.ts';
import { TrieMemory } from '../../../src/state/trie-memory.ts';
import { isOfPayloads, playPayloads } from './payloads.ts';

export interface PayloadSetup {
  readonly machine: MachineOptions;
  readonly oneIn: number;
}

const { machine, oneIn } = workerData as PayloadSetup;
const port = parentPort;
if (port === null) throw new Error('worker.ts is a worker’s program');
const bed: TestBed = { machines: new Machines(machine), trieMemory: new TrieMemory() };

port.on('message', async ({ index, path }: WorkerTask) => {
  const result = await playFile(path);
  port.postMessage({ index, result } satisfies WorkerAnswer<BlockTestResult>);
});

async function playFile(path: string): Promise<PoolResult<BlockTestResult>> {
  const results: BlockTestResult[] = [];
  try {
    for (const test of parseBlockTests(readFileSync(path, 'utf8'))) {
      if (!isSampled(test.name, oneIn) || !isOfPayloads(test)) continue;
      const { name, network } = test;
      const error = await playPayloads(test, bed).catch(
        (cause: Error) => `internal error: ${cause.stack}`,
      );
      const pass = error === undefined;
      results.push({ name, network, pass, ...(pass ? {} : { error }) });
    }
  } catch (cause) {
    return { results, error: `${path}: ${(cause as Error).message}` };
  }
  return { results };
}
