/**
 * Steps of a traced run, as EIP-3155 has them. The driver returns to the host between any two
 * instructions and whenever it changes frames; the frame then stands as before its next
 * instruction. What an instruction cost is known once it was executed: so a step is reported when
 * the next one is about to begin, or at the end.
 */
import type { ForkName } from '../forks/names.ts';
import type { Rules } from '../forks/rules.ts';
import * as layout from '../layout.ts';
import { opcodeAt, staticGas } from '../opcodes/table.ts';
import type { Awaitable, HaltReason } from '../types.ts';
import type { Arena } from './arena.ts';
import type { MachineMemory } from './memory.ts';
import { haltReason } from './statuses.ts';
import { readWord } from './words.ts';

/** One instruction: the machine as it stood before it, and what it cost. */
export interface TraceStep {
  readonly pc: number;
  /** The opcode's byte. */
  readonly op: number;
  /** `undefined` where the fork does not know the byte. */
  readonly opName: string | undefined;
  /** Gas left before. */
  readonly gas: bigint;
  /** Gas taken, that of a callee included; where it failed, its static price. */
  readonly gasCost: bigint;
  /** Bytes of EVM memory before. */
  readonly memSize: number;
  /** The lowest item first. */
  readonly stack: readonly bigint[];
  /** 1 for the outermost frame. */
  readonly depth: number;
  readonly refund: bigint;
  /**
   * EVM memory before, where `stepMemory` asks for it; shared between steps that do not write it,
   * not to be written to.
   */
  readonly memory: Uint8Array | undefined;
  /** RETURNDATA before; shared between steps, not to be written to. */
  readonly returnData: Uint8Array;
  /** Why the frame halted with this instruction; undefined when it did not. */
  readonly error: HaltReason | undefined;
}

/** What it cost and why it failed is known last. */
type StepInProgress = { -readonly [Field in keyof TraceStep]: TraceStep[Field] };

const NOTHING: Uint8Array = new Uint8Array();
/** The first of the opcodes that call, create or end a frame. */
const CREATE = 0xf0;
/** CALLDATACOPY, CODECOPY, EXTCODECOPY, RETURNDATACOPY, MSTORE, MSTORE8, MCOPY. */
const WRITERS: ReadonlySet<number> = new Set([0x37, 0x39, 0x3c, 0x3e, 0x52, 0x53, 0x5e]);

/** Told of each step; what it gives is waited for, but for a synchronous run's and the last. */
export type StepReport = ((step: TraceStep) => void) | ((step: TraceStep) => Promise<void>);

export interface StepReading {
  readonly report: StepReport;
  /** Whether steps hold a copy of the memory. */
  readonly memory: boolean;
}

/** What a step says of its opcode. */
interface KnownOpcode {
  readonly name: string;
  /** The static price. */
  readonly gas: bigint;
}

/** By byte. PERF: a look-up a step, where prices by fork are walked through otherwise. */
const KNOWN = new Map<ForkName, readonly (KnownOpcode | undefined)[]>();

function knownIn(fork: ForkName): readonly (KnownOpcode | undefined)[] {
  let known = KNOWN.get(fork);
  if (known === undefined) {
    known = Array.from({ length: 256 }, (_, byte) => {
      const row = opcodeAt(byte, fork);
      return row && { name: row.name, gas: BigInt(staticGas(row, fork)) };
    });
    KNOWN.set(fork, known);
  }
  return known;
}

/** Reads the steps of one run; from construction to `stop` the machine steps. */
export class StepReader {
  readonly #memory: MachineMemory;
  readonly #ctx: number;
  readonly #known: readonly (KnownOpcode | undefined)[];
  readonly #report: StepReport;
  readonly #readsMemory: boolean;
  /** Whether a call was made or left since the return data were copied. */
  #called = false;
  #returnData: Uint8Array = NOTHING;
  #memoryBefore: { readonly bytes: Uint8Array; readonly fp: number } | undefined;
  #pending: { readonly step: StepInProgress; readonly fp: number } | undefined;

