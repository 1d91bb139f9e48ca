/** Control flow, calls, locals, tables and bulk memory, executed; misuse is named. */
import { describe, expect, test } from 'vitest';
import { validateWasm } from '../../test/wasm-tools.ts';
import { FUNCTION_BYTES_MAX, type FunctionBuilder } from './function.ts';
import { LOCALS_MAX } from './locals.ts';
import { ModuleBuilder } from './module.ts';
import type { FunctionRef, Label, ValueType } from './types.ts';

type Exports = Record<string, (...operands: (number | bigint)[]) => number | bigint>;

function instantiate(module: ModuleBuilder, imports: WebAssembly.Imports = {}): Exports {
  const bytes = module.toBytes();
  validateWasm(bytes);
  expect(module.toBytes()).toEqual(bytes);
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports as Exports;
}

/** One function (i32, i32) -> i32 in a module with a page of memory. */
function run(build: (fn: FunctionBuilder) => void): (a?: number, b?: number) => number {
  const module = new ModuleBuilder();
  module.memory({ initial: 1, maximum: 3, shared: false });
  const fn = module.function('f', module.type(['i32', 'i32'], ['i32']));
  build(fn);
  module.export('f', fn.ref);
  const { f } = instantiate(module);
  return (a = 0, b = 0) => Number(f?.(a, b));
}

const NUMBERS: readonly ValueType[] = ['i32', 'i64', 'f64', 'v128'];

describe('control', () => {
  test('if with and without else, and a branch out of either arm', () => {
    const f = run((fn) => {
      const [a, b] = [fn.param(0, 'i32'), fn.param(1, 'i32')];
      fn.if(
        fn.get(a),
        (done) => {
          fn.brIf(done, fn.i32.eqz(fn.get(b)));
          fn.return(fn.i32.const(1));
        },
        (done) => {
          fn.brIf(done, fn.get(b));
          fn.return(fn.i32.const(2));
        },
      );
      fn.if(fn.get(b), () => fn.set(a, fn.i32.const(5)));
      fn.i32.add(fn.get(a), fn.i32.const(10));
    });
    expect([f(1, 1), f(1, 0), f(0, 0), f(0, 7)]).toEqual([1, 11, 2, 15]);
  });

  test('values of blocks and ifs', () => {
    const f = run((fn) => {
      const [a, b] = [fn.param(0, 'i32'), fn.param(1, 'i32')];
      const chosen = fn.ifValue(
        'i64',
        fn.get(a),
        () => fn.i64.const(7),
        () => fn.return(fn.i32.const(99)),
      );
      const wide = fn.local('i64');
      fn.set(wide, chosen);
      fn.blockValue('i32', (out) => {
        fn.block((inner) => {
          fn.brIf(inner, fn.get(b));
          fn.br(out, fn.i32.wrapI64(fn.get(wide)));
        });
        return fn.i32.const(3);
      });
    });
    expect([f(1, 0), f(1, 1), f(0, 0)]).toEqual([7, 3, 99]);
  });

  test('loops and tables of branches', () => {
    const f = run((fn) => {
      const [n, sum] = [fn.param(0, 'i32'), fn.local('i32')];
      fn.loop((again) => {
        fn.block((rest) => {
          fn.block((one) => {
            fn.block((zero) => {
              fn.brTable([zero, one, rest], rest, fn.i32.remU(fn.get(n), fn.i32.const(4)));
            });
            fn.set(sum, fn.i32.add(fn.get(sum), fn.i32.const(1000)));
            fn.br(rest);
          });
          fn.set(sum, fn.i32.add(fn.get(sum), fn.i32.const(1)));
        });
        fn.brIf(again, fn.tee(n, fn.i32.sub(fn.get(n), fn.i32.const(1))));
      });
      fn.get(sum);
    });
    // Of 10 down to 1, two leave the rest 0, and 9, 5 and 1 leave the rest 1.
    expect(f(10)).toBe(2003);
  });

  test('select, drop, nop, unreachable', () => {
    const f = run((fn) => {
      const [a, b] = [fn.param(0, 'i32'), fn.param(1, 'i32')];
      fn.nop();
      fn.drop(fn.i64.const(1));
      fn.if(fn.i32.eq(fn.get(a), fn.i32.const(9)), () => fn.unreachable());
      fn.select(fn.get(a), fn.get(b), fn.i32.ltU(fn.get(a), fn.get(b)));
    });
    expect([f(1, 2), f(4, 3)]).toEqual([1, 3]);
    expect(() => f(9)).toThrow(WebAssembly.RuntimeError);
  });

  test('a branch to a block that is closed is misuse', () => {
    run((fn) => {
      let closed: Label | undefined;
      fn.block((label) => {
        closed = label;
      });
      fn.block(() => {
        expect(() => fn.br(closed as Label)).toThrow('f branches to a label outside of its block');
        expect(() => fn.brTable([], closed as Label, fn.i32.const(0))).toThrow('outside');
        fn.unreachable();
      });
      fn.unreachable();
    });
  });
});

