/**
 * A contract's code as one WebAssembly module: functions of one or more blocks, joined by tail
 * calls, which a machine links into its table.
 *
 *   blocks.ts           finds the blocks and their stack bounds
 *   regions.ts          chooses which blocks grow together
 *   virtual-stack.ts    the EVM stack while assembling
 *   region-assembler.ts assembles the meanings of a region's opcodes
 *   compile.ts          puts the module together
 *
 * The same code, fork and selection give the same bytes.
 */
import type { FunctionBuilder, FunctionRef, Local, Value } from '../../wasm/function.ts';
import { ModuleBuilder } from '../../wasm/module.ts';
import type { ForkName } from '../forks/names.ts';
import { COMPILED_SLOT } from '../interpreter/assemble.ts';
import * as layout from '../layout.ts';
import { RUNTIME_CALLS, type RuntimeCallName } from '../opcodes/runtime-calls.ts';

import { type Block, findBlocks } from './blocks.ts';
import { type ContractLinks, RegionAssembler } from './region-assembler.ts';
import { type Profile, Regions } from './regions.ts';

export interface CompileOptions {
  readonly fork: ForkName;
  /** Whether the linear memory is shared between threads. */
  readonly shared: boolean;
  /** Counts from the interpreter; without them everything counts as warm. */
  readonly profile?: Profile;
}

/** A compiled contract, ready to be linked at any place of a machine's table. */
export interface CompiledContract {
  /** Imports env.memory, env.table, env.slot (first table index) and runtime functions. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** pc of the block in each slot, from env.slot on. */
  readonly slots: readonly number[];
  readonly codeBytes: number;
}

/** Why a contract stays interpreted. */
export interface CompileRefusal {
  readonly refused: 'too many blocks' | 'too large' | 'empty';
  readonly limit: number;
  readonly actual: number;
}

/** More blocks than this and the contract stays interpreted: bounds table slots and time. */
export const BLOCKS_MAX = 16_384;
/** Bytes of wasm a byte of bytecode: past it regions grow no more. */
export const WASM_BYTES_A_BYTE = 40;
/** The hard limit: past it the contract stays interpreted. */
export const WASM_BYTES_A_BYTE_MAX = 400;

export function compileContract(
  code: Uint8Array,
  options: CompileOptions,
): CompiledContract | CompileRefusal {
  const blocks = findBlocks(code, options.fork);
  if (blocks.length === 0) return { refused: 'empty', limit: 1, actual: 0 };
  if (blocks.length > BLOCKS_MAX) {
    return { refused: 'too many blocks', limit: BLOCKS_MAX, actual: blocks.length };
  }
  const module = new ModuleBuilder();
  module.importMemory('env', 'memory', { initial: 1, maximum: 65536, shared: options.shared });
  module.importTable('env', 'table', { initial: COMPILED_SLOT });
  const slotGlobal = module.importGlobal('env', 'slot', 'i32');
  const type = module.type(['i32', 'i32', 'i64', 'i32', 'i32'], ['i32']);
  const runtime = importRuntime(module, blocks);
  const interpret = defineInterpret(module, type);
  const jump = defineJump(module, type);
  const regions = new Regions(code, blocks, options.profile);
  const roots = regions.roots();
  const functions = new Map<number, { fn: FunctionBuilder; slot: number }>();
  // The entry's function is in the first slot.
  const slots = roots.toSorted((x, y) => x.pc - y.pc);
  slots.forEach((block, slot) => {
    functions.set(block.pc, { fn: module.function(`block ${block.pc}`, type), slot });
  });
  const destinations = new Set(
    blocks.filter(({ isJumpDestination }) => isJumpDestination).map(({ pc }) => pc),
  );
  const links: ContractLinks = {
    fork: options.fork,
    code,
    interpret,
    jump,
    runtime: (name) => runtime.get(name) as FunctionRef,
    isDestination: (pc) => destinations.has(pc),
    functionAt: (pc) => functions.get(pc)?.fn.ref,
    pushSlot: (fn, pc) => pushSlot(fn, slotGlobal, functions.get(pc)?.slot),
  };
  const limit = 4096 + code.length * WASM_BYTES_A_BYTE_MAX;
  const budget = 4096 + code.length * WASM_BYTES_A_BYTE;
  let size = 0;
  for (const block of roots) {
    const { fn } = functions.get(block.pc) as { fn: FunctionBuilder };
    const room = size < budget ? Number.POSITIVE_INFINITY : 0;
    new RegionAssembler(fn, regions.planFor(block, room), links).assemble();
    size += fn.size;
    if (size > limit) return { refused: 'too large', limit, actual: size };
  }
  module.elements(
    { global: slotGlobal },
    slots.map(({ pc }) => (functions.get(pc) as { fn: FunctionBuilder }).fn.ref),
  );
  return { bytes: module.toBytes(), slots: slots.map(({ pc }) => pc), codeBytes: code.length };
}

