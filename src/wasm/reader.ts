/**
 * Reads back what the builder writes: where a module's functions are, what they are called and
 * which of their branches are hinted. For text.ts, and for tests; modules of other makers are read
 * as far as they use nothing else, and refused with `wasm/format` beyond.
 */
import { WasmError } from './errors.ts';
import { TYPE_BYTES, type ValueType } from './types.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** A position in bytes, with WebAssembly's decodings. All throw WasmError `wasm/format`. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, at = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  byte(): number {
    if (this.at >= this.end) throw malformed('the bytes end early', this.at);
    return this.bytes[this.at++] as number;
  }

  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80 && value < 2 ** 32) return value;
    }
    throw malformed('an integer has too many bytes', this.at);
  }

  /** A signed integer of up to 64 bits. */
  s64(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(Number(shift) + 7, value);
    }
    throw malformed('an integer has too many bytes', this.at);
  }

  f64(): number {
    const bytes = this.take(8);
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
  }

  /** The next `count` bytes, not copied. */
  take(count: number): Uint8Array {
    if (count > this.end - this.at) throw malformed(`${count} bytes are missing`, this.at);
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  name(): string {
    const bytes = this.take(this.u32());
    try {
      return UTF8.decode(bytes);
    } catch {
      throw malformed('a name is not UTF-8', this.at);
    }
  }
}

export function malformed(fault: string, at: number): WasmError {
  return new WasmError('wasm/format', `not a module of this builder: ${fault} at byte ${at}`, {
    at,
  });
}