describe('calls', () => {
  const module = new ModuleBuilder();
  const host = module.importFunction('host', 'twice', ['i32'], ['i32']);
  const type = module.type(['i32', 'i32'], ['i32']);
  const table = module.table({ initial: 3 });
  const even = module.function('even', type);
  const odd = module.function('odd', type);
  for (const [fn, other, atZero] of [
    [even, odd, 1],
    [odd, even, 0],
  ] as const) {
    const [n, isIndirect] = [fn.param(0, 'i32'), fn.param(1, 'i32')];
    fn.if(fn.i32.eqz(fn.get(n)), () => fn.return(fn.i32.const(atZero)));
    fn.set(n, fn.i32.sub(fn.get(n), fn.i32.const(1)));
    fn.if(fn.get(isIndirect), () => {
      const slot = other === even ? 1 : 2;
      fn.returnCallIndirect(type, [fn.get(n), fn.get(isIndirect)], fn.i32.const(slot), table);
    });
    fn.returnCall(other.ref, fn.get(n), fn.get(isIndirect));
    module.export(fn.name, fn.ref);
  }
  module.elements(1, [even.ref, odd.ref]);
  const calls = module.function('calls', type);
  const doubled = calls.call(host, calls.get(calls.param(0, 'i32')));
  const parity = calls.callIndirect(
    type,
    [doubled, calls.i32.const(1)],
    calls.get(calls.param(1, 'i32')),
  );
  calls.i32.add(parity, calls.i32.const(100));
  module.export('calls', calls.ref);
  const exports = instantiate(module, { host: { twice: (x: number) => 2 * x } });

  test('tail calls, direct and through the table, use no stack', () => {
    for (const indirect of [0, 1]) {
      expect(exports['even']?.(1_000_000, indirect)).toBe(1);
      expect(exports['even']?.(1_000_001, indirect)).toBe(0);
      expect(exports['odd']?.(1_000_001, indirect)).toBe(1);
    }
  });

  test('calls of imports and through the table', () => {
    expect(exports['calls']?.(3, 1)).toBe(101);
    expect(exports['calls']?.(3, 2)).toBe(100);
    expect(() => exports['calls']?.(3, 0)).toThrow(WebAssembly.RuntimeError);
  });
});

