/**
 * Transactions that are toys, for tests of the protocol: each reads a cell, and writes what it made
 * of it to the cell that the value says.
 */
import * as layout from '../../src/evm/parallel-layout.ts';
import { writeJob } from './job.ts';

export interface Toy {
  /** The cell that it reads. */
  readonly reads: number;
  readonly factor: number;
}

export type Inner = Readonly<Record<string, (...args: number[]) => number>>;

export interface World {
  readonly inner: Inner;
  readonly memory: WebAssembly.Memory;
  readonly view: DataView;
  readonly job: number;
  readonly toys: readonly Toy[];
  /** How often this thread has executed one. */
  executed: number;
}

const MEMORY_PAGES = 512;
const JOB = 65_536 * 2;
const BUCKETS = JOB + 4_096;
const BUCKET_COUNT = 64;
const TASKS = BUCKETS + 4_096;
/** Keys of the cells: a place of each thread's own. */
const KEYS = 65_536 * 3;
/** Contexts, of which little is used. */
const CONTEXTS = 16_384;
const OWNER_WORD = 32;
const CELLS_MAX = 64;

const madeOf = ({ factor }: Toy, value: number, index: number): number =>
  (value * 31 + factor * 7 + index + 1) % 9_973;
const cellOf = ({ reads }: Toy, value: number): number => (value + reads) % CELLS_MAX;

/** Value by cell, as one after another gives them. */
export function sequential(toys: readonly Toy[]): Map<number, number> {
  const cells = new Map<number, number>();
  for (const [index, toy] of toys.entries()) {
    const value = cells.get(toy.reads) ?? 0;
    cells.set(cellOf(toy, value), madeOf(toy, value, index));
  }
  return cells;
}

/** A job in a memory of its own. */
export function makeWorld(
  module: WebAssembly.Module,
  toys: readonly Toy[],
  { window, shared }: { readonly window: number; readonly shared: boolean },
): World {
  const memory = new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: 65_536, shared });
  const view = new DataView(memory.buffer);
  const region =
    TASKS + Math.ceil((toys.length * layout.TASK_BYTES) / 65_536) * 65_536 + 65_536 * 4;
  writeJob(view, JOB, {
    count: toys.length,
    window,
    tasks: TASKS,
    buckets: BUCKETS,
    bucketCount: BUCKET_COUNT,
    region,
    regionEnd: MEMORY_PAGES * 65_536,
  });
  return joinWorld(module, memory, JOB, toys);
}

/** The same job, seen by another thread. */
export function joinWorld(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  job: number,
  toys: readonly Toy[],
): World {
  const table = new WebAssembly.Table({ initial: 1, element: 'anyfunc' });
  const instance = new WebAssembly.Instance(module, { env: { memory, table, watch: () => 0 } });
  const inner = instance.exports as unknown as Inner;
  return { inner, memory, view: new DataView(memory.buffer), job, toys, executed: 0 };
}

/** What a worker does, from step to step, until all transactions count. */
export function* toySteps(world: World, worker: number): Generator<void, void> {
  const { inner, view, job, toys } = world;
  const call = (name: string, ...args: number[]): number => (inner[name]?.(...args) ?? 0) >>> 0;
  const key = KEYS + worker * 64;
  const ctx = CONTEXTS + worker * 2_048;
  view.setUint32(ctx + layout.C_JOB, job, true);
  const putKey = (cell: number): void => {
    view.setUint32(key, cell, true);
    view.setUint32(key + OWNER_WORD, 1, true);
  };
  const task = (index: number) => call('taskAt', job, index);
  const observedAt = (index: number) => task(index) + layout.TASK_GAS_USED;

  const lookUp = (index: number, atHead: boolean): number => {
    putKey((toys[index] as Toy).reads);
    const record = call('slotRecord', job, index, key, key + OWNER_WORD, 0, Number(atHead));
    return record === 0 ? 0 : view.getUint32(record + layout.V_VALUE, true);
  };

  function* execute(index: number, atHead: boolean): Generator<void, void> {
    const toy = toys[index] as Toy;
    world.executed += 1;
    const value = lookUp(index, atHead);
    yield;
    view.setUint32(observedAt(index), value, true);
    call('replaceRecords', task(index));
    yield;
    putKey(cellOf(toy, value));
    const entry = call('addWritten', ctx, job, layout.WRITTEN_SLOT, key, key + OWNER_WORD);
    yield;
    const record = call('takeBytes', ctx, layout.SLOT_VERSION_BYTES);
    view.setUint32(record + layout.V_INDEX, index, true);
    view.setUint32(record + layout.V_ENTRY, entry, true);
    view.setUint32(record + layout.V_VALUE, madeOf(toy, value, index), true);
    const own = task(index) + layout.TASK_RECORDS;
    view.setUint32(record + layout.V_NEXT_OWN, view.getUint32(own, true), true);
    view.setUint32(own, record, true);
    yield;
    call('publish', entry, record);
    yield;
  }

  const holds = (index: number, atHead: boolean): boolean =>
    lookUp(index, atHead) === view.getUint32(observedAt(index), true);

  for (;;) {
    const head = call('takeHead', job, worker, 0);
    yield;
    if (head === layout.TASK_COUNTS) return;
    if (head === layout.TASK_EXECUTED || head === layout.TASK_WAITS) {
      const index = view.getUint32(job + layout.J_HEAD, true);
      const kept = head === layout.TASK_EXECUTED && holds(index, true);
      yield;
      if (!kept) yield* execute(index, true);
      call('countRecords', 0, task(index));
      yield;
      const again = kept ? layout.COUNTED_KEPT : layout.COUNTED_AGAIN;
      call('count', job, head === layout.TASK_WAITS ? layout.COUNTED_FIRST : again);
      yield;
      continue;
    }
    let index = call('takeNext', job, worker);
    yield;
    if (index !== NO_TASK) yield* execute(index, false);
    else {
      index = call('takeExecuted', job, worker);
      yield;
      if (index === NO_TASK) continue;
      if (!holds(index, false)) yield* execute(index, false);
    }
    call('giveBack', job, index, layout.TASK_EXECUTED);
    yield;
  }
}

const NO_TASK = 0xffff_ffff;

/** Value by cell, of those that were written. */
export function readResults({ inner, view, job, toys }: World): Map<number, number> {
  const key = KEYS;
  const cells = new Map<number, number>();
  for (let cell = 0; cell < CELLS_MAX; cell++) {
    view.setUint32(key, cell, true);
    view.setUint32(key + OWNER_WORD, 1, true);
    const record =
      (inner['slotRecord']?.(job, toys.length, key, key + OWNER_WORD, 0, 1) ?? 0) >>> 0;
    if (record !== 0) cells.set(cell, view.getUint32(record + layout.V_VALUE, true));
  }
  return cells;
}
