/** Random numbers from a seed: the same seed gives the same case on every machine. */
import { EDGES } from '../differential/edges.ts';

const MASK = 2n ** 256n - 1n;

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** @param seed any text */
  constructor(seed: string) {
    // cyrb128, then sfc32: public-domain constructions by bryc and by Chris Doty-Humphrey.
    let [a, b, c, d] = [1779033703, 3144134277, 1013904242, 2773480762];
    for (let i = 0; i < seed.length; i++) {
      const code = seed.charCodeAt(i);
      a = b ^ Math.imul(a ^ code, 597399067);
      b = c ^ Math.imul(b ^ code, 2869860233);
      c = d ^ Math.imul(c ^ code, 951274213);
      d = a ^ Math.imul(d ^ code, 2716044179);
    }
    this.#a = a ^ b;
    this.#b = b ^ c;
    this.#c = c ^ d;
    this.#d = d | 1;
    for (let i = 0; i < 12; i++) this.u32();
  }

  u32(): number {
    const sum = (this.#a + this.#b + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }

  /** From 0 to `end - 1`. */
  below(end: number): number {
    return Math.floor((this.u32() / 2 ** 32) * end);
  }

  /** From `first` to `last`. */
  between(first: number, last: number): number {
    return first + this.below(last - first + 1);
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** One of the values, each with its weight. */
  weighted<T>(items: readonly (readonly [weight: number, value: T])[]): T {
    let at = this.below(items.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, value] of items) {
      at -= weight;
      if (at < 0) return value;
    }
    throw new RangeError('nothing to choose from');
  }

  bytes(size: number): Uint8Array {
    return Uint8Array.from({ length: size }, () => this.below(256));
  }

  /** A value below 2^bits. */
  bits(bits: number): bigint {
    let value = 0n;
    for (let i = 0; i < bits; i += 32) value = (value << 32n) | BigInt(this.u32());
    return value & ((1n << BigInt(bits)) - 1n);
  }

  /** A word as programs hold them: edges and their neighbours, small ones, wide ones. */
  word(): bigint {
    switch (this.below(6)) {
      case 0:
      case 1:
        return this.pick(EDGES);
      case 2:
        return (this.pick(EDGES) + BigInt(this.between(-2, 2))) & MASK;
      case 3:
        return BigInt(this.below(100));
      case 4:
        return this.bits(this.between(1, 256));
      default:
        return MASK ^ this.bits(this.between(1, 128));
    }
  }
}
