/**
 * The protocol of a job by transactions that are toys: each reads a cell and writes what it made of
 * it, to a cell that depends on what it read. In one thread, where every interleaving of the
 * runtime's steps that a seed gives is driven through the real code; and on threads. What counts
 * must be what one after another gives.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import * as layout from '../../src/evm/parallel-layout.ts';
import { compileRuntime } from '../runtime-internals.ts';
import { makeWorld, readResults, sequential, type Toy, toySteps, type World } from './toys.ts';

const FILES = ['parallel/written', 'parallel/tasks'];

let module: WebAssembly.Module;
let sharedModule: WebAssembly.Module;
beforeAll(async () => {
  module = await compileRuntime(FILES);
  sharedModule = await compileRuntime(FILES, { shared: true });
});

const toys = fc.array(fc.record({ reads: fc.nat(2), factor: fc.nat(6) }), {
  minLength: 1,
  maxLength: 9,
});

const settings = fc.record({
  toys,
  workers: fc.integer({ min: 1, max: 4 }),
  window: fc.integer({ min: 0, max: 12 }),
  /** Which worker makes its next step. */
  turns: fc.infiniteStream(fc.nat(1_000)),
});

/** Runs workers step by step until all is done; whether the first worker's steps sufficed. */
function interleave(
  world: World,
  { workers, turns }: { workers: number; turns: Iterator<number> },
): void {
  const running = Array.from({ length: workers }, (_, i) => ({
    number: i + 1,
    steps: toySteps(world, i + 1),
  }));
  for (let step = 0; running.length > 0; step++) {
    if (step > 100_000) throw new Error('no end of it');
    const turn = turns.next().value as number;
    const at = turn % running.length;
    const worker = running[at] as (typeof running)[number];
    if (worker.steps.next().done) running.splice(at, 1);
  }
}

test('whatever the interleaving, what counts is what one after another gives', () => {
  fc.assert(
    fc.property(settings, ({ toys: given, workers, window, turns }) => {
      const world = makeWorld(module, given, { window, shared: false });
      interleave(world, { workers, turns });
      const { job } = world;
      expect(world.view.getUint32(job + layout.J_STATUS, true)).toBe(layout.JOB_DONE);
      expect(world.view.getUint32(job + layout.J_HEAD, true)).toBe(given.length);
      expect(readResults(world)).toEqual(sequential(given));
    }),
    { numRuns: 3_000 },
  );
});

test('without a window all is executed at the head, once', () => {
  const given: Toy[] = Array.from({ length: 30 }, (_, i) => ({ reads: i % 3, factor: i }));
  const world = makeWorld(module, given, { window: 0, shared: false });
  interleave(world, { workers: 3, turns: [...Array(100_000).keys()][Symbol.iterator]() });
  expect(world.executed).toBe(30);
  expect(readResults(world)).toEqual(sequential(given));
});

test('who finds the head at a task that counts moves it on', () => {
  const world = makeWorld(module, [{ reads: 0, factor: 1 }], { window: 0, shared: false });
  const { inner, job, view } = world;
  const steps = toySteps(world, 2);
  while (view.getUint32(job + layout.J_HEAD, true) === 0) steps.next();
  view.setUint32(job + layout.J_HEAD, 0, true);
  expect(inner['takeHead']?.(job, 1, 0)).toBe(layout.TASK_COUNTS);
  expect(view.getUint32(job + layout.J_HEAD, true)).toBe(1);
});

