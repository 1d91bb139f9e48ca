/**
 * One method of each row of the instruction tables, grouped as the specification groups them:
 * `fn.i64.shrU(a, b)`, `fn.v128.load(address, 16)`. A method appends its bytes and returns a token
 * of the row's result type; the operands' tokens only say that their code was emitted before.
 *
 * The methods are made once, on the prototypes, and allocate nothing when called.
 */
import * as atomics from './atomic-instructions.ts';
import type { ByteBuffer } from './buffer.ts';
import { WasmError } from './errors.ts';
import * as scalars from './instructions.ts';
import { VALUE, type Value, type ValueType } from './types.ts';
import * as vectors from './vector-instructions.ts';

type Tokens<P extends readonly ValueType[]> = { [I in keyof P]: Value<P[I]> };

/** Value type of a row of memory, lane or atomic instructions. */
type TypeOf<Row> = Row extends readonly [unknown, infer T extends ValueType, number] ? T : never;

type Address = Value<'i32'>;

type Numeric<T> = {
  readonly [K in keyof T]: T[K] extends readonly [
    unknown,
    infer P extends readonly ValueType[],
    infer R extends ValueType,
  ]
    ? (...operands: Tokens<P>) => Value<R>
    : never;
};

/** `offset` is static, in bytes below 2^32; `align` in bytes, by default the natural one. */
type Loads<T> = {
  readonly [K in keyof T]: (
    address: Address,
    offset?: number,
    align?: number,
  ) => Value<TypeOf<T[K]>>;
};

type Stores<T> = {
  readonly [K in keyof T]: (
    address: Address,
    value: Value<TypeOf<T[K]>>,
    offset?: number,
    align?: number,
  ) => void;
};

/** Atomic accesses have the natural alignment; another one traps when run. */
type AtomicLoads<T> = {
  readonly [K in keyof T]: (address: Address, offset?: number) => Value<TypeOf<T[K]>>;
};

type AtomicStores<T> = {
  readonly [K in keyof T]: (address: Address, value: Value<TypeOf<T[K]>>, offset?: number) => void;
};

type LaneLoads<T> = {
  readonly [K in keyof T]: (
    address: Address,
    vector: Value<'v128'>,
    lane: number,
    offset?: number,
  ) => Value<'v128'>;
};

type LaneStores<T> = {
  readonly [K in keyof T]: (
    address: Address,
    vector: Value<'v128'>,
    lane: number,
    offset?: number,
  ) => void;
};

type Extracts<T> = {
  readonly [K in keyof T]: (lane: number, vector: Value<'v128'>) => Value<TypeOf<T[K]>>;
};

type Replaces<T> = {
  readonly [K in keyof T]: (
    lane: number,
    vector: Value<'v128'>,
    value: Value<TypeOf<T[K]>>,
  ) => Value<'v128'>;
};

/** Gives what was in memory before. */
type ReadModifyWrites<T> = {
  readonly [K in keyof T]: (
    address: Address,
    value: Value<TypeOf<T[K]>>,
    offset?: number,
  ) => Value<TypeOf<T[K]>>;
};

/** Writes `replacement` where memory holds `expected`; gives what was there before. */
type CompareExchanges<T> = {
  readonly [K in keyof T]: (
    address: Address,
    expected: Value<TypeOf<T[K]>>,
    replacement: Value<TypeOf<T[K]>>,
    offset?: number,
  ) => Value<TypeOf<T[K]>>;
};

class Instructions {
  readonly body: ByteBuffer;
  constructor(body: ByteBuffer) {
    this.body = body;
  }
}

class I32Instructions extends Instructions {
  /** A 32-bit integer, signed or unsigned. @throws WasmError `wasm/range` */
  const(value: number | bigint): Value<'i32'> {
    this.body.byte(0x41);
    this.body.s32(Number(value));
    return VALUE;
  }
}

class I64Instructions extends Instructions {
  /** A 64-bit integer, signed or unsigned. @throws WasmError `wasm/range` */
  const(value: number | bigint): Value<'i64'> {
    this.body.byte(0x42);
    if (typeof value === 'number' && (value | 0) === value) this.body.s32(value);
    else this.body.s64(BigInt(value));
    return VALUE;
  }
}

class F64Instructions extends Instructions {
  const(value: number): Value<'f64'> {
    this.body.byte(0x44);
    this.body.f64(value);
    return VALUE;
  }
}

class V128Instructions extends Instructions {
  /** Sixteen bytes, lane 0 first. */
  const(bytes: Uint8Array): Value<'v128'> {
    if (bytes.length !== 16) {
      const count = bytes.length;
      throw new WasmError('wasm/range', `a vector has 16 bytes, not ${count}`, { count });
    }
    this.body.byte(0xfd);
    this.body.byte(0x0c);
    this.body.append(bytes);
    return VALUE;
  }
}

