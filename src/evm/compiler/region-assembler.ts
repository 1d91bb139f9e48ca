/**
 * The macro-assembler for regions: runs of blocks in one function, operands in locals or untouched
 * in the stack's memory, gas and stack bounds checked once a block, everything rare left to the
 * interpreter.
 *
 * A region is a tree of blocks grown from its root. Where a block's successor is known while
 * assembling (a fall-through, a constant destination, a return address that the region itself
 * pushed) and the plan says so, assembling goes on in the successor with the stack as it stands;
 * a branch back to the root is a wasm loop; every other edge settles the stack and tail-calls.
 *
 * A side exit settles the stack as it was before the current opcode, gives back the static gas
 * of what was not executed, and goes on in the interpreter at the opcode's own pc.
 */
import type { FunctionBuilder, FunctionRef, Label, Local, Value } from '../../wasm/function.ts';
import type { ForkName } from '../forks/names.ts';
import * as layout from '../layout.ts';
import type { Assembler } from '../opcodes/assembler.ts';
import { MEANINGS } from '../opcodes/meanings.ts';
import type { OperationName, RuntimeCallName, WordCallName } from '../opcodes/runtime-calls.ts';
import { pushIsNonzero } from '../words/comparison.ts';
import {
  constant,
  constantOf,
  keep32,
  pushLimb,
  WORD_BYTES,
  type Word,
  widthOf,
} from '../words/word.ts';
import type { Block, Instruction } from './blocks.ts';
import { type StackSnapshot, VirtualStack } from './virtual-stack.ts';

/** What all functions of a contract's module share. */
export interface ContractLinks {
  readonly fork: ForkName;
  readonly code: Uint8Array;
  runtime(name: RuntimeCallName): FunctionRef;
  /** (fp, sp, gas, pc, mem) -> status: goes on in the interpreter at pc. */
  readonly interpret: FunctionRef;
  /** (fp, sp, gas, pc, mem) -> status: a jump by the code's jump map; pc is -1 past 2^32. */
  readonly jump: FunctionRef;
  /** The function whose root is the block at `pc`, or undefined when there is none. */
  functionAt(pc: number): FunctionRef | undefined;
  /** Whether a JUMPDEST stands at `pc` (and not in the data of a PUSH). */
  isDestination(pc: number): boolean;
  /** Pushes the table index of a function, or 0 when there is none. */
  pushSlot(fn: FunctionBuilder, pc: number): Value<'i32'>;
}

/** Decides which blocks are assembled into the region; asked once an edge, in order. */
export interface RegionPlan {
  readonly root: Block;
  /** Whether an edge leads back to the root, so that a loop is worth emitting. */
  readonly loops: boolean;
  /** The block to go on with at `pc`, or undefined to leave the region. */
  inline(pc: number): Block | undefined;
}

/** Reach of a region's stack: entry items and items above them. */
const REACH_MAX = 64;
/** Temporaries in use before those that no item refers to are given back. */
const TEMPORARIES_MAX = 48;

export class RegionAssembler implements Assembler {
  readonly fn: FunctionBuilder;
  readonly fork: ForkName;
  readonly fp: Local<'i32'>;
  readonly mem: Local<'i32'>;
  readonly #sp: Local<'i32'>;
  readonly #left: Local<'i64'>;
  readonly #stack: VirtualStack;
  readonly #links: ContractLinks;
  readonly #plan: RegionPlan;
  #loop: Label | undefined;
  #block: Block;
  #instruction: Instruction;
  /** Height of the stack before the current opcode. */
  #heightBefore = 0;
  /** Static gas that was paid in advance for the current opcode and those after it. */
  #prepaid = 0;
  /** Bounds that have been checked: entry items present, and room above them. */
  #needChecked = 0;
  #growthChecked = 0;
  #temporaries: Local[] = [];
  /** Stacks at forks that assembling will come back to. */
  readonly #forks: StackSnapshot[] = [];

