/**
 * V8 compiles a function when it is first called, in the thread that calls: for a large region
 * milliseconds, in the middle of somebody's call. Code belongs to the module, whichever thread
 * made it. So the worker calls each function once before it hands the module over: without gas, on
 * a memory of its own, where a function does no more than see that it cannot run.
 */
import { COMPILED_SLOT } from '../interpreter/assemble.ts';
import * as layout from '../layout.ts';
import type { CompiledCode } from './compilation.ts';

/** Larger modules are left to be compiled as they are called. */
const WASM_BYTES_MAX = 1 << 20;
const PAGE_BYTES = 65_536;
/** A frame in the second page, an empty stack below it; its code is at 0, where all is zero. */
const FRAME = PAGE_BYTES + layout.STACK_BYTES;
const PAGES = 4;

/**
 * Makes V8 compile the module's functions; how many were called. PERF: O(bytes of wasm), once a
 * module, in the worker: a tenth of the time that the compiler took.
 */
export function warmUp({ module, slots, wasmBytes }: CompiledCode, shared: boolean): number {
  if (wasmBytes > WASM_BYTES_MAX) return 0;
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: 65_536, shared });
  const table = new WebAssembly.Table({
    initial: COMPILED_SLOT + slots.length,
    element: 'anyfunc',
  });
  const slot = new WebAssembly.Global({ value: 'i32' }, COMPILED_SLOT);
  const runtime: WebAssembly.ModuleImports = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (from === 'runtime' && kind === 'function') runtime[name] = unavailable;
  }
  new WebAssembly.Instance(module, { env: { memory, table, slot }, runtime });
  for (let i = 0; i < slots.length; i++) {
    const run = table.get(COMPILED_SLOT + i) as (...registers: (number | bigint)[]) => number;
    try {
      run(FRAME, FRAME, -1n, 0, FRAME + layout.FRAME_BYTES);
    } catch {
      // There is no interpreter to go on in: a hole in the table.
    }
  }
  return slots.length;
}

function unavailable(): never {
  throw new RangeError('nothing can be run without gas');
}