  constructor(
    memory: MachineMemory,
    arena: Arena,
    rules: Rules,
    { report, memory: readsMemory }: StepReading,
  ) {
    this.#memory = memory;
    this.#ctx = arena.ctx;
    this.#known = knownIn(rules.fork);
    this.#report = report;
    this.#readsMemory = readsMemory;
    memory.view().setUint32(this.#ctx + layout.C_HOOK_STATUS, 0, true);
    this.#setFlags(layout.CONTEXT_FLAG_STEP | layout.CONTEXT_FLAG_STEP_FIRST);
  }

  /** Answers STATUS_STEP. */
  observe(): Awaitable<void> {
    const frame = this.#memory.view().getUint32(this.#ctx + layout.C_FRAME, true);
    const reported = this.#complete(this.#pending !== undefined && frame < this.#pending.fp);
    const view = this.#memory.view();
    const fp = view.getUint32(this.#ctx + layout.C_FRAME, true);
    if (view.getUint32(fp + layout.F_KIND, true) === layout.FRAME_KIND_EVM) {
      this.#pending = { step: this.#read(view, fp), fp };
    }
    return reported;
  }

  /** Reports the last step and lets the machine run freely again. */
  stop(): void {
    const at = this.#ctx + layout.C_TX + layout.TX_STATUS;
    const done = this.#memory.view().getUint32(at, true) === layout.TX_STATUS_DONE;
    this.#complete(done);
    this.#setFlags(0);
  }

  /** Lets the machine run freely again; of a run that did not end the last step is not told. */
  drop(): void {
    this.#pending = undefined;
    this.#setFlags(0);
  }

  #setFlags(stepping: number): void {
    const view = this.#memory.view();
    const others = layout.CONTEXT_FLAG_STEP | layout.CONTEXT_FLAG_STEP_FIRST;
    const flags = view.getUint32(this.#ctx + layout.C_FLAGS, true) & ~others;
    view.setUint32(this.#ctx + layout.C_FLAGS, flags | stepping, true);
  }

  /** Gas left in a frame that was left stays readable until its depth is entered again. */
  #complete(ended: boolean): Awaitable<void> {
    if (this.#pending === undefined) return;
    const { step, fp } = this.#pending;
    if (step.op >= CREATE) this.#called = true;
    if (step.op >= CREATE || WRITERS.has(step.op)) this.#memoryBefore = undefined;
    this.#pending = undefined;
    const view = this.#memory.view();
    const left = view.getBigInt64(fp + layout.F_GAS, true);
    const status = ended ? view.getUint32(this.#ctx + layout.C_HOOK_STATUS, true) : 0;
    const error = haltReason(status);
    const taken = step.gas - left;
    // A halt takes all gas; what the instruction itself costs is its price.
    const gasCost = taken > 0n && error === undefined ? taken : step.gasCost;
    step.gasCost = gasCost;
    step.error = error;
    // What a report gives beside promises means nothing.
    const reported: unknown = this.#report(step);
    return reported instanceof Promise ? reported : undefined;
  }

  /** Copied after what may have changed it: the call and creation opcodes. */
  #readReturnData(view: DataView, fp: number): Uint8Array {
    const size = view.getUint32(fp + layout.F_RETURN_SIZE, true);
    if (size === 0) return NOTHING;
    if (this.#returnData.length !== size || this.#called) {
      const start = view.getUint32(fp + layout.F_RETURN, true);
      this.#returnData = this.#memory.bytes().slice(start, start + size);
      this.#called = false;
    }
    return this.#returnData;
  }

  /** Copied after what may have changed it; what only makes it larger is seen by its size. */
  #readMemory(view: DataView, fp: number): Uint8Array | undefined {
    if (!this.#readsMemory) return undefined;
    const size = view.getUint32(fp + layout.F_MEM_SIZE, true);
    const before = this.#memoryBefore;
    if (before?.fp === fp && before.bytes.length === size) return before.bytes;
    const start = view.getUint32(fp + layout.F_MEM, true);
    const bytes = this.#memory.bytes().slice(start, start + size);
    this.#memoryBefore = { bytes, fp };
    return bytes;
  }

  #read(view: DataView, fp: number): StepInProgress {
    const ip = view.getUint32(fp + layout.F_IP, true);
    const code = view.getUint32(fp + layout.F_CODE, true);
    const op = view.getUint8(ip);
    const known = this.#known[op];
    const stack: bigint[] = [];
    const sp = view.getUint32(fp + layout.F_SP, true);
    for (let at = fp - 32; at >= sp; at -= 32) stack.push(readWord(view, at));
    return {
      pc: ip - code - layout.CODE_BYTES,
      op,
      opName: known?.name,
      gas: view.getBigInt64(fp + layout.F_GAS, true),
      gasCost: known?.gas ?? 0n,
      memSize: view.getUint32(fp + layout.F_MEM_SIZE, true),
      stack,
      depth: view.getUint32(fp + layout.F_DEPTH, true) + 1,
      refund: view.getBigInt64(this.#ctx + layout.C_REFUND, true),
      memory: this.#readMemory(view, fp),
      returnData: this.#readReturnData(view, fp),
      error: undefined,
    };
  }
}
