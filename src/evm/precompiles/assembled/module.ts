/**
 * The precompiles' own WebAssembly, assembled when it is first used: rounds of BLAKE2F, modular
 * powers. One instance and one memory a process; nothing of a call stays in it.
 */
import { ModuleBuilder } from '../../../wasm/module.ts';
import type { ValueType } from '../../../wasm/types.ts';
import { emitBlake2fRounds, SIGMA_OFFSETS } from './blake2f.ts';
import { emitMontgomery, emitPower } from './montgomery.ts';
import { emitMultiplySmall, emitPowerSmall } from './small-power.ts';

interface Functions {
  readonly memory: WebAssembly.Memory;
  blake2fRounds(vector: number, message: number, sigma: number, from: number, to: number): void;
  montgomery(
    to: number,
    a: number,
    b: number,
    modulus: number,
    temporary: number,
    size: number,
    inverse: bigint,
  ): void;
  power(
    result: number,
    table: number,
    digits: number,
    count: number,
    width: number,
    modulus: number,
    temporary: number,
    size: number,
    inverse: bigint,
  ): void;
  multiplySmall(a: bigint, b: bigint, modulus: bigint, inverse: bigint): bigint;
  powerSmall: PowerOfLimbs;
  powerWrapped: PowerOfLimbs;
}

export type PowerOfLimbs = (
  table: number,
  digits: number,
  count: number,
  width: number,
  result: bigint,
  modulus: bigint,
  inverse: bigint,
) => bigint;

/** Where the parts of the memory stand. */
export const SIGMA = 0;
/** Free for whoever runs. */
export const WORK = 256;
const PAGES = 1;

export interface Assembled extends Functions {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

let instance: Assembled | undefined;

/** The instance. */
export function assembled(): Assembled {
  if (instance === undefined) {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assemble()));
    const functions = exports as unknown as Functions;
    const { buffer } = functions.memory;
    const bytes = new Uint8Array(buffer);
    bytes.set(SIGMA_OFFSETS, SIGMA);
    instance = { ...functions, bytes, view: new DataView(buffer) };
  }
  return instance;
}

function assemble(): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.memory({ initial: PAGES, maximum: PAGES, shared: false });
  module.exportMemory('memory');
  const rounds = module.function('blake2fRounds', module.type(words(5), []));
  emitBlake2fRounds(rounds);
  module.export('blake2fRounds', rounds.ref);
  const montgomery = module.function('montgomery', module.type([...words(6), 'i64'], []));
  emitMontgomery(montgomery);
  module.export('montgomery', montgomery.ref);
  const power = module.function('power', module.type([...words(8), 'i64'], []));
  emitPower(power, montgomery.ref);
  module.export('power', power.ref);
  const limbs = (count: number): ValueType[] => Array(count).fill('i64');
  const multiply = module.function('multiplySmall', module.type(limbs(4), limbs(1)));
  emitMultiplySmall(multiply);
  module.export('multiplySmall', multiply.ref);
  const powerType = module.type([...words(4), ...limbs(3)], limbs(1));
  for (const name of ['powerSmall', 'powerWrapped'] as const) {
    const fn = module.function(name, powerType);
    emitPowerSmall(fn, name === 'powerSmall' ? multiply.ref : undefined);
    module.export(name, fn.ref);
  }
  return module.toBytes();
}

function words(count: number): ValueType[] {
  return Array(count).fill('i32');
}
