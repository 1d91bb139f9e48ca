/**
 * Builds one function's body. Code is emitted in the order in which TypeScript evaluates: each
 * instruction appends its bytes at once, and the token it returns only carries the type, so that
 *
 *   fn.set(sum, fn.i64.add(fn.get(a), fn.i64.load(fn.get(address), 8)))
 *
 * reads as an expression, is checked by TypeScript, and costs no tree.
 */
import { ByteBuffer } from './buffer.ts';
import * as table from './instructions.ts';
import {
  type FunctionRef,
  type Label,
  type Local,
  TYPE_BYTES,
  VALUE,
  type Value,
  type ValueType,
} from './types.ts';

export type { FunctionRef, Label, Local, Value, ValueType } from './types.ts';

const VOID_BLOCK = 0x40;

/** Most bytes of a function's body that V8 accepts. */
export const FUNCTION_BYTES_MAX = 7_654_321;
/** Most locals of a function that V8 accepts. */
export const LOCALS_MAX = 50_000;

type Tokens<P extends readonly ValueType[]> = { [I in keyof P]: Value<P[I]> };

type Methods<T> = {
  readonly [K in keyof T]: T[K] extends readonly [
    unknown,
    infer P extends readonly ValueType[],
    infer R extends ValueType,
  ]
    ? (...operands: Tokens<P>) => Value<R>
    : never;
};

type Loads<T> = {
  readonly [K in keyof T]: T[K] extends readonly [unknown, infer R extends ValueType, number]
    ? (address: Value<'i32'>, offset?: number) => Value<R>
    : never;
};

type Stores<T> = {
  readonly [K in keyof T]: T[K] extends readonly [unknown, infer R extends ValueType, number]
    ? (address: Value<'i32'>, value: Value<R>, offset?: number) => void
    : never;
};

class Instructions {
  readonly body: ByteBuffer;
  constructor(body: ByteBuffer) {
    this.body = body;
  }
}

class I32Instructions extends Instructions {
  const(value: number | bigint): Value<'i32'> {
    this.body.byte(0x41);
    this.body.s32(Number(value));
    return VALUE;
  }
}

class I64Instructions extends Instructions {
  const(value: number | bigint): Value<'i64'> {
    this.body.byte(0x42);
    this.body.s64(BigInt(value));
    return VALUE;
  }
}

class V128Instructions extends Instructions {
  /** Sixteen bytes, lane 0 first. */
  const(bytes: Uint8Array): Value<'v128'> {
    this.body.byte(0xfd);
    this.body.byte(0x0c);
    this.body.append(bytes);
    return VALUE;
  }
}

class I8X16Instructions extends Instructions {
  /** Lanes 0 to 15 are the first operand's bytes, 16 to 31 the second's. */
  shuffle(lanes: readonly number[], _a: Value<'v128'>, _b: Value<'v128'>): Value<'v128'> {
    this.body.byte(0xfd);
    this.body.byte(0x0d);
    for (const lane of lanes) this.body.byte(lane);
    return VALUE;
  }
}

class I64X2Instructions extends Instructions {
  extractLane(lane: number, _vector: Value<'v128'>): Value<'i64'> {
    this.body.byte(0xfd);
    this.body.byte(0x1d);
    this.body.byte(lane);
    return VALUE;
  }

  replaceLane(lane: number, _vector: Value<'v128'>, _value: Value<'i64'>): Value<'v128'> {
    this.body.byte(0xfd);
    this.body.byte(0x1e);
    this.body.byte(lane);
    return VALUE;
  }
}

class F64Instructions extends Instructions {}

type Encoding = readonly number[];

function defineMethods(
  target: typeof Instructions,
  rows: Record<string, readonly [Encoding, ...unknown[]]>,
  write: (body: ByteBuffer, row: readonly [Encoding, ...unknown[]], offset: number) => void,
  offsetAt: number,
): void {
  for (const [name, row] of Object.entries(rows)) {
    Object.defineProperty(target.prototype, name, {
      value: function method(this: Instructions, ...operands: unknown[]): Value {
        write(this.body, row, (operands[offsetAt] as number | undefined) ?? 0);
        return VALUE;
      },
    });
  }
}

function writeEncoding(body: ByteBuffer, row: readonly [Encoding, ...unknown[]]): void {
  const encoding = row[0];
  for (let i = 0; i < encoding.length; i++) body.byte(encoding[i] as number);
}

function writeAccess(
  body: ByteBuffer,
  row: readonly [Encoding, ...unknown[]],
  offset: number,
): void {
  writeEncoding(body, row);
  body.u32(row[2] as number);
  body.u32(offset);
}