export interface FunctionType {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

export interface FunctionOutline {
  readonly index: number;
  /** From the name section; of an import `module.name`. */
  readonly name: string | undefined;
  readonly typeIndex: number;
  readonly type: FunctionType;
  /** Where locals and instructions are in the module's bytes; undefined for an import. */
  readonly body: { readonly start: number; readonly end: number } | undefined;
  /** Whether a branch is likely, by its offset from `body.start`. */
  readonly hints: ReadonlyMap<number, boolean>;
  readonly localNames: ReadonlyMap<number, string>;
}

export interface ModuleOutline {
  readonly bytes: Uint8Array;
  readonly types: readonly FunctionType[];
  /** By index: imported ones first. */
  readonly functions: readonly FunctionOutline[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Reading {
  readonly bytes: Uint8Array;
  readonly types: FunctionType[];
  readonly functions: Mutable<FunctionOutline>[];
  importCount: number;
}

const MAGIC = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const NO_HINTS: ReadonlyMap<number, boolean> = new Map();
const NO_NAMES: ReadonlyMap<number, string> = new Map();

/** @throws WasmError `wasm/format` */
export function readModule(bytes: Uint8Array): ModuleOutline {
  const reader = new ByteReader(bytes);
  for (const byte of MAGIC) {
    if (reader.byte() !== byte) throw malformed('the magic number or version is wrong', 0);
  }
  const reading: Reading = { bytes, types: [], functions: [], importCount: 0 };
  const late: ByteReader[] = [];
  while (reader.at < reader.end) {
    const id = reader.byte();
    const size = reader.u32();
    const section = new ByteReader(bytes, reader.at, reader.at + reader.take(size).length);
    if (id === 0) late.push(section);
    else SECTIONS[id]?.(reading, section);
  }
  for (const section of late) readCustom(reading, section);
  return { bytes, types: reading.types, functions: reading.functions };
}

const SECTIONS: Readonly<Record<number, (reading: Reading, section: ByteReader) => void>> = {
  1: readTypes,
  2: readImports,
  3: readFunctions,
  10: readCode,
};

function readTypes({ types }: Reading, section: ByteReader): void {
  for (let count = section.u32(); count > 0; count--) {
    if (section.byte() !== 0x60) throw malformed('a type is not one of functions', section.at);
    types.push({ params: readValueTypes(section), results: readValueTypes(section) });
  }
}

function readValueTypes(section: ByteReader): ValueType[] {
  const list: ValueType[] = [];
  for (let count = section.u32(); count > 0; count--) list.push(valueTypeOf(section));
  return list;
}

const VALUE_TYPES = new Map(
  Object.entries(TYPE_BYTES).map(([type, byte]) => [byte, type as ValueType]),
);

/** The value type of the next byte. @throws WasmError `wasm/format` */
export function valueTypeOf(reader: ByteReader): ValueType {
  const type = VALUE_TYPES.get(reader.byte());
  if (type === undefined) throw malformed('there is an unknown type', reader.at - 1);
  return type;
}

function addFunction(reading: Reading, typeIndex: number, at: number): Mutable<FunctionOutline> {
  const type = reading.types[typeIndex];
  if (type === undefined) throw malformed(`no type has the index ${typeIndex}`, at);
  const fn: Mutable<FunctionOutline> = {
    index: reading.functions.length,
    name: undefined,
    typeIndex,
    type,
    body: undefined,
    hints: NO_HINTS,
    localNames: NO_NAMES,
  };
  reading.functions.push(fn);
  return fn;
}

function readImports(reading: Reading, section: ByteReader): void {
  for (let count = section.u32(); count > 0; count--) {
    const name = `${section.name()}.${section.name()}`;
    const kind = section.byte();
    if (kind === 0) {
      addFunction(reading, section.u32(), section.at).name = name;
      reading.importCount += 1;
    } else if (kind === 1) {
      section.byte();
      skipLimits(section);
    } else if (kind === 2) skipLimits(section);
    else section.take(2);
  }
}

function skipLimits(section: ByteReader): void {
  const hasMaximum = (section.byte() & 1) === 1;
  section.u32();
  if (hasMaximum) section.u32();
}

function readFunctions(reading: Reading, section: ByteReader): void {
  for (let count = section.u32(); count > 0; count--) {
    addFunction(reading, section.u32(), section.at);
  }
}

function readCode({ functions, importCount }: Reading, section: ByteReader): void {
  const count = section.u32();
  for (let i = 0; i < count; i++) {
    const size = section.u32();
    const start = section.at;
    section.take(size);
    const fn = functions[importCount + i];
    if (fn === undefined) throw malformed('there is code of no function', start);
    fn.body = { start, end: start + size };
  }
}

function readCustom({ functions }: Reading, section: ByteReader): void {
  const name = section.name();
  if (name === 'name') readNames(functions, section);
  if (name === 'metadata.code.branch_hint') readHints(functions, section);
}

function readNames(functions: Mutable<FunctionOutline>[], section: ByteReader): void {
  while (section.at < section.end) {
    const id = section.byte();
    const size = section.u32();
    const part = new ByteReader(section.bytes, section.at, section.at + section.take(size).length);
    if (id === 1) {
      for (const [index, name] of readNameMap(part)) {
        const fn = functions[index];
        if (fn !== undefined) fn.name = name;
      }
    } else if (id === 2) {
      for (let count = part.u32(); count > 0; count--) {
        const fn = functions[part.u32()];
        const names = readNameMap(part);
        if (fn !== undefined) fn.localNames = names;
      }
    }
  }
}

function readNameMap(part: ByteReader): Map<number, string> {
  const names = new Map<number, string>();
  for (let count = part.u32(); count > 0; count--) names.set(part.u32(), part.name());
  return names;
}

function readHints(functions: Mutable<FunctionOutline>[], section: ByteReader): void {
  for (let count = section.u32(); count > 0; count--) {
    const index = section.u32();
    const hints = new Map<number, boolean>();
    for (let left = section.u32(); left > 0; left--) {
      const offset = section.u32();
      const payload = section.take(section.u32());
      hints.set(offset, payload[0] === 1);
    }
    const fn = functions[index];
    if (fn !== undefined) fn.hints = hints;
  }
}
