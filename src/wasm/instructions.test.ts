/** Every scalar and atomic instruction, executed, against BigInt or Number semantics. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { validateWasm } from '../../test/wasm-tools.ts';
import * as atomics from './atomic-instructions.ts';
import type { FunctionBuilder } from './function.ts';
import * as scalars from './instructions.ts';
import { ModuleBuilder } from './module.ts';
import type { Value, ValueType } from './types.ts';

type Scalar = 'i32' | 'i64' | 'f64';
type Operand = number | bigint;
type Row = readonly [readonly number[], readonly Scalar[], Scalar];
type Exports = Record<string, (...operands: Operand[]) => Operand>;
type Emit = (...operands: Value[]) => Value;

const bitsOf = (type: ValueType): number => (type === 'i32' ? 32 : 64);
const unsigned = (type: ValueType, value: Operand): bigint =>
  BigInt.asUintN(bitsOf(type), BigInt(value));
const signed = (type: ValueType, value: Operand): bigint =>
  BigInt.asIntN(bitsOf(type), BigInt(value));

/** As JavaScript hands an operand to WebAssembly. */
const given = (type: Scalar, value: Operand): Operand =>
  type === 'i32' ? Number(signed('i32', value)) : value;

/** One exported function a row, which gets the operands as parameters. */
function moduleOf(group: Scalar, rows: Record<string, Row>): Exports {
  const module = new ModuleBuilder();
  for (const [name, [, params, result]] of Object.entries(rows)) {
    const fn = module.function(name, module.type(params, [result]));
    const operands = params.map((type, index) => fn.get(fn.param(index, type)));
    (fn[group] as unknown as Record<string, Emit>)[name]?.(...operands);
    module.export(name, fn.ref);
  }
  const bytes = module.toBytes();
  validateWasm(bytes);
  return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Exports;
}

const EDGES = [
  0n, 1n, 2n, 7n, 31n, 32n, 63n, 64n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0xffffn,
  2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n - 1n, 2n ** 63n,
  2n ** 64n - 1n, 2n ** 64n - 2n, 0xaaaa_aaaa_5555_5555n,
]; // biome-ignore format: a table
const integer = fc.oneof(fc.constantFrom(...EDGES), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));

/** What a rule gives where the instruction traps. */
const TRAP = 'trap';
type Outcome = bigint | boolean | typeof TRAP;
/** Operands are unsigned; results may be of any size. */
type Rule = (a: bigint, b: bigint, bits: bigint) => Outcome;

const sign = (a: bigint, bits: bigint): bigint => BigInt.asIntN(Number(bits), a);
const binary = (a: bigint, bits: bigint): string => a.toString(2).padStart(Number(bits), '0');
const extension =
  (from: number): Rule =>
  (a) =>
    BigInt.asIntN(from, a);

const RULES: Record<string, Rule> = {
  eqz: (a) => a === 0n,
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  ltS: (a, b, n) => sign(a, n) < sign(b, n),
  ltU: (a, b) => a < b,
  gtS: (a, b, n) => sign(a, n) > sign(b, n),
  gtU: (a, b) => a > b,
  leS: (a, b, n) => sign(a, n) <= sign(b, n),
  leU: (a, b) => a <= b,
  geS: (a, b, n) => sign(a, n) >= sign(b, n),
  geU: (a, b) => a >= b,
  clz: (a, _b, n) => BigInt(binary(a, n).indexOf('1') < 0 ? n : binary(a, n).indexOf('1')),
  ctz: (a, _b, n) => (a === 0n ? n : n - 1n - BigInt(binary(a, n).lastIndexOf('1'))),
  popcnt: (a, _b, n) => BigInt(binary(a, n).replaceAll('0', '').length),
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  divS: (a, b, n) =>
    b === 0n || (sign(b, n) === -1n && a === 1n << (n - 1n)) ? TRAP : sign(a, n) / sign(b, n),
  divU: (a, b) => (b === 0n ? TRAP : a / b),
  remS: (a, b, n) => (b === 0n ? TRAP : sign(a, n) % sign(b, n)),
  remU: (a, b) => (b === 0n ? TRAP : a % b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b, n) => a << (b % n),
  shrS: (a, b, n) => sign(a, n) >> (b % n),
  shrU: (a, b, n) => a >> (b % n),
  rotl: (a, b, n) => (a << (b % n)) | (a >> (n - (b % n))),
  rotr: (a, b, n) => (a >> (b % n)) | (a << (n - (b % n))),
  extend8S: extension(8),
  extend16S: extension(16),
  extend32S: extension(32),
  wrapI64: (a) => a,
  extendI32S: extension(32),
  extendI32U: (a) => a,
};

