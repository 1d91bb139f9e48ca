/** The locals of one function: its parameters, then those that were asked for, used again. */
import { ByteBuffer } from './buffer.ts';
import { WasmError } from './errors.ts';
import { type Local, TYPE_BYTES, type ValueType } from './types.ts';

/** Most locals of a function, parameters included, that V8 accepts. */
export const LOCALS_MAX = 50_000;

type Pools = Record<ValueType, Local[]>;

/** The locals at some time. */
export interface LocalsMark {
  readonly count: number;
  readonly pools: Readonly<Record<ValueType, readonly Local[]>>;
}

function copyOf(pools: LocalsMark['pools']): Pools {
  return {
    i32: pools.i32.slice(),
    i64: pools.i64.slice(),
    f64: pools.f64.slice(),
    v128: pools.v128.slice(),
    funcref: pools.funcref.slice(),
  };
}

export class Locals {
  readonly #name: string;
  readonly #params: readonly ValueType[];
  readonly #types: ValueType[] = [];
  /** Those that were given back, the last one first. */
  #pools: Pools = { i32: [], i64: [], f64: [], v128: [], funcref: [] };
  /** By index, without the parameters. */
  readonly #isPooled: boolean[] = [];

  constructor(name: string, params: readonly ValueType[]) {
    this.#name = name;
    this.#params = params;
  }

  /** Without the parameters. */
  get count(): number {
    return this.#types.length;
  }

  param<T extends ValueType>(index: number, type: T): Local<T> {
    const actual = this.#params[index];
    if (actual !== type) {
      const message = `parameter ${index} of ${this.#name} is ${actual}, not ${type}`;
      throw new WasmError('wasm/unknown', message, { index, type });
    }
    return index as Local<T>;
  }

  take<T extends ValueType>(type: T): Local<T> {
    const params = this.#params.length;
    const pooled = this.#pools[type].pop();
    if (pooled !== undefined) {
      this.#isPooled[pooled - params] = false;
      return pooled as Local<T>;
    }
    const index = params + this.#types.length;
    if (index >= LOCALS_MAX) {
      const message = `${this.#name} needs more than ${LOCALS_MAX} locals: release some`;
      throw new WasmError('wasm/limit', message, { limit: LOCALS_MAX });
    }
    this.#types.push(type);
    this.#isPooled.push(false);
    return index as Local<T>;
  }

  release(local: Local): void {
    const index = local - this.#params.length;
    const type = this.#types[index];
    if (type === undefined || this.#isPooled[index] === true) {
      const message = `${this.#name} has no local ${local} to release`;
      throw new WasmError('wasm/unknown', message, { local });
    }
    this.#isPooled[index] = true;
    this.#pools[type].push(local);
  }

  /** Takes over the locals of another function with the same parameters. */
  adopt(other: Locals): void {
    this.#types.splice(0, this.#types.length);
    for (const type of other.#types) this.#types.push(type);
    this.rewind(other.mark());
  }

  mark(): LocalsMark {
    return { count: this.#types.length, pools: copyOf(this.#pools) };
  }

  /** As it was at the mark. */
  rewind({ count, pools }: LocalsMark): void {
    this.#types.length = count;
    this.#isPooled.length = count;
    this.#isPooled.fill(false);
    this.#pools = copyOf(pools);
    for (const locals of Object.values(pools)) {
      for (const local of locals) this.#isPooled[local - this.#params.length] = true;
    }
  }

  /** The declaration with which a body begins: runs of equal types. */
  encode(): Uint8Array {
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of this.#types) {
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
