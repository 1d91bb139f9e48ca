/**
 * The arithmetic that is assembled by TypeScript rather than written in AssemblyScript: long
 * straight-line code that loops unroll while assembling. One module, instantiated beside the
 * runtime; emitted code imports from both alike.
 */
import type { FunctionBuilder, Local } from '../../wasm/function.ts';
import { ModuleBuilder } from '../../wasm/module.ts';
import type { ValueType } from '../../wasm/types.ts';
import { RUNTIME_CALLS, type RuntimeCallName } from '../opcodes/runtime-calls.ts';
import type { Emitter } from '../words/word.ts';
import { emitAddmod } from './addmod.ts';
import { emitDivision } from './divide.ts';
import { emitDivideByLimb, emitDivideByLimbSigned } from './divide-by-limb.ts';
import { emitMulmod, type MulmodOperands } from './mulmod.ts';
import { emitMultiply } from './multiply.ts';

/** Name, instruction for what fits one limb, and the runtime's function for the rest. */
const DIVISIONS = [
  ['divide', 'divU', 'div'],
  ['remainder', 'remU', 'mod'],
  ['divideSigned', 'divS', 'sdiv'],
  ['remainderSigned', 'remS', 'smod'],
] as const;

/**
 * The module's bytes. Imports env.memory, env.scratch (address of the instance's scratch memory)
 * and the runtime's functions for what the kernels leave.
 */
export function assembleKernels(options: { readonly shared: boolean }): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.importMemory('env', 'memory', { initial: 1, maximum: 65536, shared: options.shared });
  const scratch = module.importGlobal('env', 'scratch', 'i32');
  const addmodSlow = module.importFunction('runtime', 'addmodSlow', Array(4).fill('i32'), []);
  const mulmodSlow = module.importFunction('runtime', 'mulmodSlow', Array(5).fill('i32'), []);
  const reciprocal = module.importFunction('runtime', 'reciprocalOf1', ['i64'], ['i64']);
  const divisions = DIVISIONS.map(([name, division, general]) => {
    const params = Array<ValueType>(3).fill('i32');
    return [name, division, module.importFunction('runtime', general, params, [])] as const;
  });
  const scratchOf = (fn: FunctionBuilder) => () => fn.globalGet(scratch, 'i32');
  define(module, 'addmod', (fn) => {
    emitAddmod(emitterOf(fn), addressParams(fn), addmodSlow);
  });
  define(module, 'mulmod', (fn) => {
    const links = { pushScratch: scratchOf(fn), slow: mulmodSlow };
    emitMulmod(emitterOf(fn), addressParams(fn), links);
  });
  define(module, 'multiply', (fn) => {
    const limbs = limbParams(fn, 8);
    emitMultiply(emitterOf(fn), limbs.slice(0, 4), limbs.slice(4));
  });
  for (const [name, division, general] of divisions) {
    define(module, name, (fn) => {
      const limbs = limbParams(fn, 8);
      const operands = { a: limbs.slice(0, 4), b: limbs.slice(4) };
      emitDivision(emitterOf(fn), division, operands, {
        pushScratch: scratchOf(fn),
        reciprocal,
        general,
      });
    });
  }
  const byLimb = { divideByLimb: emitDivideByLimb, divideByLimbSigned: emitDivideByLimbSigned };
  for (const [name, emit] of Object.entries(byLimb)) {
    define(module, name as keyof typeof byLimb, (fn) => {
      const limbs = limbParams(fn, 7);
      const [normalised, reciprocal, shift] = limbs.splice(4) as Triple;
      emit(emitterOf(fn), limbs, { normalised, reciprocal, shift });
    });
  }
  return module.toBytes();
}

type Triple = [Local<'i64'>, Local<'i64'>, Local<'i64'>];

/** Defines and exports a function of the type that emitted code expects. */
function define(
  module: ModuleBuilder,
  name: RuntimeCallName,
  emit: (fn: FunctionBuilder) => void,
): void {
  const { params, results } = RUNTIME_CALLS[name];
  const fn = module.function(name, module.type(params, results));
  emit(fn);
  module.export(name, fn.ref);
}

function addressParams(fn: FunctionBuilder): MulmodOperands {
  const [result, a, b, modulus] = [0, 1, 2, 3].map((index) => fn.param(index, 'i32'));
  return { result, a, b, modulus } as MulmodOperands;
}

function limbParams(fn: FunctionBuilder, count: number): Local<'i64'>[] {
  return Array.from({ length: count }, (_, index) => fn.param(index, 'i64'));
}

/** Temporaries that are never given back: the code is optimised, and its length is known. */
function emitterOf(fn: FunctionBuilder): Emitter {
  return {
    fn,
    i64: () => fn.local('i64'),
    i32: () => fn.local('i32'),
    v128: () => fn.local('v128'),
  };
}
