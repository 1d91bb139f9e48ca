/**
 * A job as the thread sees it whose machine it is, the first worker: it writes the tasks while the
 * others begin with them, executes as they do, and has the state that they ask for.
 */
import { turn } from '../../base/turn.ts';
import { EVMError } from '../errors.ts';
import { InputError } from '../input.ts';
import * as layout from '../layout.ts';
import type { Arena } from '../machine/arena.ts';
import { completePrecompile, readPrecompileCall } from '../machine/precompile-calls.ts';
import { answerRequest, putAccount, serveRequest } from '../machine/requests.ts';
import { writeAddress } from '../machine/words.ts';
import * as parallel from '../parallel-layout.ts';
import type { PrecompileHost } from '../precompiles/precompile.ts';
import type { Address, Awaitable, StateReader } from '../types.ts';
import type { ConflictHints } from './hints.ts';
import { decoded, type JobTransaction, type JobTransactions } from './job.ts';
import type { JobMemory } from './job-memory.ts';
import type { Seat } from './seat.ts';

/** Transactions that are written between two looks at what the others need. */
const WRITTEN_AT_ONCE = 16;
const NOBODY: readonly Address[] = [];
const { RAW_LEFT, RAW_WRITTEN } = parallel;
const SCRATCH: number = layout.GLOBALS + layout.G_SCRATCH;

/** Where a job is executed. */
export interface JobPlace {
  /** The first worker's. */
  readonly seat: Seat;
  readonly memory: JobMemory;
  /** Of the other workers. */
  readonly others: readonly Arena[];
  readonly state: StateReader;
  readonly coinbase: Address;
  readonly precompiles: PrecompileHost;
  readonly hints: ConflictHints;
  /** Whether a worker has ended; turns of the event loop let one know. */
  readonly hasLost: () => boolean;
}

export class JobRun {
  readonly #place: JobPlace;
  /** From when all were written until all counted. */
  executionMs = 0;
  #writtenMs = 0;
  readonly #words: Int32Array;
  /** All of the machine's memory that contexts lie in. */
  readonly #all: Int32Array;

  constructor(place: JobPlace) {
    this.#place = place;
    this.#words = place.memory.words;
    this.#all = new Int32Array(place.seat.machine.memory.memory.buffer);
  }