/** Rows between integers; those that take doubles are tested below. */
function integerRows(rows: Record<string, Row>): Record<string, Row> {
  return Object.fromEntries(Object.entries(rows).filter(([, row]) => !row[1].includes('f64')));
}

describe.each([
  ['i32', integerRows(scalars.I32)],
  ['i64', integerRows(scalars.I64)],
] as const)('%s', (group, rows) => {
  const exports = moduleOf(group, rows);

  test.each(Object.entries(rows))('%s', (name, [, params, result]) => {
    const rule = RULES[name] as Rule;
    const [first = group, second = group] = params;
    const run = exports[name] as Exports[string];
    const check = (x: bigint, y: bigint): void => {
      const [a, b] = [unsigned(first, x), unsigned(second, y)];
      const expected = rule(a, b, BigInt(bitsOf(group)));
      const call = () => run(given(first, a), given(second, b));
      if (expected === TRAP) expect(call).toThrow(WebAssembly.RuntimeError);
      else expect(unsigned(result, call())).toBe(unsigned(result, BigInt(expected)));
    };
    for (const a of EDGES) for (const b of EDGES) check(a, b);
    fc.assert(fc.property(integer, integer, check));
  });
});

const DOUBLES = [
  0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, 1e-300, 1e300, 2 ** 31, -(2 ** 31), 2 ** 31 - 1, 2 ** 32,
  2 ** 53 + 2, 2 ** 63, -(2 ** 63), 2 ** 64, Infinity, -Infinity, NaN,
]; // biome-ignore format: a table
const double = fc.oneof(fc.constantFrom(...DOUBLES), fc.double());

function nearest(a: number): number {
  if (!Number.isFinite(a) || Math.abs(a) >= 2 ** 52) return a;
  const low = Math.floor(a);
  const even = low % 2 === 0 ? low : low + 1;
  const rounded = a - low === 0.5 ? even : Math.round(a);
  return rounded === 0 && (a < 0 || Object.is(a, -0)) ? -0 : rounded;
}

const DOUBLE_RULES: Record<string, (a: number, b: number) => number> = {
  eq: (a, b) => Number(a === b),
  ne: (a, b) => Number(a !== b),
  lt: (a, b) => Number(a < b),
  gt: (a, b) => Number(a > b),
  le: (a, b) => Number(a <= b),
  ge: (a, b) => Number(a >= b),
  abs: (a) => Math.abs(a),
  neg: (a) => -a,
  ceil: (a) => Math.ceil(a),
  floor: (a) => Math.floor(a),
  trunc: (a) => Math.trunc(a),
  nearest,
  sqrt: (a) => Math.sqrt(a),
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  min: (a, b) => Math.min(a, b),
  max: (a, b) => Math.max(a, b),
  copysign: (a, b) => (b < 0 || Object.is(b, -0) ? -Math.abs(a) : Math.abs(a)),
};

describe('f64', () => {
  const rows = Object.entries<Row>(scalars.F64);
  const exports = moduleOf('f64', scalars.F64);
  const arithmetic = rows.filter(([, row]) => row[1].every((type) => type === 'f64'));

  test.each(arithmetic)('%s', (name) => {
    const rule = DOUBLE_RULES[name] as (a: number, b: number) => number;
    const check = (a: number, b: number): void => {
      // The sign of a NaN can be seen by copysign alone, and JavaScript does not show it.
      if (name === 'copysign' && Number.isNaN(b)) return;
      expect(exports[name]?.(a, b)).toBe(rule(a, b));
    };
    for (const a of DOUBLES) for (const b of DOUBLES) check(a, b);
    fc.assert(fc.property(double, double, check));
  });

  test('conversions from integers', () => {
    const bits = new DataView(new ArrayBuffer(8));
    fc.assert(
      fc.property(integer, (a) => {
        const low = given('i32', unsigned('i32', a));
        expect(exports['convertI32S']?.(low)).toBe(Number(signed('i32', a)));
        expect(exports['convertI32U']?.(low)).toBe(Number(unsigned('i32', a)));
        expect(exports['convertI64S']?.(a)).toBe(Number(signed('i64', a)));
        expect(exports['convertI64U']?.(a)).toBe(Number(a));
        bits.setBigUint64(0, a);
        expect(exports['reinterpretI64']?.(a)).toBe(bits.getFloat64(0));
      }),
    );
  });

  test.each(['i32', 'i64'] as const)('conversions to %s', (type) => {
    const toInteger = moduleOf(type, fromDoubles(type === 'i32' ? scalars.I32 : scalars.I64));
    const check = (a: number): void => {
      for (const isSigned of [true, false]) {
        const suffix = isSigned ? 'S' : 'U';
        const exact = Number.isFinite(a) ? BigInt(Math.trunc(a)) : undefined;
        const bits = BigInt(bitsOf(type));
        const min = isSigned ? -(1n << (bits - 1n)) : 0n;
        const max = isSigned ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n;
        const fits = exact !== undefined && exact >= min && exact <= max;
        const clamped = Number.isNaN(a) ? 0n : fits ? exact : a < 0 ? min : max;
        const saturating = toInteger[`truncSatF64${suffix}`]?.(a) as Operand;
        expect(unsigned(type, saturating)).toBe(unsigned(type, clamped));
        const trapping = () => toInteger[`truncF64${suffix}`]?.(a) as Operand;
        if (fits) expect(unsigned(type, trapping())).toBe(unsigned(type, exact));
        else expect(trapping).toThrow(WebAssembly.RuntimeError);
      }
    };
    for (const a of DOUBLES) check(a);
    fc.assert(fc.property(double, check));
  });
});

