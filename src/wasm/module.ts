/**
 * Builds a module: types, imports, functions, tables, elements, data, exports and metadata.
 *
 * Indices are known as soon as something is added, so a function may be called before its body is
 * built; the price is that imports come before a module's own things of the same kind. The same
 * calls give the same bytes.
 *
 * https://webassembly.github.io/spec/core/binary/modules.html
 */
import { ByteBuffer } from './buffer.ts';
import { WasmError } from './errors.ts';
import { FunctionBuilder } from './function.ts';
import { encodeBranchHints, encodeNames, encodePriorities } from './metadata.ts';
import { type FunctionRef, TYPE_BYTES, type ValueType } from './types.ts';

/** Sizes of a memory in pages of 64 KiB. */
export interface MemoryLimits {
  readonly initial: number;
  readonly maximum: number;
  readonly shared: boolean;
}

/** Sizes of a table of functions in entries. */
export interface TableLimits {
  readonly initial: number;
  readonly maximum?: number;
}

/** Where a segment goes at instantiation: a number, or the value of an imported global. */
export type SegmentOffset = number | { readonly global: number };

export interface ModuleOutput {
  /** Leaves the name section out: smaller, but stack traces show indices only. */
  readonly names?: boolean;
}

/** Most functions of a module that V8 accepts, imported ones included. */
export const FUNCTIONS_MAX = 1_000_000;

const MAGIC = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
} as const;
const KIND = { function: 0, table: 1, memory: 2, global: 3 } as const;
const END = 0x0b;

/** About what a function takes beside its body, with its hints and its name. */
const CODE_ENTRY_BYTES = 64;
/** About what a module takes beside its functions. */
const HEAD_BYTES = 4096;

/** A vector of a section, written entry by entry. */
interface Vector {
  count: number;
  readonly bytes: ByteBuffer;
}

function vector(): Vector {
  return { count: 0, bytes: new ByteBuffer() };
}

export class ModuleBuilder {
  readonly #typeIndices: Map<string, number> = new Map();
  readonly #params: (readonly ValueType[])[] = [];
  readonly #types: Vector = vector();
  readonly #imports: Vector = vector();
  readonly #tables: Vector = vector();
  readonly #memories: Vector = vector();
  readonly #globals: Vector = vector();
  readonly #exports: Vector = vector();
  readonly #elements: Vector = vector();
  readonly #data: Vector = vector();
  readonly #importNames: string[] = [];
  readonly #functions: FunctionBuilder[] = [];
  readonly #customs: ByteBuffer[] = [];
  #importedGlobals = 0;
  #importedTables = 0;
  #start: FunctionRef | undefined;

  /** Index of a function type; equal types share one. */
  type(params: readonly ValueType[], results: readonly ValueType[]): number {
    const key = `${params.join()}:${results.join()}`;
    const known = this.#typeIndices.get(key);
    if (known !== undefined) return known;
    const index = this.#types.count++;
    this.#typeIndices.set(key, index);
    this.#params.push(params);
    const { bytes } = this.#types;
    bytes.byte(0x60);
    for (const list of [params, results]) {
      bytes.u32(list.length);
      for (const type of list) bytes.byte(TYPE_BYTES[type]);
    }
    return index;
  }

  // ---------------------------------------------------------------- imports