/** Pushes the table index of a slot, or 0 where there is none. */
function pushSlot(fn: FunctionBuilder, global: number, slot: number | undefined): Value<'i32'> {
  if (slot === undefined) return fn.i32.const(0);
  return fn.i32.add(fn.globalGet(global, 'i32'), fn.i32.const(slot));
}

/** Imports what the code's opcodes may call, in the order of the runtime's table. */
function importRuntime(
  module: ModuleBuilder,
  blocks: readonly Block[],
): Map<RuntimeCallName, FunctionRef> {
  const present = new Set<number>();
  for (const { instructions } of blocks) for (const { row } of instructions) present.add(row.byte);
  const needed = new Set<RuntimeCallName>();
  for (const byte of present) for (const name of callsOf(byte)) needed.add(name);
  const refs = new Map<RuntimeCallName, FunctionRef>();
  for (const [name, { params, results }] of Object.entries(RUNTIME_CALLS)) {
    if (!needed.has(name as RuntimeCallName)) continue;
    const ref = module.importFunction('runtime', name, params, results);
    refs.set(name as RuntimeCallName, ref);
  }
  return refs;
}

const CALLS_OF_BYTE = new Map<number, readonly RuntimeCallName[]>();

/** The runtime calls that an opcode's meaning makes, found by assembling it once. */
function callsOf(byte: number): readonly RuntimeCallName[] {
  const known = CALLS_OF_BYTE.get(byte);
  if (known !== undefined) return known;
  const found = new Set<RuntimeCallName>();
  const module = new ModuleBuilder();
  const type = module.type(['i32', 'i32', 'i64', 'i32', 'i32'], ['i32']);
  const fn = module.function('probe', type);
  const [block] = findBlocks(Uint8Array.of(byte), 'osaka');
  const links: ContractLinks = {
    fork: 'osaka',
    code: Uint8Array.of(byte),
    interpret: fn.ref,
    jump: fn.ref,
    isDestination: () => false,
    functionAt: () => undefined,
    pushSlot: (builder) => builder.i32.const(0),
    runtime: (name) => {
      found.add(name);
      return fn.ref;
    },
  };
  if (block !== undefined) {
    const plan = { root: block, loops: false, inline: () => undefined };
    new RegionAssembler(fn, plan, links).assemble();
  }
  const calls = [...found];
  CALLS_OF_BYTE.set(byte, calls);
  return calls;
}

/** (fp, sp, gas, pc, mem): goes on in the interpreter at pc. */
function defineInterpret(module: ModuleBuilder, type: number): FunctionRef {
  const fn = module.function('interpret', type);
  const [fp, sp, mem] = [fn.param(0, 'i32'), fn.param(1, 'i32'), fn.param(4, 'i32')];
  const ip = fn.local('i32');
  const code = fn.i32.add(fn.i32.load(fn.get(fp), layout.F_CODE), fn.get(fn.param(3, 'i32')));
  fn.set(ip, fn.i32.add(code, fn.i32.const(layout.CODE_BYTES)));
  fn.returnCallIndirect(
    type,
    [fn.get(fp), fn.get(sp), fn.get(fn.param(2, 'i64')), fn.get(ip), fn.get(mem)],
    fn.i32.load8U(fn.get(ip), 0),
  );
  return fn.ref;
}

