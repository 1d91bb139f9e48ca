/** Every vector instruction, executed, against lanes of BigInt. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { validateWasm } from '../../test/wasm-tools.ts';
import type { FunctionBuilder } from './function.ts';
import { ModuleBuilder } from './module.ts';
import type { Local, Value, ValueType } from './types.ts';
import * as vectors from './vector-instructions.ts';

type Run = (...operands: (number | bigint)[]) => number | bigint | undefined;
type Methods = Record<string, (...operands: unknown[]) => Value>;

interface Bench {
  readonly run: Record<string, Run>;
  readonly bytes: Uint8Array;
}

/** Vectors are passed in memory: operands at 0, 16 and 32, the result at 64. */
const RESULT = 64;
const FIRST = 128;

/** Functions that `emit` fills, in one module with one page of memory. */
function bench(functions: Record<string, (fn: FunctionBuilder) => ValueType | undefined>): Bench {
  const names = Object.keys(functions);
  const module = new ModuleBuilder();
  module.memory({ initial: 1, maximum: 1, shared: false });
  module.exportMemory('memory');
  const params = ['i32', 'i64'] as const;
  for (const name of names) {
    const probe = module.function(name, module.type(params, ['i32']));
    const result = functions[name]?.(probe);
    if (result === undefined) probe.i32.const(0);
    module.export(name, probe.ref);
  }
  const bytes = module.toBytes();
  validateWasm(bytes);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const memory = exports['memory'] as WebAssembly.Memory;
  return { run: exports as Record<string, Run>, bytes: new Uint8Array(memory.buffer) };
}

type NumericRow = readonly [readonly number[], readonly ValueType[], ValueType];

/** Code that runs a row on the operands in memory; numbers come as parameters. */
function rowFunction(group: string, name: string, [, params, result]: NumericRow) {
  return (fn: FunctionBuilder): ValueType | undefined => {
    const methods = (fn as unknown as Record<string, Methods>)[group] as Methods;
    const emit = (): Value =>
      methods[name]?.(...params.map((type, index) => operand(fn, type, index))) as Value;
    if (result === 'i32') {
      emit();
      return 'i32';
    }
    fn.v128.store(fn.i32.const(RESULT), emit() as Value<'v128'>);
    return undefined;
  };
}

function operand(fn: FunctionBuilder, type: ValueType, index: number): Value {
  if (type === 'v128') return fn.v128.load(fn.i32.const(16 * index));
  return type === 'i32' ? fn.get(fn.param(0, 'i32')) : fn.get(fn.param(1, 'i64'));
}

// ---------------------------------------------------------------- the reference

const U128 = (1n << 128n) - 1n;
const vector = fc.oneof(
  fc.constantFrom(0n, U128, 1n, 1n << 127n, BigInt(`0x${'80'.repeat(16)}`)),
  fc.constantFrom(BigInt(`0x${'7fff8000'.repeat(4)}`), BigInt(`0x${'80000000'.repeat(4)}`)),
  fc.bigInt({ min: 0n, max: U128 }),
);

function lanesOf(value: bigint, width: number): bigint[] {
  return Array.from({ length: 128 / width }, (_, lane) =>
    BigInt.asUintN(width, value >> BigInt(lane * width)),
  );
}

function fromLanes(lanes: readonly bigint[], width: number): bigint {
  return lanes.reduce(
    (sum, lane, index) => sum | (BigInt.asUintN(width, lane) << BigInt(index * width)),
    0n,
  );
}

const clamp = (value: bigint, width: number, isSigned: boolean): bigint => {
  const min = isSigned ? -(1n << BigInt(width - 1)) : 0n;
  const max = isSigned ? (1n << BigInt(width - 1)) - 1n : (1n << BigInt(width)) - 1n;
  return value < min ? min : value > max ? max : value;
};
const truth = (yes: boolean): bigint => (yes ? -1n : 0n);
const abs = (a: bigint): bigint => (a < 0n ? -a : a);

type LaneRule = (a: bigint, b: bigint, width: number, isSigned: boolean) => bigint;