  #import(module: string, name: string, kind: number, ownCount: number): ByteBuffer {
    if (ownCount > 0) {
      const message = `import ${module}.${name} comes after one of the module's own kind`;
      throw new WasmError('wasm/order', message, { module, name });
    }
    this.#imports.count += 1;
    const { bytes } = this.#imports;
    bytes.name(module);
    bytes.name(name);
    bytes.byte(kind);
    return bytes;
  }

  importMemory(module: string, name: string, limits: MemoryLimits): void {
    writeMemory(this.#import(module, name, KIND.memory, this.#memories.count), limits);
  }

  /** Returns the table's index. */
  importTable(module: string, name: string, limits: TableLimits): number {
    writeTable(this.#import(module, name, KIND.table, this.#tables.count), limits);
    return this.#importedTables++;
  }

  /** An immutable global; returns its index. */
  importGlobal(module: string, name: string, type: ValueType): number {
    const bytes = this.#import(module, name, KIND.global, this.#globals.count);
    bytes.byte(TYPE_BYTES[type]);
    bytes.byte(0x00);
    return this.#importedGlobals++;
  }

  /** Must come before the first function of the module's own. */
  importFunction(
    module: string,
    name: string,
    params: readonly ValueType[],
    results: readonly ValueType[],
  ): FunctionRef {
    const type = this.type(params, results);
    this.#import(module, name, KIND.function, this.#functions.length).u32(type);
    this.#importNames.push(`${module}.${name}`);
    return (this.#importNames.length - 1) as FunctionRef;
  }

  // ---------------------------------------------------------------- the module's own

  /**
   * A function whose body is built now or later, but before `toBytes`.
   * @throws WasmError `wasm/unknown` for a type index that is none, `wasm/limit` past FUNCTIONS_MAX
   */
  function(name: string, type: number): FunctionBuilder {
    const params = this.#params[type];
    if (params === undefined) {
      throw new WasmError('wasm/unknown', `no type has the index ${type}`, { type });
    }
    const index = this.#importNames.length + this.#functions.length;
    if (index >= FUNCTIONS_MAX) {
      const message = `a module has at most ${FUNCTIONS_MAX} functions: make a second one`;
      throw new WasmError('wasm/limit', message, { limit: FUNCTIONS_MAX });
    }
    const builder = new FunctionBuilder(name, index as FunctionRef, type, params);
    this.#functions.push(builder);
    return builder;
  }

  /** A body that is no function's yet: one may adopt it, and the next be built in it. */
  draft(type: number): FunctionBuilder {
    return new FunctionBuilder('draft', -1 as FunctionRef, type, this.#params[type] ?? []);
  }

  memory(limits: MemoryLimits): void {
    this.#memories.count += 1;
    writeMemory(this.#memories.bytes, limits);
  }

  /** Returns the table's index. */
  table(limits: TableLimits): number {
    writeTable(this.#tables.bytes, limits);
    return this.#importedTables + this.#tables.count++;
  }

  /** A global of the module's own; returns its index. */
  global(type: 'i32' | 'i64', initial: number | bigint, mutable: boolean): number {
    const { bytes } = this.#globals;
    bytes.byte(TYPE_BYTES[type]);
    bytes.byte(mutable ? 1 : 0);
    bytes.byte(type === 'i32' ? 0x41 : 0x42);
    if (type === 'i32') bytes.s32(Number(initial));
    else bytes.s64(BigInt(initial));
    bytes.byte(END);
    return this.#importedGlobals + this.#globals.count++;
  }

  /** Runs at instantiation; takes and gives nothing. */
  start(ref: FunctionRef): void {
    this.#start = ref;
  }

  // ---------------------------------------------------------------- segments

  /** Fills table 0 from `offset` at instantiation. */
  elements(offset: SegmentOffset, functions: readonly FunctionRef[]): void {
    const { bytes } = this.#elements;
    bytes.byte(0x00);
    writeOffset(bytes, offset);
    writeRefs(bytes, functions);
    this.#elements.count += 1;
  }

  /** Functions for `tableInit`; returns the segment's index. */
  passiveElements(functions: readonly FunctionRef[]): number {
    const { bytes } = this.#elements;
    bytes.byte(0x01);
    bytes.byte(0x00);
    writeRefs(bytes, functions);
    return this.#elements.count++;
  }

  /** Fills memory 0 from `offset` at instantiation. On shared memory, every instance does so. */
  data(offset: SegmentOffset, content: Uint8Array): void {
    const { bytes } = this.#data;
    bytes.byte(0x00);
    writeOffset(bytes, offset);
    bytes.vector(content);
    this.#data.count += 1;
  }

  /** Bytes for `memoryInit`; returns the segment's index. */
  passiveData(content: Uint8Array): number {
    const { bytes } = this.#data;
    bytes.byte(0x01);
    bytes.vector(content);
    return this.#data.count++;
  }

  // ---------------------------------------------------------------- exports

  /** Exports a function. */
  export(name: string, ref: FunctionRef): void {
    this.#export(name, KIND.function, ref);
  }

  exportMemory(name: string): void {
    this.#export(name, KIND.memory, 0);
  }

  exportTable(name: string, index = 0): void {
    this.#export(name, KIND.table, index);
  }

  exportGlobal(name: string, index: number): void {
    this.#export(name, KIND.global, index);
  }

  #export(name: string, kind: number, index: number): void {
    this.#exports.count += 1;
    const { bytes } = this.#exports;
    bytes.name(name);
    bytes.byte(kind);
    bytes.u32(index);
  }

  /** A custom section, which goes to the end. */
  custom(name: string, content: Uint8Array): void {
    const section = new ByteBuffer(content.length + name.length + 8);
    section.name(name);
    section.append(content);
    this.#customs.push(section);
  }

  // ---------------------------------------------------------------- output

  /** The module; the same calls give the same bytes. PERF: O(bytes), copied three times. */
  toBytes(options: ModuleOutput = {}): Uint8Array<ArrayBuffer> {
    this.#declareReferences();
    for (const fn of this.#functions) fn.settle();
    const size = this.#functions.reduce((sum, fn) => sum + fn.size + CODE_ENTRY_BYTES, 0);
    const out = new ByteBuffer(size + HEAD_BYTES);
    out.append(MAGIC);
    this.#writeHead(out);
    const hints = encodeBranchHints(this.#functions);
    if (hints !== undefined) writeSection(out, SECTION.custom, hints);
    const priorities = encodePriorities(this.#functions);
    if (priorities !== undefined) writeSection(out, SECTION.custom, priorities);
    const code = { count: this.#functions.length, bytes: new ByteBuffer(size) };
    for (const fn of this.#functions) fn.writeCode(code.bytes);
    writeVector(out, SECTION.code, code);
    writeVector(out, SECTION.data, this.#data);
    if (options.names !== false) {
      writeSection(out, SECTION.custom, encodeNames(this.#importNames, this.#functions));
    }
    for (const custom of this.#customs) writeSection(out, SECTION.custom, custom);
    return new Uint8Array(out.view());
  }

  #writeHead(out: ByteBuffer): void {
    writeVector(out, SECTION.type, this.#types);
    writeVector(out, SECTION.import, this.#imports);
    const functions = vector();
    functions.count = this.#functions.length;
    for (const fn of this.#functions) functions.bytes.u32(fn.typeIndex);
    writeVector(out, SECTION.function, functions);
    writeVector(out, SECTION.table, this.#tables);
    writeVector(out, SECTION.memory, this.#memories);
    writeVector(out, SECTION.global, this.#globals);
    writeVector(out, SECTION.export, this.#exports);
    if (this.#start !== undefined) {
      const start = new ByteBuffer(8);
      start.u32(this.#start);
      writeSection(out, SECTION.start, start);
    }
    writeVector(out, SECTION.element, this.#elements);
    if (this.#data.count > 0) {
      const count = new ByteBuffer(8);
      count.u32(this.#data.count);
      writeSection(out, SECTION.dataCount, count);
    }
  }

  /** Functions that `ref.func` names must be declared outside of the code. */
  #declareReferences(): void {
    const references = new Set<FunctionRef>();
    for (const fn of this.#functions) for (const ref of fn.references) references.add(ref);
    for (const fn of this.#functions) fn.references.clear();
    if (references.size === 0) return;
    const { bytes } = this.#elements;
    bytes.byte(0x03);
    bytes.byte(0x00);
    writeRefs(bytes, [...references]);
    this.#elements.count += 1;
  }
}

function writeMemory(bytes: ByteBuffer, limits: MemoryLimits): void {
  bytes.byte(limits.shared ? 0x03 : 0x01);
  bytes.u32(limits.initial);
  bytes.u32(limits.maximum);
}

function writeTable(bytes: ByteBuffer, limits: TableLimits): void {
  bytes.byte(TYPE_BYTES.funcref);
  bytes.byte(limits.maximum === undefined ? 0x00 : 0x01);
  bytes.u32(limits.initial);
  if (limits.maximum !== undefined) bytes.u32(limits.maximum);
}

function writeOffset(bytes: ByteBuffer, offset: SegmentOffset): void {
  if (typeof offset === 'number') {
    bytes.byte(0x41);
    bytes.s32(offset);
  } else {
    bytes.byte(0x23);
    bytes.u32(offset.global);
  }
  bytes.byte(END);
}

function writeRefs(bytes: ByteBuffer, functions: readonly FunctionRef[]): void {
  bytes.u32(functions.length);
  for (const ref of functions) bytes.u32(ref);
}

function writeSection(out: ByteBuffer, id: number, content: ByteBuffer): void {
  out.byte(id);
  out.vector(content.view());
}

/** An empty vector needs no section. */
function writeVector(out: ByteBuffer, id: number, { count, bytes }: Vector): void {
  if (count === 0) return;
  const head = new ByteBuffer(8);
  head.u32(count);
  out.byte(id);
  out.u32(head.length + bytes.length);
  out.append(head.view());
  out.append(bytes.view());
}
