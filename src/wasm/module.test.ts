/** What the builder emits is valid by an independent tool, and does what it says. */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import wabtModule from 'wabt';
import { compileContract } from '../evm/compiler/compile.ts';
import { FORKS } from '../evm/forks/names.ts';
import { assembleInterpreter, assembleStepping } from '../evm/interpreter/assemble.ts';
import type { FunctionBuilder } from './function.ts';
import { ModuleBuilder } from './module.ts';

let wabt: Awaited<ReturnType<typeof wabtModule>>;
const FEATURES = { threads: true, tail_call: true, simd: true, bulk_memory: true } as const;

beforeAll(async () => {
  wabt = await wabtModule();
});

/** Throws what wabt has against the module. */
function validate(bytes: Uint8Array): void {
  const module = wabt.readWasm(bytes, { readDebugNames: true, ...FEATURES });
  (module.validate as (features: typeof FEATURES) => void)(FEATURES);
  module.destroy();
}

/** A module of one exported function (i64, i64) -> i64. */
function binary(build: (fn: FunctionBuilder) => void): (a: bigint, b: bigint) => bigint {
  const module = new ModuleBuilder();
  const fn = module.function('f', module.type(['i64', 'i64'], ['i64']));
  build(fn);
  module.export('f', fn.ref);
  const bytes = module.toBytes();
  validate(bytes);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  return exports['f'] as (a: bigint, b: bigint) => bigint;
}

const EDGES = [0n, 1n, 2n, 63n, 64n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 63n - 1n, 2n ** 63n];
const i64 = fc.oneof(fc.constantFrom(...EDGES), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
const unsigned = (x: bigint) => BigInt.asUintN(64, x);
const signed = (x: bigint) => BigInt.asIntN(64, x);

type Binary = 'add' | 'sub' | 'mul' | 'and' | 'or' | 'xor' | 'shl' | 'shrU' | 'shrS' | 'rotl';

const MEANING: Record<Binary, (a: bigint, b: bigint) => bigint> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => a << (b & 63n),
  shrU: (a, b) => unsigned(a) >> (b & 63n),
  shrS: (a, b) => signed(a) >> (b & 63n),
  rotl: (a, b) => (a << (b & 63n)) | (unsigned(a) >> (64n - (b & 63n))),
};

describe('numeric instructions', () => {
  for (const [name, meaning] of Object.entries(MEANING)) {
    test(`i64.${name}`, () => {
      const run = binary((fn) => {
        fn.i64[name as Binary](fn.get(fn.param(0, 'i64')), fn.get(fn.param(1, 'i64')));
      });
      fc.assert(
        fc.property(i64, i64, (a, b) => {
          expect(unsigned(run(signed(a), signed(b)))).toBe(unsigned(meaning(a, b)));
        }),
      );
    });
  }

  test('constants of the whole range', () => {
    fc.assert(
      fc.property(i64, (a) => {
        const run = binary((fn) => void fn.i64.const(a));
        expect(unsigned(run(0n, 0n))).toBe(a);
      }),
    );
  });
});

test('loops, branches, locals that are reused, hints', () => {
  const run = binary((fn) => {
    const [count, step] = [fn.param(0, 'i64'), fn.param(1, 'i64')];
    const sum = fn.local('i64');
    const spare = fn.local('i64');
    fn.release(spare);
    expect(fn.local('i64')).toBe(spare);
    fn.block((done) => {
      fn.loop((again) => {
        fn.hint(false);
        fn.brIf(done, fn.i64.eqz(fn.get(count)));
        fn.set(sum, fn.i64.add(fn.get(sum), fn.get(step)));
        fn.set(count, fn.i64.sub(fn.get(count), fn.i64.const(1)));
        fn.br(again);
      });
    });
    fn.get(sum);
  });
  expect(run(1000n, 7n)).toBe(7000n);
});

describe('what is made with it', () => {
  for (const fork of FORKS) {
    test(`the interpreter of ${fork} is valid, and the same each time`, () => {
      for (const assemble of [assembleInterpreter, assembleStepping]) {
        const bytes = assemble(fork, { shared: true });
        validate(bytes);
        expect(assemble(fork, { shared: true })).toEqual(bytes);
      }
    });
  }

  test('compiled contracts are valid, and the same each time', () => {
    const codes = ['60026028015f5260205ff3', '5b6001565b', '5b600160005755'];
    for (const hex of codes) {
      const code = Uint8Array.fromHex(hex);
      const first = compileContract(code, { fork: 'osaka', shared: true });
      const second = compileContract(code, { fork: 'osaka', shared: true });
      if ('refused' in first || 'refused' in second) throw new Error(`${hex} was refused`);
      validate(first.bytes);
      expect(second.bytes).toEqual(first.bytes);
    }
  });

  test('a contract that would become too large stays interpreted', () => {
    const code = new Uint8Array(20_000).fill(0x5b);
    const compiled = compileContract(code, { fork: 'osaka', shared: false });
    expect(compiled).toMatchObject({ refused: 'too many blocks', actual: 20_000 });
  });

  test('random bytes compile to valid modules or are refused by a limit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (code) => {
        const compiled = compileContract(code, { fork: 'osaka', shared: false });
        if (!('refused' in compiled)) validate(compiled.bytes);
      }),
      { numRuns: 200 },
    );
  });
});
