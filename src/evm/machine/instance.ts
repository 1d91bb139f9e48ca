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
export function interpreterModule(
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
  const rulesAddress = memory.nextRules;
  memory.nextRules += layout.RULES_BYTES;
  encodeRules(memory.view(), rulesAddress, rules);
  machines += 1;
  const modules = {
    runtime: runtimeModule(shared),
    kernels: kernelsModule(shared),
    interpreter: interpreterModule('running', rules, shared),
  };
  const identity = { rules, rulesAddress, id: machines, scratch: takeScratch(memory) };
  return instantiateMachine(memory, modules, identity);
}

/** Memory of an instance's own, of which there are INSTANCES_MAX. */
export function takeScratch(memory: MachineMemory): number {
  const scratch = memory.nextScratch;
  memory.nextScratch += layout.SCRATCH_BYTES;
  return scratch;
}

/** What a machine is instantiated from: threads can share it. */
export interface MachineModules {
  readonly runtime: WebAssembly.Module;
  readonly kernels: WebAssembly.Module;
  readonly interpreter: WebAssembly.Module;
}

/** Which machine it is, and the memory of the instance's own. */
export interface MachineIdentity extends Pick<Machine, 'rules' | 'rulesAddress' | 'id'> {
  readonly scratch: number;
}

/** A machine's functions in this thread, over a memory that is set up. */
export function instantiateMachine(
  memory: MachineMemory,
  modules: MachineModules,
  { rules, rulesAddress, id, scratch: scratchAddress }: MachineIdentity,
): Machine {
  const { shared } = memory;
  const table = new WebAssembly.Table({ initial: COMPILED_SLOT, element: 'anyfunc' });
  const lookout: Lookout = { look: () => layout.WATCH_GO_ON };
  const env = { memory: memory.memory, table, watch: () => lookout.look(), clock };
  const instance = new WebAssembly.Instance(modules.runtime, { env });
  const runtime = instance.exports as unknown as RuntimeExports;
  runtime.setScratch(scratchAddress);
  const scratch = new WebAssembly.Global({ value: 'i32' }, scratchAddress);
  const kernels = new WebAssembly.Instance(modules.kernels, {
    env: { memory: memory.memory, scratch },
    runtime: instance.exports as WebAssembly.ModuleImports,
  });
  const imports = { ...instance.exports, ...kernels.exports } as WebAssembly.ModuleImports;
  const load = (module: WebAssembly.Module): void => {
    new WebAssembly.Instance(module, { env, runtime: imports });
  };
  load(modules.interpreter);
  let steps = false;
  const loadStepping = (): void => {
    if (!steps) load(interpreterModule('stepping', rules, shared));
    steps = true;
  };
  return { memory, rules, rulesAddress, table, runtime, imports, id, lookout, loadStepping };
}

/** Milliseconds since 1970, of a clock that runs alike in all threads. */
function clock(): number {
  return performance.timeOrigin + performance.now();
}