/** Lane by lane; operands are signed where the name ends in S, else unsigned. */
const LANE_RULES: Record<string, LaneRule> = {
  eq: (a, b) => truth(a === b),
  ne: (a, b) => truth(a !== b),
  lt: (a, b) => truth(a < b),
  gt: (a, b) => truth(a > b),
  le: (a, b) => truth(a <= b),
  ge: (a, b) => truth(a >= b),
  abs: (a, _b, width) => abs(BigInt.asIntN(width, a)),
  neg: (a) => -a,
  popcnt: (a) => BigInt(a.toString(2).replaceAll('0', '').length),
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  addSat: (a, b, width, isSigned) => clamp(a + b, width, isSigned),
  subSat: (a, b, width, isSigned) => clamp(a - b, width, isSigned),
  // biome-ignore lint/complexity/useMathMinMax: these are bigints
  min: (a, b) => (a < b ? a : b),
  // biome-ignore lint/complexity/useMathMinMax: these are bigints
  max: (a, b) => (a > b ? a : b),
  avgr: (a, b) => (a + b + 1n) >> 1n,
  q15mulrSat: (a, b) => clamp((a * b + 0x4000n) >> 15n, 16, true),
};

/** What a row of a shape gives; `amount` is the scalar operand. */
function reference(
  width: number,
  name: string,
  [a, b]: readonly [bigint, bigint],
  amount: bigint,
): bigint {
  const isSigned = name.endsWith('S');
  const base = name.replace(/[SU]$/, '');
  const read = (value: bigint, bits: number): bigint[] =>
    lanesOf(value, bits).map((lane) => (isSigned ? BigInt.asIntN(bits, lane) : lane));
  const [first, second] = [read(a, width), read(b, width)];
  const half = width / 2;
  const rule = LANE_RULES[base];
  if (rule !== undefined) {
    return fromLanes(
      first.map((lane, i) => rule(lane, second[i] as bigint, width, isSigned)),
      width,
    );
  }
  if (name === 'splat') return fromLanes(Array<bigint>(128 / width).fill(amount), width);
  if (name === 'allTrue') return first.every((lane) => lane !== 0n) ? 1n : 0n;
  if (name === 'bitmask') {
    return lanesOf(a, width).reduce((m, x, i) => m | ((x >> BigInt(width - 1)) << BigInt(i)), 0n);
  }
  if (base.startsWith('sh')) {
    const by = amount % BigInt(width);
    return fromLanes(
      first.map((lane) => (base === 'shl' ? lane << by : lane >> by)),
      width,
    );
  }
  if (base.startsWith('narrow')) {
    const wide = [...lanesOf(a, width * 2), ...lanesOf(b, width * 2)];
    return fromLanes(
      wide.map((lane) => clamp(BigInt.asIntN(width * 2, lane), width, isSigned)),
      width,
    );
  }
  const [low, high] = [read(a, half), read(b, half)];
  const from = base.includes('High') ? low.length / 2 : 0;
  const at = (lanes: readonly bigint[], index: number): bigint => lanes[index] as bigint;
  const result = Array.from({ length: 128 / width }, (_, i) => {
    if (base.startsWith('extadd')) return at(low, 2 * i) + at(low, 2 * i + 1);
    if (base.startsWith('extmul')) return at(low, from + i) * at(high, from + i);
    if (base.startsWith('extend')) return at(low, from + i);
    if (base.startsWith('dot')) {
      return at(low, 2 * i) * at(high, 2 * i) + at(low, 2 * i + 1) * at(high, 2 * i + 1);
    }
    throw new Error(`no rule for ${name}`);
  });
  return fromLanes(result, width);
}

const write = (bytes: Uint8Array, at: number, value: bigint): void => {
  for (let i = 0; i < 16; i++) bytes[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
};
const read = (bytes: Uint8Array, at: number): bigint =>
  fromLanes([...bytes.subarray(at, at + 16)].map(BigInt), 8);

// ---------------------------------------------------------------- the tests

const SHAPES = [
  ['i8x16', 8, vectors.I8X16],
  ['i16x8', 16, vectors.I16X8],
  ['i32x4', 32, vectors.I32X4],
  ['i64x2', 64, vectors.I64X2],
] as const;

describe.each(SHAPES)('%s', (group, width, table) => {
  const rows = Object.entries<NumericRow>(table).filter(([name]) => name !== 'swizzle');
  const { run, bytes } = bench(
    Object.fromEntries(rows.map(([name, row]) => [name, rowFunction(group, name, row)])),
  );

  test.each(rows)('%s', (name, [, , result]) => {
    const check = (a: bigint, b: bigint, amount: bigint): void => {
      write(bytes, 0, a);
      write(bytes, 16, b);
      const gave = run[name]?.(Number(BigInt.asIntN(32, amount)), BigInt.asIntN(64, amount));
      const expected = reference(width, name, [a, b], unsignedAmount(width, amount));
      const actual = result === 'i32' ? BigInt.asUintN(32, BigInt(gave ?? 0)) : read(bytes, RESULT);
      expect(actual).toBe(expected);
    };
    fc.assert(fc.property(vector, vector, fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), check));
    fc.assert(fc.property(vector, (a) => check(a, a, 3n)));
  });
});

