/**
 * Disassembles functions to text in the manner of WAT: one instruction a line, indented by block,
 * with the names that the module carries. For `ironfly explain` and for golden tests; not made to
 * be assembled again.
 *
 *   (func $"block 0" (;5;) (type 0) (param i32 i32) (result i32)
 *     (local i64)
 *     local.get $sp
 *     i64.load offset=32
 *     (@metadata.code.branch_hint "\00")
 *     if  ;; label = @1
 *     ...
 *
 * Names of instructions come from the tables of which the builder makes its methods; a test
 * compares them with an independent disassembler.
 */
import * as atomics from './atomic-instructions.ts';
import { WasmError } from './errors.ts';
import * as scalars from './instructions.ts';
import {
  ByteReader,
  type FunctionOutline,
  type ModuleOutline,
  malformed,
  readModule,
  valueTypeOf,
} from './reader.ts';
import type { ValueType } from './types.ts';
import * as vectors from './vector-instructions.ts';

export interface TextOptions {
  /** Functions and locals by name where they have one (the default), else by index. */
  readonly names?: boolean;
}

/** One function with its header. @throws WasmError `wasm/unknown`, `wasm/format` */
export function functionText(
  module: ModuleOutline,
  index: number,
  options: TextOptions = {},
): string {
  const fn = module.functions[index];
  if (fn?.body === undefined) {
    throw new WasmError('wasm/unknown', `function ${index} is not in the module`, { index });
  }
  const reader = new ByteReader(module.bytes, fn.body.start, fn.body.end);
  const text: Text = { module, fn, reader, named: options.names !== false, depth: 0 };
  const lines = [headOf(text), ...localsOf(text)];
  while (reader.at < fn.body.end - 1) writeInstruction(text, lines);
  return `${lines.join('\n')})`;
}

/** All functions of a module, in the order of their indices. @throws WasmError `wasm/format` */
export function moduleText(bytes: Uint8Array, options: TextOptions = {}): string {
  const module = readModule(bytes);
  const own = module.functions.filter(({ body }) => body !== undefined);
  return `${own.map(({ index }) => functionText(module, index, options)).join('\n')}\n`;
}

/** A function that is being written. */
interface Text {
  readonly module: ModuleOutline;
  readonly fn: FunctionOutline;
  readonly reader: ByteReader;
  readonly named: boolean;
  /** Open blocks. */
  depth: number;
}

/** How the bytes after an opcode are read and written. */
type Format =
  | 'plain'
  | 'block'
  | 'else'
  | 'end'
  | 'label'
  | 'labels'
  | 'function'
  | 'indirect'
  | 'local'
  | 'index'
  | 'two indices'
  | 'segment of memory'
  | 'memory'
  | 'two memories'
  | 'integer'
  | 'double'
  | 'reference type'
  | 'access'
  | 'lane'
  | 'access to lane'
  | 'vector'
  | 'shuffle';

interface Instruction {
  readonly name: string;
  readonly format: Format;
  /** log2 of the natural alignment in bytes, of accesses. */
  readonly align: number;
}

/** By prefix (0 for none) and opcode. */
const INSTRUCTIONS = new Map<number, Instruction>();
const PREFIXES = [0xfc, 0xfd, 0xfe];
const keyOf = (prefix: number, opcode: number): number => prefix * 0x10000 + opcode;

type Rows = Record<string, readonly [readonly number[], unknown, unknown]>;

/** `shrU` is shr_u, `atomicRmw8AddU` atomic.rmw8.add_u. */
function specificationName(group: string, camelCase: string): string {
  const snake = camelCase.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const name = snake.replace(/^atomic_(rmw\d*_)?/, (prefix) => prefix.replaceAll('_', '.'));
  return `${group}.${name}`;
}

