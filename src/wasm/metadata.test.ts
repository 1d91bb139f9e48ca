/** Hints and names arrive where an independent reader and V8 look for them. */
import { setFlagsFromString } from 'node:v8';
import { describe, expect, test } from 'vitest';
import { binaryenText, validateWasm } from '../../test/wasm-tools.ts';
import { ModuleBuilder } from './module.ts';

describe('branch hints', () => {
  const module = new ModuleBuilder();
  const type = module.type(['i32'], ['i32']);
  module.importFunction('a', 'b', [], []);
  const plain = module.function('plain', type);
  plain.get(plain.param(0, 'i32'));
  const hinted = module.function('hinted', type);
  // Many locals of alternating types: their declaration moves the instructions.
  for (let i = 0; i < 200; i++) hinted.local(i % 2 === 0 ? 'i32' : 'i64');
  const n = hinted.param(0, 'i32');
  hinted.block((out) => {
    hinted.hint(true);
    hinted.brIf(out, hinted.get(n));
    hinted.hint(false);
    hinted.if(hinted.get(n), () => hinted.unreachable());
    hinted.if(hinted.get(n), () => hinted.unreachable());
  });
  hinted.get(n);
  const bytes = module.toBytes();

  test('stand before the branches they were given for', () => {
    validateWasm(bytes);
    const after = binaryenText(bytes).match(/\(@metadata.*\n.*/g);
    expect(after).toEqual([
      expect.stringMatching(/^\(@metadata\.code\.branch_hint "\\01"\)\n *\(br_if /),
      expect.stringMatching(/^\(@metadata\.code\.branch_hint "\\00"\)\n *\(if$/),
    ]);
  });

  test('are one section, before the code', () => {
    const [section] = WebAssembly.Module.customSections(
      new WebAssembly.Module(bytes),
      'metadata.code.branch_hint',
    );
    // One function, index 2, two hints.
    expect([...new Uint8Array(section as ArrayBuffer)].slice(0, 3)).toEqual([1, 2, 2]);
  });
});

test('priorities choose the compiler', () => {
  setFlagsFromString('--allow-natives-syntax');
  setFlagsFromString('--experimental-wasm-compilation-hints');
  const module = new ModuleBuilder();
  const type = module.type(['i32'], ['i32']);
  const priorities = {
    none: undefined,
    soon: { compilation: 0, optimization: 0 },
    once: { compilation: 0, optimization: 127 },
  };
  for (const [name, priority] of Object.entries(priorities)) {
    const fn = module.function(name, type);
    fn.i32.add(fn.get(fn.param(0, 'i32')), fn.i32.const(1));
    fn.priority = priority;
    module.export(name, fn.ref);
  }
  const bytes = module.toBytes();
  validateWasm(bytes);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const isOptimised = new Function('f', 'return %IsTurboFanFunction(f)');
  const isBaseline = new Function('f', 'return %IsLiftoffFunction(f)');
  expect([isOptimised(exports['none']), isBaseline(exports['none'])]).toEqual([false, false]);
  expect(isOptimised(exports['soon'])).toBe(true);
  expect(isBaseline(exports['once'])).toBe(true);
});

test('names can be left out, and locals can have some', () => {
  const build = (): ModuleBuilder => {
    const module = new ModuleBuilder();
    const fn = module.function('a name', module.type(['i32', 'i32'], []));
    fn.nameLocal(fn.param(1, 'i32'), 'second');
    fn.nameLocal(fn.param(0, 'i32'), 'first');
    return module;
  };
  const sections = (bytes: Uint8Array<ArrayBuffer>): ArrayBuffer[] =>
    WebAssembly.Module.customSections(new WebAssembly.Module(bytes), 'name');
  const [names] = sections(build().toBytes());
  validateWasm(build().toBytes());
  expect(new TextDecoder().decode(names)).toMatch(/a name.*first.*second/s);
  expect(sections(build().toBytes({ names: false }))).toEqual([]);
});
