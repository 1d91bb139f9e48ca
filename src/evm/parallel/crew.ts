/**
 * The threads that execute a block's transactions beside the one that owns the machine. They are
 * started at their first job, take a seat at each machine that has one, and sleep in between; they
 * do not keep the process alive. Where one dies the crew is not used again, and neither is the
 * machine at which it may have left something half-done.
 */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { PARALLEL_RUNTIME } from '../../../build/parallel-runtime-bytes.ts';
import { EVMError } from '../errors.ts';
import { InputError } from '../input.ts';
import type { Arena } from '../machine/arena.ts';
import { interpreterModule, type Machine, takeScratch } from '../machine/instance.ts';
import { kernelsModule } from '../machine/runtime.ts';
import * as parallel from '../parallel-layout.ts';
import type { CrewNews, CrewStart } from './crew-news.ts';
import { ConflictHints } from './hints.ts';
import type { JobExecutor, JobMachine, JobReport, JobTransactions } from './job.ts';
import { readJobChanges } from './job-changes.ts';
import { JobEvents } from './job-events.ts';
import { JobMemory, REGION_BYTES } from './job-memory.ts';
import { JobRun, untilOut } from './job-run.ts';
import { Seat, type SeatPlan } from './seat.ts';

/** Gas of what a job can read at least that nobody has read before: a slot, since Berlin. */
const GAS_OF_A_READ = 2_000n;
const READS_MAX = 65_536;
/** Codes that a job may create. */
const CODES_RESERVED = 8_192;
/** 2^32 by the golden ratio. */
const GOLDEN = 0x9e3779b9;

interface Thread {
  readonly worker: Worker;
  readonly port: MessagePort;
  readonly bell: Int32Array;
  /** Where it works. */
  place: Place | undefined;
}

/** A machine at which the crew has seats. */
interface Place {
  readonly id: number;
  readonly seat: Seat;
  readonly memory: JobMemory;
  readonly hints: ConflictHints;
}

let runtime: WebAssembly.Module | undefined;
/** A machine's contexts have one crew. */
const SEATED = new WeakSet<Machine>();

export class Crew implements JobExecutor {
  /** Threads that execute, that of the machine among them. */
  readonly workers: number;
  readonly #regionBytes: number;
  readonly #threads: Thread[] = [];
  readonly #places = new WeakMap<Machine, Place>();
  /** Machines that are gone leave their seats. */
  readonly #gone = new FinalizationRegistry<number>((id) => this.#tell({ id, kind: 'leave' }));
  #isBusy = false;
  #hasLost = false;

  /**
   * @param workers 1 to CONTEXTS_MAX
   * @param regionBytes what a job may take of a machine's memory
   */
  constructor(workers: number, regionBytes: number = REGION_BYTES) {
    this.workers = workers;
    this.#regionBytes = regionBytes;
  }

  /** Whether it may be given a job now. */
  get isFree(): boolean {
    return !this.#isBusy && !this.#hasLost;
  }

  /** Whether a thread has ended: it takes no job any more. */
  get hasLost(): boolean {
    return this.#hasLost;
  }

  /**
   * Executes the transactions as one after another would, upon the versions of the machine's
   * block, and leaves there what they change. undefined: only the sequential executor can do this
   * block; nothing has changed.
   * @throws EVMError 'evm/worker lost': neither machine nor crew may be used again
   */
  async execute(given: JobMachine, transactions: JobTransactions): Promise<JobReport | undefined> {
    if (transactions.length === 0) return undefined;
    this.#isBusy = true;
    try {
      const place = this.#places.get(given.machine) ?? (await this.#seat(given));
      return await this.#run(given, place, transactions);
    } finally {
      this.#isBusy = false;
    }
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    this.#hasLost = true;
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  async #run(
    given: JobMachine,
    place: Place,
    transactions: JobTransactions,
  ): Promise<JobReport | undefined> {
    const { machine, arenas, state, coinbase, precompiles, gasLimit } = given;
    const { seat, memory, hints } = place;
    const others = arenas.slice(1, this.workers);
    await this.#gather(given, place, others);
    const reads = Math.min(READS_MAX, Number(gasLimit / GAS_OF_A_READ) + 2 * transactions.length);
    const { view, ctx } = seat.arena;
    if (!seat.runtime.viewReserve(view, reads, reads)) return undefined;
    if (!seat.runtime.codesReserve(CODES_RESERVED)) return undefined;
    const { seed = 0, notesEvents = false } = transactions;
    if (!memory.begin(transactions, gasLimit)) return undefined;
    for (const [index, arena] of arenas.entries()) beginWork(machine, arena, seed, index);
    const hasLost = () => this.#hasLost;
    const run = new JobRun({
      seat,
      memory,
      others,
      state,
      coinbase,
      precompiles,
      hints,
      hasLost,
    });
    const working = arenas.slice(0, this.workers);
    const events = notesEvents ? JobEvents.begin(machine.memory, memory, working) : undefined;
    const isDone = await run.execute(transactions);
    const noted = events?.end() ?? [];
    given.tiers.reportLater(seat.arena, memory.hotCodes);
    if (!isDone) return undefined;
    if (!hints.isEmpty || memory.statistics.again > 0) {
      hints.learn(
        memory.count,
        (index) => memory.kindsOf(index),
        (index) => memory.held(index),
      );
    }
    // What is folded in part no other executor may build upon.
    if (!seat.runtime.foldJob(ctx, memory.job)) throw new EVMError('evm/host limit', NO_FOLD);
    return {
      results: memory.results(),
      changes: readJobChanges(machine.memory, memory.job),
      statistics: { ...memory.statistics, executionMs: run.executionMs },
      events: noted,
    };
  }