  /**
   * Executes the transactions, which are asked for one by one while others work already. False: the
   * job was given up, and nothing has come of it. Whoever throws leaves no worker within the job.
   * @throws EVMError 'evm/worker lost'; what the state or the transactions throw
   */
  async execute(transactions: JobTransactions): Promise<boolean> {
    const { memory } = this.#place;
    Atomics.store(this.#words, parallel.J_STATUS / 4, parallel.JOB_RUNS);
    // They need as long to wake up as the first tasks to be written.
    this.#ring();
    try {
      if (!(await this.#write(transactions))) this.#giveUp();
      await this.#work();
      this.executionMs = performance.now() - this.#writtenMs;
    } catch (error) {
      this.#giveUp();
      await this.#settle();
      if (error instanceof EVMError && error.code === 'evm/host limit') return false;
      // Whoever executes one transaction after another says what traps, if it does there.
      throw error instanceof WebAssembly.RuntimeError ? lost(error) : error;
    }
    await this.#settle();
    return memory.isDone;
  }

  /** False where the region is full. */
  async #write(transactions: JobTransactions): Promise<boolean> {
    const { writesFirst = false, after: told, meanwhile } = transactions;
    const { memory, coinbase, hints } = this.#place;
    // PERF: most blocks have none.
    const follow = hints.isEmpty ? undefined : hints.follow();
    await this.#bring(coinbase);
    let index = 0;
    for (const transaction of transactions) {
      const missing = this.#writeTask(index, transaction);
      if (missing === undefined) return false;
      for (const address of missing) {
        const waits = this.#bring(address);
        if (waits !== undefined) await waits;
      }
      const learnt = follow?.(memory.kindsOf(index), index);
      const after = told?.(index) ?? learnt;
      if (after !== undefined) memory.follow(index, after);
      index += 1;
      if (index % WRITTEN_AT_ONCE === 0 && !writesFirst) this.#show(index);
      if (this.#areAsking) await this.#serve();
    }
    if (index !== memory.count) {
      throw new InputError('transactions.length', memory.count, `the ${index} that were given`);
    }
    this.#writtenMs = performance.now();
    this.#show(index);
    meanwhile?.();
    return true;
  }

  /** Writes a task; accounts that it may lack, undefined where the region is full. */
  #writeTask(index: number, transaction: JobTransaction): readonly Address[] | undefined {
    const { memory, seat } = this.#place;
    const how = 'raw' in transaction ? memory.writeRaw(seat, index, transaction) : RAW_LEFT;
    if (how === RAW_WRITTEN) return NOBODY;
    if (how === undefined) return undefined;
    if (how === RAW_LEFT && !memory.write(index, decoded(transaction))) return undefined;
    const to = memory.recipient(index);
    return to === undefined ? [transaction.sender] : [transaction.sender, to];
  }

  /** Those before `ready` can be executed. */
  #show(ready: number): void {
    Atomics.store(this.#words, parallel.J_READY / 4, ready);
    this.#ring();
  }

  #ring(): void {
    Atomics.add(this.#words, parallel.J_BELL / 4, 1);
    if (Atomics.load(this.#words, parallel.J_SLEEPERS / 4) === 0) return;
    Atomics.notify(this.#words, parallel.J_BELL / 4);
  }

  /** Puts an account into the view that nobody has read yet: somebody will ask for it. */
  #bring(address: Address): Promise<void> | undefined {
    const { seat, state } = this.#place;
    const { machine, arena } = seat;
    const { runtime, memory } = machine;
    writeAddress(memory.view(), SCRATCH, address);
    if (runtime.layerFindAccount(arena.view, SCRATCH) !== 0) return undefined;
    if (runtime.layerFindAccount(arena.versions, SCRATCH) !== 0) return undefined;
    const account = state.getAccount(address);
    if (account instanceof Promise) {
      return account.then((read) => putAccount(machine, arena, address, read));
    }
    putAccount(machine, arena, address, account);
    return undefined;
  }

  get #areAsking(): boolean {
    const { J_ASKS, J_ASKS_SEEN, J_REQUESTS, ASKED_MAX, J_ANSWERED } = parallel;
    const at = (offset: number) => Atomics.load(this.#words, offset / 4);
    if (at(J_ASKS) !== at(J_ASKS_SEEN)) return true;
    return Math.min(at(J_REQUESTS), ASKED_MAX) !== at(J_ANSWERED);
  }

  /** Executes as the others do, until all count or the job is given up. */
  async #work(): Promise<void> {
    const { seat, hasLost } = this.#place;
    const { ctx } = seat.arena;
    for (;;) {
      const status = seat.runtime.workOn(ctx);
      if (status === parallel.WORK_DONE) return;
      if (this.#areAsking) await this.#serve();
      if (status === parallel.WORK_SERVES || status === layout.STATUS_POLL) continue;
      if (status === parallel.WORK_WAITS) {
        await turn();
        if (hasLost()) throw lost();
        continue;
      }
      const waits = this.#answer(status);
      if (waits instanceof Promise) await waits;
    }
  }

  /** What the first worker's own transaction asks. */
  #answer(status: number): Awaitable<void> {
    const { seat, state, precompiles } = this.#place;
    const { machine, arena } = seat;
    if (status === layout.STATUS_NEED_STATE) {
      return serveRequest(machine, arena, state, () => true);
    }
    if (status !== layout.STATUS_NEED_PRECOMPILE) {
      throw new EVMError('evm/internal', `a job returned the unknown status ${status}`);
    }
    const { address, input, gas } = readPrecompileCall(machine, arena);
    const answer = precompiles(address, input, gas, machine.rules);
    if (!(answer instanceof Promise)) return completePrecompile(machine, arena, gas, answer);
    return answer.then((kept) => completePrecompile(machine, arena, gas, kept));
  }

  /** Answers all that ask. */
  async #serve(): Promise<void> {
    const { seat, others, state } = this.#place;
    const asks = Atomics.load(this.#words, parallel.J_ASKS / 4);
    for (const arena of others) {
      const at = (arena.ctx + parallel.C_ASKS) / 4;
      if (Atomics.load(this.#all, at) === 0) continue;
      const waits = serveRequest(seat.machine, arena, state, () => true);
      if (waits instanceof Promise) await waits;
      this.#wake(at);
    }
    Atomics.store(this.#words, parallel.J_ASKS_SEEN / 4, asks);
    await this.#answerRequests();
  }

  /** Those that nobody waits for: the transactions are to be tried in advance once more. */
  async #answerRequests(): Promise<void> {
    const { seat, state, memory } = this.#place;
    const { J_ANSWERED, J_REQUESTS, ASKED_MAX } = parallel;
    const made = Math.min(Atomics.load(this.#words, J_REQUESTS / 4), ASKED_MAX);
    let answered = Atomics.load(this.#words, J_ANSWERED / 4);
    for (; answered < made; answered++) {
      const request = memory.request(answered);
      if (request === undefined) break;
      // Code comes by way of a region where there may be what a precompile gave.
      if (request.kind === layout.REQUEST_CODE && this.#isSuspended) break;
      const waits = answerRequest(seat.machine, seat.arena, state, request);
      if (waits instanceof Promise) await waits;
      memory.letBegin(request.index);
    }
    Atomics.store(this.#words, J_ANSWERED / 4, answered);
    this.#ring();
  }

  /** Whether the first worker is within a transaction. */
  get #isSuspended(): boolean {
    const { machine, arena } = this.#place.seat;
    return machine.memory.view().getUint32(arena.ctx + parallel.C_TASK, true) !== 0;
  }

  #giveUp(): void {
    Atomics.store(this.#words, parallel.J_STATUS / 4, parallel.JOB_GIVEN_UP);
  }

  /** Waits until no other worker is within the job; of one that was given up, they are stopped. */
  async #settle(): Promise<void> {
    const { memory, others, seat, hasLost } = this.#place;
    const stops = !memory.isDone;
    const stop = (arena: Arena, value: number): void => {
      Atomics.store(this.#all, (arena.ctx + layout.C_STOP) / 4, value);
    };
    if (stops) for (const arena of others) stop(arena, 1);
    this.#ring();
    await untilOut(this.#all, others, {
      hasLost,
      meanwhile: () => {
        for (const arena of others) this.#release(arena);
      },
    });
    if (stops) for (const arena of others) stop(arena, 0);
    seat.machine.memory.view().setUint32(seat.arena.ctx + parallel.C_TASK, 0, true);
  }

  /** Who asks gets no answer any more: it sees that it is to stop. */
  #release({ ctx }: Arena): void {
    const at = (ctx + parallel.C_ASKS) / 4;
    if (Atomics.load(this.#all, at) !== 0) this.#wake(at);
  }

  /** PERF: a call of the system where it sleeps, and only there. */
  #wake(at: number): void {
    const asked = Atomics.exchange(this.#all, at, 0);
    if (asked === parallel.ASKS_ASLEEP) Atomics.notify(this.#all, at);
  }
}

/** Looks before the event loop gets turns: the others are out within microseconds. */
const LOOKS = 20_000;

/** Waits until none of these contexts is within a job. @throws EVMError 'evm/worker lost' */
export async function untilOut(
  all: Int32Array,
  arenas: readonly Arena[],
  { hasLost, meanwhile }: { readonly hasLost: () => boolean; readonly meanwhile?: () => void },
): Promise<void> {
  const areOut = () =>
    arenas.every(({ ctx }) => Atomics.load(all, (ctx + parallel.C_INSIDE) / 4) === 0);
  for (let looks = 0; !areOut(); looks++) {
    meanwhile?.();
    if (looks < LOOKS) continue;
    await turn();
    if (hasLost()) throw lost();
  }
}

function lost(cause?: unknown): EVMError {
  const message = 'a thread that executed transactions has ended';
  return new EVMError('evm/worker lost', message, {}, cause);
}