describe('locals', () => {
  test('are reused by type once they are released', () => {
    run((fn) => {
      const [a, b] = [fn.local('i64'), fn.local('i32')];
      fn.release(a);
      expect(fn.local('i32')).not.toBe(a);
      expect(fn.local('i64')).toBe(a);
      fn.release(b);
      expect(fn.local('i32')).toBe(b);
      expect(fn.localCount).toBe(3);
      fn.i32.const(0);
    });
  });

  test('of all types are declared in runs, and zero at first', () => {
    const f = run((fn) => {
      const all = [...NUMBERS, ...NUMBERS, 'funcref' as const].map((type) => fn.local(type));
      for (const local of all) fn.drop(fn.get(local));
      fn.i32.wrapI64(fn.get(fn.local('i64')));
    });
    expect(f()).toBe(0);
  });

  test('misuse', () => {
    run((fn) => {
      const a = fn.local('i32');
      fn.release(a);
      expect(() => fn.release(a)).toThrow('f has no local 2 to release');
      expect(() => fn.release(fn.param(0, 'i32'))).toThrow('f has no local 0');
      expect(() => fn.param(0, 'i64')).toThrow('parameter 0 of f is i32, not i64');
      expect(() => fn.param(2, 'i32')).toThrow('parameter 2 of f is undefined');
      fn.i32.const(0);
    });
  });
});

describe('memory and tables', () => {
  test('size, growth, fill and copy', () => {
    const f = run((fn) => {
      const page = fn.i32.const(65536);
      fn.drop(page);
      fn.fill(fn.i32.const(10), fn.i32.const(7), fn.i32.const(4));
      fn.copy(fn.i32.const(12), fn.i32.const(10), fn.i32.const(4));
      fn.drop(fn.memoryGrow(fn.i32.const(2)));
      const word = fn.i32.load(fn.i32.const(12));
      fn.i32.add(word, fn.i32.add(fn.memorySize(), fn.memoryGrow(fn.i32.const(1))));
    });
    expect(f()).toBe(0x07070707 + 3 - 1);
  });

  test('segments, passive and active, in memory and table', () => {
    const module = new ModuleBuilder();
    module.memory({ initial: 1, maximum: 1, shared: true });
    const type = module.type([], ['i32']);
    module.table({ initial: 4, maximum: 8 });
    const second = module.table({ initial: 1 });
    const five = module.function('five', type);
    five.i32.const(5);
    const fn = module.function('f', type);
    const passive = module.passiveElements([five.ref]);
    const bytes = module.passiveData(Uint8Array.of(1, 2, 3, 4));
    module.data(100, Uint8Array.of(9, 0, 0, 0));
    fn.tableInit(passive, fn.i32.const(2), fn.i32.const(0), fn.i32.const(1));
    fn.elementDrop(passive);
    fn.memoryInit(bytes, fn.i32.const(8), fn.i32.const(1), fn.i32.const(2));
    fn.dataDrop(bytes);
    fn.tableSet(fn.i32.const(0), fn.tableGet(fn.i32.const(2)), second);
    fn.tableSet(fn.i32.const(3), fn.refFunc(five.ref));
    fn.drop(fn.tableGrow(fn.refNull(), fn.i32.const(2), second));
    const calls = [
      fn.callIndirect(type, [], fn.i32.const(2)),
      fn.callIndirect(type, [], fn.i32.const(3)),
      fn.callIndirect(type, [], fn.i32.const(0), second),
      fn.i32.mul(fn.tableSize(second), fn.i32.const(1000)),
      fn.i32.mul(fn.refIsNull(fn.tableGet(fn.i32.const(1))), fn.i32.const(100_000)),
      fn.i32.load(fn.i32.const(8)),
      fn.i32.load(fn.i32.const(100)),
    ];
    for (const _ of calls.slice(1)) fn.i32.add(calls[0] as never, calls[0] as never);
    module.export('f', fn.ref);
    expect(instantiate(module)['f']?.()).toBe(15 + 3000 + 100_000 + 0x0302 + 9);
  });

  test('a function that only a reference names is declared', () => {
    const module = new ModuleBuilder();
    module.table({ initial: 1 });
    const type = module.type([], ['i32']);
    const [fn, seven] = [module.function('f', type), module.function('seven', type)];
    seven.i32.const(7);
    fn.tableSet(fn.i32.const(0), fn.refFunc(seven.ref));
    fn.callIndirect(type, [], fn.i32.const(0));
    module.export('f', fn.ref);
    expect(instantiate(module)['f']?.()).toBe(7);
  });

  test('waiting and waking', () => {
    const module = new ModuleBuilder();
    module.importMemory('env', 'memory', { initial: 1, maximum: 1, shared: true });
    const type = module.type(['i64'], ['i32']);
    const wait32 = module.function('wait32', type);
    const timeout = (fn: FunctionBuilder) => fn.get(fn.param(0, 'i64'));
    wait32.atomicWait32(wait32.i32.const(0), wait32.i32.const(5), timeout(wait32), 8);
    const wait64 = module.function('wait64', type);
    wait64.atomicWait64(wait64.i32.const(8), wait64.i64.const(5), timeout(wait64));
    const notify = module.function('notify', type);
    notify.atomicFence();
    notify.atomicNotify(notify.i32.const(0), notify.i32.const(1), 8);
    for (const fn of [wait32, wait64, notify]) module.export(fn.name, fn.ref);
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const exports = instantiate(module, { env: { memory } });
    expect([exports['wait32']?.(0n), exports['wait64']?.(0n)]).toEqual([1, 1]);
    new Int32Array(memory.buffer)[2] = 5;
    expect([exports['wait32']?.(1000n), exports['wait64']?.(1000n)]).toEqual([2, 2]);
    expect(exports['notify']?.(0n)).toBe(0);
  });
});

