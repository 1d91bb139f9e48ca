/**
 * The macro-assembler for runs of opcodes: operands live in locals (or, untouched, in the stack's
 * memory), gas and stack bounds are checked once in advance, and whatever is rare leaves for the
 * interpreter.
 *
 * The virtual stack is an array of words, bottom first. Its first `need` items are the entry
 * stack's, read from memory when they are used. Item p has a home in memory:
 *
 *   low + 32 (growth + need - 1 - p)      low = sp at entry - 32 growth
 *
 * and *settling* an item stores it there. At every edge of the run all items are settled, so the
 * interpreter, another block or the runtime finds the stack as the EVM has it.
 *
 * A side exit settles the stack as it was before the current opcode, gives back the static gas
 * of what was not executed, and goes on in the interpreter at the opcode's own pc.
 */
import type { FunctionBuilder, FunctionRef, Local, Value } from '../../wasm/function.ts';
import type { ForkName } from '../forks/names.ts';
import * as layout from '../layout.ts';
import type { Assembler } from '../opcodes/assembler.ts';
import type { OperationName, RuntimeCallName, WordCallName } from '../opcodes/runtime-calls.ts';
import { pushIsNonzero } from '../words/comparison.ts';
import {
  constant,
  constantOf,
  halvesOf,
  keep32,
  pushLimb,
  storeWord,
  WORD_BYTES,
  type Word,
  widthOf,
} from '../words/word.ts';
import type { Block, Instruction } from './blocks.ts';

/** What all functions of a contract's module share. */
export interface ContractLinks {
  readonly fork: ForkName;
  readonly code: Uint8Array;
  /** Type of a block's function. */
  readonly type: number;
  runtime(name: RuntimeCallName): FunctionRef;
  /** (fp, sp, gas, pc, mem) -> status: goes on in the interpreter at pc. */
  readonly interpret: FunctionRef;
  /** (fp, sp, gas, pc, mem) -> status: a dynamic jump; pc is -1 when it was 2^32 or more. */
  readonly jump: FunctionRef;
  /** The function of the block at `pc`, or undefined when it is not compiled. */
  blockAt(pc: number): FunctionRef | undefined;
  /** Pushes the table index of a block's function, or 0 when it is not compiled. */
  pushSlot(fn: FunctionBuilder, pc: number): Value<'i32'>;
}

/** Temporaries in use before those that no item refers to are given back. */
const TEMPORARIES_MAX = 48;

export class BlockAssembler implements Assembler {
  readonly fn: FunctionBuilder;
  readonly fork: ForkName;
  readonly fp: Local<'i32'>;
  readonly mem: Local<'i32'>;
  readonly #sp: Local<'i32'>;
  readonly #left: Local<'i64'>;
  readonly #low: Local<'i32'>;
  readonly #links: ContractLinks;
  readonly #block: Block;
  readonly #items: Word[] = [];
  #top: number;
  /** Height of the virtual stack before the current opcode. */
  #topBefore: number;
  #instruction: Instruction;
  /** Static gas that was paid in advance for the current opcode and those after it. */
  #prepaid = 0;
  #temporaries: Local[] = [];

  constructor(fn: FunctionBuilder, block: Block, links: ContractLinks) {
    this.fn = fn;
    this.fork = links.fork;
    this.#links = links;
    this.#block = block;
    this.#instruction = block.instructions[0] as Instruction;
    this.fp = fn.param(0, 'i32');
    this.#sp = fn.param(1, 'i32');
    this.#left = fn.param(2, 'i64');
    this.mem = fn.param(4, 'i32');
    this.#low = block.growth === 0 ? this.#sp : fn.local('i32');
    this.#top = block.need;
    this.#topBefore = block.need;
    for (let p = 0; p < block.need; p++) this.#items.push(this.#home(p));
  }

  i64(): Local<'i64'> {
    const local = this.fn.local('i64');
    this.#temporaries.push(local);
    return local;
  }

  i32(): Local<'i32'> {
    const local = this.fn.local('i32');
    this.#temporaries.push(local);
    return local;
  }

