/**
 * The runtime's inner functions, for tests: AssemblyScript compiled with an entry of its own, in a
 * memory that is set up as the machine sets it up.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import * as layout from '../src/evm/layout.ts';
import { type Arena, EMPTY_CODE_HASH, reserveArena } from '../src/evm/machine/arena.ts';
import { createMemory, type MachineMemory, RULES_START } from '../src/evm/machine/memory.ts';
import { writeHash } from '../src/evm/machine/words.ts';

const ROOT = join(fileURLToPath(import.meta.url), '..', '..');
const ENTRY = 'src/evm/runtime/test-entry.ts';

type Inner = Readonly<Record<string, (...args: (number | bigint)[]) => number>>;

export interface RuntimeInternals {
  readonly inner: Inner;
  readonly memory: MachineMemory;
  readonly arena: Arena;
}

export interface CompileOptions {
  /** For memory that threads share. */
  readonly shared?: boolean;
  /** The runtime of a worker on a job: docs/design/parallel.md. */
  readonly parallel?: boolean;
}

/** Compiles files of src/evm/runtime, all their exports exported. @throws what asc reports */
export async function compileRuntime(
  files: readonly string[],
  { shared = false, parallel = false }: CompileOptions = {},
): Promise<WebAssembly.Module> {
  const source = files.map((file) => `export * from "./${file}";`).join('\n');
  let wasm: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [
      ...[ENTRY, '--baseDir', ROOT, '--outFile', 'out.wasm', '--runtime', 'stub'],
      ...['--importMemory', '--importTable', '--memoryBase', '1024', '--noAssert', '-O2'],
      ...['--initialMemory', '16', '--maximumMemory', '65536', '--enable', 'simd'],
      ...['--enable', 'threads', ...(shared ? ['--sharedMemory'] : [])],
      ...['--use', `abort=,PARALLEL=${parallel ? 1 : 0}`],
    ],
    {
      readFile: (name: string, base: string) => {
        if (name === ENTRY) return source;
        try {
          return readFileSync(join(base, name), 'utf8');
        } catch {
          return null;
        }
      },
      writeFile: (_name, contents) => {
        if (typeof contents !== 'string') wasm = contents;
      },
      listFiles: () => [],
    },
  );
  if (error || wasm === undefined) throw new Error(`${error?.message}\n${stderr.toString()}`);
  return new WebAssembly.Module(Uint8Array.from(wasm));
}

/** An instance with one context, its tables empty, and rules that are all zero. */
export function instantiateRuntime(
  module: WebAssembly.Module,
  heapBytes: number,
): RuntimeInternals {
  const memory = createMemory({ shared: false });
  const sizes = {
    inputs: 1 << 20,
    staging: 1 << 20,
    logs: 65_536,
    journal: 8 << 20,
    evmMemory: 1 << 20,
  };
  const arena = reserveArena(memory, sizes);
  memory.startHeap(heapBytes);
  const table = new WebAssembly.Table({ initial: 1, element: 'anyfunc' });
  const env = { memory: memory.memory, table, watch: () => layout.WATCH_GO_ON };
  const inner = new WebAssembly.Instance(module, { env }).exports as unknown as Inner;
  const { ctx, versions, view } = arena;
  const call = (name: string, ...args: number[]) => {
    const result = inner[name]?.(...args);
    if (result === 0 || result === undefined) throw new Error(`${name} failed`);
    return result;
  };
  call('codesInit');
  call('overlayInit', ctx);
  call('layerInit', versions);
  call('layerInit', view);
  memory.view().setUint32(ctx + layout.C_RULES, RULES_START, true);
  writeHash(memory.view(), ctx + layout.C_EMPTY_HASH, EMPTY_CODE_HASH);
  const empty = call('codeCreate', ctx, arena.inputs, 0, ctx + layout.C_EMPTY_HASH);
  memory.view().setUint32(ctx + layout.C_EMPTY_CODE, empty, true);
  inner['beginTransaction']?.(ctx);
  return { inner, memory, arena };
}