/**
 * (fp, sp, gas, pc, mem): a jump to a pc that was not known when compiling, through the code's
 * jump map to whatever runs the block. The operand has been popped and the gas is paid.
 */
function defineJump(module: ModuleBuilder, type: number): FunctionRef {
  const fn = module.function('jump', type);
  const [fp, sp, pc, mem] = [
    fn.param(0, 'i32'),
    fn.param(1, 'i32'),
    fn.param(3, 'i32'),
    fn.param(4, 'i32'),
  ];
  const code = fn.local('i32');
  const group = fn.local('i32');
  const bits = fn.local('i64');
  const mask = fn.local('i64');
  const fail = () => fn.return(fn.i32.const(layout.STATUS_BAD_JUMP));
  fn.set(code, fn.i32.load(fn.get(fp), layout.F_CODE));
  fn.hint(false);
  fn.if(fn.i32.geU(fn.get(pc), fn.i32.load(fn.get(code), layout.CODE_SIZE)), fail);
  const map = fn.i32.load(fn.get(code), layout.CODE_MAP);
  const index = fn.i32.shl(fn.i32.shrU(fn.get(pc), fn.i32.const(6)), fn.i32.const(4));
  fn.set(group, fn.i32.add(map, index));
  fn.set(bits, fn.i64.load(fn.get(group), 0));
  fn.set(mask, fn.i64.shl(fn.i64.const(1), fn.i64.extendI32U(fn.get(pc))));
  fn.hint(false);
  fn.if(fn.i64.eqz(fn.i64.and(fn.get(bits), fn.get(mask))), fail);
  const before = fn.i64.and(fn.get(bits), fn.i64.sub(fn.get(mask), fn.i64.const(1)));
  const inGroup = fn.i32.wrapI64(fn.i64.popcnt(before));
  const rank = fn.i32.add(inGroup, fn.i32.load(fn.get(group), 8));
  const offset = fn.i32.mul(rank, fn.i32.const(layout.BLOCK_BYTES));
  fn.set(group, fn.i32.add(offset, fn.i32.load(fn.get(code), layout.CODE_BLOCKS)));
  countInterpreted(fn, { fp, code, block: group });
  const ip = () => {
    const start = fn.i32.add(fn.get(code), fn.get(pc));
    return fn.i32.add(start, fn.i32.const(layout.CODE_BYTES));
  };
  fn.returnCallIndirect(
    type,
    [fn.get(fp), fn.get(sp), fn.get(fn.param(2, 'i64')), ip(), fn.get(mem)],
    fn.i32.load(fn.get(group), layout.BLOCK_FUNCTION),
  );
  return fn.ref;
}

/** Counts a jump to a block that is interpreted, as the interpreter's own jumps are counted. */
function countInterpreted(
  fn: FunctionBuilder,
  { fp, code, block }: { fp: Local<'i32'>; code: Local<'i32'>; block: Local<'i32'> },
): void {
  const target = fn.i32.load(fn.get(block), layout.BLOCK_FUNCTION);
  fn.hint(false);
  fn.if(fn.i32.ltU(target, fn.i32.const(COMPILED_SLOT)), () => {
    const count = fn.local('i32');
    const ctx = fn.local('i32');
    const before = fn.i32.load(fn.get(block), layout.BLOCK_COUNT);
    fn.set(count, fn.i32.add(before, fn.i32.const(1)));
    fn.i32.store(fn.get(block), fn.get(count), layout.BLOCK_COUNT);
    fn.set(ctx, fn.i32.load(fn.get(fp), layout.F_CTX));
    const threshold = fn.i32.load(fn.get(ctx), layout.C_HOT_THRESHOLD);
    fn.if(fn.i32.eq(threshold, fn.get(count)), () =>
      fn.i32.store(fn.get(ctx), fn.get(code), layout.C_HOT_CODE),
    );
  });
}
