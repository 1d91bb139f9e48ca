/**
 * The calls of a transaction as a tree, written down by hooks: at full speed, on whatever tier the
 * code runs. What only single steps show (the words for some failures, which frame a log is of) is
 * added by a second run that steps, when somebody asks for it.
 */

import type { CallEnter, CallExit, CallHooks, CallKind } from '../../evm/machine/hooks.ts';
import type { TraceStep } from '../../evm/machine/steps.ts';
import type { Address, ExecutionResult, Log } from '../../evm/types.ts';
import { RpcError } from '../rpc/errors.ts';
import { asksForStep, CODE_STORAGE, failureWords, REVERTED, UNBEGUN } from './failure-words.ts';
import { memoryGas } from './memory-gas.ts';

export interface CallFrame {
  readonly kind: CallKind | 'selfdestruct';
  readonly depth: number;
  /** Who calls: of a DELEGATECALL the contract that made it. */
  readonly from: Address;
  /** Whose code runs; who gets the balance. */
  readonly to: Address;
  /** Whose storage is used. */
  readonly self: Address;
  readonly precompile: boolean;
  /** Wei. */
  readonly value: bigint;
  gas: bigint;
  readonly input: Uint8Array;
  gasUsed: bigint;
  output: Uint8Array;
  /** Geth's words; undefined for one that did what it was to. */
  error: string | undefined;
  readonly calls: CallFrame[];
  readonly logs: FrameLog[];
}

export interface FrameLog {
  readonly log: Log;
  /** Calls of its frame before it. */
  readonly position: number;
  /** Among the logs of the transaction. */
  readonly index: number;
}

/** Bytes of input and output of all frames: as JSON they are twice as long, in one text. */
export const BYTES_MAX: number = 128 << 20;
/** What a frame takes beside. */
const FRAME_BYTES = 600;

interface Emitted {
  readonly frame: CallFrame;
  readonly position: number;
}

const NOTHING: Uint8Array = new Uint8Array(0);
const LOG_FIRST = 0xa0;
const LOG_LAST = 0xa4;
const RETURN = 0xf3;

export class FrameRecorder {
  readonly #keepsBack: boolean;
  /** For `onlyTopCall`: frames below this depth are not kept. */
  readonly #depthMax: number;
  #open: CallFrame[] = [];
  /** By depth, the frame that was left last. */
  #left: CallFrame[] = [];
  #failed = new Set<CallFrame>();
  #emitted: Emitted[] = [];
  #bytes = 0;
  #root: CallFrame | undefined;
  #asksForSteps = false;

  /**
   * @param keepsBack whether a creation leaves a 64th of the gas with who makes it (EIP-150)
   */
  constructor(keepsBack: boolean, depthMax: number = Number.POSITIVE_INFINITY) {
    this.#keepsBack = keepsBack;
    this.#depthMax = depthMax;
  }

  /** The outermost frame. */
  get root(): CallFrame | undefined {
    return this.#root;
  }

  /** Whether a failure's words are known only when the run is stepped. */
  get asksForSteps(): boolean {
    return this.#asksForSteps;
  }

  /** Forgets all, for another run. */
  reset(): void {
    this.#open = [];
    this.#left = [];
    this.#failed = new Set();
    this.#emitted = [];
    this.#bytes = 0;
    this.#root = undefined;
    this.#asksForSteps = false;
  }

  readonly hooks: CallHooks = {
    onEnter: (call) => this.#enter(call),
    onExit: (exit) => this.#exit(exit),
  };

  /** For a run that steps. */
  readonly onStep = (step: TraceStep): void => {
    const { op, error, depth } = step;
    if (error !== undefined) {
      const frame = this.#left[depth - 1];
      if (frame !== undefined) this.#explain(frame, step);
    } else if (op >= LOG_FIRST && op <= LOG_LAST) {
      const frame = this.#open[depth - 1];
      if (frame !== undefined) this.#emitted.push({ frame, position: frame.calls.length });
    }
  };

