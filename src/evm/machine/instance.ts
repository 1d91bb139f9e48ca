/** A machine: a rule set's interpreter, runtime instance and table over one memory. */
import { encodeRules } from '../forks/encode.ts';
import type { Rules } from '../forks/rules.ts';
import { assembleStepping, COMPILED_SLOT } from '../interpreter/assemble.ts';
import * as layout from '../layout.ts';
import { assembledModule } from './assembled.ts';
import type { MachineMemory } from './memory.ts';
import { kernelsModule, type RuntimeExports, runtimeModule } from './runtime.ts';

export interface Machine {
  readonly memory: MachineMemory;
  readonly rules: Rules;
  /** Address of the rules' structure. */
  readonly rulesAddress: number;
  readonly table: WebAssembly.Table;
  readonly runtime: RuntimeExports;
  /** Exports of the runtime and the kernels as imports of emitted code. */
  readonly imports: WebAssembly.ModuleImports;
  /** Identity in the code cache's keys. */
  readonly id: number;
  /** What the runtime asks between slices and within long work (CONTEXT_FLAG_WATCH). */
  readonly lookout: Lookout;
  /** Puts the stepping interpreter in its slots; before a context steps. */
  readonly loadStepping: () => void;
}

export interface Lookout {
  /** WATCH_*. */
  look: () => number;
}

const INTERPRETERS = new Map<string, WebAssembly.Module>();

/** Interpreters differ by fork and kind of memory only; the stepping one is assembled here. */
function interpreterModule(
  kind: 'running' | 'stepping',
  { fork }: Rules,
  shared: boolean,
): WebAssembly.Module {
  const key = `${kind} ${fork} ${shared}`;
  let module = INTERPRETERS.get(key);
  if (module === undefined) {
    const running = kind === 'running';
    const bytes = running ? assembledModule(fork, shared) : assembleStepping(fork, { shared });
    module = new WebAssembly.Module(bytes);
    INTERPRETERS.set(key, module);
  }
  return module;
}

let machines = 0;

export function createMachine(memory: MachineMemory, rules: Rules): Machine {
  const { shared } = memory;
  const table = new WebAssembly.Table({ initial: COMPILED_SLOT, element: 'anyfunc' });
  const lookout: Lookout = { look: () => layout.WATCH_GO_ON };
  const env = { memory: memory.memory, table, watch: () => lookout.look() };
  const instance = new WebAssembly.Instance(runtimeModule(shared), { env });
  const runtime = instance.exports as unknown as RuntimeExports;
  runtime.setScratch(memory.nextScratch);
  const scratch = new WebAssembly.Global({ value: 'i32' }, memory.nextScratch);
  memory.nextScratch += layout.SCRATCH_BYTES;
  const kernels = new WebAssembly.Instance(kernelsModule(shared), {
    env: { memory: memory.memory, scratch },
    runtime: instance.exports as WebAssembly.ModuleImports,
  });
  const imports = { ...instance.exports, ...kernels.exports } as WebAssembly.ModuleImports;
  const load = (kind: 'running' | 'stepping'): void => {
    const module = interpreterModule(kind, rules, shared);
    new WebAssembly.Instance(module, { env, runtime: imports });
  };
  load('running');
  let steps = false;
  const loadStepping = (): void => {
    if (!steps) load('stepping');
    steps = true;
  };
  const rulesAddress = memory.nextRules;
  memory.nextRules += layout.RULES_BYTES;
  encodeRules(memory.view(), rulesAddress, rules);
  machines += 1;
  return {
    memory,
    rules,
    rulesAddress,
    table,
    runtime,
    imports,
    id: machines,
    lookout,
    loadStepping,
  };
}