const NUMERIC = -1;
defineMethods(I32Instructions, table.I32, writeEncoding, NUMERIC);
defineMethods(I64Instructions, table.I64, writeEncoding, NUMERIC);
defineMethods(F64Instructions, table.F64, writeEncoding, NUMERIC);
defineMethods(V128Instructions, table.V128, writeEncoding, NUMERIC);
defineMethods(I8X16Instructions, table.I8X16, writeEncoding, NUMERIC);
defineMethods(I64X2Instructions, table.I64X2, writeEncoding, NUMERIC);
defineMethods(I32Instructions, table.I32_LOADS, writeAccess, 1);
defineMethods(I64Instructions, table.I64_LOADS, writeAccess, 1);
defineMethods(V128Instructions, table.V128_LOADS, writeAccess, 1);
defineMethods(I32Instructions, table.I32_STORES, writeAccess, 2);
defineMethods(I64Instructions, table.I64_STORES, writeAccess, 2);
defineMethods(V128Instructions, table.V128_STORES, writeAccess, 2);

export type I32 = I32Instructions &
  Methods<typeof table.I32> &
  Loads<typeof table.I32_LOADS> &
  Stores<typeof table.I32_STORES>;
export type I64 = I64Instructions &
  Methods<typeof table.I64> &
  Loads<typeof table.I64_LOADS> &
  Stores<typeof table.I64_STORES>;
export type V128 = V128Instructions &
  Methods<typeof table.V128> &
  Loads<typeof table.V128_LOADS> &
  Stores<typeof table.V128_STORES>;
export type I8X16 = I8X16Instructions & Methods<typeof table.I8X16>;
export type I64X2 = I64X2Instructions & Methods<typeof table.I64X2>;
export type F64 = F64Instructions & Methods<typeof table.F64>;

/** A branch that is expected to go one way: offset in the body's instructions. */
interface Hint {
  readonly offset: number;
  readonly likely: boolean;
}

export class FunctionBuilder {
  readonly name: string;
  readonly ref: FunctionRef;
  readonly typeIndex: number;
  readonly i32: I32;
  readonly i64: I64;
  readonly f64: F64;
  readonly v128: V128;
  readonly i8x16: I8X16;
  readonly i64x2: I64X2;
  readonly #body: ByteBuffer = new ByteBuffer();
  readonly #params: readonly ValueType[];
  readonly #locals: ValueType[] = [];
  readonly #free: Map<ValueType, Local[]> = new Map();
  readonly #hints: Hint[] = [];
  #depth = 0;
  #hint: boolean | undefined;