  /** Gives logs to their frames, after a run that stepped; what was undone has none. */
  placeLogs({ logs }: ExecutionResult): void {
    const undone = this.#undone();
    let at = 0;
    for (const { frame, position } of this.#emitted) {
      if (undone.has(frame)) continue;
      // Others are the chain's own (EIP-7708).
      while (at < logs.length && logs[at]?.address !== frame.self) at += 1;
      const log = logs[at];
      if (log === undefined) return;
      frame.logs.push({ log, position, index: at });
      at += 1;
    }
  }

  #enter(call: CallEnter): void {
    const { kind, depth, from, to, codeAddress, precompile, value, gas, input } = call;
    if (depth > this.#depthMax) return;
    this.#bytes += input.length + FRAME_BYTES;
    this.#checkSize();
    const delegates = kind === 'delegatecall';
    const frame: CallFrame = {
      kind,
      depth,
      from: delegates ? to : from,
      to: kind === 'create' || kind === 'create2' ? to : codeAddress,
      self: to,
      precompile,
      value,
      gas,
      input,
      gasUsed: 0n,
      output: NOTHING,
      error: undefined,
      calls: [],
      logs: [],
    };
    const parent = this.#open[depth - 1];
    if (depth === 0) this.#root = frame;
    else parent?.calls.push(frame);
    this.#open[depth] = frame;
  }

  #exit({ depth, status, reason, output, gasUsed, selfdestruct }: CallExit): void {
    if (depth > this.#depthMax) return;
    const frame = this.#open[depth];
    if (frame === undefined) return;
    this.#bytes += output.length;
    this.#checkSize();
    this.#open.length = depth;
    this.#left[depth] = frame;
    frame.gasUsed = gasUsed;
    frame.output = output;
    if (status !== 'success') this.#failed.add(frame);
    if (status === 'revert') frame.error = REVERTED;
    if (reason !== undefined) {
      frame.error = failureWords(reason);
      const creates = frame.kind === 'create' || frame.kind === 'create2';
      if (asksForStep(reason, creates)) this.#asksForSteps = true;
      // Hooks say of one that never began what there was.
      const isUnbegun = UNBEGUN.has(reason) && creates && depth > 0;
      if (isUnbegun && this.#keepsBack) frame.gas -= frame.gas / 64n;
    }
    if (selfdestruct !== undefined && depth < this.#depthMax) {
      frame.calls.push(destruction(frame, selfdestruct));
    }
  }

  #explain(frame: CallFrame, step: TraceStep): void {
    const reason = step.error;
    if (reason === undefined) return;
    const creates = frame.kind === 'create' || frame.kind === 'create2';
    const storesCode = creates && step.op === RETURN && reason === 'out of gas';
    const hasRoom = storesCode && returnGas(step) <= step.gas;
    frame.error = hasRoom ? CODE_STORAGE : failureWords(reason, step);
  }

  /** Frames that failed, and those within them. */
  #undone(): Set<CallFrame> {
    const undone = new Set(this.#failed);
    const walk = (frame: CallFrame): void => {
      for (const call of frame.calls) {
        if (undone.has(frame)) undone.add(call);
        walk(call);
      }
    };
    if (this.#root !== undefined) walk(this.#root);
    return undone;
  }

  #checkSize(): void {
    if (this.#bytes <= BYTES_MAX) return;
    const message = `the trace of calls takes over ${BYTES_MAX >> 20} MiB: ask for onlyTopCall`;
    throw new RpcError('limit exceeded', message);
  }
}

/** What memory the RETURN of a creation costs: with the gas for it, the code was too dear. */
function returnGas({ stack, memSize }: TraceStep): bigint {
  const offset = stack.at(-1) ?? 0n;
  const size = stack.at(-2) ?? 0n;
  return memoryGas(memSize, offset, size);
}

function destruction(
  { to, self, depth }: CallFrame,
  { heir, value }: { readonly heir: Address; readonly value: bigint },
): CallFrame {
  return {
    kind: 'selfdestruct',
    depth: depth + 1,
    from: self,
    to: heir,
    self: to,
    precompile: false,
    value,
    gas: 0n,
    input: NOTHING,
    gasUsed: 0n,
    output: NOTHING,
    error: undefined,
    calls: [],
    logs: [],
  };
}
