/** Builds a module: types, imports, functions, elements, exports, names and branch hints. */
import { ByteBuffer } from './buffer.ts';
import { FunctionBuilder } from './function.ts';
import { type FunctionRef, TYPE_BYTES, type ValueType } from './types.ts';

interface MemoryLimits {
  readonly initial: number;
  readonly maximum: number;
  readonly shared: boolean;
}

interface Elements {
  readonly offset: number | { readonly global: number };
  readonly functions: readonly FunctionRef[];
}

const MAGIC = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  export: 7,
  element: 9,
  code: 10,
} as const;

export class ModuleBuilder {
  readonly #types: string[] = [];
  readonly #typeBytes: ByteBuffer = new ByteBuffer();
  readonly #params: (readonly ValueType[])[] = [];
  readonly #imports: ByteBuffer = new ByteBuffer();
  #importCount = 0;
  #importedFunctions = 0;
  #globals = 0;
  readonly #importNames: string[] = [];
  readonly #functions: FunctionBuilder[] = [];
  readonly #exports: { readonly name: string; readonly ref: FunctionRef }[] = [];
  readonly #elements: Elements[] = [];

  /** Index of a function type; equal types share one. */
  type(params: readonly ValueType[], results: readonly ValueType[]): number {
    const key = `${params.join()}:${results.join()}`;
    const known = this.#types.indexOf(key);
    if (known >= 0) return known;
    this.#types.push(key);
    this.#params.push(params);
    this.#typeBytes.byte(0x60);
    for (const list of [params, results]) {
      this.#typeBytes.u32(list.length);
      for (const type of list) this.#typeBytes.byte(TYPE_BYTES[type]);
    }
    return this.#types.length - 1;
  }

  #import(module: string, name: string, kind: number): void {
    this.#imports.name(module);
    this.#imports.name(name);
    this.#imports.byte(kind);
    this.#importCount += 1;
  }

  importMemory(module: string, name: string, limits: MemoryLimits): void {
    this.#import(module, name, 0x02);
    this.#imports.byte(limits.shared ? 0x03 : 0x01);
    this.#imports.u32(limits.initial);
    this.#imports.u32(limits.maximum);
  }

  importTable(module: string, name: string, limits: { readonly initial: number }): void {
    this.#import(module, name, 0x01);
    this.#imports.byte(TYPE_BYTES.funcref);
    this.#imports.byte(0x00);
    this.#imports.u32(limits.initial);
  }

  /** An immutable global; returns its index. */
  importGlobal(module: string, name: string, type: ValueType): number {
    this.#import(module, name, 0x03);
    this.#imports.byte(TYPE_BYTES[type]);
    this.#imports.byte(0x00);
    return this.#globals++;
  }

  /** Must come before the first function of the module's own. */
  importFunction(
    module: string,
    name: string,
    params: readonly ValueType[],
    results: readonly ValueType[],
  ): FunctionRef {
    if (this.#functions.length > 0) {
      throw new RangeError(`import ${module}.${name} comes after a function of the module`);
    }
    const type = this.type(params, results);
    this.#import(module, name, 0x00);
    this.#imports.u32(type);
    this.#importNames.push(`${module}.${name}`);
    return this.#importedFunctions++ as FunctionRef;
  }

  /** A function whose body is built now or later, but before `toBytes`. */
  function(name: string, type: number): FunctionBuilder {
    const params = this.#params[type];
    if (params === undefined) throw new RangeError(`no type has the index ${type}`);
    const ref = (this.#importedFunctions + this.#functions.length) as FunctionRef;
    const builder = new FunctionBuilder(name, ref, type, params);
    this.#functions.push(builder);
    return builder;
  }

  export(name: string, ref: FunctionRef): void {
    this.#exports.push({ name, ref });
  }

  /** Fills table 0 from `offset` (a number, or an imported global) at instantiation. */
  elements(offset: Elements['offset'], functions: readonly FunctionRef[]): void {
    this.#elements.push({ offset, functions });
  }

  /** The module; the same calls give the same bytes. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const out = new ByteBuffer(4096);
    out.append(MAGIC);
    this.#writeHead(out);
    const hints = new ByteBuffer();
    let hinted = 0;
    for (const fn of this.#functions) if (fn.writeHints(hints)) hinted += 1;
    if (hinted > 0) {
      const section = new ByteBuffer(hints.length + 64);
      section.name('metadata.code.branch_hint');
      section.u32(hinted);
      section.append(hints.view());
      writeSection(out, SECTION.custom, section);
    }
    const code = new ByteBuffer(4096);
    code.u32(this.#functions.length);
    for (const fn of this.#functions) fn.writeCode(code);
    writeSection(out, SECTION.code, code);
    this.#writeNames(out);
    return new Uint8Array(out.view());
  }

  #writeHead(out: ByteBuffer): void {
    const types = new ByteBuffer();
    types.u32(this.#types.length);
    types.append(this.#typeBytes.view());
    writeSection(out, SECTION.type, types);
    const imports = new ByteBuffer();
    imports.u32(this.#importCount);
    imports.append(this.#imports.view());
    writeSection(out, SECTION.import, imports);
    const functions = new ByteBuffer();
    functions.u32(this.#functions.length);
    for (const fn of this.#functions) functions.u32(fn.typeIndex);
    writeSection(out, SECTION.function, functions);
    const exports = new ByteBuffer();
    exports.u32(this.#exports.length);
    for (const { name, ref } of this.#exports) {
      exports.name(name);
      exports.byte(0x00);
      exports.u32(ref);
    }
    writeSection(out, SECTION.export, exports);
    const elements = new ByteBuffer();
    elements.u32(this.#elements.length);
    for (const { offset, functions: refs } of this.#elements) {
      elements.byte(0x00);
      if (typeof offset === 'number') {
        elements.byte(0x41);
        elements.s32(offset);
      } else {
        elements.byte(0x23);
        elements.u32(offset.global);
      }
      elements.byte(0x0b);
      elements.u32(refs.length);
      for (const ref of refs) elements.u32(ref);
    }
    writeSection(out, SECTION.element, elements);
  }

  #writeNames(out: ByteBuffer): void {
    const names = new ByteBuffer();
    names.u32(this.#importNames.length + this.#functions.length);
    let index = 0;
    for (const name of this.#importNames) {
      names.u32(index++);
      names.name(name);
    }
    for (const fn of this.#functions) {
      names.u32(index++);
      names.name(fn.name);
    }
    const section = new ByteBuffer();
    section.name('name');
    section.byte(0x01);
    section.vector(names.view());
    writeSection(out, SECTION.custom, section);
  }
}

function writeSection(out: ByteBuffer, id: number, content: ByteBuffer): void {
  out.byte(id);
  out.vector(content.view());
}