function addRows(group: string, rows: Rows, format: Format): void {
  for (const [camelCase, [encoding, , third]] of Object.entries(rows)) {
    const [first = 0, ...rest] = encoding;
    const prefix = rest.length === 0 ? 0 : first;
    const opcode =
      prefix === 0 ? first : rest.reduce((sum, byte, i) => sum + ((byte & 0x7f) << (7 * i)), 0);
    INSTRUCTIONS.set(keyOf(prefix, opcode), {
      name: specificationName(group, camelCase),
      format,
      align: typeof third === 'number' ? third : 0,
    });
  }
}

for (const [group, rows] of [
  ['i32', scalars.I32],
  ['i64', scalars.I64],
  ['f64', scalars.F64],
  ['v128', vectors.V128],
  ['i8x16', vectors.I8X16],
  ['i16x8', vectors.I16X8],
  ['i32x4', vectors.I32X4],
  ['i64x2', vectors.I64X2],
] as const) {
  addRows(group, rows, 'plain');
}
for (const [group, rows] of [
  ['i32', scalars.I32_LOADS],
  ['i32', scalars.I32_STORES],
  ['i64', scalars.I64_LOADS],
  ['i64', scalars.I64_STORES],
  ['f64', scalars.F64_LOADS],
  ['f64', scalars.F64_STORES],
  ['v128', vectors.V128_LOADS],
  ['v128', vectors.V128_STORES],
  ['i32', atomics.I32_ATOMIC_LOADS],
  ['i32', atomics.I32_ATOMIC_STORES],
  ['i32', atomics.I32_ATOMIC_RMW],
  ['i32', atomics.I32_ATOMIC_CMPXCHG],
  ['i64', atomics.I64_ATOMIC_LOADS],
  ['i64', atomics.I64_ATOMIC_STORES],
  ['i64', atomics.I64_ATOMIC_RMW],
  ['i64', atomics.I64_ATOMIC_CMPXCHG],
] as const) {
  addRows(group, rows, 'access');
}
for (const [group, rows] of [
  ['i8x16', vectors.I8X16_EXTRACTS],
  ['i8x16', vectors.I8X16_REPLACES],
  ['i16x8', vectors.I16X8_EXTRACTS],
  ['i16x8', vectors.I16X8_REPLACES],
  ['i32x4', vectors.I32X4_EXTRACTS],
  ['i32x4', vectors.I32X4_REPLACES],
  ['i64x2', vectors.I64X2_EXTRACTS],
  ['i64x2', vectors.I64X2_REPLACES],
] as const) {
  addRows(group, rows, 'lane');
}
addRows('v128', vectors.V128_LANE_LOADS, 'access to lane');
addRows('v128', vectors.V128_LANE_STORES, 'access to lane');

