/**
 * Hooks of calls: the driver returns to the host as a frame begins and once it was left. Between
 * the two the machine runs freely, on whatever tier; without hooks it does not return at all.
 */
import * as layout from '../layout.ts';
import type { Address, HaltReason } from '../types.ts';
import type { MachineMemory } from './memory.ts';
import { haltReason } from './statuses.ts';
import type { UndoneCodes } from './undone-codes.ts';
import { readAddress, readWord } from './words.ts';

export type CallKind = 'call' | 'callcode' | 'delegatecall' | 'staticcall' | 'create' | 'create2';

/** Why a call ended without success and without REVERT; some end before they begin. */
export type CallFailure = HaltReason | 'call too deep' | 'insufficient balance';

/** A call or creation that begins, or would, but for its depth, balance, nonce or address. */
export interface CallEnter {
  readonly kind: CallKind;
  /** 0 for the outermost. */
  readonly depth: number;
  /** CALLER as the callee sees it. */
  readonly from: Address;
  /** ADDRESS: whose storage is used; a new contract's, or zero where none came to be named. */
  readonly to: Address;
  /** Where the code stands: differs from `to` for DELEGATECALL and CALLCODE. */
  readonly codeAddress: Address;
  readonly precompile: boolean;
  readonly isStatic: boolean;
  /** Wei; of a DELEGATECALL the caller's own. */
  readonly value: bigint;
  /** Gas given, the stipend included. */
  readonly gas: bigint;
  /** Call data, or init code. */
  readonly input: Uint8Array;
  /** A copy of the code that runs; to be called within the hook. */
  readonly code: () => Uint8Array;
}

export interface CallExit {
  readonly depth: number;
  readonly status: 'success' | 'revert' | 'halt';
  /** Why it halted. */
  readonly reason: CallFailure | undefined;
  /** Return data, revert data, or the code that a creation deposited. */
  readonly output: Uint8Array;
  readonly gasUsed: bigint;
  /** Where the balance went, when it ended with SELFDESTRUCT. */
  readonly selfdestruct: { readonly heir: Address; readonly value: bigint } | undefined;
}

/** Called synchronously; what they throw ends the call, and `transact` throws it. */
export interface CallHooks {
  readonly onEnter?: (call: CallEnter) => void;
  readonly onExit?: (call: CallExit) => void;
}

const KINDS: Readonly<Record<number, CallKind>> = {
  240: 'create',
  241: 'call',
  242: 'callcode',
  244: 'delegatecall',
  245: 'create2',
  250: 'staticcall',
};

const FAILURES: Readonly<Record<number, CallFailure>> = {
  [layout.CALL_FAILURE_DEPTH]: 'call too deep',
  [layout.CALL_FAILURE_BALANCE]: 'insufficient balance',
  [layout.CALL_FAILURE_NONCE]: 'nonce overflow',
  [layout.CALL_FAILURE_COLLISION]: 'create collision',
};

const ZERO_ADDRESS: Address = `0x${'00'.repeat(20)}`;
const NOTHING: Uint8Array = new Uint8Array();

/** The low 20 bytes of a word that a contract gave. */
function addressOperand(view: DataView, at: number): Address {
  const word = BigInt.asUintN(160, readWord(view, at));
  return `0x${word.toString(16).padStart(40, '0')}`;
}

/** Answers STATUS_HOOK from the frames; one for a run. */
export class HookReader {
  readonly #memory: MachineMemory;
  readonly #ctx: number;
  readonly #hooks: readonly CallHooks[];
  readonly #undoneCodes: UndoneCodes | undefined;
  readonly #given: bigint[] = [];

  constructor(
    memory: MachineMemory,
    ctx: number,
    hooks: readonly CallHooks[],
    undoneCodes?: UndoneCodes,
  ) {
    this.#memory = memory;
    this.#ctx = ctx;
    this.#hooks = hooks;
    this.#undoneCodes = undoneCodes;
    memory.view().setUint32(ctx + layout.C_HOOK, 0, true);
    this.#setFlag(layout.CONTEXT_FLAG_HOOKS);
  }

