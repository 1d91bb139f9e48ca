/**
 * A block executed as a job by workers that take turns in one thread, a task at a time: the runtime
 * is that of parallel execution, the interpreter the one that machines have.
 */
import { encodeRules } from '../../src/evm/forks/encode.ts';
import type { Rules } from '../../src/evm/forks/rules.ts';
import { COMPILED_SLOT } from '../../src/evm/interpreter/assemble.ts';
import * as layout from '../../src/evm/layout.ts';
import { attachArena, prepareLayers, prepareOverlay } from '../../src/evm/machine/arena.ts';
import { assembledModule } from '../../src/evm/machine/assembled.ts';
import { type Context, ContextPool } from '../../src/evm/machine/contexts.ts';
import { encodeBlock, encodeTransaction } from '../../src/evm/machine/encode.ts';
import type { Machine } from '../../src/evm/machine/instance.ts';
import { createMemory, HEAP_BYTES, type MachineMemory } from '../../src/evm/machine/memory.ts';
import { completePrecompile, readPrecompileCall } from '../../src/evm/machine/precompile-calls.ts';
import { serveRequest } from '../../src/evm/machine/requests.ts';
import { kernelsModule, type RuntimeExports } from '../../src/evm/machine/runtime.ts';
import * as parallel from '../../src/evm/parallel-layout.ts';
import { runPrecompile } from '../../src/evm/precompiles/table.ts';
import type { BlockEnvironment, StateReader, Transaction } from '../../src/evm/types.ts';
import { writeJob } from './job.ts';

export const FILES: readonly string[] = ['index', 'parallel/work', 'parallel/publish'];

export interface ParallelSettings {
  readonly rules: Rules;
  readonly chainId: bigint;
  readonly block: BlockEnvironment;
  readonly state: StateReader;
  readonly workers: number;
  readonly window: number;
  /** Whose turn it is: any number. */
  readonly turn: () => number;
  readonly regionBytes?: number;
}

/** What a task came to. */
export interface TaskResult {
  readonly status: number;
  /** REFUSED_*; 0 = it is not. */
  readonly refused: number;
  readonly gasUsed: bigint;
  /** Bloom and RLP of the logs. */
  readonly logs: string;
}

export interface ParallelResult {
  readonly status: number;
  readonly results: readonly TaskResult[];
  readonly kept: number;
  readonly again: number;
  /** In which a worker saw to a task. */
  readonly turns: number;
  readonly machine: Machine;
}

type WorkExports = RuntimeExports & {
  work(ctx: number): number;
  foldJob(ctx: number, job: number): number;
};

const REGION_BYTES = 16 << 20;
const BUCKET_COUNT = 1_024;
const NO_LOGS = '00'.repeat(256);

function makeMachine(memory: MachineMemory, rules: Rules, module: WebAssembly.Module): Machine {
  const table = new WebAssembly.Table({ initial: COMPILED_SLOT, element: 'anyfunc' });
  const watch = () => layout.WATCH_GO_ON;
  const env = { memory: memory.memory, table, watch, clock: () => 0 };
  const instance = new WebAssembly.Instance(module, { env });
  const runtime = instance.exports as unknown as WorkExports;
  runtime.setScratch(memory.nextScratch);
  const scratch = new WebAssembly.Global({ value: 'i32' }, memory.nextScratch);
  const exported = instance.exports as WebAssembly.ModuleImports;
  const kernels = new WebAssembly.Instance(kernelsModule(false), {
    env: { memory: memory.memory, scratch },
    runtime: exported,
  });
  const imports = { ...exported, ...kernels.exports } as WebAssembly.ModuleImports;
  const interpreter = new WebAssembly.Module(assembledModule(rules.fork, false));
  new WebAssembly.Instance(interpreter, { env, runtime: imports });
  encodeRules(memory.view(), memory.nextRules, rules);
  const lookout = { look: () => layout.WATCH_GO_ON };
  const rulesAddress = memory.nextRules;
  return { memory, rules, rulesAddress, table, runtime, imports, id: 1, lookout, loadStepping };
}

function loadStepping(): void {
  throw new Error('nobody steps here');
}

