/**
 * Builds one function's body. Code is emitted in the order in which TypeScript evaluates: each
 * instruction appends its bytes at once, and the token it returns only carries the type, so that
 *
 *   fn.set(sum, fn.i64.add(fn.get(a), fn.i64.load(fn.get(address), 8)))
 *
 * reads as an expression, is checked by TypeScript, and costs no tree. An operand that must be
 * pushed last (the index of an indirect call) is the last argument for that reason; arguments of
 * such a call stand in an array before it.
 *
 * The numeric, memory and vector instructions are in methods.ts, generated from tables.
 */
import { ByteBuffer } from './buffer.ts';
import { WasmError } from './errors.ts';
import { type Insertion, putInOrder } from './insertions.ts';
import { Locals, type LocalsMark } from './locals.ts';
import {
  type F64,
  type I8X16,
  type I16X8,
  type I32,
  type I32X4,
  type I64,
  type I64X2,
  instructionsInto,
  type V128,
} from './methods.ts';
import {
  type FunctionRef,
  type Label,
  type Local,
  type NumericType,
  TYPE_BYTES,
  VALUE,
  type Value,
  type ValueType,
} from './types.ts';

export type { FunctionRef, Label, Local, Value, ValueType } from './types.ts';

const VOID_BLOCK = 0x40;
const END = 0x0b;

/** Most bytes of a function's body that V8 accepts. */
export const FUNCTION_BYTES_MAX = 7_654_321;

/** A branch that is expected to go one way. */
export interface Hint {
  /** Offset of the branch in the body's instructions, without the locals before them. */
  readonly offset: number;
  readonly likely: boolean;
}

/** A place in a body, with the locals as they were there. */
export interface Mark {
  readonly length: number;
  readonly locals: LocalsMark;
  readonly hints: number;
  readonly insertions: number;
}

/** When V8 should compile a function, and how soon optimise it. */
export interface Priority {
  /** Lower is sooner. */
  readonly compilation: number;
  /** Lower is sooner; 127 means that the function runs once. */
  readonly optimization?: number;
}

/** Operand on the stack of a code path that goes nowhere: fits every type. */
type Nowhere = Value<never>;

export class FunctionBuilder {
  readonly name: string;
  readonly ref: FunctionRef;
  readonly typeIndex: number;
  readonly i32: I32;
  readonly i64: I64;
  readonly f64: F64;
  readonly v128: V128;
  readonly i8x16: I8X16;
  readonly i16x8: I16X8;
  readonly i32x4: I32X4;
  readonly i64x2: I64X2;
  /** In the order of their offsets. */
  readonly hints: Hint[] = [];
  /** Names of locals, for readers and debuggers. */
  readonly localNames: Map<Local, string> = new Map();
  /** Functions that `refFunc` named. */
  readonly references: Set<FunctionRef> = new Set();
  priority: Priority | undefined;
  readonly #body: ByteBuffer = new ByteBuffer(0);
  readonly #locals: Locals;
  readonly #labels: Label[] = [];
  readonly #insertions: Insertion[] = [];
  #hint: boolean | undefined;