/** What function.ts and methods.ts write without a table: prefix, opcode, name, format, align. */
const OTHERS: readonly (readonly [number, number, string, Format, number?])[] = [
  [0, 0x00, 'unreachable', 'plain'],
  [0, 0x01, 'nop', 'plain'],
  [0, 0x02, 'block', 'block'],
  [0, 0x03, 'loop', 'block'],
  [0, 0x04, 'if', 'block'],
  [0, 0x05, 'else', 'else'],
  [0, 0x0b, 'end', 'end'],
  [0, 0x0c, 'br', 'label'],
  [0, 0x0d, 'br_if', 'label'],
  [0, 0x0e, 'br_table', 'labels'],
  [0, 0x0f, 'return', 'plain'],
  [0, 0x10, 'call', 'function'],
  [0, 0x11, 'call_indirect', 'indirect'],
  [0, 0x12, 'return_call', 'function'],
  [0, 0x13, 'return_call_indirect', 'indirect'],
  [0, 0x1a, 'drop', 'plain'],
  [0, 0x1b, 'select', 'plain'],
  [0, 0x20, 'local.get', 'local'],
  [0, 0x21, 'local.set', 'local'],
  [0, 0x22, 'local.tee', 'local'],
  [0, 0x23, 'global.get', 'index'],
  [0, 0x24, 'global.set', 'index'],
  [0, 0x25, 'table.get', 'index'],
  [0, 0x26, 'table.set', 'index'],
  [0, 0x3f, 'memory.size', 'memory'],
  [0, 0x40, 'memory.grow', 'memory'],
  [0, 0x41, 'i32.const', 'integer'],
  [0, 0x42, 'i64.const', 'integer'],
  [0, 0x44, 'f64.const', 'double'],
  [0, 0xd0, 'ref.null', 'reference type'],
  [0, 0xd1, 'ref.is_null', 'plain'],
  [0, 0xd2, 'ref.func', 'function'],
  [0xfc, 0x08, 'memory.init', 'segment of memory'],
  [0xfc, 0x09, 'data.drop', 'index'],
  [0xfc, 0x0a, 'memory.copy', 'two memories'],
  [0xfc, 0x0b, 'memory.fill', 'memory'],
  [0xfc, 0x0c, 'table.init', 'two indices'],
  [0xfc, 0x0d, 'elem.drop', 'index'],
  [0xfc, 0x0f, 'table.grow', 'index'],
  [0xfc, 0x10, 'table.size', 'index'],
  [0xfd, 0x0c, 'v128.const', 'vector'],
  [0xfd, 0x0d, 'i8x16.shuffle', 'shuffle'],
  [0xfe, 0x00, 'memory.atomic.notify', 'access', 2],
  [0xfe, 0x01, 'memory.atomic.wait32', 'access', 2],
  [0xfe, 0x02, 'memory.atomic.wait64', 'access', 3],
  [0xfe, 0x03, 'atomic.fence', 'memory'],
];
for (const [prefix, opcode, name, format, align = 0] of OTHERS) {
  INSTRUCTIONS.set(keyOf(prefix, opcode), { name, format, align });
}

function writeInstruction(text: Text, lines: string[]): void {
  const { reader, fn } = text;
  const start = reader.at;
  const first = reader.byte();
  const prefix = PREFIXES.includes(first) ? first : 0;
  const opcode = prefix === 0 ? first : reader.u32();
  const instruction = INSTRUCTIONS.get(keyOf(prefix, opcode));
  if (instruction === undefined) {
    throw malformed(`there is the unknown opcode 0x${opcode.toString(16)}`, start);
  }
  const { name, format } = instruction;
  const closes = format === 'end' || format === 'else';
  if (closes && text.depth === 0) throw malformed(`there is ${name} without a block`, start);
  const indent = '  '.repeat(1 + text.depth - (closes ? 1 : 0));
  const likely = fn.hints.get(start - (fn.body?.start ?? 0));
  if (likely !== undefined) {
    lines.push(`${indent}(@metadata.code.branch_hint "\\0${likely ? 1 : 0}")`);
  }
  lines.push(`${indent}${name}${operandsOf(text, instruction)}`);
}

/** What stands after an instruction's name, read from where the reader is. */
function operandsOf(text: Text, instruction: Instruction): string {
  const { reader } = text;
  switch (instruction.format) {
    case 'plain':
      return '';
    case 'block':
      return blockType(text);
    case 'else':
      return '';
    case 'end':
      text.depth -= 1;
      return '';
    case 'label':
      return ` ${labelOf(text)}`;
    case 'labels': {
      let labels = '';
      for (let count = reader.u32() + 1; count > 0; count--) labels += ` ${labelOf(text)}`;
      return labels;
    }
    case 'function':
      return ` ${functionName(text, reader.u32())}`;
    case 'indirect': {
      const type = reader.u32();
      const table = reader.u32();
      return `${table === 0 ? '' : ` ${table}`} (type ${type})`;
    }
    case 'local':
      return ` ${localName(text, reader.u32())}`;
    case 'reference type':
      return ` ${valueTypeOf(reader).replace('ref', '')}`;
    case 'integer':
      return ` ${reader.s64()}`;
    case 'double':
      return ` ${doubleText(reader.f64())}`;
    default:
      return memoryOperands(reader, instruction);
  }
}

