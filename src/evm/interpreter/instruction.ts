/**
 * The macro-assembler for one opcode as a function of its own: operands are read from the EVM
 * stack in memory, results are stored there, and the loop over instructions (loop.ts) is
 * tail-called.
 *
 *   fp, sp, gas, ip, mem  ->  checks  ->  meaning  ->  fp, sp', left, ip', mem
 *
 * The parameters are not written before the meaning has ended, so that a way out can always hand
 * over the state as it was before the instruction.
 */
import type { FunctionBuilder, FunctionRef, Local, Value } from '../../wasm/function.ts';
import type { ForkName } from '../forks/names.ts';
import * as layout from '../layout.ts';
import type { Assembler } from '../opcodes/assembler.ts';
import type { OperationName, RuntimeCallName, WordCallName } from '../opcodes/runtime-calls.ts';
import {
  PAIR_INVALID,
  PAIR_MASK,
  PAIR_SUM,
  SINGLE_INVALID,
  SINGLE_OFFSET,
  VALID_AGAIN,
} from '../opcodes/stack-immediates.ts';
import { type OpcodeRow, opcodeByte, staticGas } from '../opcodes/table.ts';
import { pushImmediateHalf } from '../words/bytes.ts';
import { pushIsNonzero } from '../words/comparison.ts';
import {
  fromLimb,
  halvesOf,
  keep,
  keep32,
  limbOf,
  pushLimb,
  pushValue,
  storeWord,
  WORD_BYTES,
  type Word,
  widthOf,
} from '../words/word.ts';

/** What all functions of an interpreter share. */
export interface InterpreterLinks {
  readonly fork: ForkName;
  /** Type of an opcode's function. */
  readonly type: number;
  readonly runtime: ReadonlyMap<RuntimeCallName, FunctionRef>;
  /** (fp, sp, gas, ip, status) -> status: saves the registers in the frame. */
  readonly save: FunctionRef;
  /** Where to go on after an instruction; undefined: return to the host after each. */
  readonly loop: FunctionRef | undefined;
}

const JUMPDEST = opcodeByte('JUMPDEST');

export class InstructionAssembler implements Assembler {
  readonly fn: FunctionBuilder;
  readonly fork: ForkName;
  readonly fp: Local<'i32'>;
  readonly mem: Local<'i32'>;
  protected readonly sp: Local<'i32'>;
  protected readonly gas: Local<'i64'>;
  protected readonly ip: Local<'i32'>;
  /** Gas left after this instruction. */
  protected readonly left: Local<'i64'>;
  protected readonly links: InterpreterLinks;
  readonly #row: OpcodeRow;
  /** The stack's top in words above sp: grows with pops, falls with pushes. */
  #top = 0;

  constructor(fn: FunctionBuilder, row: OpcodeRow, links: InterpreterLinks) {
    this.fn = fn;
    this.fork = links.fork;
    this.#row = row;
    this.links = links;
    this.fp = fn.param(0, 'i32');
    this.sp = fn.param(1, 'i32');
    this.gas = fn.param(2, 'i64');
    this.ip = fn.param(3, 'i32');
    this.mem = fn.param(4, 'i32');
    this.left = fn.local('i64');
  }

  i64(): Local<'i64'> {
    return this.fn.local('i64');
  }

  i32(): Local<'i32'> {
    return this.fn.local('i32');
  }

  v128(): Local<'v128'> {
    return this.fn.local('v128');
  }