class I8X16Instructions extends Instructions {
  /** Lanes 0 to 15 are the first operand's bytes, 16 to 31 the second's. */
  shuffle(lanes: readonly number[], _a: Value<'v128'>, _b: Value<'v128'>): Value<'v128'> {
    if (lanes.length !== 16) {
      const count = lanes.length;
      throw new WasmError('wasm/range', `a shuffle names 16 lanes, not ${count}`, { count });
    }
    this.body.byte(0xfd);
    this.body.byte(0x0d);
    for (let i = 0; i < 16; i++) writeLane(this.body, lanes[i] as number, 32);
    return VALUE;
  }
}

class I16X8Instructions extends Instructions {}
class I32X4Instructions extends Instructions {}
class I64X2Instructions extends Instructions {}

type Encoding = readonly number[];
type Row = readonly [Encoding, unknown, number];
type Method = (this: Instructions, ...operands: never[]) => Value | undefined;

function define(
  target: typeof Instructions,
  rows: Record<string, readonly [Encoding, unknown, unknown]>,
  make: (row: Row) => Method,
): void {
  for (const [name, row] of Object.entries(rows)) {
    Object.defineProperty(target.prototype, name, { value: make(row as Row) });
  }
}

function writeEncoding(body: ByteBuffer, encoding: Encoding): void {
  for (let i = 0; i < encoding.length; i++) body.byte(encoding[i] as number);
}

function writeAccess(
  body: ByteBuffer,
  [encoding, , natural]: Row,
  offset: number,
  align: number,
): void {
  writeEncoding(body, encoding);
  body.u32(align === 0 ? natural : alignmentOf(align, natural));
  body.u32(offset);
}

/** log2 of an alignment in bytes. */
function alignmentOf(align: number, natural: number): number {
  const log2 = 31 - Math.clz32(align);
  if (2 ** log2 === align && log2 <= natural) return log2;
  const message = `an alignment is a power of two up to ${2 ** natural}, not ${align}`;
  throw new WasmError('wasm/range', message, { align });
}

function writeLane(body: ByteBuffer, lane: number, count: number): void {
  if (!(Number.isInteger(lane) && lane >= 0 && lane < count)) {
    throw new WasmError('wasm/range', `a lane is below ${count}, not ${lane}`, { lane, count });
  }
  body.byte(lane);
}

const numeric = ([encoding]: Row): Method => {
  if (encoding.length > 1) {
    return function emit(this: Instructions): Value {
      writeEncoding(this.body, encoding);
      return VALUE;
    };
  }
  const opcode = encoding[0] as number;
  return function emit(this: Instructions): Value {
    this.body.byte(opcode);
    return VALUE;
  };
};

const load = (row: Row): Method =>
  function emit(this: Instructions, _address: Address, offset = 0, align = 0): Value {
    writeAccess(this.body, row, offset, align);
    return VALUE;
  };

/** Stores, and read-modify-writes: two operands, then the offset. */
const store = (row: Row): Method =>
  function emit(this: Instructions, _address: Address, _value: Value, offset = 0, align = 0) {
    writeAccess(this.body, row, offset, align);
    return VALUE;
  };

const compareExchange = (row: Row): Method =>
  function emit(this: Instructions, _address: Address, _old: Value, _new: Value, offset = 0) {
    writeAccess(this.body, row, offset, 0);
    return VALUE;
  };

const laneAccess = (row: Row): Method =>
  function emit(this: Instructions, _address: Address, _vector: Value, lane: number, offset = 0) {
    writeAccess(this.body, row, offset, 0);
    writeLane(this.body, lane, 16 >> row[2]);
    return VALUE;
  };

/** Extractions and replacements. */
const onLane = ([encoding, , count]: Row): Method =>
  function emit(this: Instructions, lane: number): Value {
    writeEncoding(this.body, encoding);
    writeLane(this.body, lane, count);
    return VALUE;
  };

