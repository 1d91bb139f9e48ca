/**
 * Functions that all regions of a module share: ways out, gas, and code that rarely runs and should
 * be short where it is called.
 */
import type { FunctionBuilder, FunctionRef, Local } from '../../wasm/function.ts';
import type { ModuleBuilder } from '../../wasm/module.ts';
import { COMPILED_SLOT } from '../interpreter/assemble.ts';
import * as layout from '../layout.ts';
import { WORD_BYTES } from '../words/word.ts';

/** (fp, sp, gas, pc, mem): goes on in the interpreter at pc. */
export function defineInterpret(module: ModuleBuilder, type: number): FunctionRef {
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
export function defineJump(module: ModuleBuilder, type: number): FunctionRef {
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

/**
 * (fp, sp, gas, pc, table index): the slice does not pay for what follows. The driver looks up from
 * its work, grants more, and goes on at the function that is named, which V8 may have optimised
 * meanwhile. Without a reserve the interpreter finds the instruction that can not be paid for.
 */
export function defineAskForGas(module: ModuleBuilder, interpret: FunctionRef): FunctionRef {
  const name = 'ask for gas';
  const type = module.type(['i32', 'i32', 'i64', 'i32', 'i32'], ['i32']);
  const fn = module.function(name, type);
  const [fp, sp, gas] = [fn.param(0, 'i32'), fn.param(1, 'i32'), fn.param(2, 'i64')];
  const [pc, index] = [fn.param(3, 'i32'), fn.param(4, 'i32')];
  const reserve = fn.i64.load(fn.i32.load(fn.get(fp), layout.F_CTX), layout.C_GAS_RESERVE);
  fn.if(fn.i64.eqz(reserve), () => {
    const mem = () => fn.i32.load(fn.get(fp), layout.F_MEM);
    fn.returnCall(interpret, fn.get(fp), fn.get(sp), fn.get(gas), fn.get(pc), mem());
  });
  fn.i32.store(fn.get(fp), fn.get(sp), layout.F_SP);
  fn.i64.store(fn.get(fp), fn.get(gas), layout.F_GAS);
  fn.i32.store(fn.get(fp), fn.get(index), layout.F_RESUME);
  const frame = fn.get(fp);
  const start = fn.i32.add(fn.i32.load(fn.get(fp), layout.F_CODE), fn.get(pc));
  fn.i32.store(frame, fn.i32.add(start, fn.i32.const(layout.CODE_BYTES)), layout.F_IP);
  fn.return(fn.i32.const(layout.STATUS_OUT_OF_GAS));
  return fn.ref;
}

/** (fp, gas) -> gas: tops the slice up from the reserve; negative when that does not suffice. */
export function defineRefill(module: ModuleBuilder): FunctionRef {
  const fn = module.function('refill', module.type(['i32', 'i64'], ['i64']));
  const [fp, gas] = [fn.param(0, 'i32'), fn.param(1, 'i64')];
  const ctx = fn.local('i32');
  const reserve = fn.local('i64');
  const wanted = fn.local('i64');
  fn.set(ctx, fn.i32.load(fn.get(fp), layout.F_CTX));
  fn.set(reserve, fn.i64.load(fn.get(ctx), layout.C_GAS_RESERVE));
  fn.set(wanted, fn.i64.sub(fn.i64.load(fn.get(ctx), layout.C_GAS_SLICE), fn.get(gas)));
  const less = () => fn.i64.ltS(fn.get(reserve), fn.get(wanted));
  fn.set(wanted, fn.select(fn.get(reserve), fn.get(wanted), less()));
  const rest = () => fn.i64.sub(fn.get(reserve), fn.get(wanted));
  fn.i64.store(fn.get(ctx), rest(), layout.C_GAS_RESERVE);
  fn.return(fn.i64.add(fn.get(gas), fn.get(wanted)));
  return fn.ref;
}

/** (fp, gas, end) -> gas left in the slice, or a status: expandMemory by all gas there is. */
export function defineExpand(module: ModuleBuilder, expandMemory: FunctionRef): FunctionRef {
  const fn = module.function('expand', module.type(['i32', 'i64', 'i64'], ['i64']));
  const [fp, gas, end] = [fn.param(0, 'i32'), fn.param(1, 'i64'), fn.param(2, 'i64')];
  const ctx = fn.local('i32');
  const left = fn.local('i64');
  fn.set(ctx, fn.i32.load(fn.get(fp), layout.F_CTX));
  growBySteps(fn, { fp, ctx, gas, end });
  const all = () => fn.i64.add(fn.get(gas), fn.i64.load(fn.get(ctx), layout.C_GAS_RESERVE));
  fn.set(left, fn.call(expandMemory, fn.get(fp), all(), fn.get(end)));
  fn.if(fn.i64.ltS(fn.get(left), fn.i64.const(0)), () => fn.return(fn.get(left)));
  // The reserve pays first: a loop that only grows memory still comes to the end of its slice.
  const less = () => fn.i64.ltS(fn.get(left), fn.get(gas));
  fn.set(gas, fn.select(fn.get(left), fn.get(gas), less()));
  const rest = () => fn.i64.sub(fn.get(left), fn.get(gas));
  fn.i64.store(fn.get(ctx), rest(), layout.C_GAS_RESERVE);
  fn.return(fn.get(gas));
  return fn.ref;
}

/** Bytes by which the EVM memory grows without a call of the runtime. */
const STEP_BYTES = 64;

interface Growth {
  readonly fp: Local<'i32'>;
  readonly ctx: Local<'i32'>;
  readonly gas: Local<'i64'>;
  readonly end: Local<'i64'>;
}

/**
 * Returns what is left where one or two words more are needed, as loops that fill memory do, and
 * the slice pays for them: what expandMemory (runtime/memory.ts) does, without leaving the module.
 */
function growBySteps(fn: FunctionBuilder, { fp, ctx, gas, end }: Growth): void {
  const size = fn.local('i64');
  const grown = fn.local('i64');
  const left = fn.local('i64');
  const start = fn.local('i32');
  fn.set(size, fn.i64.load32U(fn.get(fp), layout.F_MEM_SIZE));
  // Neither an end that is there already nor the one that nobody can pay for is so near.
  const more = fn.i64.sub(fn.i64.sub(fn.get(end), fn.get(size)), fn.i64.const(1));
  fn.if(fn.i64.ltU(more, fn.i64.const(STEP_BYTES)), () => {
    fn.set(grown, fn.i64.and(fn.i64.add(fn.get(end), fn.i64.const(31)), fn.i64.const(-32)));
    // words^2 / 512
    const quadratic = (bytes: Local<'i64'>) =>
      fn.i64.shrU(fn.i64.mul(fn.get(bytes), fn.get(bytes)), fn.i64.const(19));
    const words = fn.i64.shrU(fn.i64.sub(fn.get(grown), fn.get(size)), fn.i64.const(5));
    const linear = fn.i64.mul(words, fn.i64.const(3));
    fn.set(left, fn.i64.sub(fn.i64.add(linear, quadratic(grown)), quadratic(size)));
    fn.set(left, fn.i64.sub(fn.get(gas), fn.get(left)));
    fn.set(start, fn.i32.load(fn.get(fp), layout.F_MEM));
    const top = fn.i64.add(fn.get(grown), fn.i64.extendI32U(fn.get(start)));
    const fits = fn.i64.leU(top, fn.i64.load32U(fn.get(ctx), layout.C_RETURN_DATA));
    fn.if(fn.i32.and(fits, fn.i64.geS(fn.get(left), fn.i64.const(0))), () => {
      fn.set(start, fn.i32.add(fn.get(start), fn.i32.wrapI64(fn.get(size))));
      clearWord(fn, start, 0);
      const isOne = fn.i64.eq(fn.i64.sub(fn.get(grown), fn.get(size)), fn.i64.const(WORD_BYTES));
      fn.if(fn.i32.eqz(isOne), () => clearWord(fn, start, WORD_BYTES));
      fn.i32.store(fn.get(fp), fn.i32.wrapI64(fn.get(grown)), layout.F_MEM_SIZE);
      fn.return(fn.get(left));
    });
  });
}

function clearWord(fn: FunctionBuilder, address: Local<'i32'>, offset: number): void {
  for (const half of [0, 16]) {
    fn.v128.store(fn.get(address), fn.v128.const(new Uint8Array(16)), offset + half);
  }
}

/** (fp) -> status: out of gas, and nothing in reserve. */
export function defineOutOfGas(module: ModuleBuilder): FunctionRef {
  const fn = module.function('out of gas', module.type(['i32'], ['i32']));
  const ctx = fn.i32.load(fn.get(fn.param(0, 'i32')), layout.F_CTX);
  fn.i64.store(ctx, fn.i64.const(0), layout.C_GAS_RESERVE);
  fn.return(fn.i32.const(layout.STATUS_OUT_OF_GAS));
  return fn.ref;
}

/** (base, offset, limb...): stores a word of which only so many limbs may be nonzero. */
export function defineStore(module: ModuleBuilder, limbs: 1 | 4): FunctionRef {
  const values = Array.from({ length: limbs }, () => 'i64' as const);
  const name = limbs === 1 ? 'store limb' : 'store limbs';
  const fn = module.function(name, module.type(['i32', 'i32', ...values], []));
  const address = fn.local('i32');
  fn.set(address, fn.i32.add(fn.get(fn.param(0, 'i32')), fn.get(fn.param(1, 'i32'))));
  for (let i = 0; i < 4; i++) {
    const limb = () => (i < limbs ? fn.get(fn.param(2 + i, 'i64')) : fn.i64.const(0));
    fn.i64.store(fn.get(address), limb(), 8 * i);
  }
  return fn.ref;
}