export function executeParallel(
  module: WebAssembly.Module,
  transactions: readonly Transaction[],
  settings: ParallelSettings,
): ParallelResult {
  const { rules, chainId, block, state, workers, turn } = settings;
  const memory = createMemory({ shared: false });
  const contexts = new ContextPool(memory);
  memory.startHeap(HEAP_BYTES);
  const machine = makeMachine(memory, rules, module);
  const runtime = machine.runtime as WorkExports;
  runtime.codesInit();
  prepareLayers(machine, contexts.first.arena);
  const merged = true;
  const working = contexts.all.slice(0, workers);
  const job = makeJob(machine, contexts.all[7] as Context, transactions, settings);
  for (const [index, { arena }] of working.entries()) {
    prepareOverlay(machine, arena);
    attachArena(machine, arena);
    encodeBlock(memory, arena, block, { chainId, merged, metersStateGas: false });
    memory.view().setUint32(arena.ctx + parallel.C_JOB, job, true);
    memory.view().setUint32(arena.ctx + parallel.C_WORKER, index + 1, true);
  }
  const running = [...working];
  let turns = 0;
  while (running.length > 0) {
    const at = turn() % running.length;
    const context = running[at] as Context;
    const status = runtime.work(context.arena.ctx);
    if (status === parallel.WORK_GOES_ON) turns += 1;
    if (status === parallel.WORK_DONE) running.splice(at, 1);
    else if (status >= 0) serve(machine, context, state, status);
  }
  const view = memory.view();
  const status = view.getUint32(job + parallel.J_STATUS, true);
  const { ctx } = contexts.first.arena;
  if (status === parallel.JOB_DONE && runtime.foldJob(ctx, job) === 0) throw new Error('no fold');
  return {
    status,
    results: status === parallel.JOB_DONE ? resultsOf(machine, job, transactions.length) : [],
    kept: memory.view().getUint32(job + parallel.J_KEPT, true),
    again: memory.view().getUint32(job + parallel.J_AGAIN, true),
    turns,
    machine,
  };
}

function serve(machine: Machine, { arena }: Context, state: StateReader, status: number): void {
  if (status === layout.STATUS_NEED_STATE) {
    serveRequest(machine, arena, state, () => true);
    return;
  }
  if (status !== layout.STATUS_NEED_PRECOMPILE) throw new Error(`status ${status}`);
  const { address, input, gas } = readPrecompileCall(machine, arena);
  const answer = runPrecompile(address, input, gas, machine.rules);
  if (answer instanceof Promise) throw new Error('a precompile that waits');
  completePrecompile(machine, arena, gas, answer);
}

/** The job, its tasks with the transactions, and its region. */
function makeJob(
  { memory, runtime }: Machine,
  spare: Context,
  transactions: readonly Transaction[],
  { window, block, regionBytes = REGION_BYTES }: ParallelSettings,
): number {
  const zeroed = (bytes: number): number => {
    const at = runtime.allocate(bytes) >>> 0;
    if (at === 0) throw new Error('no memory');
    memory.bytes().fill(0, at, at + bytes);
    return at;
  };
  const job = zeroed(parallel.JOB_BYTES);
  const tasks = zeroed(transactions.length * parallel.TASK_BYTES);
  const buckets = zeroed(BUCKET_COUNT * 4);
  const region = zeroed(regionBytes);
  let inputs = zeroed(1 << 20);
  const inputsEnd = inputs + (1 << 20);
  for (const [index, transaction] of transactions.entries()) {
    const arena = { ...spare.arena, inputs, inputsEnd };
    const gasLeft = block.gasLimit;
    encodeTransaction(memory, arena, transaction, {
      flags: 0,
      blockGasLeft: gasLeft,
      blockStateGasLeft: gasLeft,
    });
    inputs += Math.ceil(transaction.data.length / 64) * 64 + 4_096;
    const task = tasks + index * parallel.TASK_BYTES;
    const from = arena.ctx + layout.C_TX;
    memory.bytes().copyWithin(task + parallel.TASK_TX, from, from + parallel.TASK_TX_BYTES);
  }
  const view = memory.view();
  writeJob(view, job, {
    count: transactions.length,
    window,
    tasks,
    buckets,
    bucketCount: BUCKET_COUNT,
    region,
    regionEnd: region + regionBytes,
  });
  view.setBigUint64(job + parallel.J_GAS_LIMIT, block.gasLimit, true);
  return job;
}

function resultsOf({ memory }: Machine, job: number, count: number): TaskResult[] {
  const view = memory.view();
  const tasks = view.getUint32(job + parallel.J_TASKS, true);
  return Array.from({ length: count }, (_, index) => {
    const task = tasks + index * parallel.TASK_BYTES;
    const logs = view.getUint32(task + parallel.TASK_LOGS, true);
    const size = view.getUint32(task + parallel.TASK_LOGS_BYTES, true);
    return {
      status: view.getInt32(task + parallel.TASK_STATUS, true),
      refused: view.getUint32(task + parallel.TASK_REFUSED, true),
      gasUsed: view.getBigUint64(task + parallel.TASK_GAS_USED, true),
      // Without logs there is nothing but a bloom of zeros.
      logs:
        size === 0
          ? NO_LOGS
          : memory
              .bytes()
              .slice(logs, logs + size)
              .toHex(),
    };
  });
}