  observe(): void {
    const view = this.#memory.view();
    const fp = view.getUint32(this.#ctx + layout.C_HOOK_FRAME, true);
    const event = view.getUint32(this.#ctx + layout.C_HOOK, true);
    if (event === layout.HOOK_EXIT) this.#undoneCodes?.frameLeft(fp);
    if (this.#hooks.length === 0) {
      view.setUint32(this.#ctx + layout.C_HOOK, 0, true);
      return;
    }
    if (event === layout.HOOK_ENTER) {
      const call = this.#readEnter(view, fp);
      this.#given[call.depth] = call.gas;
      for (const hooks of this.#hooks) hooks.onEnter?.(call);
      return;
    }
    const failed = event === layout.HOOK_FAILED;
    view.setUint32(this.#ctx + layout.C_HOOK, 0, true);
    if (failed) {
      const call = this.#readFailed(view, fp);
      for (const hooks of this.#hooks) hooks.onEnter?.(call);
    }
    const exit = failed ? this.#failedExit(view, fp) : this.#readExit(view, fp);
    for (const hooks of this.#hooks) hooks.onExit?.(exit);
  }

  /** The call that the frame's operands ask for; they still lie below its stack. */
  #readFailed(view: DataView, fp: number): CallEnter {
    const sp = view.getUint32(fp + layout.F_SCRATCH_2, true);
    const size = view.getUint32(fp + layout.F_SCRATCH_2 + 4, true);
    const kind = KINDS[view.getUint8(view.getUint32(fp + layout.F_IP, true) - 1)] ?? 'call';
    const self = readAddress(view, fp + layout.F_ADDRESS);
    const creates = kind === 'create' || kind === 'create2';
    const pays = kind === 'call' || kind === 'callcode';
    const inherits = kind === 'callcode' || kind === 'delegatecall';
    const collides = view.getUint32(this.#ctx + layout.C_HOOK_FAILURE, true);
    const named = collides === layout.CALL_FAILURE_COLLISION;
    const callee = addressOperand(view, sp + 32);
    const created: Address = named ? readAddress(view, fp + layout.F_SCRATCH_0) : ZERO_ADDRESS;
    const offset = view.getUint32(creates ? sp + 32 : pays ? sp + 96 : sp + 64, true);
    const start = view.getUint32(fp + layout.F_MEM, true) + offset;
    const value = creates ? readWord(view, sp) : pays ? readWord(view, sp + 64) : 0n;
    const delegates = kind === 'delegatecall';
    return {
      kind,
      depth: view.getUint32(fp + layout.F_DEPTH, true) + 1,
      from: delegates ? readAddress(view, fp + layout.F_CALLER) : self,
      to: creates ? created : inherits ? self : callee,
      codeAddress: creates ? created : callee,
      precompile: false,
      isStatic: kind === 'staticcall',
      value: delegates ? readWord(view, fp + layout.F_VALUE) : value,
      gas: view.getBigInt64(fp + layout.F_SCRATCH_2 + 8, true),
      input: size === 0 ? NOTHING : this.#memory.bytes().slice(start, start + size),
      code: () => NOTHING,
    };
  }

  #failedExit(view: DataView, fp: number): CallExit {
    const failure = view.getUint32(this.#ctx + layout.C_HOOK_FAILURE, true);
    // A collision takes all the gas; the others give it back.
    const collides = failure === layout.CALL_FAILURE_COLLISION;
    return {
      depth: view.getUint32(fp + layout.F_DEPTH, true) + 1,
      status: 'halt',
      reason: FAILURES[failure],
      output: NOTHING,
      gasUsed: collides ? view.getBigInt64(fp + layout.F_SCRATCH_2 + 8, true) : 0n,
      selfdestruct: undefined,
    };
  }

  stop(): void {
    this.#setFlag(0);
  }

  #setFlag(flag: number): void {
    const view = this.#memory.view();
    const at = this.#ctx + layout.C_FLAGS;
    view.setUint32(at, (view.getUint32(at, true) & ~layout.CONTEXT_FLAG_HOOKS) | flag, true);
  }

  #readEnter(view: DataView, fp: number): CallEnter {
    const flags = view.getUint32(fp + layout.F_FLAGS, true);
    const creates = (flags & layout.FRAME_FLAG_CREATE) !== 0;
    return {
      kind: this.#kindOf(view, fp, creates),
      depth: view.getUint32(fp + layout.F_DEPTH, true),
      from: readAddress(view, fp + layout.F_CALLER),
      to: readAddress(view, fp + layout.F_ADDRESS),
      codeAddress: readAddress(view, fp + layout.F_CODE_ADDRESS),
      precompile: view.getUint32(fp + layout.F_KIND, true) === layout.FRAME_KIND_PRECOMPILE,
      isStatic: (flags & layout.FRAME_FLAG_STATIC) !== 0,
      value: readWord(view, fp + layout.F_VALUE),
      gas: view.getBigInt64(fp + layout.F_GAS, true),
      input: creates ? this.#code(fp) : this.#bytesAt(view, fp + layout.F_INPUT),
      code: () => this.#code(fp),
    };
  }

  /** The opcode of the caller, which stands after it. */
  #kindOf(view: DataView, fp: number, creates: boolean): CallKind {
    if (view.getUint32(fp + layout.F_DEPTH, true) === 0) return creates ? 'create' : 'call';
    const next = view.getUint32(fp - layout.FRAME_STRIDE + layout.F_IP, true);
    return KINDS[view.getUint8(next - 1)] ?? 'call';
  }

  #code(fp: number): Uint8Array {
    const view = this.#memory.view();
    const code = view.getUint32(fp + layout.F_CODE, true);
    const size = view.getUint32(code + layout.CODE_SIZE, true);
    const start = code + layout.CODE_BYTES;
    return this.#memory.bytes().slice(start, start + size);
  }

  /** A copy of the bytes that a pointer and a size after it name. */
  #bytesAt(view: DataView, at: number): Uint8Array {
    const start = view.getUint32(at, true);
    const size = view.getUint32(at + 4, true);
    return this.#memory.bytes().slice(start, start + size);
  }

  #readExit(view: DataView, fp: number): CallExit {
    const status = view.getUint32(this.#ctx + layout.C_HOOK_STATUS, true);
    const depth = view.getUint32(fp + layout.F_DEPTH, true);
    const reason = haltReason(status);
    const reverted = status === layout.STATUS_REVERT;
    const destroyed = status === layout.STATUS_SELFDESTRUCT;
    return {
      depth,
      status: reason !== undefined ? 'halt' : reverted ? 'revert' : 'success',
      reason,
      output: this.#bytesAt(view, fp + layout.F_OUTPUT),
      gasUsed: (this.#given[depth] ?? 0n) - view.getBigInt64(fp + layout.F_GAS, true),
      selfdestruct: destroyed
        ? {
            heir: readAddress(view, fp + layout.F_SCRATCH_0),
            value: readWord(view, fp + layout.F_SCRATCH_1),
          }
        : undefined,
    };
  }
}
