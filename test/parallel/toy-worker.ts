/** A thread that works on a job of toys as soon as it is told, and goes on until it ends. */
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { joinWorld, type Toy, toySteps } from './toys.ts';

const { module, memory, job, number, given } = workerData as {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly job: number;
  readonly number: number;
  readonly given: readonly Toy[];
};
const world = joinWorld(module, memory, job, given);
parentPort?.postMessage('ready');
if (parentPort !== null) await once(parentPort, 'message');
for (const _ of toySteps(world, number));