describe('code out of its order', () => {
  test('is put in its place, with the hints in it', () => {
    const build = (late: boolean) => {
      const module = new ModuleBuilder();
      const fn = module.function('f', module.type(['i32'], ['i32']));
      const a = fn.param(0, 'i32');
      const add = (value: number) => fn.set(a, fn.i32.add(fn.get(a), fn.i32.const(value)));
      const double = () => {
        fn.hint(true);
        fn.if(fn.get(a), () => fn.set(a, fn.i32.mul(fn.get(a), fn.i32.const(2))));
      };
      add(1);
      const places = [fn.size];
      if (!late) double();
      fn.hint(false);
      fn.if(fn.get(a), () => add(3));
      places.push(fn.size);
      if (!late) add(100);
      add(5);
      if (late) {
        fn.insert(places[1] ?? 0, () => add(100));
        fn.insert(places[0] ?? 0, double);
      }
      fn.get(a);
      module.export('f', fn.ref);
      return { module, fn };
    };
    const [late, plain] = [build(true), build(false)];
    expect(late.module.toBytes()).toEqual(plain.module.toBytes());
    expect(late.fn.hints).toEqual(plain.fn.hints);
    expect(instantiate(late.module)['f']?.(1)).toBe(112);
  });

  test('is forgotten from a mark on, with its locals', () => {
    const build = (again: boolean) => {
      const module = new ModuleBuilder();
      const fn = module.function('f', module.type([], ['i32']));
      const [held, given] = [fn.local('i32'), fn.local('i32')];
      fn.release(given);
      fn.set(held, fn.i32.const(1));
      const mark = fn.mark();
      const emit = (value: number) => {
        const local = fn.local('i32');
        expect(local).toBe(given);
        fn.set(local, fn.i32.const(value));
        fn.insert(mark.length, () => fn.set(held, fn.i32.const(value)));
        fn.hint(true);
        fn.if(fn.get(held), () => fn.return(fn.i32.add(fn.get(held), fn.get(local))));
        expect(fn.localCount).toBe(2);
        return fn.local('v128');
      };
      if (again) {
        emit(9);
        fn.rewind(mark);
      }
      fn.release(emit(4));
      fn.unreachable();
      module.export('f', fn.ref);
      return module;
    };
    expect(build(true).toBytes()).toEqual(build(false).toBytes());
    expect(instantiate(build(true))['f']?.()).toBe(8);
  });
});

