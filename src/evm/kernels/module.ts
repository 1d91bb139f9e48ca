/**
 * The arithmetic that is assembled by TypeScript rather than written in AssemblyScript: long
 * straight-line code that loops unroll while assembling. One module, instantiated beside the
 * runtime; emitted code imports from both alike.
 */
import type { FunctionBuilder } from '../../wasm/function.ts';
import { ModuleBuilder } from '../../wasm/module.ts';
import type { Emitter } from '../words/word.ts';
import { emitMulmod } from './mulmod.ts';

/** What the kernels call in the runtime, and what they are called. */
export interface KernelExports {
  /** (result, a, b, modulus): addresses of words. */
  readonly mulmod: (...addresses: number[]) => void;
}

/**
 * The module's bytes. Imports env.memory, env.scratch (address of the instance's scratch memory)
 * and runtime.mulmodSlow.
 */
export function assembleKernels(options: { readonly shared: boolean }): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.importMemory('env', 'memory', { initial: 1, maximum: 65536, shared: options.shared });
  const scratch = module.importGlobal('env', 'scratch', 'i32');
  const slow = module.importFunction('runtime', 'mulmodSlow', Array(5).fill('i32'), []);
  const fn = module.function('mulmod', module.type(Array(4).fill('i32'), []));
  const [result, a, b, modulus] = [0, 1, 2, 3].map((index) => fn.param(index, 'i32'));
  emitMulmod(emitterOf(fn), { result, a, b, modulus } as Parameters<typeof emitMulmod>[1], {
    pushScratch: () => fn.globalGet(scratch, 'i32'),
    slow,
  });
  module.export('mulmod', fn.ref);
  return module.toBytes();
}

/** Temporaries that are never given back: the code is optimised, and its length is known. */
export function emitterOf(fn: FunctionBuilder): Emitter {
  return {
    fn,
    i64: () => fn.local('i64'),
    i32: () => fn.local('i32'),
    v128: () => fn.local('v128'),
  };
}