/** The scalar operand as the instruction reads it: i64 for i64x2.splat, else i32. */
function unsignedAmount(width: number, amount: bigint): bigint {
  return width === 64 ? amount : BigInt.asUintN(32, amount);
}

test('swizzle, shuffle and constants', () => {
  const lanes = [31, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 15];
  const constant = Uint8Array.from({ length: 16 }, (_, i) => i * 13);
  const { run, bytes } = bench({
    swizzle: rowFunction('i8x16', 'swizzle', vectors.I8X16.swizzle),
    shuffle: (fn) => {
      const to = fn.i32.const(RESULT);
      const [a, b] = [fn.v128.load(fn.i32.const(0)), fn.v128.load(fn.i32.const(16))];
      fn.v128.store(to, fn.i8x16.shuffle(lanes, a, b));
      return undefined;
    },
    constant: (fn) => {
      fn.v128.store(fn.i32.const(RESULT), fn.v128.const(constant));
      return undefined;
    },
  });
  fc.assert(
    fc.property(vector, vector, (a, b) => {
      write(bytes, 0, a);
      write(bytes, 16, b);
      const [first, second] = [lanesOf(a, 8), lanesOf(b, 8)];
      run['swizzle']?.(0, 0n);
      const chosen = second.map((index) => first[Number(index)] ?? 0n);
      expect(read(bytes, RESULT)).toBe(fromLanes(chosen, 8));
      run['shuffle']?.(0, 0n);
      const shuffled = lanes.map((lane) => [...first, ...second][lane] as bigint);
      expect(read(bytes, RESULT)).toBe(fromLanes(shuffled, 8));
    }),
  );
  run['constant']?.(0, 0n);
  expect(bytes.slice(RESULT, RESULT + 16)).toEqual(constant);
});

test('bitwise', () => {
  const { run, bytes } = bench(
    Object.fromEntries(
      Object.entries<NumericRow>(vectors.V128).map(([name, row]) => [
        name,
        rowFunction('v128', name, row),
      ]),
    ),
  );
  const rules: Record<string, (a: bigint, b: bigint, c: bigint) => bigint> = {
    not: (a) => ~a,
    and: (a, b) => a & b,
    andnot: (a, b) => a & ~b,
    or: (a, b) => a | b,
    xor: (a, b) => a ^ b,
    bitselect: (a, b, c) => (a & c) | (b & ~c),
  };
  fc.assert(
    fc.property(vector, vector, vector, (a, b, c) => {
      [a, b, c].forEach((value, index) => write(bytes, 16 * index, value));
      for (const [name, rule] of Object.entries(rules)) {
        run[name]?.(0, 0n);
        expect(read(bytes, RESULT), name).toBe(BigInt.asUintN(128, rule(a, b, c)));
      }
      expect(run['anyTrue']?.(0, 0n)).toBe(a === 0n ? 0 : 1);
    }),
  );
});

const LANES = [
  ['i8x16', 8, vectors.I8X16_EXTRACTS],
  ['i16x8', 16, vectors.I16X8_EXTRACTS],
  ['i32x4', 32, vectors.I32X4_EXTRACTS],
  ['i64x2', 64, vectors.I64X2_EXTRACTS],
] as const;