describe('limits and order', () => {
  test('a function has so many locals and bytes', () => {
    const module = new ModuleBuilder();
    const fn = module.function('big', module.type(['i32'], []));
    for (let i = 1; i < LOCALS_MAX; i++) fn.local('i32');
    expect(() => fn.local('i32')).toThrow(`big needs more than ${LOCALS_MAX} locals`);
    validateWasm(module.toBytes());
    // The locals take 5 bytes, the end 1.
    while (fn.size < FUNCTION_BYTES_MAX - 6) fn.nop();
    expect(() => new WebAssembly.Module(module.toBytes())).not.toThrow();
    fn.nop();
    expect(() => module.toBytes()).toThrow(`more than ${FUNCTION_BYTES_MAX}: split it`);
  });

  test('imports come first', () => {
    const module = new ModuleBuilder();
    const type = module.type([], []);
    module.function('f', type);
    expect(() => module.importFunction('a', 'b', [], [])).toThrow('import a.b comes after');
    expect(() => module.function('g', 7)).toThrow('no type has the index 7');
    module.global('i32', 0, false);
    expect(() => module.importGlobal('a', 'b', 'i32')).toThrow('import a.b comes after');
    expect(() => module.importTable('a', 'b', { initial: 1 })).not.toThrow();
    expect(module.type([], [])).toBe(type);
  });
});

test('globals, start, exports of every kind, custom sections', () => {
  const module = new ModuleBuilder();
  const given = module.importGlobal('env', 'given', 'i32');
  const imported = module.importTable('env', 'table', { initial: 2, maximum: 2 });
  module.memory({ initial: 1, maximum: 2, shared: false });
  const counter = module.global('i64', -1n, true);
  const fixed = module.global('i32', 0xffff_ffff, false);
  const start = module.function('start', module.type([], []));
  const sum = start.i64.add(
    start.globalGet(counter, 'i64'),
    start.i64.extendI32S(start.globalGet(given, 'i32')),
  );
  start.globalSet(counter, sum);
  module.start(start.ref);
  module.elements({ global: given }, [start.ref] as readonly FunctionRef[]);
  module.exportMemory('memory');
  module.exportTable('table', imported);
  module.exportGlobal('counter', counter);
  module.exportGlobal('fixed', fixed);
  module.custom('note', Uint8Array.of(1, 2, 3));
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: 2, maximum: 2 });
  const exports = instantiate(module, { env: { given: 1, table } });
  const global = (name: string) => (exports[name] as unknown as WebAssembly.Global).value;
  expect([global('counter'), global('fixed')]).toEqual([0n, -1]);
  expect(exports['memory']).toBeInstanceOf(WebAssembly.Memory);
  expect(exports['table']).toBe(table);
  expect(table.get(1)).toBeInstanceOf(Function);
  const compiled = new WebAssembly.Module(module.toBytes());
  const [note] = WebAssembly.Module.customSections(compiled, 'note');
  expect([...new Uint8Array(note as ArrayBuffer)]).toEqual([1, 2, 3]);
});

test('operands of the wrong type do not compile', () => {
  const module = new ModuleBuilder();
  const fn = module.function('f', module.type(['i32', 'i64'], []));
  const [narrow, wide] = [fn.param(0, 'i32'), fn.param(1, 'i64')];
  // @ts-expect-error an i32 is no i64
  fn.i64.add(fn.get(wide), fn.get(narrow));
  // @ts-expect-error an i64 is no address
  fn.i64.load(fn.get(wide));
  // @ts-expect-error a local holds its own type
  fn.set(narrow, fn.i64.const(1));
  // @ts-expect-error a condition is an i32
  fn.if(fn.get(wide), () => {});
  const constant = () => fn.i32.const(1);
  // @ts-expect-error both arms are of the result's type
  fn.ifValue('i64', fn.get(narrow), () => fn.i64.const(1), constant);
  // @ts-expect-error both choices are of one type
  fn.select(fn.get(wide), fn.get(narrow), fn.get(narrow));
  // @ts-expect-error an operand is missing
  fn.i32.add(fn.get(narrow));
  expect(() => validateWasm(module.toBytes())).toThrow();
});
