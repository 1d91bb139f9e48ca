/** The disassembler's text against wabt's, over every instruction; names, hints, hostile bytes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { validateWasm, wabtText } from '../../test/wasm-tools.ts';
import * as atomics from './atomic-instructions.ts';
import { WasmError } from './errors.ts';
import type { FunctionBuilder } from './function.ts';
import * as scalars from './instructions.ts';
import { ModuleBuilder } from './module.ts';
import { readModule } from './reader.ts';
import { functionText, moduleText } from './text.ts';
import type { Value, ValueType } from './types.ts';
import * as vectors from './vector-instructions.ts';

type NumericRow = readonly [readonly number[], readonly ValueType[], ValueType];
type Methods = Record<string, (...operands: unknown[]) => Value>;

/** The lines of each function, without the comments and wrapping in which the two differ. */
function normalized(text: string): string[] {
  const functions = text.slice(text.indexOf('(func')).split(/^ *(?=\(func)/m);
  return functions
    .filter((part) => !part.includes('(import'))
    .flatMap((part) => part.split('\n'))
    .map((line) =>
      line
        .replace(/\(;.*?;\)|;;.*/g, '')
        .replace(/\s+/g, ' ')
        .trim(),
    )
    .map((line) => line.replace(/\)+$/, ')').replace(/^([^(]*)\)$/, '$1'))
    .filter((line) => line !== '' && !/^\((export|table|memory|global|elem|data)/.test(line));
}

/** Pushes a value of the type: what it is does not matter here. */
function push(fn: FunctionBuilder, type: ValueType): Value {
  if (type === 'v128') return fn.v128.const(Uint8Array.from({ length: 16 }, (_, i) => i * 17));
  if (type === 'funcref') return fn.refNull();
  if (type === 'f64') return fn.f64.const(2.5);
  return type === 'i64' ? fn.i64.const(-(2n ** 63n)) : fn.i32.const(3);
}

function addNumeric(fn: FunctionBuilder, group: Methods): void {
  for (const [table, rows] of [
    ['i32', scalars.I32],
    ['i64', scalars.I64],
    ['f64', scalars.F64],
    ['v128', vectors.V128],
    ['i8x16', vectors.I8X16],
    ['i16x8', vectors.I16X8],
    ['i32x4', vectors.I32X4],
    ['i64x2', vectors.I64X2],
  ] as const) {
    if ((fn as unknown as Record<string, Methods>)[table] !== group) continue;
    for (const [name, [, params]] of Object.entries<NumericRow>(rows)) {
      fn.drop(group[name]?.(...params.map((type) => push(fn, type))) as Value);
    }
  }
}

function addLoads(fn: FunctionBuilder, group: Methods, rows: object): void {
  for (const name of Object.keys(rows)) {
    fn.drop(group[name]?.(fn.i32.const(0)) as Value);
    fn.drop(group[name]?.(fn.i32.const(0), 0xffff_ffff) as Value);
  }
}

function addWrites(
  fn: FunctionBuilder,
  group: Methods,
  type: ValueType,
  rows: object,
  { values, gives }: { values: number; gives: boolean },
): void {
  for (const name of Object.keys(rows)) {
    const operands = [fn.i32.const(0), ...Array.from({ length: values }, () => push(fn, type))];
    const result = group[name]?.(...operands, 24) as Value;
    if (gives) fn.drop(result);
  }
}

/** All of the methods that tables make. */
function addInstructions(fn: FunctionBuilder): void {
  const groups = fn as unknown as Record<string, Methods>;
  for (const name of ['i32', 'i64', 'f64', 'v128', 'i8x16', 'i16x8', 'i32x4', 'i64x2']) {
    addNumeric(fn, groups[name] as Methods);
  }
  const [i32, i64, f64, v128] = [groups['i32'], groups['i64'], groups['f64'], groups['v128']];
  for (const [group = {}, rows] of [
    [i32, { ...scalars.I32_LOADS, ...atomics.I32_ATOMIC_LOADS }],
    [i64, { ...scalars.I64_LOADS, ...atomics.I64_ATOMIC_LOADS }],
    [f64, scalars.F64_LOADS],
    [v128, vectors.V128_LOADS],
  ] as const) {
    addLoads(fn, group, rows);
  }
  const store = { values: 1, gives: false };
  const change = { values: 1, gives: true };
  const exchange = { values: 2, gives: true };
  for (const [group = {}, type, rows, shape] of [
    [i32, 'i32', { ...scalars.I32_STORES, ...atomics.I32_ATOMIC_STORES }, store],
    [i64, 'i64', { ...scalars.I64_STORES, ...atomics.I64_ATOMIC_STORES }, store],
    [f64, 'f64', scalars.F64_STORES, store],
    [v128, 'v128', vectors.V128_STORES, store],
    [i32, 'i32', atomics.I32_ATOMIC_RMW, change],
    [i64, 'i64', atomics.I64_ATOMIC_RMW, change],
    [i32, 'i32', atomics.I32_ATOMIC_CMPXCHG, exchange],
    [i64, 'i64', atomics.I64_ATOMIC_CMPXCHG, exchange],
  ] as const) {
    addWrites(fn, group, type, rows, shape);
  }
  for (const name of Object.keys(vectors.V128_LANE_LOADS)) {
    fn.drop(v128?.[name]?.(fn.i32.const(0), push(fn, 'v128'), 1, 9) as Value);
  }
  for (const name of Object.keys(vectors.V128_LANE_STORES)) {
    v128?.[name]?.(fn.i32.const(0), push(fn, 'v128'), 1, 9);
  }
  addLanes(fn, groups);
}

function addLanes(fn: FunctionBuilder, groups: Record<string, Methods>): void {
  for (const [group, type, extracts] of [
    ['i8x16', 'i32', vectors.I8X16_EXTRACTS],
    ['i16x8', 'i32', vectors.I16X8_EXTRACTS],
    ['i32x4', 'i32', vectors.I32X4_EXTRACTS],
    ['i64x2', 'i64', vectors.I64X2_EXTRACTS],
  ] as const) {
    for (const name of Object.keys(extracts)) {
      fn.drop(groups[group]?.[name]?.(1, push(fn, 'v128')) as Value);
    }
    const operands = [push(fn, 'v128'), push(fn, type)];
    fn.drop(groups[group]?.['replaceLane']?.(1, ...operands) as Value);
  }
  const lanes = Array.from({ length: 16 }, (_, i) => 31 - i);
  fn.drop(fn.i8x16.shuffle(lanes, fn.v128.const(new Uint8Array(16)), push(fn, 'v128') as never));
  fn.drop(fn.i64.load(fn.i32.const(-1), 7, 2));
}

/** What function.ts writes itself. */
function addControl(fn: FunctionBuilder, module: ModuleBuilder): void {
  const type = module.type(['i32', 'i64'], []);
  const global = module.global('i64', 5, true);
  const [data, elements] = [
    module.passiveData(new Uint8Array(3)),
    module.passiveElements([fn.ref]),
  ];
  const operands = () => [fn.i32.const(0), fn.i64.const(1)];
  const zero = () => fn.i32.const(0);
  fn.nop();
  fn.globalSet(global, fn.globalGet(global, 'i64'));
  const local = fn.local('f64');
  fn.set(local, fn.tee(local, fn.get(local)));
  fn.block((outer) => {
    fn.loop((again) => {
      fn.hint(false);
      fn.brIf(again, zero());
      fn.hint(true);
      fn.if(
        zero(),
        () => fn.br(outer),
        () => fn.brTable([outer, again], again, zero()),
      );
    });
  });
  fn.drop(
    fn.ifValue(
      'f64',
      zero(),
      () => fn.f64.const(1.5),
      () => fn.return(),
    ),
  );
  fn.drop(fn.blockValue('v128', (label) => fn.br(label, push(fn, 'v128'))));
  fn.drop(fn.select(fn.i64.const(1), fn.i64.const(2), zero()));
  fn.call(fn.ref, ...operands());
  fn.callIndirect(type, operands(), zero());
  fn.callIndirect(type, operands(), zero(), 1);
  fn.if(zero(), () => fn.returnCall(fn.ref, ...operands()));
  fn.if(zero(), () => fn.returnCallIndirect(type, operands(), zero()));
  fn.fill(zero(), zero(), zero());
  fn.copy(zero(), zero(), zero());
  fn.drop(fn.memoryGrow(fn.memorySize()));
  fn.memoryInit(data, zero(), zero(), zero());
  fn.dataDrop(data);
  fn.drop(fn.atomicNotify(zero(), zero(), 4));
  fn.drop(fn.atomicWait32(zero(), zero(), fn.i64.const(0), 4));
  fn.drop(fn.atomicWait64(zero(), fn.i64.const(0), fn.i64.const(0)));
  fn.atomicFence();
  fn.tableSet(zero(), fn.refFunc(fn.ref));
  fn.drop(fn.refIsNull(fn.tableGet(zero(), 1)));
  fn.tableInit(elements, zero(), zero(), zero(), 1);
  fn.elementDrop(elements);
  fn.drop(fn.tableGrow(fn.refNull(), fn.tableSize(1), 1));
  fn.unreachable();
}

function everything(): Uint8Array {
  const module = new ModuleBuilder();
  module.importFunction('host', 'f', ['i32'], []);
  module.importMemory('env', 'memory', { initial: 1, maximum: 1, shared: true });
  module.table({ initial: 1 });
  module.table({ initial: 1 });
  const type = module.type(['i32', 'i64'], []);
  const control = module.function('control flow', type);
  addControl(control, module);
  const fn = module.function('all-of-them', type);
  fn.nameLocal(fn.param(0, 'i32'), 'first');
  addInstructions(fn);
  fn.drop(fn.get(fn.param(0, 'i32')));
  fn.call(control.ref, fn.get(fn.param(0, 'i32')), fn.i64.const(0));
  module.export('all', fn.ref);
  return module.toBytes();
}

describe('text', () => {
  const bytes = everything();

  test('agrees with wabt on every instruction', () => {
    validateWasm(bytes);
    const unhinted = moduleText(bytes, { names: false }).replace(/^ *\(@metadata.*\n/gm, '');
    const ours = normalized(unhinted);
    const theirs = normalized(
      wabtText(bytes).replace(/f64\.const \S+ \(;=(.*?);\)/g, 'f64.const $1'),
    );
    expect(ours).toEqual(theirs);
    expect(ours.length).toBeGreaterThan(1000);
  });

  test('shows names', () => {
    const module = readModule(bytes);
    expect(module.functions.map(({ name }) => name)).toEqual([
      'host.f',
      'control flow',
      'all-of-them',
    ]);
    const text = functionText(module, 2);
    expect(text).toMatch(/^\(func \$all-of-them \(;2;\) \(type \d\) \(param i32 i64\)\n/);
    expect(text).toContain('\n  local.get $first\n');
    expect(text).toContain('\n  call $"control flow")');
    expect(functionText(module, 2, { names: false })).toContain('\n  local.get 0\n');
    expect(() => functionText(module, 0)).toThrow('function 0 is not in the module');
    expect(() => functionText(module, 3)).toThrow(WasmError);
  });

  test('of a function as a golden text', () => {
    const module = new ModuleBuilder();
    const fn = module.function('f', module.type(['i32'], ['i64']));
    const n = fn.param(0, 'i32');
    fn.hint(true);
    fn.if(
      fn.get(n),
      () => fn.return(fn.i64.load(fn.get(n), 8)),
      () => fn.set(n, fn.i32.const(-1)),
    );
    fn.i64.const(2n ** 64n - 1n);
    expect(moduleText(module.toBytes())).toBe(
      [
        '(func $f (;0;) (type 0) (param i32) (result i64)',
        '  local.get 0',
        '  (@metadata.code.branch_hint "\\01")',
        '  if  ;; label = @1',
        '    local.get 0',
        '    i64.load offset=8',
        '    return',
        '  else',
        '    i32.const -1',
        '    local.set 0',
        '  end',
        '  i64.const -1)',
        '',
      ].join('\n'),
    );
  });

  test('of bytes that are no module is an error with a code', () => {
    expect(() => moduleText(new Uint8Array(0))).toThrow('the bytes end early at byte 0');
    expect(() => moduleText(Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7))).toThrow('magic number');
    for (let length = 0; length < 300; length++) onlyFormatErrors(bytes.slice(0, length));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const changed = bytes.slice();
        changed[at] = value;
        onlyFormatErrors(changed);
      }),
      { numRuns: 2000 },
    );
  });
});

function onlyFormatErrors(bytes: Uint8Array): void {
  try {
    moduleText(bytes);
  } catch (error) {
    if (!(error instanceof WasmError && error.code === 'wasm/format')) throw error;
  }
}