function fromDoubles(rows: Record<string, Row>): Record<string, Row> {
  return Object.fromEntries(Object.entries(rows).filter(([, row]) => row[1].includes('f64')));
}

// ---------------------------------------------------------------- memory

/** Value type, bits accessed and sign, from names like `load8S`, `atomicRmw16AddU`. */
function accessOf(group: Scalar, name: string): { bits: number; isSigned: boolean } {
  const bits = Number(/\d+/.exec(name)?.[0] ?? bitsOf(group));
  return { bits, isSigned: name.endsWith('S') };
}

type AccessRow = readonly [readonly number[], Scalar, number];

interface MemoryExports {
  readonly run: Exports;
  readonly view: DataView;
}

function memoryModule(
  group: Scalar,
  rows: Record<string, AccessRow>,
  values: number,
  gives: boolean,
): MemoryExports {
  const module = new ModuleBuilder();
  module.memory({ initial: 1, maximum: 1, shared: true });
  module.exportMemory('memory');
  for (const name of Object.keys(rows)) {
    const params = ['i32', ...Array<Scalar>(values).fill(group)] as const;
    const fn = module.function(name, module.type(params, gives ? [group] : []));
    const operands = params.map((type, index) => fn.get(fn.param(index, type)));
    emitWithOffset(fn, group, name, operands);
    module.export(name, fn.ref);
  }
  const bytes = module.toBytes();
  validateWasm(bytes);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const memory = exports['memory'] as WebAssembly.Memory;
  return { run: exports as Exports, view: new DataView(memory.buffer) };
}

const OFFSET = 8;

function emitWithOffset(fn: FunctionBuilder, group: Scalar, name: string, operands: Value[]): void {
  const methods = fn[group] as unknown as Record<string, (...operands: unknown[]) => Value>;
  methods[name]?.(...operands, OFFSET);
}

/** The little-endian integer of `bits` bits at the place accessed. */
function peek(view: DataView, bits: number): bigint {
  return BigInt.asUintN(bits, view.getBigUint64(16 + OFFSET, true));
}

const MEMORY_GROUPS = [
  {
    group: 'i32',
    loads: { ...scalars.I32_LOADS, ...atomics.I32_ATOMIC_LOADS },
    stores: { ...scalars.I32_STORES, ...atomics.I32_ATOMIC_STORES },
    rmw: atomics.I32_ATOMIC_RMW,
    exchanges: atomics.I32_ATOMIC_CMPXCHG,
  },
  {
    group: 'i64',
    loads: { ...scalars.I64_LOADS, ...atomics.I64_ATOMIC_LOADS },
    stores: { ...scalars.I64_STORES, ...atomics.I64_ATOMIC_STORES },
    rmw: atomics.I64_ATOMIC_RMW,
    exchanges: atomics.I64_ATOMIC_CMPXCHG,
  },
] as const;

