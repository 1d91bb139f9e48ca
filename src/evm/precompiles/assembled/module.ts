/**
 * The precompiles' own WebAssembly, assembled when it is first used: rounds of BLAKE2F. One
 * instance and one memory a process; nothing of a call stays in it.
 */
import { ModuleBuilder } from '../../../wasm/module.ts';
import { emitBlake2fRounds, SIGMA_OFFSETS } from './blake2f.ts';

interface Functions {
  readonly memory: WebAssembly.Memory;
  blake2fRounds(vector: number, message: number, sigma: number, from: number, to: number): void;
}

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
  const rounds = module.function('blake2fRounds', module.type(Array(5).fill('i32'), []));
  emitBlake2fRounds(rounds);
  module.export('blake2fRounds', rounds.ref);
  return module.toBytes();
}