  /** Stack bounds and static gas: what a meaning may assume. */
  begin(): void {
    const { fn } = this;
    const { pops, pushes } = this.#row;
    const used = () => fn.i32.sub(fn.get(this.fp), fn.get(this.sp));
    if (pops > 0) {
      const missing = fn.i32.ltU(used(), fn.i32.const(pops * WORD_BYTES));
      this.failIf(missing, layout.STATUS_STACK_UNDERFLOW);
    }
    if (pushes > pops) {
      const limit = layout.STACK_BYTES - (pushes - pops) * WORD_BYTES;
      this.failIf(fn.i32.gtU(used(), fn.i32.const(limit)), layout.STATUS_STACK_OVERFLOW);
    }
    const price = staticGas(this.#row, this.fork);
    if (price > 0) {
      const poor = fn.i64.ltS(fn.get(this.gas), fn.i64.const(price));
      this.failIf(poor, layout.STATUS_OUT_OF_GAS);
    }
    fn.set(this.left, fn.i64.sub(fn.get(this.gas), fn.i64.const(price)));
  }

  /** Goes on at the next instruction. */
  next(): void {
    const { fn } = this;
    const length = 1 + this.#row.immediate;
    this.goOn(() => fn.i32.add(fn.get(this.ip), fn.i32.const(length)));
  }

  /** Goes on at another instruction, interpreted. */
  protected goOn(pushIp: () => Value<'i32'>): void {
    const { fn, links } = this;
    const [fp, sp, left, ip] = [fn.get(this.fp), this.pushTop(), fn.get(this.left), pushIp()];
    if (links.loop !== undefined) fn.returnCall(links.loop, fp, sp, left, ip, fn.get(this.mem));
    else fn.returnCall(links.save, fp, sp, left, ip, fn.i32.const(layout.STATUS_STEP));
  }

  /** Pushes the stack pointer as it is after this instruction. */
  protected pushTop(): Value<'i32'> {
    const { fn } = this;
    if (this.#top === 0) return fn.get(this.sp);
    return fn.i32.add(fn.get(this.sp), fn.i32.const(this.#top * WORD_BYTES));
  }

  // ---------------------------------------------------------------- operands

  pop(): Word {
    const offset = this.#top * WORD_BYTES;
    this.#top += 1;
    return { kind: 'memory', base: this.sp, offset };
  }

  push(word: Word): void {
    this.#top -= 1;
    if (this.#top >= 0) {
      storeWord(this, word, this.sp, this.#top * WORD_BYTES);
      return;
    }
    const { fn } = this;
    const below = this.i32();
    fn.set(below, this.pushTop());
    storeWord(this, word, below, 0);
  }

  immediate(): Word {
    const { fn } = this;
    const place = { address: this.ip, offset: 1, count: this.#row.immediate };
    const low = this.v128();
    const high = this.v128();
    fn.set(low, pushImmediateHalf(this, place, 0));
    fn.set(high, pushImmediateHalf(this, place, 1));
    return { kind: 'halves', low, high };
  }

  programCounter(): Word {
    const { fn } = this;
    const code = fn.i32.load(fn.get(this.fp), layout.F_CODE);
    const start = fn.i32.add(code, fn.i32.const(layout.CODE_BYTES));
    // ip - start, with start pushed first: negate.
    const pc = fn.i32.mul(fn.i32.sub(start, fn.get(this.ip)), fn.i32.const(-1));
    return fromLimb(keep(this, fn.i64.extendI32U(pc)));
  }

  duplicate(depth: number): void {
    this.push(halvesOf(this, this.#item(depth)));
  }

  exchange(depth: number): void {
    const top = halvesOf(this, this.#item(0));
    const other = halvesOf(this, this.#item(depth));
    storeWord(this, other, this.sp, 0);
    storeWord(this, top, this.sp, depth * WORD_BYTES);
  }

  duplicateByImmediate(): void {
    const depth = this.#singleOf();
    const item = this.#itemBelow(() => this.fn.i32.sub(this.fn.get(depth), this.fn.i32.const(1)));
    this.push(halvesOf(this, { kind: 'memory', base: item, offset: 0 }));
  }

  exchangeByImmediate(): void {
    const depth = this.#singleOf();
    this.#exchangeAt(
      this.sp,
      this.#itemBelow(() => this.fn.get(depth)),
    );
  }

  exchangePairByImmediate(): void {
    const { fn } = this;
    const byte = this.#immediateByte(PAIR_INVALID);
    const both = keep32(this, fn.i32.xor(fn.get(byte), fn.i32.const(PAIR_MASK)));
    const high = keep32(this, fn.i32.shrU(fn.get(both), fn.i32.const(4)));
    const low = keep32(this, fn.i32.and(fn.get(both), fn.i32.const(15)));
    const [first, second] = [this.i32(), this.i32()];
    fn.set(first, fn.i32.add(fn.get(low), fn.i32.const(1)));
    fn.set(second, fn.i32.sub(fn.i32.const(PAIR_SUM), fn.get(high)));
    fn.if(fn.i32.ltU(fn.get(high), fn.get(low)), () => {
      fn.set(first, fn.i32.add(fn.get(high), fn.i32.const(1)));
      fn.set(second, fn.i32.add(fn.get(low), fn.i32.const(1)));
    });
    // The second lies deeper: with it the first is there, too.
    const deeper = this.#itemBelow(() => fn.get(second));
    this.#exchangeAt(
      this.#itemBelow(() => fn.get(first)),
      deeper,
    );
  }

  #singleOf(): Local<'i32'> {
    const { fn } = this;
    const byte = this.#immediateByte(SINGLE_INVALID);
    const sum = fn.i32.add(fn.get(byte), fn.i32.const(SINGLE_OFFSET));
    return keep32(this, fn.i32.and(sum, fn.i32.const(255)));
  }

  /** The immediate byte; fails for one from `invalid` up to VALID_AGAIN. */
  #immediateByte(invalid: number): Local<'i32'> {
    const { fn } = this;
    const byte = keep32(this, fn.i32.load8U(fn.get(this.ip), 1));
    const above = fn.i32.sub(fn.get(byte), fn.i32.const(invalid));
    const outside = fn.i32.ltU(above, fn.i32.const(VALID_AGAIN - invalid));
    this.failIf(outside, layout.STATUS_INVALID_OPCODE);
    return byte;
  }

  /** Address of the item so far below the top; fails where the stack has none. */
  #itemBelow(pushDepth: () => Value<'i32'>): Local<'i32'> {
    const { fn } = this;
    const distance = fn.i32.mul(pushDepth(), fn.i32.const(WORD_BYTES));
    const item = keep32(this, fn.i32.add(fn.get(this.sp), distance));
    this.failIf(fn.i32.geU(fn.get(item), fn.get(this.fp)), layout.STATUS_STACK_UNDERFLOW);
    return item;
  }

  #exchangeAt(a: Local<'i32'>, b: Local<'i32'>): void {
    const first = halvesOf(this, { kind: 'memory', base: a, offset: 0 });
    const second = halvesOf(this, { kind: 'memory', base: b, offset: 0 });
    storeWord(this, second, a, 0);
    storeWord(this, first, b, 0);
  }

  #item(depth: number): Word {
    return { kind: 'memory', base: this.sp, offset: depth * WORD_BYTES };
  }

  refine(): void {}

  // ---------------------------------------------------------------- gas

  pushGas(): Value<'i64'> {
    return this.fn.get(this.left);
  }

  setGas(left: Local<'i64'>): void {
    this.fn.set(this.left, this.fn.get(left));
  }

  charge(cost: Local<'i64'>): void {
    const { fn } = this;
    const poor = fn.i64.ltS(fn.get(this.left), fn.get(cost));
    this.failIf(poor, layout.STATUS_OUT_OF_GAS);
    fn.set(this.left, fn.i64.sub(fn.get(this.left), fn.get(cost)));
  }

  // ---------------------------------------------------------------- memory

  /** One opcode knows nothing of what came before it. */
  readonly memoryEnd = 0;

  noteMemory(): void {}

  growMemory(end: Local<'i64'>): void {
    const { fn } = this;
    const registers = [fn.get(this.fp), fn.get(this.left), fn.get(end)];
    const left = keep(this, fn.call(this.runtime('expandMemory'), ...registers));
    this.failIfNegative(left);
    this.setGas(left);
  }

  // ---------------------------------------------------------------- ways out

  rarely(condition: Value<'i32'>, body: () => void): void {
    this.fn.hint(false);
    this.fn.if(condition, body);
  }

  failIf(condition: Value<'i32'>, status: number): void {
    this.fn.hint(false);
    this.fn.if(condition, () => this.fail(status));
  }

  exitIf(): void {
    throw new RangeError('the interpreter knows nothing of its operands');
  }

  failIfNegative(result: Local<'i64'>): void {
    const { fn } = this;
    const negative = fn.i64.ltS(fn.get(result), fn.i64.const(0));
    fn.hint(false);
    fn.if(negative, () =>
      this.leave(() => fn.i32.sub(fn.i32.const(0), fn.i32.wrapI64(fn.get(result)))),
    );
  }

  fail(status: number): void {
    this.leave(() => this.fn.i32.const(status));
  }

  /** Saves the state as before the instruction and returns a status. */
  protected leave(pushStatus: () => Value<'i32'>): void {
    const { fn } = this;
    fn.returnCall(
      this.links.save,
      fn.get(this.fp),
      fn.get(this.sp),
      fn.get(this.gas),
      fn.get(this.ip),
      pushStatus(),
    );
  }

  finish(status: number, output?: { address: Local<'i32'>; size: Local<'i32'> }): void {
    const { fn } = this;
    if (output !== undefined) {
      fn.i32.store(fn.get(this.fp), fn.get(output.address), layout.F_OUTPUT);
    }
    const size = () => (output === undefined ? fn.i32.const(0) : fn.get(output.size));
    fn.i32.store(fn.get(this.fp), size(), layout.F_OUTPUT_SIZE);
    fn.returnCall(
      this.links.save,
      fn.get(this.fp),
      this.pushTop(),
      fn.get(this.left),
      fn.get(this.ip),
      fn.i32.const(status),
    );
  }

  depart(call: 'opCall' | 'opCreate' | 'opSelfdestruct', opcode?: number): void {
    const { fn } = this;
    fn.i32.store(fn.get(this.fp), fn.get(this.ip), layout.F_IP);
    fn.i32.store(fn.get(this.fp), fn.get(this.sp), layout.F_SP);
    fn.i64.store(fn.get(this.fp), fn.get(this.gas), layout.F_GAS);
    const registers = [fn.get(this.fp), fn.get(this.sp), fn.get(this.left)];
    if (opcode === undefined) fn.returnCall(this.runtime(call), ...registers);
    else fn.returnCall(this.runtime(call), ...registers, fn.i32.const(opcode));
  }

  jumpIf(destination: Word, condition: Word): void {
    this.fn.if(pushIsNonzero(this, condition), () => this.jump(destination));
    this.next();
  }

  jump(destination: Word): void {
    const { fn } = this;
    const low = limbOf(this, destination, 0);
    const code = keep32(this, fn.i32.load(fn.get(this.fp), layout.F_CODE));
    let outside: Value<'i32'> = fn.i64.geU(
      pushValue(this, low),
      fn.i64.load32U(fn.get(code), layout.CODE_SIZE),
    );
    if (widthOf(destination) > 1) {
      let above = pushLimb(this, destination, 1);
      for (let i = 2; i < widthOf(destination); i++) {
        above = fn.i64.or(above, pushLimb(this, destination, i));
      }
      outside = fn.i32.or(outside, fn.i64.ne(above, fn.i64.const(0)));
    }
    this.failIf(outside, layout.STATUS_BAD_JUMP);
    const pc = keep32(this, fn.i32.wrapI64(pushValue(this, low)));
    const block = this.#findBlock(code, pc);
    this.#enterBlock(code, pc, block);
  }

  /** The BLOCK entry of the JUMPDEST at `pc`, by the jump map; fails where there is none. */
  #findBlock(code: Local<'i32'>, pc: Local<'i32'>): Local<'i32'> {
    const { fn } = this;
    const map = fn.i32.load(fn.get(code), layout.CODE_MAP);
    const index = fn.i32.shl(fn.i32.shrU(fn.get(pc), fn.i32.const(6)), fn.i32.const(4));
    const group = keep32(this, fn.i32.add(map, index));
    const bits = keep(this, fn.i64.load(fn.get(group), 0));
    const mask = keep(this, fn.i64.shl(fn.i64.const(1), fn.i64.extendI32U(fn.get(pc))));
    const missing = fn.i64.eqz(fn.i64.and(fn.get(bits), fn.get(mask)));
    this.failIf(missing, layout.STATUS_BAD_JUMP);
    const before = fn.i64.and(fn.get(bits), fn.i64.sub(fn.get(mask), fn.i64.const(1)));
    const inGroup = fn.i32.wrapI64(fn.i64.popcnt(before));
    const rank = fn.i32.add(inGroup, fn.i32.load(fn.get(group), 8));
    const offset = fn.i32.mul(rank, fn.i32.const(layout.BLOCK_BYTES));
    return keep32(this, fn.i32.add(offset, fn.i32.load(fn.get(code), layout.CODE_BLOCKS)));
  }

  /** Counts the jump, reports hot code, and goes on in whatever runs the block. */
  #enterBlock(code: Local<'i32'>, pc: Local<'i32'>, block: Local<'i32'>): void {
    const { fn } = this;
    const destination = () => {
      const start = fn.i32.add(fn.get(code), fn.get(pc));
      return fn.i32.add(start, fn.i32.const(layout.CODE_BYTES));
    };
    if (this.links.loop === undefined) {
      this.goOn(destination);
      return;
    }
    const count = keep32(
      this,
      fn.i32.add(fn.i32.load(fn.get(block), layout.BLOCK_COUNT), fn.i32.const(1)),
    );
    fn.i32.store(fn.get(block), fn.get(count), layout.BLOCK_COUNT);
    const ctx = keep32(this, fn.i32.load(fn.get(this.fp), layout.F_CTX));
    const threshold = fn.i32.load(fn.get(ctx), layout.C_HOT_THRESHOLD);
    const hot = fn.i32.eq(threshold, fn.get(count));
    fn.hint(false);
    fn.if(hot, () => fn.i32.store(fn.get(ctx), fn.get(code), layout.C_HOT_CODE));
    const target = keep32(this, fn.i32.load(fn.get(block), layout.BLOCK_FUNCTION));
    fn.if(fn.i32.ne(fn.get(target), fn.i32.const(JUMPDEST)), () => {
      fn.returnCallIndirect(
        this.links.type,
        [fn.get(this.fp), this.pushTop(), fn.get(this.left), destination(), fn.get(this.mem)],
        fn.get(target),
      );
    });
    this.land(destination);
  }

  /** Goes on at a JUMPDEST that is interpreted. */
  protected land(pushIp: () => Value<'i32'>): void {
    this.goOn(pushIp);
  }

  // ---------------------------------------------------------------- the runtime

  runtime(name: RuntimeCallName): FunctionRef {
    const ref = this.links.runtime.get(name);
    if (ref === undefined) throw new RangeError(`the interpreter imports no runtime.${name}`);
    return ref;
  }

  callOnWords(name: WordCallName, pops: number): void {
    const { fn } = this;
    const first = this.#top;
    const address = (index: number) =>
      fn.i32.add(fn.get(this.sp), fn.i32.const((first + index) * WORD_BYTES));
    const operands = [address(pops - 1)];
    for (let i = 0; i < pops; i++) operands.push(address(i));
    fn.call(this.runtime(name), ...operands);
    this.#top += pops - 1;
  }

  callOperation(name: OperationName, pops: number, pushes: number): void {
    const { fn } = this;
    const registers = [fn.get(this.fp), fn.get(this.sp), fn.get(this.left)];
    this.#takeResult(fn.call(this.runtime(name), ...registers) as Value<'i64'>);
    this.#top += pops - pushes;
  }

  callLog(topics: number): void {
    const { fn } = this;
    const registers = [fn.get(this.fp), fn.get(this.sp), fn.get(this.left)];
    const log = fn.call(this.runtime('opLog'), ...registers, fn.i32.const(topics));
    this.#takeResult(log as Value<'i64'>);
    this.#top += topics + 2;
  }

  #takeResult(value: Value<'i64'>): void {
    const result = keep(this, value);
    this.failIfNegative(result);
    this.setGas(result);
  }

  scratch(): { base: Local<'i32'>; offset: number } {
    return { base: this.fp, offset: layout.F_SCRATCH_0 };
  }
}