test('who has executed a task looks at it before others do', () => {
  const toys: Toy[] = Array.from({ length: 3 }, () => ({ reads: 0, factor: 1 }));
  const { inner, job, view } = makeWorld(module, toys, { window: 3, shared: false });
  const call = (name: string, ...args: number[]) => (inner[name]?.(job, ...args) ?? 0) >>> 0;
  const task = (index: number) => call('taskAt', index);
  for (const [index, worker] of [1, 2].entries()) {
    call('claim', index, layout.TASK_WAITS, worker);
    view.setUint32(task(index) + layout.TASK_BY, worker, true);
    call('giveBack', index, layout.TASK_EXECUTED);
  }
  expect(call('takeHead', 2, 2)).toBe(layout.TASK_RUNS);
  expect(call('takeHead', 1, 1)).toBe(layout.TASK_EXECUTED);
  call('count', layout.COUNTED_KEPT);
  expect(call('takeHead', 1, 1)).toBe(layout.TASK_RUNS);
  expect(call('takeHead', 1, 0)).toBe(layout.TASK_EXECUTED);
  call('count', layout.COUNTED_KEPT);
  // What nobody has executed is anybody's.
  expect(call('takeHead', 2, 2)).toBe(layout.TASK_WAITS);
});

test('what was put off is taken again, once it may be and what it follows was executed', () => {
  const toys: Toy[] = Array.from({ length: 7 }, () => ({ reads: 0, factor: 1 }));
  const { inner, job, view } = makeWorld(module, toys, { window: 7, shared: false });
  const call = (name: string, ...args: number[]) => (inner[name]?.(job, ...args) ?? 0) >>> 0;
  const put = (index: number, offset: number, value: number) =>
    view.setUint32(call('taskAt', index) + offset, value, true);
  put(5, layout.TASK_AFTER, 1 + 4);
  // The head's and the next are the head's.
  expect([0, 1, 2].map(() => call('takeNext', 1))).toEqual([2, 3, 4]);
  // The sixth is passed over as long as the fifth is under way.
  expect(call('takeNext', 2)).toBe(6);
  for (const index of [0, 1]) call('claim', index, layout.TASK_WAITS, 1);
  put(3, layout.TASK_STAYS, 1);
  for (const index of [3, 4]) call('giveBack', index, layout.TASK_WAITS);
  put(4, layout.TASK_LARGE, 1);
  expect(call('takeAgain', 2)).toBe(0xffff_ffff);
  put(3, layout.TASK_STAYS, 0);
  expect(call('takeAgain', 2)).toBe(3);
  put(4, layout.TASK_STATE, layout.TASK_EXECUTED);
  expect(call('takeAgain', 2)).toBe(5);
});

test('what is too large for others only the first worker takes', () => {
  const toys: Toy[] = Array.from({ length: 2 }, () => ({ reads: 0, factor: 1 }));
  const { inner, job } = makeWorld(module, toys, { window: 0, shared: false });
  const call = (name: string, ...args: number[]) => (inner[name]?.(job, ...args) ?? 0) >>> 0;
  expect(call('takeHead', 2, 2)).toBe(layout.TASK_WAITS);
  call('giveToFirst', 0);
  expect(call('takeHead', 2, 2)).toBe(layout.TASK_RUNS);
  expect(call('takeHead', layout.FIRST_WORKER, 1)).toBe(layout.TASK_WAITS);
});

