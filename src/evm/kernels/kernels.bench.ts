/**
 * Nanoseconds of each kernel, called from WebAssembly as compiled code calls it, each product
 * feeding the next. A run's last result is compared with BigInt's before a time is told.
 *
 *   node src/evm/kernels/kernels.bench.ts
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { FunctionBuilder } from '../../wasm/function.ts';
import { ModuleBuilder } from '../../wasm/module.ts';
import { RUNTIME_CALLS, type RuntimeCallName } from '../opcodes/runtime-calls.ts';
import { prepareDivisor } from './divide-by-limb.ts';
import { assembleKernels } from './module.ts';

export interface Measured {
  readonly name: string;
  readonly operands: string;
  readonly nanoseconds: number;
}

interface Case {
  readonly name: RuntimeCallName;
  readonly operands: string;
  readonly a: bigint;
  readonly b: bigint;
  readonly m?: bigint;
  readonly expected: (a: bigint, b: bigint, m: bigint) => bigint;
}

const OPERANDS = 131_072;
const SCRATCH = OPERANDS + 4096;
const RUNS = 9;

const word = (value: bigint): bigint => BigInt.asUintN(256, value);
const SECP256K1 = 0xffffffff_ffffffff_ffffffff_ffffffff_ffffffff_ffffffff_fffffffe_fffffc2fn;
const ORDER = 0xffffffff_ffffffff_ffffffff_fffffffe_baaedce6_af48a03b_bfd25e8c_d0364141n;
const BN254 = 0x30644e72_e131a029_b85045b6_8181585d_97816a91_6871ca8d_3c208c16_d87cfd47n;
const A = 0x1234567_89abcdef_02468ace_13579bdf_fedcba98_76543210_0f1e2d3c_4b5a6979n;
const B = 0x2718281_82845904_52353602_87471352_66249775_72470936_99959574_96696763n;

const mulmod = (a: bigint, b: bigint, m: bigint) => (a * b) % m;
const mul = (a: bigint, b: bigint) => word(a * b);
const div = (a: bigint, b: bigint) => a / b;
const CASES: readonly Case[] = [
  { name: 'mulmod', operands: 'secp256k1', a: A, b: B, m: SECP256K1, expected: mulmod },
  { name: 'mulmod', operands: "secp256k1's order", a: A, b: B, m: ORDER, expected: mulmod },
  { name: 'mulmod', operands: 'BN254', a: A, b: B, m: BN254, expected: mulmod },
  { name: 'addmod', operands: 'BN254', a: A, b: B, m: BN254, expected: (a, b, m) => (a + b) % m },
  { name: 'multiply', operands: '256 x 256 bits', a: A | 1n, b: B, expected: mul },
  { name: 'multiply', operands: '256 x 64 bits', a: A | 1n, b: 1_000_001n, expected: mul },
  { name: 'multiply', operands: '64 x 64 bits', a: 1n, b: 1n, expected: mul },
  { name: 'divide', operands: '64 / 64 bits', a: 123_456_789n, b: 1n, expected: div },
  { name: 'divideSigned', operands: '64 / 64 bits', a: 1n << 40n, b: 1n, expected: div },
  { name: 'divideSigned', operands: '90 / 42 bits', a: A >> 162n, b: B >> 212n, expected: div },
  { name: 'divideByLimb', operands: '256 bits / 1e18', a: A, b: 10n ** 18n, expected: div },
];

/** Times `count` calls of each case. @throws when a result is not what BigInt gives */
export function measureArithmetic(count: number): Measured[] {
  const { memory, exports } = instantiate();
  const view = new DataView(memory.buffer);
  return CASES.map(({ name, operands, a, b, m = 0n, expected }) => {
    const run = exports[`${name} ${b === 10n ** 18n}`] as (count: number) => void;
    let wanted = a;
    // What the loop gives: divisions repeat on the same dividend, others feed on their result.
    const isDivision = name.startsWith('divide');
    for (let i = 0; i < (isDivision ? 1 : count); i++) wanted = expected(wanted, b, m);
    const times: number[] = [];
    for (let i = 0; i < RUNS; i++) {
      [a, b, m].forEach((value, place) => {
        write(view, OPERANDS + 32 * place, value);
      });
      const start = performance.now();
      run(count);
      times.push(performance.now() - start);
      const got = read(view, OPERANDS + (isDivision ? 96 : 0));
      if (got !== wanted) throw new Error(`${name} ${operands} gives ${got}, expected ${wanted}`);
    }
    times.sort((x, y) => x - y);
    return { name, operands, nanoseconds: ((times[RUNS >> 1] as number) * 1e6) / count };
  });
}