  /** Has all threads sit at the machine, with the same code linked in all. */
  async #gather({ tiers }: JobMachine, place: Place, others: readonly Arena[]): Promise<void> {
    const links = tiers.takeLinkChanges();
    if (links.size > 0) {
      place.seat.link(links);
      this.#tell({ id: place.id, kind: 'link', links });
    }
    for (const thread of this.#threads) {
      if (thread.place === place) continue;
      post(thread, { id: place.id, kind: 'sit' });
      thread.place = place;
    }
    const all = new Int32Array(place.seat.machine.memory.memory.buffer);
    await untilOut(all, others, { hasLost: () => this.#hasLost });
  }

  #tell(news: CrewNews): void {
    for (const thread of this.#threads) post(thread, news);
  }

  /** Makes the seats at a machine; resolves when the threads have taken them. */
  async #seat(given: JobMachine): Promise<Place> {
    const { machine, arenas, tiers } = given;
    const { memory, rules, rulesAddress, id } = machine;
    if (SEATED.has(machine)) throw new InputError('crew', 'another one', 'the EVM’s first crew');
    SEATED.add(machine);
    runtime ??= new WebAssembly.Module(Uint8Array.fromBase64(PARALLEL_RUNTIME));
    const kernels = kernelsModule(true);
    const interpreter = interpreterModule('running', rules, true);
    const links = tiers.takeLinkChanges();
    const plans = arenas.slice(0, this.workers).map((arena): SeatPlan => {
      const modules = { runtime: runtime as WebAssembly.Module, kernels, interpreter };
      const scratch = takeScratch(memory);
      return { modules, rules, rulesAddress, id, scratch, arena, links };
    });
    const seat = new Seat(memory, plans[0] as SeatPlan);
    const bytes = this.#regionBytes;
    const region = seat.runtime.allocate(bytes) >>> 0;
    if (region === 0) throw new EVMError('evm/host limit', 'no memory is left for parallel work');
    const place: Place = {
      id,
      seat,
      memory: new JobMemory(memory, region, bytes),
      hints: new ConflictHints(),
    };
    const view = memory.view();
    for (const [index, { ctx }] of arenas.slice(0, this.workers).entries()) {
      view.setUint32(ctx + parallel.C_JOB, place.memory.job, true);
      view.setUint32(ctx + parallel.C_WORKER, index + parallel.FIRST_WORKER, true);
    }
    while (this.#threads.length < this.workers - 1) this.#threads.push(this.#start());
    await Promise.all(
      this.#threads.map(async (thread, index) => {
        const plan = plans[index + 1] as SeatPlan;
        post(thread, { id, kind: 'plan', memory: memory.memory, plan });
        await answerOf(thread);
      }),
    );
    this.#places.set(machine, place);
    this.#gone.register(machine, id);
    return place;
  }

  #start(): Thread {
    const { port1: port, port2 } = new MessageChannel();
    const bell = new Int32Array(new SharedArrayBuffer(4));
    const workerData: CrewStart = { port: port2, bell };
    // Sources run as they are, or as the JavaScript that was made of them.
    const program = `./crew-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`;
    const worker = new Worker(new URL(program, import.meta.url), {
      name: 'ironfly worker',
      workerData,
      transferList: [port2],
      execArgv: [],
    });
    worker.unref();
    const lose = () => {
      this.#hasLost = true;
    };
    worker.on('error', lose);
    worker.on('exit', lose);
    port.unref();
    return { worker, port, bell, place: undefined };
  }
}

const NO_FOLD = 'no memory is left for the changes of the block';

/** Posts news, and has the thread look for them wherever it sleeps. */
function post({ port, bell, place }: Thread, news: CrewNews): void {
  port.postMessage(news);
  Atomics.add(bell, 0, 1);
  Atomics.notify(bell, 0);
  if (place === undefined) return;
  const { words } = place.memory;
  Atomics.add(words, parallel.J_LEAVE / 4, 1);
  Atomics.add(words, parallel.J_BELL / 4, 1);
  Atomics.notify(words, parallel.J_BELL / 4);
}

/** The thread has done what it was told. @throws EVMError 'evm/worker lost' */
function answerOf({ worker, port }: Thread): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      port.off('message', answered);
      worker.off('exit', lost);
      port.unref();
    };
    const answered = (): void => {
      end();
      resolve();
    };
    const lost = (): void => {
      end();
      reject(new EVMError('evm/worker lost', 'a thread for parallel work ended as it began'));
    };
    port.on('message', answered);
    worker.on('exit', lost);
    port.ref();
  });
}

/** What a worker begins a job with: a chance of its own, and nothing of the region. */
function beginWork({ memory }: Machine, { ctx }: Arena, seed: number, index: number): void {
  const chance = Math.imul(seed, GOLDEN) + Math.imul(index + 1, GOLDEN);
  const view = memory.view();
  view.setInt32(ctx + parallel.C_CHANCE, chance | 1, true);
  view.setUint32(ctx + parallel.C_CHUNK, 0, true);
  view.setUint32(ctx + parallel.C_CHUNK_END, 0, true);
}