describe.each(MEMORY_GROUPS)('$group in memory', ({ group, loads, stores, rmw, exchanges }) => {
  test('loads', () => {
    const { run, view } = memoryModule(group, loads, 0, true);
    const check = (content: bigint): void => {
      view.setBigUint64(16 + OFFSET, content, true);
      for (const name of Object.keys(loads)) {
        const { bits, isSigned } = accessOf(group, name);
        const raw = peek(view, bits);
        const expected = isSigned ? BigInt.asIntN(bits, raw) : raw;
        expect(unsigned(group, run[name]?.(16) as Operand), name).toBe(unsigned(group, expected));
      }
    };
    fc.assert(fc.property(integer, check));
  });

  test('stores', () => {
    const { run, view } = memoryModule(group, stores, 1, false);
    const check = (before: bigint, value: bigint): void => {
      for (const name of Object.keys(stores)) {
        const { bits } = accessOf(group, name);
        view.setBigUint64(16 + OFFSET, before, true);
        run[name]?.(16, given(group, value));
        const kept = (before >> BigInt(bits)) << BigInt(bits);
        expect(peek(view, 64), name).toBe(kept | BigInt.asUintN(bits, value));
      }
    };
    fc.assert(fc.property(integer, integer, check));
  });

  test('atomic read-modify-writes', () => {
    const { run, view } = memoryModule(group, rmw, 1, true);
    const check = (before: bigint, value: bigint): void => {
      for (const name of Object.keys(rmw)) {
        const { bits } = accessOf(group, name);
        view.setBigUint64(16 + OFFSET, before, true);
        const old = peek(view, bits);
        const gave = run[name]?.(16, given(group, value)) as Operand;
        const operation = /Add|Sub|And|Or|Xor|Xchg/.exec(name)?.[0].toLowerCase() ?? '';
        const rule = RULES[operation] ?? ((_a: bigint, b: bigint) => b);
        const written = BigInt.asUintN(bits, rule(old, value, 64n) as bigint);
        expect(unsigned(group, gave), name).toBe(old);
        expect(peek(view, 64), name).toBe(((before >> BigInt(bits)) << BigInt(bits)) | written);
      }
    };
    fc.assert(fc.property(integer, integer, check));
  });

  test('atomic compare-exchanges', () => {
    const { run, view } = memoryModule(group, exchanges, 2, true);
    const check = (before: bigint, guess: bigint, value: bigint, hit: boolean): void => {
      for (const name of Object.keys(exchanges)) {
        const { bits } = accessOf(group, name);
        view.setBigUint64(16 + OFFSET, before, true);
        const old = peek(view, bits);
        const expected = hit ? old : unsigned(group, guess);
        const gave = run[name]?.(16, given(group, expected), given(group, value)) as Operand;
        // Narrow ones compare as many bits as they access.
        const written = BigInt.asUintN(bits, expected) === old ? BigInt.asUintN(bits, value) : old;
        expect(unsigned(group, gave), name).toBe(old);
        expect(peek(view, bits), name).toBe(written);
      }
    };
    fc.assert(fc.property(integer, integer, integer, fc.boolean(), check));
  });
});

test('alignments below the natural one, and offsets up to 2^32 - 1', () => {
  const module = new ModuleBuilder();
  module.memory({ initial: 1, maximum: 1, shared: false });
  const fn = module.function('f', module.type(['i32'], ['i64']));
  const address = fn.param(0, 'i32');
  fn.drop(fn.i64.load(fn.get(address), 0xffff_ffff, 1));
  fn.i64.load(fn.get(address), 3, 4);
  module.export('f', fn.ref);
  const bytes = module.toBytes();
  validateWasm(bytes);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  expect(() => (exports as Exports)['f']?.(0)).toThrow(WebAssembly.RuntimeError);
  expect(() => fn.i64.load(fn.get(address), 2 ** 32)).toThrow('4294967296 is not an unsigned');
  expect(() => fn.i64.load(fn.get(address), 0, 16)).toThrow('up to 8, not 16');
  expect(() => fn.i64.load(fn.get(address), 0, 3)).toThrow('not 3');
});

test('constants outside of their range are refused', () => {
  const module = new ModuleBuilder();
  const { i32, i64 } = module.function('f', module.type([], []));
  for (const value of [2 ** 32, -(2 ** 31) - 1, 1.5, Number.NaN, 1n << 32n]) {
    expect(() => i32.const(value)).toThrow('is not a 32-bit integer');
  }
  for (const value of [1n << 64n, -(1n << 63n) - 1n]) {
    expect(() => i64.const(value)).toThrow('is not a 64-bit integer');
  }
});

test('constants of 32 bits and doubles arrive as they are', () => {
  const constant = (type: Scalar, value: Operand): Operand => {
    const module = new ModuleBuilder();
    const fn = module.function('f', module.type([], [type]));
    if (type === 'f64') fn.f64.const(Number(value));
    else fn[type].const(value);
    module.export('f', fn.ref);
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()));
    return (instance.exports as Exports)['f']?.() as Operand;
  };
  for (const edge of EDGES) {
    const low = unsigned('i32', edge);
    for (const value of [low, Number(low), signed('i32', edge), Number(signed('i32', edge))]) {
      expect(unsigned('i32', constant('i32', value))).toBe(low);
    }
    expect(unsigned('i64', constant('i64', signed('i64', edge)))).toBe(edge);
    expect(unsigned('i64', constant('i64', Number(low)))).toBe(low);
  }
  for (const value of DOUBLES) expect(constant('f64', value)).toBe(value);
});