  constructor(name: string, ref: FunctionRef, typeIndex: number, params: readonly ValueType[]) {
    this.name = name;
    this.ref = ref;
    this.typeIndex = typeIndex;
    this.#params = params;
    this.i32 = new I32Instructions(this.#body) as I32;
    this.i64 = new I64Instructions(this.#body) as I64;
    this.f64 = new F64Instructions(this.#body) as F64;
    this.v128 = new V128Instructions(this.#body) as V128;
    this.i8x16 = new I8X16Instructions(this.#body) as I8X16;
    this.i64x2 = new I64X2Instructions(this.#body) as I64X2;
  }

  /** Bytes of the body so far. */
  get size(): number {
    return this.#body.length;
  }

  // ---------------------------------------------------------------- locals

  /** Parameter `index`, which must be of type `type`. */
  param<T extends ValueType>(index: number, type: T): Local<T> {
    if (this.#params[index] !== type) {
      throw new TypeError(
        `parameter ${index} of ${this.name} is ${this.#params[index]}, not ${type}`,
      );
    }
    return index as Local<T>;
  }

  /** A local of unknown content (zero at first): a released one where there is one. */
  local<T extends ValueType>(type: T): Local<T> {
    const free = this.#free.get(type);
    if (free !== undefined && free.length > 0) return free.pop() as Local<T>;
    const index = this.#params.length + this.#locals.length;
    if (this.#locals.length >= LOCALS_MAX) {
      throw new RangeError(`${this.name} needs more than ${LOCALS_MAX} locals`);
    }
    this.#locals.push(type);
    return index as Local<T>;
  }

  /** Gives a local back for reuse. */
  release(local: Local): void {
    const type = this.#locals[local - this.#params.length];
    if (type === undefined) throw new RangeError(`${this.name} has no local ${local} to release`);
    const free = this.#free.get(type);
    if (free === undefined) this.#free.set(type, [local]);
    else free.push(local);
  }

  get<T extends ValueType>(local: Local<T>): Value<T> {
    this.#body.byte(0x20);
    this.#body.u32(local);
    return VALUE;
  }

  set<T extends ValueType>(local: Local<T>, _value: Value<T>): void {
    this.#body.byte(0x21);
    this.#body.u32(local);
  }

  tee<T extends ValueType>(local: Local<T>, _value: Value<T>): Value<T> {
    this.#body.byte(0x22);
    this.#body.u32(local);
    return VALUE;
  }

  globalGet<T extends ValueType>(index: number, _type: T): Value<T> {
    this.#body.byte(0x23);
    this.#body.u32(index);
    return VALUE;
  }

  // ---------------------------------------------------------------- control

  /** The next `if` or `brIf` is likely to be taken, or not. */
  hint(likely: boolean): void {
    this.#hint = likely;
  }

  #recordHint(): void {
    if (this.#hint === undefined) return;
    this.#hints.push({ offset: this.#body.length, likely: this.#hint });
    this.#hint = undefined;
  }

  #nest(opcode: number, body: (label: Label) => void): void {
    this.#body.byte(opcode);
    this.#body.byte(VOID_BLOCK);
    this.#depth += 1;
    body({ depth: this.#depth });
    this.#depth -= 1;
    this.#body.byte(0x0b);
  }

  /** A branch to the label goes to the block's end. */
  block(body: (label: Label) => void): void {
    this.#nest(0x02, body);
  }

  /** A branch to the label goes to the loop's start. */
  loop(body: (label: Label) => void): void {
    this.#nest(0x03, body);
  }

  if(_condition: Value<'i32'>, then: () => void, otherwise?: () => void): void {
    this.#recordHint();
    this.#body.byte(0x04);
    this.#body.byte(VOID_BLOCK);
    this.#depth += 1;
    then();
    if (otherwise !== undefined) {
      this.#body.byte(0x05);
      otherwise();
    }
    this.#depth -= 1;
    this.#body.byte(0x0b);
  }

  br(label: Label): void {
    this.#body.byte(0x0c);
    this.#body.u32(this.#depth - label.depth);
  }

  brIf(label: Label, _condition: Value<'i32'>): void {
    this.#recordHint();
    this.#body.byte(0x0d);
    this.#body.u32(this.#depth - label.depth);
  }

  brTable(labels: readonly Label[], otherwise: Label, _index: Value<'i32'>): void {
    this.#body.byte(0x0e);
    this.#body.u32(labels.length);
    for (const label of labels) this.#body.u32(this.#depth - label.depth);
    this.#body.u32(this.#depth - otherwise.depth);
  }

  return(_value?: Value): void {
    this.#body.byte(0x0f);
  }

  unreachable(): void {
    this.#body.byte(0x00);
  }

  drop(_value: Value): void {
    this.#body.byte(0x1a);
  }

  /** `a` where the condition is nonzero, else `b`; both were computed. */
  select<T extends 'i32' | 'i64' | 'f64' | 'v128'>(
    _a: Value<T>,
    _b: Value<T>,
    _condition: Value<'i32'>,
  ): Value<T> {
    this.#body.byte(0x1b);
    return VALUE;
  }

  call(target: FunctionRef, ..._arguments: Value[]): Value<never> {
    this.#body.byte(0x10);
    this.#body.u32(target);
    return VALUE;
  }

  returnCall(target: FunctionRef, ..._arguments: Value[]): void {
    this.#body.byte(0x12);
    this.#body.u32(target);
  }

  callIndirect(type: number, _arguments: readonly Value[], _index: Value<'i32'>): Value<never> {
    this.#body.byte(0x11);
    this.#body.u32(type);
    this.#body.u32(0);
    return VALUE;
  }

  returnCallIndirect(type: number, _arguments: readonly Value[], _index: Value<'i32'>): void {
    this.#body.byte(0x13);
    this.#body.u32(type);
    this.#body.u32(0);
  }

  /** memory.fill */
  fill(_address: Value<'i32'>, _value: Value<'i32'>, _size: Value<'i32'>): void {
    for (const byte of [0xfc, 0x0b, 0x00]) this.#body.byte(byte);
  }

  /** memory.copy */
  copy(_to: Value<'i32'>, _from: Value<'i32'>, _size: Value<'i32'>): void {
    for (const byte of [0xfc, 0x0a, 0x00, 0x00]) this.#body.byte(byte);
  }

  // ---------------------------------------------------------------- output

  /** Appends the function's code entry (size, locals, body) to the code section. */
  writeCode(code: ByteBuffer): void {
    const locals = this.#encodeLocals();
    const size = locals.length + this.#body.length + 1;
    if (size > FUNCTION_BYTES_MAX) {
      throw new RangeError(`${this.name} has ${size} bytes, more than ${FUNCTION_BYTES_MAX}`);
    }
    code.u32(size);
    code.append(locals);
    code.append(this.#body.view());
    code.byte(0x0b);
  }

  /** Appends the function's branch hints, if it has any; returns whether it has. */
  writeHints(section: ByteBuffer): boolean {
    if (this.#hints.length === 0) return false;
    const locals = this.#encodeLocals().length;
    section.u32(this.ref);
    section.u32(this.#hints.length);
    for (const { offset, likely } of this.#hints) {
      section.u32(locals + offset);
      section.u32(1);
      section.byte(likely ? 1 : 0);
    }
    return true;
  }

  #encodeLocals(): Uint8Array {
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of this.#locals) {
      const last = runs.at(-1);
      if (last?.type === type) last.count += 1;
      else runs.push({ type, count: 1 });
    }
    const buffer = new ByteBuffer(32);
    buffer.u32(runs.length);
    for (const { type, count } of runs) {
      buffer.u32(count);
      buffer.byte(TYPE_BYTES[type]);
    }
    return buffer.view();
  }
}
