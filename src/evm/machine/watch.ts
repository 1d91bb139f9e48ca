/**
 * What a running call looks up for, between two slices of gas and within long work: a signal, a
 * deadline, a flag that another thread sets, modules that were compiled, and the event loop, which
 * gets a turn now and then where a signal can only come from there.
 */
import { turn } from '../../base/turn.ts';
import { EVMError } from '../errors.ts';
import type { StopOptions } from '../execution-options.ts';
import { InputError } from '../input.ts';
import * as layout from '../layout.ts';
import type { Awaitable } from '../types.ts';
import type { Arena } from './arena.ts';
import type { MachineMemory } from './memory.ts';
import type { Tiers } from './tiers.ts';

/** Between two turns of the event loop, for calls with a signal. */
const TURN_MS = 2;
/** Between two looks at a flag while the state is waited for: nobody wakes us. */
const FLAG_MS = 2;
/** Longer than a timer can wait nobody waits. */
const TIMER_MAX = 2 ** 31 - 1;

export class Watch {
  readonly #tiers: Tiers;
  readonly #options: StopOptions;
  readonly #endMs: number;
  /** Whether the event loop gets turns: not in a synchronous call. */
  readonly #turns: boolean;
  #turnMs: number;

  /** @throws InputError; EVMError when it is to stop already */
  constructor(tiers: Tiers, options: StopOptions, isAsync: boolean) {
    checkStops(options);
    this.#tiers = tiers;
    this.#options = options;
    this.#turns = isAsync && options.signal !== undefined;
    const now = options.timeoutMs === undefined && !this.#turns ? 0 : performance.now();
    this.#endMs =
      options.timeoutMs === undefined ? Number.POSITIVE_INFINITY : now + options.timeoutMs;
    this.#turnMs = now + TURN_MS;
    this.check();
  }

  /** Tells the driver whether to look; before each run of the machine. */
  arm(memory: MachineMemory, { ctx }: Arena): void {
    const view = memory.view();
    const flags = view.getUint32(ctx + layout.C_FLAGS, true) & ~layout.CONTEXT_FLAG_WATCH;
    const needed = this.#stops || this.#tiers.mustAsk;
    const watch = needed ? layout.CONTEXT_FLAG_WATCH : 0;
    view.setUint32(ctx + layout.C_FLAGS, flags | watch, true);
  }

  /** The machine's look: WATCH_*. PERF: 50 ns, once a slice, frame or portion. */
  readonly look = (): number => {
    if (this.#stops && this.#reason() !== undefined) return layout.WATCH_STOP;
    if (this.#tiers.rang) return layout.WATCH_RETURN;
    if (this.#turns && performance.now() >= this.#turnMs) return layout.WATCH_RETURN;
    return layout.WATCH_GO_ON;
  };

  /** Answers STATUS_POLL. @throws EVMError when the call is to stop */
  answer(arena: Arena): Awaitable<void> {
    this.check();
    const late = this.#tiers.collect(arena);
    if (!this.#turns || (!late && performance.now() < this.#turnMs)) return;
    return turn().then(() => {
      this.#turnMs = performance.now() + TURN_MS;
      this.check();
    });
  }

  /** @throws EVMError 'evm/stopped' when there is a reason to */
  check(): void {
    const reason = this.#reason();
    if (reason !== undefined) throw this.stopped(reason);
  }

  stopped(reason: StopReason = 'flag'): EVMError {
    const why = {
      signal: 'its signal was aborted',
      timeout: `it took longer than ${this.#options.timeoutMs} ms`,
      flag: 'another thread asked for it',
    }[reason];
    const message = `the call was stopped: ${why}; nothing has changed`;
    return new EVMError('evm/stopped', message, { reason }, this.#options.signal?.reason);
  }

  /** What is waited for, or the stop if that comes first. @throws EVMError */
  async wait<T>(answer: Promise<T>): Promise<T> {
    if (!this.#stops) return answer;
    const { signal, stopFlag } = this.#options;
    let release: (() => void) | undefined;
    const stop = new Promise<never>((_, reject) => {
      const look = (): void => {
        const reason = this.#reason();
        if (reason !== undefined) reject(this.stopped(reason));
      };
      const late = (): void => reject(this.stopped('timeout'));
      const rest = Math.ceil(this.#endMs - performance.now());
      const timer = rest > TIMER_MAX ? undefined : setTimeout(late, rest);
      const flag = stopFlag === undefined ? undefined : setInterval(look, FLAG_MS);
      signal?.addEventListener('abort', look);
      release = () => {
        clearTimeout(timer);
        clearInterval(flag);
        signal?.removeEventListener('abort', look);
      };
    });
    try {
      return await Promise.race([answer, stop]);
    } finally {
      release?.();
    }
  }

  get #stops(): boolean {
    const { signal, timeoutMs, stopFlag } = this.#options;
    return signal !== undefined || timeoutMs !== undefined || stopFlag !== undefined;
  }

  #reason(): StopReason | undefined {
    const { signal, stopFlag } = this.#options;
    if (signal?.aborted) return 'signal';
    if (stopFlag !== undefined && Atomics.load(stopFlag, 0) !== 0) return 'flag';
    if (this.#endMs !== Number.POSITIVE_INFINITY && performance.now() >= this.#endMs) {
      return 'timeout';
    }
    return undefined;
  }
}

export type StopReason = 'signal' | 'timeout' | 'flag';

function checkStops({ signal, timeoutMs, stopFlag }: StopOptions): void {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new InputError('signal', signal, 'an AbortSignal');
  }
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs >= 0)) {
    throw new InputError('timeoutMs', timeoutMs, 'milliseconds from 0');
  }
  if (stopFlag !== undefined && !(stopFlag instanceof Int32Array && stopFlag.length > 0)) {
    throw new InputError('stopFlag', stopFlag, 'an Int32Array of one element or more');
  }
}
