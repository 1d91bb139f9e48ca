/**
 * A contract's code as one WebAssembly module: functions of a region each, joined by tail calls,
 * which a machine links into its table. In the order in which they run:
 *
 *   blocks.ts           finds the blocks and their stack bounds
 *   regions.ts          where code is hot
 *   graph.ts            grows a region's graph along the hottest edges
 *   structure.ts        its dominators: what becomes a block or a loop of wasm
 *   region-assembler.ts assembles the meanings of a region's opcodes
 *     virtual-stack.ts    the EVM stack while assembling
 *     merges.ts           where edges meet: which local holds what
 *     temporaries.ts      its locals
 *     jumps.ts            what a jump needs
 *     links.ts            what a region needs of its module
 *     observable.ts       where running out of gas must be seen exactly
 *   shared-functions.ts functions that regions call
 *   compile.ts          puts the module together
 *
 * The same code, fork and counts give the same bytes.
 */
import type { FunctionBuilder, FunctionRef, Value } from '../../wasm/function.ts';
import { ModuleBuilder } from '../../wasm/module.ts';
import type { ForkName } from '../forks/names.ts';
import { COMPILED_SLOT } from '../interpreter/assemble.ts';
import { RUNTIME_CALLS, type RuntimeCallName } from '../opcodes/runtime-calls.ts';
import { alwaysFails, type Block, findBlocks } from './blocks.ts';
import { growRegion, LOOP_BYTES_MAX, REGION_BYTES_MAX, type Region } from './graph.ts';
import type { ContractLinks, RegionExit } from './links.ts';
import { RegionAssembler } from './region-assembler.ts';
import { Heat, isCold, type Profile } from './regions.ts';
import {
  defineAskForGas,
  defineExpand,
  defineInterpret,
  defineJump,
  defineOutOfGas,
  defineRefill,
  defineStore,
} from './shared-functions.ts';
import { type Structure, structureOf } from './structure.ts';

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
  /** pc of the block in each slot, from env.slot on; -1 where it stays interpreted. */
  readonly slots: readonly number[];
  readonly codeBytes: number;
  readonly regions: readonly RegionReport[];
  /** pc of blocks whose function would have been too large. */
  readonly oversized: readonly number[];
  /** Something was hot, and no room was left for it. */
  readonly isBudgetSpent: boolean;
}

/** What became of a region, for readers. */
export interface RegionReport {
  readonly root: number;
  readonly nodes: readonly RegionNodeReport[];
  readonly exits: readonly RegionExit[];
  /** Bytes of wasm. */
  readonly bytes: number;
  /** Loops that were assembled again until their merges agreed. */
  readonly repeats: number;
}

export interface RegionNodeReport {
  readonly pc: number;
  /** Items above the region's entry. */
  readonly height: number;
  readonly isHeader: boolean;
  readonly isMerge: boolean;
  /** Numbers of the nodes that follow, within the region. */
  readonly successors: readonly number[];
}

/** Why a contract stays interpreted. */
export interface CompileRefusal {
  readonly refused: 'too long' | 'too many blocks' | 'too large' | 'empty';
  readonly limit: number;
  readonly actual: number;
}

/** Longer code stays interpreted, and is not even copied to be looked at. */
export const CODE_BYTES_MAX = 524_288;
/** More blocks than this and the contract stays interpreted: bounds table slots and time. */
export const BLOCKS_MAX = 16_384;
/** Functions of a contract. */
export const FUNCTIONS_MAX = 4096;
/** Bytes of wasm a byte of bytecode, beyond a constant: past it no further region is assembled. */
export const WASM_BYTES_A_BYTE = 32;
export const WASM_BYTES_FREE = 8_192;
/** The hard limit: past it the contract stays interpreted. */
export const WASM_BYTES_A_BYTE_MAX = 400;
/** Bytes of one function, past which a smaller region is grown. */
export const FUNCTION_BYTES_MAX = 65_536;
/**
 * What the function of one block may have beyond that, for each byte of the block, and in all: past
 * it the block stays interpreted. Spilling a thousand operands again and again takes thousands.
 */
export const BLOCK_WASM_BYTES_A_BYTE = 100;
/** Below what engines take (`FUNCTION_BYTES_MAX` of wasm/function.ts). */
export const BLOCK_WASM_BYTES_MAX = 4_194_304;
/** Bytes of bytecode in the region of a root that is rarely entered: so tails are not calls. */
export const TAIL_BYTES_MAX = 64;
/** The same where only jumps lead that no region has resolved. */
export const LANDING_BYTES_MAX = 256;

export function compileContract(
  code: Uint8Array,
  options: CompileOptions,
): CompiledContract | CompileRefusal {
  if (code.length > CODE_BYTES_MAX) {
    return { refused: 'too long', limit: CODE_BYTES_MAX, actual: code.length };
  }
  const blocks = findBlocks(code, options.fork);
  if (blocks.length === 0) return { refused: 'empty', limit: 1, actual: 0 };
  if (blocks.length > BLOCKS_MAX) {
    return { refused: 'too many blocks', limit: BLOCKS_MAX, actual: blocks.length };
  }
  return new ContractAssembler(code, blocks, options).assemble();
}