define(I32Instructions, scalars.I32, numeric);
define(I32Instructions, scalars.I32_LOADS, load);
define(I32Instructions, scalars.I32_STORES, store);
define(I32Instructions, atomics.I32_ATOMIC_LOADS, load);
define(I32Instructions, atomics.I32_ATOMIC_STORES, store);
define(I32Instructions, atomics.I32_ATOMIC_RMW, store);
define(I32Instructions, atomics.I32_ATOMIC_CMPXCHG, compareExchange);
define(I64Instructions, scalars.I64, numeric);
define(I64Instructions, scalars.I64_LOADS, load);
define(I64Instructions, scalars.I64_STORES, store);
define(I64Instructions, atomics.I64_ATOMIC_LOADS, load);
define(I64Instructions, atomics.I64_ATOMIC_STORES, store);
define(I64Instructions, atomics.I64_ATOMIC_RMW, store);
define(I64Instructions, atomics.I64_ATOMIC_CMPXCHG, compareExchange);
define(F64Instructions, scalars.F64, numeric);
define(F64Instructions, scalars.F64_LOADS, load);
define(F64Instructions, scalars.F64_STORES, store);
define(V128Instructions, vectors.V128, numeric);
define(V128Instructions, vectors.V128_LOADS, load);
define(V128Instructions, vectors.V128_STORES, store);
define(V128Instructions, vectors.V128_LANE_LOADS, laneAccess);
define(V128Instructions, vectors.V128_LANE_STORES, laneAccess);
define(I8X16Instructions, vectors.I8X16, numeric);
define(I8X16Instructions, vectors.I8X16_EXTRACTS, onLane);
define(I8X16Instructions, vectors.I8X16_REPLACES, onLane);
define(I16X8Instructions, vectors.I16X8, numeric);
define(I16X8Instructions, vectors.I16X8_EXTRACTS, onLane);
define(I16X8Instructions, vectors.I16X8_REPLACES, onLane);
define(I32X4Instructions, vectors.I32X4, numeric);
define(I32X4Instructions, vectors.I32X4_EXTRACTS, onLane);
define(I32X4Instructions, vectors.I32X4_REPLACES, onLane);
define(I64X2Instructions, vectors.I64X2, numeric);
define(I64X2Instructions, vectors.I64X2_EXTRACTS, onLane);
define(I64X2Instructions, vectors.I64X2_REPLACES, onLane);

export type I32 = I32Instructions &
  Numeric<typeof scalars.I32> &
  Loads<typeof scalars.I32_LOADS> &
  Stores<typeof scalars.I32_STORES> &
  AtomicLoads<typeof atomics.I32_ATOMIC_LOADS> &
  AtomicStores<typeof atomics.I32_ATOMIC_STORES> &
  ReadModifyWrites<typeof atomics.I32_ATOMIC_RMW> &
  CompareExchanges<typeof atomics.I32_ATOMIC_CMPXCHG>;

export type I64 = I64Instructions &
  Numeric<typeof scalars.I64> &
  Loads<typeof scalars.I64_LOADS> &
  Stores<typeof scalars.I64_STORES> &
  AtomicLoads<typeof atomics.I64_ATOMIC_LOADS> &
  AtomicStores<typeof atomics.I64_ATOMIC_STORES> &
  ReadModifyWrites<typeof atomics.I64_ATOMIC_RMW> &
  CompareExchanges<typeof atomics.I64_ATOMIC_CMPXCHG>;

export type F64 = F64Instructions &
  Numeric<typeof scalars.F64> &
  Loads<typeof scalars.F64_LOADS> &
  Stores<typeof scalars.F64_STORES>;

export type V128 = V128Instructions &
  Numeric<typeof vectors.V128> &
  Loads<typeof vectors.V128_LOADS> &
  Stores<typeof vectors.V128_STORES> &
  LaneLoads<typeof vectors.V128_LANE_LOADS> &
  LaneStores<typeof vectors.V128_LANE_STORES>;

export type I8X16 = I8X16Instructions &
  Numeric<typeof vectors.I8X16> &
  Extracts<typeof vectors.I8X16_EXTRACTS> &
  Replaces<typeof vectors.I8X16_REPLACES>;

export type I16X8 = I16X8Instructions &
  Numeric<typeof vectors.I16X8> &
  Extracts<typeof vectors.I16X8_EXTRACTS> &
  Replaces<typeof vectors.I16X8_REPLACES>;

export type I32X4 = I32X4Instructions &
  Numeric<typeof vectors.I32X4> &
  Extracts<typeof vectors.I32X4_EXTRACTS> &
  Replaces<typeof vectors.I32X4_REPLACES>;

export type I64X2 = I64X2Instructions &
  Numeric<typeof vectors.I64X2> &
  Extracts<typeof vectors.I64X2_EXTRACTS> &
  Replaces<typeof vectors.I64X2_REPLACES>;

/** The methods of every type, all writing into one body. */
export interface InstructionGroups {
  readonly i32: I32;
  readonly i64: I64;
  readonly f64: F64;
  readonly v128: V128;
  readonly i8x16: I8X16;
  readonly i16x8: I16X8;
  readonly i32x4: I32X4;
  readonly i64x2: I64X2;
}

export function instructionsInto(body: ByteBuffer): InstructionGroups {
  return {
    i32: new I32Instructions(body) as I32,
    i64: new I64Instructions(body) as I64,
    f64: new F64Instructions(body) as F64,
    v128: new V128Instructions(body) as V128,
    i8x16: new I8X16Instructions(body) as I8X16,
    i16x8: new I16X8Instructions(body) as I16X8,
    i32x4: new I32X4Instructions(body) as I32X4,
    i64x2: new I64X2Instructions(body) as I64X2,
  };
}