test.each(LANES)('lanes of %s', (group, width, extracts) => {
  const count = 128 / width;
  const functions: Parameters<typeof bench>[0] = {};
  const methodsOf = (fn: FunctionBuilder) => fn[group] as unknown as Methods;
  for (let lane = 0; lane < count; lane++) {
    for (const name of Object.keys(extracts)) {
      functions[`${name} ${lane}`] = (fn) => {
        // The value goes to memory, sign and all, so that one type of function serves.
        const address = fn.i32.const(RESULT);
        const value = methodsOf(fn)[name]?.(lane, fn.v128.load(fn.i32.const(0)));
        if (width === 64) fn.i64.store(address, value as Value<'i64'>);
        else fn.i64.store(address, fn.i64.extendI32S(value as Value<'i32'>));
        return undefined;
      };
    }
    functions[`replace ${lane}`] = (fn) => {
      const address = fn.i32.const(RESULT);
      const before = fn.v128.load(fn.i32.const(0));
      const value = fn.get(width === 64 ? fn.param(1, 'i64') : (fn.param(0, 'i32') as Local));
      const after = methodsOf(fn)['replaceLane']?.(lane, before, value);
      fn.v128.store(address, after as Value<'v128'>);
      return undefined;
    };
  }
  const { run, bytes } = bench(functions);
  fc.assert(
    fc.property(vector, fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (a, value) => {
      write(bytes, 0, a);
      lanesOf(a, width).forEach((content, lane) => {
        for (const name of Object.keys(extracts)) {
          run[`${name} ${lane}`]?.(0, 0n);
          const gave = BigInt.asIntN(64, read(bytes, RESULT));
          const zeroExtended = name.endsWith('U') || width === 64;
          const expected = zeroExtended ? content : BigInt.asIntN(width, content);
          expect(BigInt.asUintN(64, gave), name).toBe(BigInt.asUintN(64, expected));
        }
        run[`replace ${lane}`]?.(Number(BigInt.asIntN(32, value)), BigInt.asIntN(64, value));
        const changed = lanesOf(a, width).map((x, i) => (i === lane ? value : x));
        expect(read(bytes, RESULT)).toBe(fromLanes(changed, width));
      });
    }),
    { numRuns: 20 },
  );
  const module = new ModuleBuilder();
  const methods = methodsOf(module.function('f', module.type([], [])));
  expect(() => methods['replaceLane']?.(count)).toThrow(`a lane is below ${count}, not ${count}`);
});

test('memory', () => {
  const at = FIRST;
  const functions: Parameters<typeof bench>[0] = {};
  for (const name of Object.keys(vectors.V128_LOADS)) {
    functions[name] = (fn) => {
      const to = fn.i32.const(RESULT);
      const load = (fn.v128 as unknown as Methods)[name]?.(fn.i32.const(at - 4), 4);
      fn.v128.store(to, load as Value<'v128'>);
      return undefined;
    };
  }
  const widths = [8, 16, 32, 64];
  for (const width of widths) {
    for (let lane = 0; lane < 128 / width; lane++) {
      functions[`load ${width} ${lane}`] = (fn) => {
        const address = fn.i32.const(RESULT);
        const [from, before] = [fn.i32.const(at - 4), fn.v128.load(fn.i32.const(0))];
        const name = `load${width}Lane`;
        const loaded = (fn.v128 as unknown as Methods)[name]?.(from, before, lane, 4);
        fn.v128.store(address, loaded as Value<'v128'>);
        return undefined;
      };
      functions[`store ${width} ${lane}`] = (fn) => {
        const [to, value] = [fn.i32.const(RESULT - 4), fn.v128.load(fn.i32.const(0))];
        (fn.v128 as unknown as Methods)[`store${width}Lane`]?.(to, value, lane, 4);
        return undefined;
      };
    }
  }
  const { run, bytes } = bench(functions);
  fc.assert(
    fc.property(vector, vector, (a, content) => {
      write(bytes, 0, a);
      write(bytes, at, content);
      for (const name of Object.keys(vectors.V128_LOADS)) {
        run[name]?.(0, 0n);
        expect(read(bytes, RESULT), name).toBe(loaded(name, content));
      }
      for (const width of widths) {
        lanesOf(a, width).forEach((own, lane) => {
          run[`load ${width} ${lane}`]?.(0, 0n);
          const lanes = lanesOf(a, width);
          lanes[lane] = content;
          expect(read(bytes, RESULT)).toBe(fromLanes(lanes, width));
          write(bytes, RESULT, content);
          run[`store ${width} ${lane}`]?.(0, 0n);
          const stored = lanesOf(content, width);
          stored[0] = own;
          expect(read(bytes, RESULT)).toBe(fromLanes(stored, width));
        });
      }
    }),
    { numRuns: 30 },
  );
});

/** What a load of the table makes of the 16 bytes at its place. */
function loaded(name: string, content: bigint): bigint {
  if (name === 'load') return content;
  const [, bits, count] = /^load(\d+)(?:x(\d+))?/.exec(name) ?? [];
  const width = Number(bits);
  if (count !== undefined) {
    const lanes = lanesOf(content, width).slice(0, Number(count));
    const extended = lanes.map((lane) => (name.endsWith('S') ? BigInt.asIntN(width, lane) : lane));
    return fromLanes(extended, width * 2);
  }
  const lane = BigInt.asUintN(width, content);
  return name.endsWith('Zero') ? lane : fromLanes(Array<bigint>(128 / width).fill(lane), width);
}