function memoryOperands(reader: ByteReader, { format, align }: Instruction): string {
  switch (format) {
    case 'index':
      return ` ${reader.u32()}`;
    case 'two indices': {
      const segment = reader.u32();
      const table = reader.u32();
      return `${table === 0 ? '' : ` ${table}`} ${segment}`;
    }
    case 'segment of memory': {
      const segment = reader.u32();
      reader.byte();
      return ` ${segment}`;
    }
    case 'memory':
      reader.byte();
      return '';
    case 'two memories':
      reader.take(2);
      return '';
    case 'access':
      return accessText(reader, align);
    case 'lane':
      return ` ${reader.byte()}`;
    case 'access to lane':
      return `${accessText(reader, align)} ${reader.byte()}`;
    case 'vector':
      return ` i32x4 ${vectorText(reader.take(16))}`;
    default:
      return ` ${reader.take(16).join(' ')}`;
  }
}

function accessText(reader: ByteReader, natural: number): string {
  const align = reader.u32();
  const offset = reader.u32();
  const offsetText = offset === 0 ? '' : ` offset=${offset}`;
  return align === natural ? offsetText : `${offsetText} align=${2 ** align}`;
}

/** Four lanes of 32 bits, the first bytes first. */
function vectorText(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  return [0, 4, 8, 12]
    .map((at) => `0x${view.getUint32(at, true).toString(16).padStart(8, '0')}`)
    .join(' ');
}

function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (Object.is(value, -0)) return '-0';
  return String(value).replace('Infinity', 'inf');
}

function blockType(text: Text): string {
  const { reader } = text;
  const isVoid = reader.bytes[reader.at] === 0x40;
  const result = isVoid ? '' : ` (result ${valueTypeOf(reader)})`;
  if (isVoid) reader.byte();
  text.depth += 1;
  return `${result}  ;; label = @${text.depth}`;
}

/** How many blocks up, and which block that is; @0 is the function itself. */
function labelOf({ reader, depth }: Text): string {
  const up = reader.u32();
  return `${up} (;@${depth - up};)`;
}

function functionName({ module, named }: Text, index: number): string {
  const name = named ? module.functions[index]?.name : undefined;
  return name === undefined ? String(index) : identifier(name);
}

function localName({ fn, named }: Text, index: number): string {
  const name = named ? fn.localNames.get(index) : undefined;
  return name === undefined ? String(index) : identifier(name);
}

/** A name as WAT writes it: quoted where it has other than identifier characters. */
function identifier(name: string): string {
  return /^[\w!#$%&'*+\-./:<=>?@\\^`|~]+$/.test(name) ? `$${name}` : `$${JSON.stringify(name)}`;
}

function headOf({ fn, named }: Text): string {
  const name = named && fn.name !== undefined ? `${identifier(fn.name)} ` : '';
  const list = (what: string, types: readonly ValueType[]): string =>
    types.length === 0 ? '' : ` (${what} ${types.join(' ')})`;
  const { params, results } = fn.type;
  const signature = `${list('param', params)}${list('result', results)}`;
  return `(func ${name}(;${fn.index};) (type ${fn.typeIndex})${signature}`;
}

/** The declaration of the locals, if there are any: reads up to the first instruction. */
function localsOf({ reader }: Text): string[] {
  const locals: ValueType[] = [];
  for (let runs = reader.u32(); runs > 0; runs--) {
    const count = reader.u32();
    const type = valueTypeOf(reader);
    if (locals.length + count > LOCALS_SHOWN_MAX) throw malformed('too many locals', reader.at);
    for (let i = 0; i < count; i++) locals.push(type);
  }
  return locals.length === 0 ? [] : [`  (local ${locals.join(' ')})`];
}

/** V8's limit (LOCALS_MAX of locals.ts): a run's count is not believed beyond. */
const LOCALS_SHOWN_MAX = 50_000;