test('the window grows where what came in advance holds, and closes where it does not', () => {
  const toys: Toy[] = Array.from({ length: 400 }, () => ({ reads: 0, factor: 1 }));
  const world = makeWorld(module, toys, { window: 20, shared: false });
  const { inner, job, view } = world;
  const window = () => view.getUint32(job + layout.J_WINDOW, true);
  const count = (how: number, times = 1) => {
    for (let i = 0; i < times; i++) inner['count']?.(job, how);
    return window();
  };
  view.setUint32(job + layout.J_WINDOW, 4, true);
  expect(count(layout.COUNTED_KEPT)).toBe(5);
  expect(count(layout.COUNTED_KEPT, 19)).toBe(20);
  expect(count(layout.COUNTED_FIRST)).toBe(20);
  expect(count(layout.COUNTED_AGAIN)).toBe(10);
  expect(count(layout.COUNTED_AGAIN, 2)).toBe(2);
  // Of one nothing would be begun in advance, and it would not open again.
  expect(count(layout.COUNTED_AGAIN)).toBe(0);
  expect(count(layout.COUNTED_AGAIN)).toBe(0);
  // What was begun before it closed holds: it was closed too soon.
  expect(count(layout.COUNTED_KEPT)).toBe(2);
  expect(count(layout.COUNTED_AGAIN)).toBe(0);
  // Each time twice as long, until it has been wide again.
  for (const closed of [32, 64, 128]) {
    expect(count(layout.COUNTED_FIRST, closed - 1)).toBe(0);
    expect(count(layout.COUNTED_FIRST)).toBe(3);
    expect(count(layout.COUNTED_AGAIN, 2)).toBe(0);
  }
  view.setUint32(job + layout.J_WINDOW, 7, true);
  count(layout.COUNTED_KEPT);
  count(layout.COUNTED_AGAIN, 4);
  expect(count(layout.COUNTED_FIRST, 32)).toBe(3);
  expect(view.getUint32(job + layout.J_KEPT, true)).toBe(22);
  expect(view.getUint32(job + layout.J_AGAIN, true)).toBe(16);
});

test('what is looked at early lies within the window, and the head has moved since', () => {
  const toys: Toy[] = Array.from({ length: 6 }, () => ({ reads: 0, factor: 1 }));
  const { inner, job, view } = makeWorld(module, toys, { window: 6, shared: false });
  const call = (name: string, ...args: number[]) => (inner[name]?.(job, ...args) ?? 0) >>> 0;
  for (let index = 0; index < 5; index++) {
    call('claim', index, layout.TASK_WAITS, 1);
    call('giveBack', index, layout.TASK_EXECUTED);
  }
  view.setUint32(job + layout.J_NEXT, 5, true);
  expect(call('takeExecuted', 2)).toBe(0xffff_ffff);
  // The head itself is not looked at early, and moves.
  call('takeHead', 1, 1);
  call('count', layout.COUNTED_KEPT);
  view.setUint32(job + layout.J_WINDOW, 3, true);
  expect([2, 3].map(() => call('takeExecuted', 2))).toEqual([2, 3]);
  expect(call('takeExecuted', 2)).toBe(0xffff_ffff);
  call('giveBack', 2, layout.TASK_EXECUTED);
  expect(call('takeExecuted', 2)).toBe(0xffff_ffff);
});

test('a region that is full is told, and stays full', () => {
  const world = makeWorld(module, [{ reads: 0, factor: 1 }], { window: 0, shared: false });
  const { inner, job, view } = world;
  const take = (bytes: number) => inner['takeShared']?.(job, bytes);
  const room = view.getUint32(job + layout.J_END, true) - view.getUint32(job + layout.J_FREE, true);
  expect(take(room)).toBeGreaterThan(0);
  for (const bytes of [1, 0x7fff_ffff, 64]) expect(take(bytes)).toBe(0);
});

test('threads come to the same', async () => {
  const given: Toy[] = Array.from({ length: 4_000 }, (_, i) => ({
    reads: (i * 7 + (i >> 3)) % 61,
    factor: i % 251,
  }));
  const expected = sequential(given);
  for (let round = 0; round < 6; round++) {
    const world = makeWorld(sharedModule, given, { window: 64, shared: true });
    const threads = [2, 3].map((number) => {
      const workerData = {
        module: sharedModule,
        memory: world.memory,
        job: world.job,
        number,
        given,
      };
      return new Worker(new URL('./toy-worker.ts', import.meta.url), { workerData });
    });
    await Promise.all(threads.map((thread) => once(thread, 'message')));
    for (const thread of threads) thread.postMessage('go');
    const steps = toySteps(world, 1);
    for (const _ of steps);
    await Promise.all(threads.map((thread) => thread.terminate()));
    expect(readResults(world)).toEqual(expected);
  }
}, 60_000);