  constructor(name: string, ref: FunctionRef, typeIndex: number, params: readonly ValueType[]) {
    this.name = name;
    this.ref = ref;
    this.typeIndex = typeIndex;
    this.#locals = new Locals(name, params);
    const groups = instructionsInto(this.#body);
    this.i32 = groups.i32;
    this.i64 = groups.i64;
    this.f64 = groups.f64;
    this.v128 = groups.v128;
    this.i8x16 = groups.i8x16;
    this.i16x8 = groups.i16x8;
    this.i32x4 = groups.i32x4;
    this.i64x2 = groups.i64x2;
  }

  /** Bytes of the body so far. */
  get size(): number {
    return this.#body.length;
  }

  /** Locals so far, without the parameters. */
  get localCount(): number {
    return this.#locals.count;
  }

  /** What was emitted so far, to come back to; names and references stay. */
  mark(): Mark {
    return {
      length: this.#body.length,
      locals: this.#locals.mark(),
      hints: this.hints.length,
      insertions: this.#insertions.length,
    };
  }

  /** Forgets what was emitted since the mark, in whose block it must be. */
  rewind(mark: Mark): void {
    this.#body.length = mark.length;
    this.#locals.rewind(mark.locals);
    this.#hint = undefined;
    this.hints.length = mark.hints;
    this.#insertions.length = mark.insertions;
  }

  /** Takes over what a draft of the same type has become, and empties the draft. */
  adopt(draft: FunctionBuilder): void {
    draft.settle();
    this.#body.append(draft.#body.view());
    this.#locals.adopt(draft.#locals);
    for (const hint of draft.hints) this.hints.push(hint);
    for (const ref of draft.references) this.references.add(ref);
    draft.clear();
  }

  /** Forgets what was emitted. */
  clear(): void {
    this.#body.length = 0;
    this.#locals.rewind(new Locals('', []).mark());
    this.#hint = undefined;
    this.#insertions.length = 0;
    this.hints.length = 0;
    this.references.clear();
  }

  /** Emits code that belongs where the body had `at` bytes, or behind what was inserted there. */
  insert(at: number, emit: () => void): void {
    const from = this.#body.length;
    emit();
    if (this.#body.length > from) this.#insertions.push({ at, from, to: this.#body.length });
  }

  /** Moves what was inserted to its place. */
  settle(): void {
    if (this.#insertions.length === 0) return;
    const placeOf = putInOrder(this.#body, this.#insertions);
    const hints = this.hints.map(({ offset, likely }) => ({ offset: placeOf(offset), likely }));
    hints.sort((a, b) => a.offset - b.offset);
    this.hints.splice(0, hints.length, ...hints);
    this.#insertions.length = 0;
  }

  // ---------------------------------------------------------------- locals

  /** Parameter `index`. @throws WasmError `wasm/unknown` when it is not of type `type` */
  param<T extends ValueType>(index: number, type: T): Local<T> {
    return this.#locals.param(index, type);
  }

  /**
   * A local of unknown content (zero at first): a released one where there is one. Many locals
   * make V8's baseline code slow: release what is no longer needed.
   * @throws WasmError `wasm/limit` past LOCALS_MAX
   */
  local<T extends ValueType>(type: T): Local<T> {
    return this.#locals.take(type);
  }

  /**
   * Gives a local back for reuse.
   * @throws WasmError `wasm/unknown` for a parameter, an unknown local or one given back already
   */
  release(local: Local): void {
    this.#locals.release(local);
  }

  /** Names a local in the name section. */
  nameLocal(local: Local, name: string): void {
    this.localNames.set(local, name);
  }

  get<T extends ValueType>(local: Local<T>): Value<T> {
    this.#body.byteAndU32(0x20, local);
    return VALUE;
  }

  set<T extends ValueType>(local: Local<T>, _value: Value<NoInfer<T>>): void {
    this.#body.byteAndU32(0x21, local);
  }

  tee<T extends ValueType>(local: Local<T>, _value: Value<NoInfer<T>>): Value<T> {
    this.#body.byteAndU32(0x22, local);
    return VALUE;
  }

  globalGet<T extends ValueType>(index: number, _type: T): Value<T> {
    this.#body.byteAndU32(0x23, index);
    return VALUE;
  }

  globalSet(index: number, _value: Value): void {
    this.#body.byteAndU32(0x24, index);
  }

  // ---------------------------------------------------------------- control

  /**
   * The next `if` or `brIf` is likely to be taken, or not. Belongs right before it: a branch
   * inside its condition would take the hint.
   */
  hint(likely: boolean): void {
    this.#hint = likely;
  }

  #recordHint(): void {
    if (this.#hint === undefined) return;
    this.hints.push({ offset: this.#body.length, likely: this.#hint });
    this.#hint = undefined;
  }

  #open(opcode: number, type: number): Label {
    this.#body.byte(opcode);
    this.#body.byte(type);
    const label = { depth: this.#labels.length + 1 };
    this.#labels.push(label);
    return label;
  }

  #close(): void {
    this.#labels.pop();
    this.#body.byte(END);
  }

  /** A branch to the label goes to the block's end. */
  block(body: (label: Label) => void): void {
    body(this.#open(0x02, VOID_BLOCK));
    this.#close();
  }

  /** A block that leaves a value, which its end or a `br` with a value gives. */
  blockValue<T extends ValueType>(type: T, body: (label: Label) => Value<NoInfer<T>>): Value<T> {
    body(this.#open(0x02, TYPE_BYTES[type]));
    this.#close();
    return VALUE;
  }

  /** A branch to the label goes to the loop's start. */
  loop(body: (label: Label) => void): void {
    body(this.#open(0x03, VOID_BLOCK));
    this.#close();
  }

  /** A branch to the label goes to the end of both arms. */
  if(
    _condition: Value<'i32'>,
    then: (label: Label) => void,
    otherwise?: (label: Label) => void,
  ): void {
    this.#recordHint();
    const label = this.#open(0x04, VOID_BLOCK);
    then(label);
    if (otherwise !== undefined) {
      this.#body.byte(0x05);
      otherwise(label);
    }
    this.#close();
  }

  /** An `if` that leaves a value; an arm that goes elsewhere returns the token of its branch. */
  ifValue<T extends ValueType>(
    type: T,
    _condition: Value<'i32'>,
    then: (label: Label) => Value<NoInfer<T>>,
    otherwise: (label: Label) => Value<NoInfer<T>>,
  ): Value<T> {
    this.#recordHint();
    const label = this.#open(0x04, TYPE_BYTES[type]);
    then(label);
    this.#body.byte(0x05);
    otherwise(label);
    this.#close();
    return VALUE;
  }

  /** How many blocks up the label's block is. @throws WasmError `wasm/unknown` if it is closed */
  #upTo(label: Label): number {
    if (this.#labels[label.depth - 1] !== label) {
      const message = `${this.name} branches to a label outside of its block`;
      throw new WasmError('wasm/unknown', message, { depth: label.depth });
    }
    return this.#labels.length - label.depth;
  }

  br(label: Label, _value?: Value): Nowhere {
    const up = this.#upTo(label);
    this.#body.byte(0x0c);
    this.#body.u32(up);
    return VALUE;
  }

  brIf(label: Label, _condition: Value<'i32'>): void {
    const up = this.#upTo(label);
    this.#recordHint();
    this.#body.byte(0x0d);
    this.#body.u32(up);
  }

  brTable(labels: readonly Label[], otherwise: Label, _index: Value<'i32'>): Nowhere {
    const last = this.#upTo(otherwise);
    this.#body.byte(0x0e);
    this.#body.u32(labels.length);
    for (const label of labels) this.#body.u32(this.#upTo(label));
    this.#body.u32(last);
    return VALUE;
  }

  return(_value?: Value): Nowhere {
    this.#body.byte(0x0f);
    return VALUE;
  }

  unreachable(): Nowhere {
    this.#body.byte(0x00);
    return VALUE;
  }

  nop(): void {
    this.#body.byte(0x01);
  }

  drop(_value: Value): void {
    this.#body.byte(0x1a);
  }

  /** `a` where the condition is nonzero, else `b`; both were computed. */
  select<T extends NumericType>(
    _a: Value<T>,
    _b: Value<NoInfer<T>>,
    _condition: Value<'i32'>,
  ): Value<T> {
    this.#body.byte(0x1b);
    return VALUE;
  }

  // ---------------------------------------------------------------- calls

  call(target: FunctionRef, ..._arguments: Value[]): Value<never> {
    this.#body.byteAndU32(0x10, target);
    return VALUE;
  }

  returnCall(target: FunctionRef, ..._arguments: Value[]): Nowhere {
    this.#body.byteAndU32(0x12, target);
    return VALUE;
  }

  /** Calls the function of type `type` at `index` of a table; traps where there is none. */
  callIndirect(
    type: number,
    _arguments: readonly Value[],
    _index: Value<'i32'>,
    table = 0,
  ): Value<never> {
    this.#body.byte(0x11);
    this.#body.u32(type);
    this.#body.u32(table);
    return VALUE;
  }

  returnCallIndirect(
    type: number,
    _arguments: readonly Value[],
    _index: Value<'i32'>,
    table = 0,
  ): Nowhere {
    this.#body.byte(0x13);
    this.#body.u32(type);
    this.#body.u32(table);
    return VALUE;
  }

  // ---------------------------------------------------------------- memory

  /** memory.fill */
  fill(_address: Value<'i32'>, _value: Value<'i32'>, _size: Value<'i32'>): void {
    this.#bulk(0x0b);
    this.#body.byte(0x00);
  }

  /** memory.copy; the ranges may overlap. */
  copy(_to: Value<'i32'>, _from: Value<'i32'>, _size: Value<'i32'>): void {
    this.#bulk(0x0a);
    this.#body.byte(0x00);
    this.#body.byte(0x00);
  }

  /** Pages of 64 KiB. */
  memorySize(): Value<'i32'> {
    this.#body.byte(0x3f);
    this.#body.byte(0x00);
    return VALUE;
  }

  /** Pages there were before, or -1 where it cannot grow. */
  memoryGrow(_pages: Value<'i32'>): Value<'i32'> {
    this.#body.byte(0x40);
    this.#body.byte(0x00);
    return VALUE;
  }

  /** Copies from a passive data segment. */
  memoryInit(segment: number, _to: Value<'i32'>, _from: Value<'i32'>, _size: Value<'i32'>): void {
    this.#bulk(0x08);
    this.#body.u32(segment);
    this.#body.byte(0x00);
  }

  dataDrop(segment: number): void {
    this.#bulk(0x09);
    this.#body.u32(segment);
  }

  #bulk(opcode: number): void {
    this.#body.byte(0xfc);
    this.#body.byte(opcode);
  }

  /** Wakes up to `count` waiters; gives how many. */
  atomicNotify(_address: Value<'i32'>, _count: Value<'i32'>, offset = 0): Value<'i32'> {
    this.#atomic(0x00, 2, offset);
    return VALUE;
  }

  /** 0 woken, 1 not the expected value, 2 timed out; nanoseconds, negative for ever. */
  atomicWait32(
    _address: Value<'i32'>,
    _expected: Value<'i32'>,
    _timeoutNs: Value<'i64'>,
    offset = 0,
  ): Value<'i32'> {
    this.#atomic(0x01, 2, offset);
    return VALUE;
  }

  /** As `atomicWait32`. */
  atomicWait64(
    _address: Value<'i32'>,
    _expected: Value<'i64'>,
    _timeoutNs: Value<'i64'>,
    offset = 0,
  ): Value<'i32'> {
    this.#atomic(0x02, 3, offset);
    return VALUE;
  }

  atomicFence(): void {
    this.#body.byte(0xfe);
    this.#body.byte(0x03);
    this.#body.byte(0x00);
  }

  #atomic(opcode: number, alignLog2: number, offset: number): void {
    this.#body.byte(0xfe);
    this.#body.byte(opcode);
    this.#body.u32(alignLog2);
    this.#body.u32(offset);
  }

  // ---------------------------------------------------------------- tables

  /** A reference to a function of the module; the module declares it. */
  refFunc(target: FunctionRef): Value<'funcref'> {
    this.references.add(target);
    this.#body.byte(0xd2);
    this.#body.u32(target);
    return VALUE;
  }

  refNull(): Value<'funcref'> {
    this.#body.byte(0xd0);
    this.#body.byte(TYPE_BYTES.funcref);
    return VALUE;
  }

  refIsNull(_reference: Value<'funcref'>): Value<'i32'> {
    this.#body.byte(0xd1);
    return VALUE;
  }

  tableGet(_index: Value<'i32'>, table = 0): Value<'funcref'> {
    this.#body.byte(0x25);
    this.#body.u32(table);
    return VALUE;
  }

  tableSet(_index: Value<'i32'>, _reference: Value<'funcref'>, table = 0): void {
    this.#body.byte(0x26);
    this.#body.u32(table);
  }

  /** Copies from a passive element segment. */
  tableInit(
    segment: number,
    _to: Value<'i32'>,
    _from: Value<'i32'>,
    _size: Value<'i32'>,
    table = 0,
  ): void {
    this.#bulk(0x0c);
    this.#body.u32(segment);
    this.#body.u32(table);
  }

  elementDrop(segment: number): void {
    this.#bulk(0x0d);
    this.#body.u32(segment);
  }

  /** Entries there were before, or -1 where it cannot grow. */
  tableGrow(_initial: Value<'funcref'>, _count: Value<'i32'>, table = 0): Value<'i32'> {
    this.#bulk(0x0f);
    this.#body.u32(table);
    return VALUE;
  }

  tableSize(table = 0): Value<'i32'> {
    this.#bulk(0x10);
    this.#body.u32(table);
    return VALUE;
  }

  // ---------------------------------------------------------------- output

  /**
   * Appends the function's code entry (size, locals, body) to the code section.
   * @throws WasmError `wasm/limit` past FUNCTION_BYTES_MAX
   */
  writeCode(code: ByteBuffer): void {
    const locals = this.encodeLocals();
    const size = locals.length + this.#body.length + 1;
    if (size > FUNCTION_BYTES_MAX) {
      const message = `${this.name} has ${size} bytes, more than ${FUNCTION_BYTES_MAX}: split it`;
      throw new WasmError('wasm/limit', message, { size, limit: FUNCTION_BYTES_MAX });
    }
    code.u32(size);
    code.append(locals);
    code.append(this.#body.view());
    code.byte(END);
  }

  /** The declaration of the locals, with which a body begins. */
  encodeLocals(): Uint8Array {
    return this.#locals.encode();
  }
}
