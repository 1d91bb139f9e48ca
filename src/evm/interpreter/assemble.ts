/**
 * The interpreter of a rule set as one WebAssembly module: 256 functions in table slots 0 to 255.
 * What is simple is also in the loop that they go on in (loop.ts). The stepping ones, which return
 * to the host after each instruction, are in 256 to 511, once somebody steps.
 *
 * Bytes that the fork does not know run INVALID.
 */
import type { FunctionRef } from '../../wasm/function.ts';
import { ModuleBuilder } from '../../wasm/module.ts';
import type { ForkName } from '../forks/names.ts';
import * as layout from '../layout.ts';
import { MEANINGS } from '../opcodes/meanings.ts';
import { RUNTIME_CALLS, type RuntimeCallName } from '../opcodes/runtime-calls.ts';
import { type OpcodeRow, opcodeAt, opcodeByte } from '../opcodes/table.ts';
import { InstructionAssembler, type InterpreterLinks } from './instruction.ts';
import { assembleLoop } from './loop.ts';

/** First table slot of the stepping interpreter. */
export const STEPPING_SLOT = 256;
/** First table slot of compiled code. */
export const COMPILED_SLOT = 1024;

export interface InterpreterOptions {
  /** Whether the linear memory is shared between threads. */
  readonly shared: boolean;
}

/** The module's bytes. The same fork and options give the same bytes. */
export function assembleInterpreter(
  fork: ForkName,
  options: InterpreterOptions,
): Uint8Array<ArrayBuffer> {
  const { module, links } = begin(fork, options);
  const loop = module.function('loop', links.type);
  const instructions = defineInstructions(module, { ...links, loop: loop.ref });
  assembleLoop(loop, instructions, { ...links, loop: loop.ref });
  module.elements(0, instructions);
  return module.toBytes();
}

/** The stepping interpreter, a module of its own: most machines never need it. */
export function assembleStepping(
  fork: ForkName,
  options: InterpreterOptions,
): Uint8Array<ArrayBuffer> {
  const { module, links } = begin(fork, options);
  module.elements(STEPPING_SLOT, defineInstructions(module, { ...links, loop: undefined }));
  return module.toBytes();
}

function begin(
  fork: ForkName,
  options: InterpreterOptions,
): { module: ModuleBuilder; links: Omit<InterpreterLinks, 'loop'> } {
  const module = new ModuleBuilder();
  module.importMemory('env', 'memory', { initial: 1, maximum: 65536, shared: options.shared });
  module.importTable('env', 'table', { initial: COMPILED_SLOT });
  const type = module.type(['i32', 'i32', 'i64', 'i32', 'i32'], ['i32']);
  const runtime = importRuntime(module);
  const save = defineSave(module);
  return { module, links: { fork, type, runtime, save } };
}

function importRuntime(module: ModuleBuilder): Map<RuntimeCallName, FunctionRef> {
  const refs = new Map<RuntimeCallName, FunctionRef>();
  for (const [name, { params, results }] of Object.entries(RUNTIME_CALLS)) {
    const ref = module.importFunction('runtime', name, params, results);
    refs.set(name as RuntimeCallName, ref);
  }
  return refs;
}

/** (fp, sp, gas, ip, status) -> status. */
function defineSave(module: ModuleBuilder): FunctionRef {
  const fn = module.function('save', module.type(['i32', 'i32', 'i64', 'i32', 'i32'], ['i32']));
  const fp = fn.param(0, 'i32');
  fn.i32.store(fn.get(fp), fn.get(fn.param(1, 'i32')), layout.F_SP);
  fn.i64.store(fn.get(fp), fn.get(fn.param(2, 'i64')), layout.F_GAS);
  fn.i32.store(fn.get(fp), fn.get(fn.param(3, 'i32')), layout.F_IP);
  fn.return(fn.get(fn.param(4, 'i32')));
  return fn.ref;
}

/** The functions of the 256 bytes; unknown bytes share INVALID. */
function defineInstructions(module: ModuleBuilder, links: InterpreterLinks): FunctionRef[] {
  const invalid = defineInstruction(module, invalidRow(), links);
  return Array.from({ length: 256 }, (_, byte) => {
    const row = opcodeAt(byte, links.fork);
    if (row === undefined || row.name === 'INVALID') return invalid;
    return defineInstruction(module, row, links);
  });
}

function invalidRow(): OpcodeRow {
  return opcodeAt(opcodeByte('INVALID'), 'frontier') as OpcodeRow;
}

function defineInstruction(
  module: ModuleBuilder,
  row: OpcodeRow,
  links: InterpreterLinks,
): FunctionRef {
  const name = links.loop === undefined ? `${row.name} (stepping)` : row.name;
  const fn = module.function(name, links.type);
  const assembler = new InstructionAssembler(fn, row, links);
  const meaning = MEANINGS[row.byte];
  if (meaning === undefined) throw new RangeError(`${row.name} has no meaning`);
  assembler.begin();
  meaning(assembler);
  if (!row.endsBlock) assembler.next();
  else fn.unreachable();
  return fn.ref;
}
