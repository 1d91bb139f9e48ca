/**
 * Parity's `vmTrace`: the instructions of each frame with what they left behind, frames within the
 * instruction that made them. It is held whole, so its length has a limit.
 */

import type { CallEnter, CallHooks } from '../../evm/machine/hooks.ts';
import type { TraceStep } from '../../evm/machine/steps.ts';
import { OPCODE_BY_BYTE } from '../../evm/opcodes/table.ts';
import { RpcError } from '../rpc/errors.ts';
import { dataHex, quantity } from '../rpc/values.ts';
import { BYTES_MAX } from './call-frames.ts';
import { opcodeWord } from './failure-words.ts';

export interface VmTrace {
  readonly code: string;
  readonly ops: VmOperation[];
}

export interface VmOperation {
  readonly cost: number;
  /** What it left behind; null where it failed. */
  ex: VmExecuted | null;
  readonly pc: number;
  /** The frame that it made. */
  sub: VmTrace | null;
  readonly op: string;
}

export interface VmExecuted {
  /** What it wrote to memory. */
  readonly mem: { readonly data: string; readonly off: number } | null;
  readonly push: readonly string[];
  readonly store: { readonly key: string; readonly val: string } | null;
  /** Gas left. */
  readonly used: number;
}

/** Some 400 bytes each. */
const OPERATIONS_MAX = 500_000;

const SSTORE = 0x55;
const MSTORE = 0x52;
const MSTORE8 = 0x53;
const CALL = 0xf1;
const CALLCODE = 0xf2;
const DELEGATECALL = 0xf4;
const STATICCALL = 0xfa;
/** Which operands say where a copy or a call's output goes, and how long it is. */
const WRITES: ReadonlyMap<number, readonly [offset: number, size: number]> = new Map([
  [0x37, [0, 2]],
  [0x39, [0, 2]],
  [0x3c, [1, 3]],
  [0x3e, [0, 2]],
  [0x5e, [0, 2]],
  [CALL, [5, 6]],
  [CALLCODE, [5, 6]],
  [DELEGATECALL, [4, 5]],
  [STATICCALL, [4, 5]],
]);

interface Open {
  readonly trace: VmTrace;
  /** The instruction whose effect the frame's next step shows. */
  waiting: { readonly step: TraceStep; readonly operation: VmOperation } | undefined;
  /** A frame that began before the instruction that made it was reported. */
  newest: VmTrace | null;
}

export class VmTraceRecorder {
  #root: VmTrace | undefined;
  readonly #open: Open[] = [];
  #count = 0;
  #bytes = 0;

  get root(): VmTrace | undefined {
    return this.#root;
  }

  readonly hooks: CallHooks = {
    onEnter: (call) => this.#enter(call),
  };

  readonly onStep = (step: TraceStep): void => {
    const open = this.#open[step.depth - 1];
    if (open === undefined) return;
    this.#complete(open, step);
    this.#count += 1;
    if (this.#count > OPERATIONS_MAX) {
      const message = `the vmTrace has over ${OPERATIONS_MAX} operations`;
      throw new RpcError('limit exceeded', `${message}: use debug_traceTransaction`);
    }
    const operation: VmOperation = {
      cost: Number(step.gasCost),
      ex: null,
      pc: step.pc,
      sub: isCall(step.op) ? open.newest : null,
      op: opcodeWord(step.op),
    };
    if (isCall(step.op)) open.newest = null;
    open.trace.ops.push(operation);
    open.waiting = step.error === undefined ? { step, operation } : undefined;
    if (endsFrame(step.op) && open.waiting !== undefined) {
      operation.ex = { mem: null, push: [], store: null, used: leftAfter(step) };
      open.waiting = undefined;
    }
  };

  #enter({ depth, code, precompile }: CallEnter): void {
    const trace: VmTrace = { code: precompile ? '0x' : dataHex(code()), ops: [] };
    const parent = this.#open[depth - 1];
    this.#open[depth] = { trace, waiting: undefined, newest: null };
    if (depth === 0) this.#root = trace;
    // The instruction that made the frame is reported before it begins, or just after.
    const made = parent?.waiting;
    if (made !== undefined && isCall(made.step.op) && made.operation.sub === null) {
      made.operation.sub = trace;
    } else if (parent !== undefined) parent.newest = trace;
  }

  /** The next step shows what the one before left behind. */
  #complete(open: Open, next: TraceStep): void {
    const { waiting } = open;
    if (waiting === undefined) return;
    open.waiting = undefined;
    const { step, operation } = waiting;
    const pushes = OPCODE_BY_BYTE[step.op]?.pushes ?? 0;
    const push = pushes === 0 ? [] : next.stack.slice(-pushes).map(quantity);
    const item = (index: number): bigint => step.stack.at(-1 - index) ?? 0n;
    const store = step.op === SSTORE ? { key: quantity(item(0)), val: quantity(item(1)) } : null;
    const mem = written(step, next);
    this.#bytes += mem === null ? 0 : mem.data.length;
    if (this.#bytes > BYTES_MAX) {
      const message = `the vmTrace writes over ${BYTES_MAX >> 20} MiB to memory`;
      throw new RpcError('limit exceeded', message);
    }
    operation.ex = { mem, push, store, used: Number(next.gas) };
  }
}

function written(step: TraceStep, { memory }: TraceStep): VmExecuted['mem'] {
  if (memory === undefined) return null;
  const item = (index: number): bigint => step.stack.at(-1 - index) ?? 0n;
  const operands = WRITES.get(step.op);
  const [offset, size] =
    step.op === MSTORE
      ? [item(0), 32n]
      : step.op === MSTORE8
        ? [item(0), 1n]
        : operands === undefined
          ? [0n, 0n]
          : [item(operands[0]), item(operands[1])];
  // What was paid for lies within the memory.
  if (size === 0n || offset + size > BigInt(memory.length)) return null;
  const off = Number(offset);
  return { data: dataHex(memory.subarray(off, off + Number(size))), off };
}

const leftAfter = ({ gas, gasCost }: TraceStep): number => Number(gas - gasCost);

const isCall = (op: number): boolean =>
  op === 0xf0 ||
  op === 0xf5 ||
  op === CALL ||
  op === CALLCODE ||
  op === DELEGATECALL ||
  op === STATICCALL;

/** STOP, RETURN, REVERT, SELFDESTRUCT. */
const endsFrame = (op: number): boolean => op === 0 || op === 0xf3 || op === 0xfd || op === 0xff;