export interface Instances {
  readonly memory: WebAssembly.Memory;
  readonly kernels: WebAssembly.Exports;
  /** The loops that call them. */
  readonly exports: WebAssembly.Exports;
}

/** Runtime and kernels over a memory of their own. */
export function instantiate(): Instances {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65_536, shared: true });
  const table = new WebAssembly.Table({ initial: 1, element: 'anyfunc' });
  const file = new URL('../../../build/runtime-shared.wasm', import.meta.url);
  const instance = (bytes: Uint8Array<ArrayBuffer>, imports: WebAssembly.Imports) =>
    new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports;
  const runtime = instance(readFileSync(file), { env: { memory, table, watch: () => 0 } });
  (runtime['setScratch'] as (address: number) => void)(SCRATCH);
  const scratch = new WebAssembly.Global({ value: 'i32' }, SCRATCH);
  const kernels = instance(assembleKernels({ shared: true }), {
    env: { memory, scratch },
    runtime: runtime as WebAssembly.ModuleImports,
  });
  const imports = { ...runtime, ...kernels } as WebAssembly.ModuleImports;
  const exports = instance(assembleLoops(), { env: { memory }, runtime: imports });
  return { memory, kernels, exports };
}

/** A loop for each function, over the words at OPERANDS. */
function assembleLoops(): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.importMemory('env', 'memory', { initial: 1, maximum: 65_536, shared: true });
  const names = [...new Set(CASES.map(({ name }) => name))];
  const refs = names.map((name) => {
    const { params, results } = RUNTIME_CALLS[name];
    return module.importFunction('runtime', name, params, results);
  });
  for (const [index, name] of names.entries()) {
    const fn = module.function(name, module.type(['i32'], []));
    const ref = refs[index] as (typeof refs)[number];
    if (name === 'mulmod' || name === 'addmod') {
      loop(fn, () => fn.call(ref, ...[0, 0, 32, 64].map((at) => fn.i32.const(OPERANDS + at))));
    } else limbLoop(fn, name, ref);
    module.export(`${name} ${name === 'divideByLimb'}`, fn.ref);
  }
  return module.toBytes();
}

function loop(fn: FunctionBuilder, body: () => void): void {
  const left = fn.param(0, 'i32');
  fn.loop((again) => {
    body();
    fn.set(left, fn.i32.sub(fn.get(left), fn.i32.const(1)));
    fn.brIf(again, fn.get(left));
  });
}

/** Operands and results in locals; a quotient goes to the fourth word. */
function limbLoop(
  fn: FunctionBuilder,
  name: RuntimeCallName,
  ref: Parameters<FunctionBuilder['call']>[0],
): void {
  const load = (at: number) =>
    [0, 1, 2, 3].map((i) => {
      const local = fn.local('i64');
      fn.set(local, fn.i64.load(fn.i32.const(OPERANDS + at), 8 * i));
      return local;
    });
  const [a, b] = [load(0), load(32)];
  const { normalised, reciprocal, shift } = prepareDivisor(10n ** 18n);
  const results = RUNTIME_CALLS[name].results.map(() => fn.local('i64'));
  const isMultiply = name === 'multiply';
  loop(fn, () => {
    const first = a.map((limb) => fn.get(limb));
    const second =
      name === 'divideByLimb'
        ? [normalised, reciprocal, shift].map((value) => fn.i64.const(value))
        : b.map((limb) => fn.get(limb));
    const values = fn.call(ref, ...first, ...second);
    for (const limb of (isMultiply ? a : results).toReversed()) fn.set(limb, values);
  });
  (isMultiply ? a : results).slice(0, 4).forEach((limb, i) => {
    fn.i64.store(fn.i32.const(OPERANDS), fn.get(limb), (isMultiply ? 0 : 96) + 8 * i);
  });
}

function write(view: DataView, at: number, value: bigint): void {
  for (let i = 0; i < 4; i++) view.setBigUint64(at + 8 * i, value >> BigInt(64 * i), true);
}

function read(view: DataView, at: number): bigint {
  return [3, 2, 1, 0].reduce(
    (value, i) => (value << 64n) | view.getBigUint64(at + 8 * i, true),
    0n,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // The first round is V8's, which optimises in the background; the second is told.
  measureArithmetic(200_000);
  for (const { name, operands, nanoseconds } of measureArithmetic(200_000)) {
    process.stdout.write(`${`${name} ${operands}`.padEnd(36)} ${nanoseconds.toFixed(1)} ns\n`);
  }
}
