/**
 * Compiled modules of this thread by code and rules, so that a second machine compiles nothing
 * again; least recently used first out. What a machine has linked lives on without its entry here.
 */
import type { CompiledCode } from './compilation.ts';

/** Modules, refusals among them. */
export const MODULES_MAX = 8_192;
/** Bytes of wasm in all of them; V8 keeps these and, once executed, machine code of that order. */
export const MODULE_BYTES_MAX: number = 512 << 20;

export interface CachedModule {
  /** undefined: the compiler refused it, or it was executed and trapped. */
  readonly compiled: CompiledCode | undefined;
  /** How many compilations of the code this one follows, itself included. */
  readonly generation: number;
}

export class ModuleCache {
  readonly #entries = new Map<string, CachedModule>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number = MODULE_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  get(key: string): CachedModule | undefined {
    const found = this.#entries.get(key);
    if (found === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, found);
    return found;
  }

  set(key: string, entry: CachedModule): void {
    this.#drop(key);
    this.#entries.set(key, entry);
    this.#bytes += entry.compiled?.wasmBytes ?? 0;
    while (this.#entries.size > MODULES_MAX || this.#bytes > this.#bytesMax) {
      const [oldest] = this.#entries.keys();
      if (oldest === undefined) return;
      this.#drop(oldest);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  get size(): number {
    return this.#entries.size;
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.compiled?.wasmBytes ?? 0;
  }
}
