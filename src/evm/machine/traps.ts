/**
 * A trap inside WebAssembly is a bug of ours: the call ends with an error that names where it was,
 * as well as can be told. Nothing was committed, and every call begins by resetting its context.
 */
import { EVMError } from '../errors.ts';
import * as layout from '../layout.ts';
import { OPCODE_BY_BYTE } from '../opcodes/table.ts';
import type { Hash } from '../types.ts';
import type { Arena } from './arena.ts';
import type { Machine } from './instance.ts';
import { toHex } from './words.ts';

/** Steps of the run that looks for the instruction. */
const STEPS_MAX = 1_000_000;

export interface Trap {
  readonly error: EVMError;
  /** Of the code that ran; undefined before the first instruction. */
  readonly codeHash: Hash | undefined;
}

/** What WebAssembly threw, as an error of ours; what is no trap comes back as it is. */
export function describeTrap(machine: Machine, arena: Arena, thrown: unknown): Trap | unknown {
  if (isStackOverflow(thrown)) {
    return { error: stackExhausted(thrown), codeHash: undefined };
  }
  if (!(thrown instanceof WebAssembly.RuntimeError)) return thrown;
  const { memory } = machine;
  const view = memory.view();
  const { ctx } = arena;
  if (view.getUint32(ctx + layout.C_TX + layout.TX_PHASE, true) !== layout.TX_PHASE_RUNNING) {
    const message = `WebAssembly trapped outside of any code: ${thrown.message}`;
    return { error: new EVMError('evm/internal', message, {}, thrown), codeHash: undefined };
  }
  const fp = view.getUint32(ctx + layout.C_FRAME, true);
  const code = view.getUint32(fp + layout.F_CODE, true);
  const codeHash = hashOf(machine, code);
  const ip = view.getUint32(fp + layout.F_IP, true);
  const seen = placeOf(thrown);
  const isCompiled = view.getUint32(code + layout.CODE_TIER, true) === layout.CODE_TIER_COMPILED;
  const tier = seen.tier ?? (isCompiled ? 'compiler' : 'interpreter');
  const stepped = tier === 'interpreter' ? stepTo(machine, arena) : undefined;
  const pc = stepped ?? seen.pc ?? ip - code - layout.CODE_BYTES;
  const place = `code ${codeHash} at ${stepped === undefined ? 'or after ' : ''}pc ${pc}`;
  const message = `WebAssembly trapped (${thrown.message}) in ${place}, ${tier}${seen.what}`;
  const details = { codeHash, pc, tier };
  return { error: new EVMError('evm/internal', message, details, thrown), codeHash };
}

/** JavaScript calls that must still fit on the stack, for a run and for what must follow it. */
const STACK_LEVELS = 150;

/** @throws EVMError where so little of the native stack is left that a run could not be ended */
export function requireStack(): void {
  try {
    probe(STACK_LEVELS);
  } catch (thrown) {
    throw isStackOverflow(thrown) ? stackExhausted(thrown) : thrown;
  }
}

function probe(levels: number): number {
  return levels === 0 ? 0 : 1 + probe(levels - 1);
}

function stackExhausted(thrown: unknown): EVMError {
  const message = 'the native stack is exhausted: call from less deep within JavaScript';
  return new EVMError('evm/host limit', message, {}, thrown);
}

export function isTrap(described: unknown): described is Trap {
  return typeof described === 'object' && described !== null && 'codeHash' in described;
}

function isStackOverflow(thrown: unknown): boolean {
  return thrown instanceof RangeError && /call stack/i.test(thrown.message);
}

/** Init code has no hash yet. */
function hashOf({ memory, runtime }: Machine, code: number): Hash {
  const hash = toHex(memory.bytes(), code + layout.CODE_HASH, 32);
  if (BigInt(hash) !== 0n) return hash;
  const scratch = layout.GLOBALS + layout.G_SCRATCH;
  const size = memory.view().getUint32(code + layout.CODE_SIZE, true);
  runtime.keccak256(scratch, code + layout.CODE_BYTES, size);
  return toHex(memory.bytes(), scratch, 32);
}

interface Place {
  readonly tier?: 'interpreter' | 'compiler';
  readonly pc?: number;
  /** For the message. */
  readonly what: string;
}

const OPCODES = new Set(OPCODE_BY_BYTE.map((row) => row?.name as string | undefined));

/** What the names of the functions on the stack tell, the innermost first. */
function placeOf({ stack = '' }: Error): Place {
  for (const [, name = ''] of stack.matchAll(/^\s*at (.+?) \(wasm:/gm)) {
    if (name === 'loop') return { tier: 'interpreter', what: '' };
    if (OPCODES.has(name)) return { tier: 'interpreter', what: ` (${name})` };
    const [, pc] = /^(?:block|region) (\d+)/.exec(name) ?? [];
    if (pc !== undefined) return { tier: 'compiler', pc: Number(pc), what: ` (${name})` };
  }
  return { what: '' };
}

/**
 * The same call again, one instruction at a time: the pc at which it traps. undefined when it does
 * not, or asks the host for something.
 */
function stepTo(machine: Machine, { ctx }: Arena): number | undefined {
  const { memory, runtime } = machine;
  machine.loadStepping();
  const at = ctx + layout.C_FLAGS;
  const flags = memory.view().getUint32(at, true);
  memory.view().setUint32(at, layout.CONTEXT_FLAG_STEP, true);
  try {
    let status = runtime.transact(ctx);
    for (let steps = 0; steps < STEPS_MAX && status === layout.STATUS_STEP; steps++) {
      status = runtime.resume(ctx);
    }
    return undefined;
  } catch {
    const view = memory.view();
    const fp = view.getUint32(ctx + layout.C_FRAME, true);
    const code = view.getUint32(fp + layout.F_CODE, true);
    return view.getUint32(fp + layout.F_IP, true) - code - layout.CODE_BYTES;
  } finally {
    memory.view().setUint32(at, flags, true);
  }
}