interface RegionFunction {
  readonly fn: FunctionBuilder;
  readonly root: Block;
  readonly slot: number;
  /** How often it is entered. */
  weight: number;
  /** Found by a jump that only the run knows, if at all. */
  readonly isLanding: boolean;
  isAssembled: boolean;
}

class ContractAssembler {
  readonly #code: Uint8Array;
  readonly #heat: Heat;
  readonly #module = new ModuleBuilder();
  readonly #type: number;
  /** What a region is assembled in. */
  readonly #draft: FunctionBuilder;
  readonly #slotGlobal: number;
  readonly #links: ContractLinks;
  readonly #functions = new Map<number, RegionFunction>();
  readonly #waiting: RegionFunction[] = [];
  readonly #reports: RegionReport[] = [];
  readonly #oversized: number[] = [];
  #size = 0;
  /** Whether a jump leads where only the run knows. */
  #jumpsFar = false;

  constructor(
    code: Uint8Array,
    blocks: readonly Block[],
    { fork, shared, profile }: CompileOptions,
  ) {
    this.#code = code;
    this.#heat = new Heat(code, blocks, profile);
    const module = this.#module;
    module.importMemory('env', 'memory', { initial: 1, maximum: 65536, shared });
    module.importTable('env', 'table', { initial: COMPILED_SLOT });
    this.#slotGlobal = module.importGlobal('env', 'slot', 'i32');
    this.#type = module.type(['i32', 'i32', 'i64', 'i32', 'i32'], ['i32']);
    this.#draft = module.draft(this.#type);
    const runtime = importRuntime(module, blocks);
    const interpret = defineInterpret(module, this.#type);
    this.#links = {
      fork,
      code,
      interpret,
      askForGas: defineAskForGas(module, interpret),
      jump: defineJump(module, this.#type),
      refill: defineRefill(module),
      expand: defineExpand(module, runtime.get('expandMemory') as FunctionRef),
      outOfGas: defineOutOfGas(module),
      storeLimb: defineStore(module, 1),
      storeLimbs: defineStore(module, 4),
      runtime: (name) => runtime.get(name) as FunctionRef,
      blockAt: (pc) => this.#heat.blockAt(pc),
      functionAt: (pc, weight) => this.#functionFor(pc, weight)?.fn.ref,
      pushSlot: (fn, pc, weight) => this.#pushSlot(fn, this.#functionFor(pc, weight)?.slot),
    };
  }

  assemble(): CompiledContract | CompileRefusal {
    // The entry's function is in the first slot.
    for (const { pc } of this.#heat.first()) this.#functionFor(pc, this.#heat.countOf(pc));
    const budget = WASM_BYTES_FREE + this.#code.length * WASM_BYTES_A_BYTE;
    const limit = WASM_BYTES_FREE + this.#code.length * WASM_BYTES_A_BYTE_MAX;
    this.#assembleWaiting(budget);
    if (this.#jumpsFar) {
      for (const { pc } of this.#heat.destinations()) this.#functionFor(pc, 0, true);
      this.#assembleWaiting(budget);
    }
    if (this.#size > limit) return { refused: 'too large', limit, actual: this.#size };
    for (const { fn, root, isAssembled } of this.#functions.values()) {
      if (!isAssembled) this.#handOver(fn, root);
    }
    const functions = [...this.#functions.values()];
    this.#module.elements(
      { global: this.#slotGlobal },
      functions.map(({ fn }) => fn.ref),
    );
    return {
      bytes: this.#module.toBytes(),
      slots: functions.map(({ root, isAssembled }) => (isAssembled ? root.pc : -1)),
      codeBytes: this.#code.length,
      regions: this.#reports,
      oversized: this.#oversized,
      isBudgetSpent: this.#waiting.length > 0,
    };
  }

  /** Assembles regions, the hottest first, until the budget is used up. */
  #assembleWaiting(budget: number): void {
    while (this.#waiting.length > 0 && this.#size < budget) {
      let hottest = this.#waiting[0] as RegionFunction;
      for (const waiting of this.#waiting) if (waiting.weight > hottest.weight) hottest = waiting;
      this.#waiting.splice(this.#waiting.indexOf(hottest), 1);
      this.#assembleRegion(hottest);
    }
  }

  #assembleRegion(target: RegionFunction): void {
    const { root, weight } = target;
    if (alwaysFails(root)) return;
    const fn = this.#draft;
    const whole = target.isLanding
      ? LANDING_BYTES_MAX
      : this.#heat.isHeader(root.pc)
        ? LOOP_BYTES_MAX
        : REGION_BYTES_MAX;
    const worth = root.pc === 0 ? 1 : this.#heat.worthOf(weight);
    const most = Math.max(TAIL_BYTES_MAX, Math.floor(whole * worth));
    for (let bytesMax = most; ; ) {
      const region = growRegion(this.#code, root, this.#heat, bytesMax);
      const structure = structureOf(region);
      const bytesLimit = bytesMax > 0 ? FUNCTION_BYTES_MAX : blockBytesMax(root);
      let assembler = new RegionAssembler(fn, structure, false, this.#links);
      let outcome = assembler.assemble(bytesLimit);
      if (outcome === 'too often') {
        fn.clear();
        assembler = new RegionAssembler(fn, structure, true, this.#links);
        outcome = assembler.assemble(bytesLimit);
      }
      if (outcome === 'too large') {
        fn.clear();
        if (bytesMax === 0) {
          this.#oversized.push(root.pc);
          return;
        }
        bytesMax = Math.floor(Math.min(bytesMax, bytesBehindRoot(region)) / 4);
        continue;
      }
      const { exits, repeats } = assembler;
      const bytes = fn.size;
      target.fn.adopt(fn);
      target.isAssembled = true;
      this.#size += bytes;
      this.#jumpsFar ||= exits.some(({ pc }) => pc < 0);
      const nodes = describeNodes(structure);
      this.#reports.push({ root: root.pc, nodes, exits, bytes, repeats });
      return;
    }
  }

  /** The function of the block at `pc`, to be assembled later; undefined for what is not hot. */
  #functionFor(pc: number, from: number, isLanding = false): RegionFunction | undefined {
    const known = this.#functions.get(pc);
    // A JUMPDEST has a count of its own; what follows a call or a fork is as hot as that.
    const weight = this.#heat.isDestination(pc) ? this.#heat.countOf(pc) : from;
    if (known !== undefined) {
      known.weight = Math.max(known.weight, weight);
      return known;
    }
    const root = this.#heat.blockAt(pc);
    if (root === undefined || this.#functions.size >= FUNCTIONS_MAX) return undefined;
    if (pc !== 0 && root.isJumpDestination && !this.#heat.isHot(pc)) return undefined;
    if (pc !== 0 && isCold(root)) return undefined;
    const fn = this.#module.function(`region ${pc}`, this.#type);
    const added = { fn, root, slot: this.#functions.size, weight, isLanding, isAssembled: false };
    this.#functions.set(pc, added);
    this.#waiting.push(added);
    return added;
  }

  /** A function that was referred to, but for which no room is left. */
  #handOver(fn: FunctionBuilder, root: Block): void {
    fn.returnCall(
      this.#links.interpret,
      fn.get(fn.param(0, 'i32')),
      fn.get(fn.param(1, 'i32')),
      fn.get(fn.param(2, 'i64')),
      fn.i32.const(root.pc),
      fn.get(fn.param(4, 'i32')),
    );
  }

  /** Pushes the table index of a slot, or 0 where there is none. */
  #pushSlot(fn: FunctionBuilder, slot: number | undefined): Value<'i32'> {
    if (slot === undefined) return fn.i32.const(0);
    return fn.i32.add(fn.globalGet(this.#slotGlobal, 'i32'), fn.i32.const(slot));
  }
}

/** Bytes of wasm that a block may take which has a function to itself. */
function blockBytesMax({ pc, next }: Block): number {
  const bytes = FUNCTION_BYTES_MAX + BLOCK_WASM_BYTES_A_BYTE * (next - pc);
  return Math.min(bytes, BLOCK_WASM_BYTES_MAX);
}

/** Bytes of bytecode in a region beyond its root's. */
function bytesBehindRoot(region: Region): number {
  return region.slice(1).reduce((sum, { block }) => sum + block.next - block.pc, 0);
}

function describeNodes(structure: Structure): RegionNodeReport[] {
  const index = new Map(structure.order.map((node, i) => [node, i]));
  return structure.order.map((node) => ({
    pc: node.block.pc,
    height: node.height,
    isHeader: structure.isHeader(node),
    isMerge: structure.isMerge(node),
    successors: [node.taken?.node, node.next?.node].flatMap((to) =>
      to === undefined ? [] : [index.get(to) as number],
    ),
  }));
}

/** Imports what the code's opcodes may call, in the order of the runtime's table. */
function importRuntime(
  module: ModuleBuilder,
  blocks: readonly Block[],
): Map<RuntimeCallName, FunctionRef> {
  const present = new Set<number>();
  for (const { instructions } of blocks) for (const { row } of instructions) present.add(row.byte);
  const needed = new Set<RuntimeCallName>(['expandMemory']);
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
  const code = Uint8Array.of(byte);
  const blocks = findBlocks(code, 'osaka');
  const links: ContractLinks = {
    fork: 'osaka',
    code,
    interpret: fn.ref,
    askForGas: fn.ref,
    jump: fn.ref,
    refill: fn.ref,
    expand: fn.ref,
    outOfGas: fn.ref,
    storeLimb: fn.ref,
    storeLimbs: fn.ref,
    blockAt: () => undefined,
    functionAt: () => undefined,
    pushSlot: (builder) => builder.i32.const(0),
    runtime: (name) => {
      found.add(name);
      return fn.ref;
    },
  };
  const [root] = blocks;
  if (root !== undefined) {
    const structure = structureOf(growRegion(code, root, new Heat(code, blocks, undefined), 0));
    new RegionAssembler(fn, structure, true, links).assemble(Number.POSITIVE_INFINITY);
  }
  const calls = [...found];
  CALLS_OF_BYTE.set(byte, calls);
  return calls;
}