  v128(): Local<'v128'> {
    const local = this.fn.local('v128');
    this.#temporaries.push(local);
    return local;
  }

  // ---------------------------------------------------------------- the run

  /** Checks the stack's bounds and pays for the first segment. */
  begin(): void {
    const { fn } = this;
    const { need, growth } = this.#block;
    if (growth > 0) {
      const low = fn.i32.sub(fn.get(this.#sp), fn.i32.const(growth * WORD_BYTES));
      fn.set(this.#low, low);
    }
    if (need > 0 || growth > 0) {
      const used = fn.i32.sub(fn.get(this.fp), fn.get(this.#sp));
      const above = fn.i32.sub(used, fn.i32.const(need * WORD_BYTES));
      const room = layout.STACK_BYTES - (need + growth) * WORD_BYTES;
      const outside = fn.i32.gtU(above, fn.i32.const(Math.max(room, 0)));
      fn.hint(false);
      fn.if(outside, () => this.#interpretHere(0));
    }
  }

  /** Pays for the segment that starts at instruction `index`. */
  payFrom(index: number): void {
    const { instructions } = this.#block;
    let cost = 0;
    for (let i = index; i < instructions.length; i++) {
      const { gas, row } = instructions[i] as Instruction;
      cost += gas;
      if (row.observesGas) break;
    }
    this.#instruction = instructions[index] as Instruction;
    this.#topBefore = this.#top;
    this.#prepaid = 0;
    if (cost === 0) return;
    const { fn } = this;
    const poor = fn.i64.ltS(fn.get(this.#left), fn.i64.const(cost));
    fn.hint(false);
    fn.if(poor, () => this.#sideExit());
    fn.set(this.#left, fn.i64.sub(fn.get(this.#left), fn.i64.const(cost)));
    this.#prepaid = cost;
  }

  /** Called before each opcode's meaning. */
  enter(instruction: Instruction): void {
    this.#instruction = instruction;
    this.#topBefore = this.#top;
    if (this.#temporaries.length > TEMPORARIES_MAX) this.#releaseTemporaries();
  }

  /** Called after each opcode's meaning. */
  leave(instruction: Instruction): void {
    this.#prepaid -= instruction.gas;
  }

  /** Goes on at the block at `pc`. */
  fallThrough(pc: number): void {
    this.#settleAll();
    this.#transfer(pc);
  }

  #releaseTemporaries(): void {
    const used = new Set<Local>();
    for (let p = 0; p < this.#top; p++) {
      const word = this.#items[p] as Word;
      if (word.kind === 'halves') used.add(word.low).add(word.high);
      else if (word.kind === 'condition') used.add(word.condition);
      else if (word.kind === 'limbs') {
        for (const limb of word.limbs) if (typeof limb !== 'bigint') used.add(limb);
      }
    }
    const kept: Local[] = [];
    for (const local of this.#temporaries) {
      if (used.has(local)) kept.push(local);
      else this.fn.release(local);
    }
    this.#temporaries = kept;
  }

  // ---------------------------------------------------------------- operands

  #offset(position: number): number {
    const { growth, need } = this.#block;
    return (growth + need - 1 - position) * WORD_BYTES;
  }

  #home(position: number): Word {
    return { kind: 'memory', base: this.#low, offset: this.#offset(position) };
  }

  pop(): Word {
    this.#top -= 1;
    return this.#items[this.#top] as Word;
  }

  push(word: Word): void {
    this.#items[this.#top] = word;
    this.#top += 1;
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

  duplicate(depth: number): void {
    this.push(this.#items[this.#top - 1 - depth] as Word);
  }

  exchange(depth: number): void {
    const top = this.#top - 1;
    const other = this.#items[top - depth] as Word;
    this.#items[top - depth] = this.#items[top] as Word;
    this.#items[top] = other;
  }

  /**
   * Stores items [from, to) at their homes. Items that still lie at a place which is about to be
   * overwritten are read first. When `forget`, the items are left as they are for the assembler
   * (the code that follows does not return here).
   */
  #settle(from: number, to: number, forget = false): void {
    const items = forget ? this.#items.slice() : this.#items;
    const dirty: number[] = [];
    for (let p = from; p < to; p++) if (!this.#isHome(items[p] as Word, p)) dirty.push(p);
    if (dirty.length === 0) return;
    const written = new Set(dirty.map((p) => this.#offset(p)));
    const live = Math.max(to, this.#top);
    for (let p = 0; p < live; p++) {
      const word = items[p] as Word;
      if (word.kind !== 'memory' || word.base !== this.#low || this.#isHome(word, p)) continue;
      if (written.has(word.offset)) items[p] = halvesOf(this, word);
    }
    // An item at its own home which another item's copy refers to is not written: nothing to do.
    for (const p of dirty) storeWord(this, items[p] as Word, this.#low, this.#offset(p));
    if (!forget) for (const p of dirty) items[p] = this.#home(p);
  }

  #isHome(word: Word, position: number): boolean {
    return (
      word.kind === 'memory' && word.base === this.#low && word.offset === this.#offset(position)
    );
  }

  #settleAll(): void {
    this.#settle(0, this.#top);
  }

  /** Pushes the stack pointer for a height. */
  #pushSp(top: number): Value<'i32'> {
    const { fn } = this;
    const offset = this.#offset(top - 1);
    if (offset === 0) return fn.get(this.#low);
    return fn.i32.add(fn.get(this.#low), fn.i32.const(offset));
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
    const poor = fn.i64.ltS(fn.get(this.#left), fn.get(cost));
    this.failIf(poor);
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
    this.#settle(0, this.#topBefore, true);
    this.#interpretHere(this.#prepaid);
  }

  #interpretHere(giveBack: number): void {
    const { fn } = this;
    const gas = () => {
      const left = fn.get(this.#left);
      return giveBack === 0 ? left : fn.i64.add(left, fn.i64.const(giveBack));
    };
    fn.returnCall(
      this.#links.interpret,
      fn.get(this.fp),
      this.#pushSp(this.#topBefore),
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
    this.#settleAll();
    const frame = () => fn.get(this.fp);
    const start = fn.i32.load(frame(), layout.F_CODE);
    const address = fn.i32.add(start, fn.i32.const(layout.CODE_BYTES + this.#instruction.pc));
    const ip = keep32(this, address);
    fn.i32.store(frame(), fn.get(ip), layout.F_IP);
    fn.i32.store(frame(), this.#pushSp(this.#top), layout.F_SP);
    const before = fn.i64.const(this.#instruction.gas);
    fn.i64.store(frame(), fn.i64.add(before, fn.get(this.#left)), layout.F_GAS);
    const registers = [frame(), this.#pushSp(this.#top), fn.get(this.#left)];
    const target = this.#links.runtime(call);
    if (opcode === undefined) {
      fn.returnCall(target, ...registers);
      return;
    }
    const status = keep32(this, fn.call(target, ...registers, fn.i32.const(opcode)) as Value<'i32'>);
    const entered = fn.i32.eq(fn.get(status), fn.i32.const(layout.STATUS_SWITCH_FRAME));
    fn.if(entered, () =>
      fn.i32.store(frame(), this.#links.pushSlot(fn, this.#block.next), layout.F_RESUME),
    );
    fn.return(fn.get(status));
  }

  jump(destination: Word): void {
    const known = constantOf(destination);
    if (known !== undefined) {
      this.#jumpTo(known);
      return;
    }
    // Read before settling, which may overwrite the place where the destination lies.
    this.#jumpThroughMap(keep32(this, this.#pushPc(destination)));
  }

  /** Jumps to a pc that is known when running only. */
  #jumpThroughMap(pc: Local<'i32'>): void {
    const { fn } = this;
    this.#settleAll();
    fn.returnCall(
      this.#links.jump,
      fn.get(this.fp),
      this.#pushSp(this.#top),
      fn.get(this.#left),
      fn.get(pc),
      fn.get(this.mem),
    );
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

  /** A jump whose destination is known; one that is no JUMPDEST fails in the interpreter. */
  #jumpTo(destination: bigint): void {
    const { code } = this.#links;
    const pc = destination < BigInt(code.length) ? Number(destination) : -1;
    if (pc < 0 || code[pc] !== 0x5b || this.#links.blockAt(pc) === undefined) {
      const { fn } = this;
      this.#settleAll();
      fn.returnCall(
        this.#links.jump,
        fn.get(this.fp),
        this.#pushSp(this.#top),
        fn.get(this.#left),
        fn.i32.const(pc),
        fn.get(this.mem),
      );
      return;
    }
    this.#settleAll();
    this.#transfer(pc);
  }

  jumpIf(destination: Word, condition: Word): void {
    const known = constantOf(condition);
    if (known !== undefined) {
      if (known === 0n) this.fallThrough(this.#block.next);
      else this.jump(destination);
      return;
    }
    const { fn } = this;
    const taken = keep32(this, pushIsNonzero(this, condition));
    // What both ways need is stored once, before they part.
    const target = constantOf(destination) ?? destination;
    const pc = typeof target === 'bigint' ? undefined : keep32(this, this.#pushPc(target));
    this.#settleAll();
    fn.if(fn.get(taken), () => {
      if (typeof target === 'bigint') this.#jumpTo(target);
      else this.#jumpThroughMap(pc as Local<'i32'>);
    });
    this.#transfer(this.#block.next);
  }

  /** Goes on at a block with the stack settled. */
  #transfer(pc: number): void {
    const { fn } = this;
    const target = this.#links.blockAt(pc);
    fn.returnCall(
      target ?? this.#links.interpret,
      fn.get(this.fp),
      this.#pushSp(this.#top),
      fn.get(this.#left),
      fn.i32.const(pc),
      fn.get(this.mem),
    );
  }

  // ---------------------------------------------------------------- the runtime

  runtime(name: RuntimeCallName): FunctionRef {
    return this.#links.runtime(name);
  }

  callOnWords(name: WordCallName, pops: number): void {
    const { fn } = this;
    this.#settle(this.#top - pops, this.#top);
    const address = (position: number) =>
      fn.i32.add(fn.get(this.#low), fn.i32.const(this.#offset(position)));
    const result = this.#top - pops;
    this.#protect(result);
    const operands = [address(result)];
    for (let i = 1; i <= pops; i++) operands.push(address(this.#top - i));
    fn.call(this.runtime(name), ...operands);
    this.#top = result;
    this.push(this.#home(result));
  }

  /** Reads items that refer to the home of `position`, which is about to be overwritten. */
  #protect(position: number): void {
    const offset = this.#offset(position);
    for (let p = 0; p < position; p++) {
      const word = this.#items[p] as Word;
      if (word.kind === 'memory' && word.base === this.#low && word.offset === offset) {
        this.#items[p] = halvesOf(this, word);
      }
    }
  }

  callOperation(name: OperationName, pops: number, pushes: number): void {
    const { fn } = this;
    this.#settle(this.#top - pops, this.#top);
    const result = this.#top - pops;
    if (pushes > 0) this.#protect(result);
    const registers = [fn.get(this.fp), this.#pushSp(this.#top), fn.get(this.#left)];
    this.#takeResult(fn.call(this.runtime(name), ...registers) as Value<'i64'>);
    this.#top = result;
    for (let i = 0; i < pushes; i++) this.push(this.#home(this.#top));
  }

  callLog(topics: number): void {
    const { fn } = this;
    this.#settle(this.#top - topics - 2, this.#top);
    const registers = [fn.get(this.fp), this.#pushSp(this.#top), fn.get(this.#left)];
    const log = fn.call(this.runtime('opLog'), ...registers, fn.i32.const(topics));
    this.#takeResult(log as Value<'i64'>);
    this.#top -= topics + 2;
  }

  #takeResult(value: Value<'i64'>): void {
    const result = this.i64();
    this.fn.set(result, value);
    this.failIfNegative(result);
    this.setGas(result);
  }

  scratch(): { base: Local<'i32'>; offset: number } {
    return { base: this.fp, offset: layout.F_SCRATCH_0 };
  }
}