  constructor(fn: FunctionBuilder, plan: RegionPlan, links: ContractLinks) {
    this.fn = fn;
    this.fork = links.fork;
    this.#links = links;
    this.#plan = plan;
    this.#block = plan.root;
    this.#instruction = plan.root.instructions[0] as Instruction;
    this.fp = fn.param(0, 'i32');
    this.#sp = fn.param(1, 'i32');
    this.#left = fn.param(2, 'i64');
    this.mem = fn.param(4, 'i32');
    const growthMax = Math.max(plan.root.growth, REACH_MAX);
    const low = fn.local('i32');
    const bounds = { needMax: Math.max(plan.root.need, REACH_MAX), growthMax };
    fn.set(low, fn.i32.sub(fn.get(this.#sp), fn.i32.const(growthMax * WORD_BYTES)));
    this.#stack = new VirtualStack(this, low, bounds);
  }

  i64(): Local<'i64'> {
    return this.#temporary('i64');
  }

  i32(): Local<'i32'> {
    return this.#temporary('i32');
  }

  v128(): Local<'v128'> {
    return this.#temporary('v128');
  }

  #temporary<T extends 'i32' | 'i64' | 'v128'>(type: T): Local<T> {
    const local = this.fn.local(type);
    this.#temporaries.push(local);
    return local;
  }

  #releaseTemporaries(): void {
    const used = new Set<Local>();
    this.#stack.collectLocals(used);
    for (const fork of this.#forks) this.#stack.collectSnapshot(fork, used);
    const kept: Local[] = [];
    for (const local of this.#temporaries) {
      if (used.has(local)) kept.push(local);
      else this.fn.release(local);
    }
    this.#temporaries = kept;
  }

  // ---------------------------------------------------------------- blocks

  /** Assembles the whole region. */
  assemble(): void {
    if (!this.#plan.loops) this.#assembleBlock(this.#plan.root);
    else {
      this.fn.loop((label) => {
        this.#loop = label;
        this.#assembleBlock(this.#plan.root);
      });
    }
    this.fn.unreachable();
  }

  #assembleBlock(block: Block): void {
    this.#block = block;
    this.#instruction = block.instructions[0] as Instruction;
    this.#heightBefore = this.#stack.height;
    this.#prepaid = 0;
    this.#checkBounds(block);
    const { instructions } = block;
    let paid = false;
    for (let index = 0; index < instructions.length; index++) {
      const instruction = instructions[index] as Instruction;
      this.#instruction = instruction;
      this.#heightBefore = this.#stack.height;
      if (!paid) this.#payFrom(index);
      paid = !instruction.row.observesGas;
      if (this.#temporaries.length > TEMPORARIES_MAX) this.#releaseTemporaries();
      const meaning = MEANINGS[instruction.row.byte];
      if (meaning === undefined) throw new RangeError(`${instruction.row.name} has no meaning`);
      meaning(this);
      this.#prepaid -= instruction.gas;
    }
    if (instructions.at(-1)?.row.endsBlock !== true) this.#continueAt(block.next);
  }

  /** Checks what this block needs of the stack beyond what is known already. */
  #checkBounds(block: Block): void {
    const { fn } = this;
    const need = block.need - this.#stack.height;
    const growth = block.growth + this.#stack.height;
    if (need <= this.#needChecked && growth <= this.#growthChecked) return;
    this.#needChecked = Math.max(need, this.#needChecked);
    this.#growthChecked = Math.max(growth, this.#growthChecked);
    const room = layout.STACK_BYTES - (this.#needChecked + this.#growthChecked) * WORD_BYTES;
    // A block that needs more than a whole stack fails somewhere: the interpreter finds where.
    if (room < 0) {
      fn.if(fn.i32.const(1), () => this.#sideExit());
      return;
    }
    const used = fn.i32.sub(fn.get(this.fp), fn.get(this.#sp));
    const above = fn.i32.sub(used, fn.i32.const(this.#needChecked * WORD_BYTES));
    const outside = fn.i32.gtU(above, fn.i32.const(room));
    fn.hint(false);
    fn.if(outside, () => this.#sideExit());
  }

  /** Pays for the segment that starts at instruction `index`: up to what observes gas. */
  #payFrom(index: number): void {
    const { instructions } = this.#block;
    let cost = 0;
    for (let i = index; i < instructions.length; i++) {
      const { gas, row } = instructions[i] as Instruction;
      cost += gas;
      if (row.observesGas) break;
    }
    this.#prepaid = 0;
    if (cost === 0) return;
    const { fn } = this;
    const poor = fn.i64.ltS(fn.get(this.#left), fn.i64.const(cost));
    fn.hint(false);
    fn.if(poor, () => this.#sideExit());
    fn.set(this.#left, fn.i64.sub(fn.get(this.#left), fn.i64.const(cost)));
    this.#prepaid = cost;
  }

  /** Goes on at `pc`: in this function, around the loop, or in another function. */
  #continueAt(pc: number): void {
    const { root } = this.#plan;
    if (pc === root.pc && this.#loop !== undefined && this.#stack.height === 0) {
      this.#stack.settleAll();
      this.fn.br(this.#loop);
      return;
    }
    const next = this.#fits(pc) ? this.#plan.inline(pc) : undefined;
    if (next === undefined) {
      this.#transfer(pc);
      return;
    }
    const [needChecked, growthChecked] = [this.#needChecked, this.#growthChecked];
    this.#assembleBlock(next);
    this.#needChecked = needChecked;
    this.#growthChecked = growthChecked;
  }

  /** Whether the stack of a block at `pc` surely stays within the region's reach. */
  #fits(_pc: number): boolean {
    const { height, needMax, growthMax } = this.#stack;
    return height + 32 <= growthMax && height - 32 >= -needMax;
  }

  // ---------------------------------------------------------------- operands

  pop(): Word {
    return this.#stack.pop();
  }

  push(word: Word): void {
    this.#stack.push(word);
  }

  duplicate(depth: number): void {
    this.#stack.duplicate(depth);
  }

  exchange(depth: number): void {
    this.#stack.exchange(depth);
  }

  immediate(): Word {
    const { pc, row } = this.#instruction;
    let value = 0n;
    for (let i = 1; i <= row.immediate; i++) {
      value = (value << 8n) | BigInt(this.#links.code[pc + i] ?? 0);
    }
    return constant(value);
  }

  programCounter(): Word {
    return constant(BigInt(this.#instruction.pc));
  }

  // ---------------------------------------------------------------- gas

  pushGas(): Value<'i64'> {
    return this.fn.get(this.#left);
  }

  setGas(left: Local<'i64'>): void {
    this.fn.set(this.#left, this.fn.get(left));
  }

  charge(cost: Local<'i64'>): void {
    const { fn } = this;
    this.failIf(fn.i64.ltS(fn.get(this.#left), fn.get(cost)));
    fn.set(this.#left, fn.i64.sub(fn.get(this.#left), fn.get(cost)));
  }

  // ---------------------------------------------------------------- ways out

  failIf(condition: Value<'i32'>): void {
    this.fn.hint(false);
    this.fn.if(condition, () => this.#sideExit());
  }

  failIfNegative(result: Local<'i64'>): void {
    this.failIf(this.fn.i64.ltS(this.fn.get(result), this.fn.i64.const(0)));
  }

  fail(status: number): void {
    this.fn.return(this.fn.i32.const(status));
  }

  /** Hands the current opcode over to the interpreter. */
  #sideExit(): void {
    const { fn } = this;
    this.#stack.settleAside(this.#heightBefore);
    const gas = () => {
      const left = fn.get(this.#left);
      return this.#prepaid === 0 ? left : fn.i64.add(left, fn.i64.const(this.#prepaid));
    };
    fn.returnCall(
      this.#links.interpret,
      fn.get(this.fp),
      this.#stack.pushPointer(this.#heightBefore),
      gas(),
      fn.i32.const(this.#instruction.pc),
      fn.get(this.mem),
    );
  }

  finish(status: number, output?: { address: Local<'i32'>; size: Local<'i32'> }): void {
    const { fn } = this;
    if (output !== undefined) {
      fn.i32.store(fn.get(this.fp), fn.get(output.address), layout.F_OUTPUT);
    }
    const size = () => (output === undefined ? fn.i32.const(0) : fn.get(output.size));
    fn.i32.store(fn.get(this.fp), size(), layout.F_OUTPUT_SIZE);
    fn.i64.store(fn.get(this.fp), fn.get(this.#left), layout.F_GAS);
    fn.return(fn.i32.const(status));
  }

  depart(call: 'opCall' | 'opCreate' | 'opSelfdestruct', opcode?: number): void {
    const { fn } = this;
    this.#stack.settleAll();
    const frame = () => fn.get(this.fp);
    const sp = () => this.#stack.pushPointer(this.#stack.height);
    const code = () => fn.i32.load(frame(), layout.F_CODE);
    const pc = layout.CODE_BYTES + this.#instruction.pc;
    fn.i32.store(frame(), fn.i32.add(code(), fn.i32.const(pc)), layout.F_IP);
    fn.i32.store(frame(), sp(), layout.F_SP);
    const before = () => fn.i64.add(fn.get(this.#left), fn.i64.const(this.#instruction.gas));
    fn.i64.store(frame(), before(), layout.F_GAS);
    const registers = [frame(), sp(), fn.get(this.#left)];
    const target = this.#links.runtime(call);
    if (opcode === undefined) {
      fn.returnCall(target, ...registers);
      return;
    }
    const result: Value<'i32'> = fn.call(target, ...registers, fn.i32.const(opcode));
    const status = keep32(this, result);
    const entered = fn.i32.eq(fn.get(status), fn.i32.const(layout.STATUS_SWITCH_FRAME));
    fn.if(entered, () =>
      fn.i32.store(frame(), this.#links.pushSlot(fn, this.#block.next), layout.F_RESUME),
    );
    fn.return(fn.get(status));
  }

  jump(destination: Word): void {
    const known = constantOf(destination);
    if (known !== undefined) this.#jumpTo(known);
    else {
      // Read before settling, which may overwrite the place where the destination lies.
      this.#jumpThroughMap(keep32(this, this.#pushPc(destination)));
    }
  }

  jumpIf(destination: Word, condition: Word): void {
    const known = constantOf(condition);
    if (known === 0n) {
      this.#continueAt(this.#block.next);
      return;
    }
    if (known !== undefined) {
      this.jump(destination);
      return;
    }
    const { fn } = this;
    const target = constantOf(destination);
    const pc = target === undefined ? keep32(this, this.#pushPc(destination)) : undefined;
    const block = this.#block;
    const fork = this.#stack.snapshot();
    this.#forks.push(fork);
    fn.if(pushIsNonzero(this, condition), () => {
      if (pc !== undefined) this.#jumpThroughMap(pc);
      else this.#jumpTo(target as bigint);
    });
    this.#forks.pop();
    this.#stack.restore(fork);
    this.#block = block;
    this.#continueAt(block.next);
  }

  /** Pushes a destination as an i32, all ones when it does not fit. */
  #pushPc(destination: Word): Value<'i32'> {
    const { fn } = this;
    let above = fn.i64.shrU(pushLimb(this, destination, 0), fn.i64.const(32));
    for (let i = 1; i < widthOf(destination); i++) {
      above = fn.i64.or(above, pushLimb(this, destination, i));
    }
    const fits = keep32(this, fn.i64.eqz(above));
    const pc = fn.i32.wrapI64(pushLimb(this, destination, 0));
    return fn.select(pc, fn.i32.const(-1), fn.get(fits));
  }

  /** A jump whose destination is known. */
  #jumpTo(destination: bigint): void {
    const { code } = this.#links;
    const pc = destination < BigInt(code.length) ? Number(destination) : -1;
    if (pc >= 0 && this.#links.isDestination(pc)) this.#continueAt(pc);
    else this.#jumpThroughMap(keep32(this, this.fn.i32.const(pc)));
  }

  /** A jump to a pc that only the run knows. */
  #jumpThroughMap(pc: Local<'i32'>): void {
    this.#stack.settleAll();
    this.#tailCall(this.#links.jump, () => this.fn.get(pc));
  }

  /** Leaves the region for the block at `pc`. */
  #transfer(pc: number): void {
    this.#stack.settleAll();
    // A JUMPDEST without a function of its own is counted, so that it is compiled once it is hot.
    const other = this.#links.isDestination(pc) ? this.#links.jump : this.#links.interpret;
    this.#tailCall(this.#links.functionAt(pc) ?? other, () => this.fn.i32.const(pc));
  }

  #tailCall(target: FunctionRef, pushPc: () => Value<'i32'>): void {
    const { fn } = this;
    fn.returnCall(
      target,
      fn.get(this.fp),
      this.#stack.pushPointer(this.#stack.height),
      fn.get(this.#left),
      pushPc(),
      fn.get(this.mem),
    );
  }

  // ---------------------------------------------------------------- the runtime

  runtime(name: RuntimeCallName): FunctionRef {
    return this.#links.runtime(name);
  }

  callOnWords(name: WordCallName, pops: number): void {
    const stack = this.#stack;
    stack.settleTop(pops);
    const result = stack.height - pops;
    stack.protect(result);
    const operands = [stack.pushAddress(result)];
    for (let i = 1; i <= pops; i++) operands.push(stack.pushAddress(stack.height - i));
    this.fn.call(this.runtime(name), ...operands);
    stack.unwind(result);
    stack.pushHome();
  }

  callOperation(name: OperationName, pops: number, pushes: number): void {
    this.#callRuntime(name, pops, pushes, []);
  }

  callLog(topics: number): void {
    this.#callRuntime('opLog', topics + 2, 0, [topics]);
  }

  #callRuntime(
    name: RuntimeCallName,
    pops: number,
    pushes: number,
    further: readonly number[],
  ): void {
    const { fn } = this;
    const stack = this.#stack;
    stack.settleTop(pops);
    if (pushes > 0) stack.protect(stack.height - pops);
    const registers = [fn.get(this.fp), stack.pushPointer(stack.height), fn.get(this.#left)];
    const constants = further.map((argument) => fn.i32.const(argument));
    const value: Value<'i64'> = fn.call(this.runtime(name), ...registers, ...constants);
    const result = this.i64();
    fn.set(result, value);
    this.failIfNegative(result);
    this.setGas(result);
    stack.unwind(stack.height - pops);
    for (let i = 0; i < pushes; i++) stack.pushHome();
  }

  scratch(): { base: Local<'i32'>; offset: number } {
    return { base: this.fp, offset: layout.F_SCRATCH_0 };
  }
}
