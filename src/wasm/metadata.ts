/**
 * The custom sections that a module carries: names for readers, hints for the engine.
 *
 *   name                                 functions and locals, for stack traces and disassemblies
 * metadata.code.branch_hint            before the code: function, offset in its body, likely or
 * not
 *   metadata.code.compilation_priority   before the code: function, 0, size, priorities
 *
 * Branch hints: https://github.com/WebAssembly/branch-hinting (in V8 14 without a flag).
 * Priorities: https://github.com/WebAssembly/compilation-hints (V8 14 reads them with
 * --experimental-wasm-compilation-hints).
 */
import { ByteBuffer } from './buffer.ts';
import type { FunctionBuilder } from './function.ts';

const NAME_FUNCTIONS = 1;
const NAME_LOCALS = 2;

/** Content of the name section: imported functions first, as their indices are. */
export function encodeNames(
  importNames: readonly string[],
  functions: readonly FunctionBuilder[],
): ByteBuffer {
  const names = new ByteBuffer(1024);
  names.u32(importNames.length + functions.length);
  let index = 0;
  for (const name of importNames) {
    names.u32(index++);
    names.name(name);
  }
  for (const fn of functions) {
    names.u32(index++);
    names.name(fn.name);
  }
  const section = new ByteBuffer(names.length + 64);
  section.name('name');
  section.byte(NAME_FUNCTIONS);
  section.vector(names.view());
  const named = functions.filter(({ localNames }) => localNames.size > 0);
  if (named.length > 0) {
    section.byte(NAME_LOCALS);
    section.vector(encodeLocalNames(named).view());
  }
  return section;
}

function encodeLocalNames(functions: readonly FunctionBuilder[]): ByteBuffer {
  const names = new ByteBuffer();
  names.u32(functions.length);
  for (const fn of functions) {
    names.u32(fn.ref);
    names.u32(fn.localNames.size);
    for (const [local, name] of [...fn.localNames].sort(([a], [b]) => a - b)) {
      names.u32(local);
      names.name(name);
    }
  }
  return names;
}

/** Content of the section of branch hints, or undefined when there are none. */
export function encodeBranchHints(functions: readonly FunctionBuilder[]): ByteBuffer | undefined {
  const hinted = functions.filter(({ hints }) => hints.length > 0);
  if (hinted.length === 0) return undefined;
  const section = new ByteBuffer(1024);
  section.name('metadata.code.branch_hint');
  section.u32(hinted.length);
  for (const fn of hinted) {
    const localsSize = fn.encodeLocals().length;
    section.u32(fn.ref);
    section.u32(fn.hints.length);
    for (const { offset, likely } of fn.hints) {
      section.u32(localsSize + offset);
      section.u32(1);
      section.byte(likely ? 1 : 0);
    }
  }
  return section;
}

/** Content of the section of priorities, or undefined when there are none. */
export function encodePriorities(functions: readonly FunctionBuilder[]): ByteBuffer | undefined {
  const chosen = functions.filter(({ priority }) => priority !== undefined);
  if (chosen.length === 0) return undefined;
  const section = new ByteBuffer();
  section.name('metadata.code.compilation_priority');
  section.u32(chosen.length);
  for (const { ref, priority } of chosen) {
    if (priority === undefined) continue;
    const hint = new ByteBuffer(16);
    hint.u32(priority.compilation);
    if (priority.optimization !== undefined) hint.u32(priority.optimization);
    section.u32(ref);
    section.u32(0);
    section.vector(hint.view());
  }
  return section;
}
