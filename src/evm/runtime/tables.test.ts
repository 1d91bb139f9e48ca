/** The hash tables against a Map, and against whoever chooses keys to make them slow. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it, test } from 'vitest';
import {
  compileRuntime,
  instantiateRuntime,
  type RuntimeInternals,
} from '../../../test/runtime-internals.ts';
import * as layout from '../layout.ts';
import { readWord, writeWord } from '../machine/words.ts';

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await compileRuntime(['allocator', 'code', 'tables', 'view', 'state', 'versions']);
}, 120_000);

const ENTRY_BYTES = 128;
const SALT_AT = 100;
const VALUE_AT = 32;
const TABLE_BYTES = 32;

class Table {
  readonly #runtime: RuntimeInternals;
  readonly at: number;

  constructor(runtime: RuntimeInternals) {
    this.#runtime = runtime;
    this.at = this.call('allocate', TABLE_BYTES);
    expect(this.call('tableInit', this.at, ENTRY_BYTES)).toBe(1);
  }

  call(name: string, ...args: number[]): number {
    const inner = this.#runtime.inner[name];
    if (inner === undefined) throw new Error(`the runtime has no ${name}`);
    return inner(...args) >>> 0;
  }

  get view(): DataView {
    return this.#runtime.memory.view();
  }

  #key(key: bigint): number {
    const at = layout.GLOBALS + layout.G_SCRATCH;
    writeWord(this.view, at, key);
    return at;
  }

  find(key: bigint, salt: number): number {
    return this.call('tableFind', this.at, this.#key(key), salt, SALT_AT);
  }

  add(key: bigint, salt: number): number {
    return this.call('tableAdd', this.at, this.#key(key), salt, SALT_AT);
  }

  hash(key: bigint, salt: number): number {
    return this.call('hashWord', this.#key(key), salt);
  }

  setSecret(byte: (i: number) => number): void {
    const start = layout.GLOBALS + layout.G_HASH_KEYS;
    for (let i = 0; i < layout.G_HASH_KEYS_BYTES; i++) this.view.setUint8(start + i, byte(i));
  }

  /** Entries that lie so far from their place, by distance. */
  distances(): number[] {
    const { view } = this;
    const index = view.getUint32(this.at, true);
    const mask = view.getUint32(this.at + 4, true);
    const epoch = view.getUint32(this.at + 12, true);
    const found: number[] = [];
    for (let i = 0; i <= mask; i++) {
      if (view.getUint32(index + 8 * i + 4, true) !== epoch) continue;
      const entry = view.getUint32(index + 8 * i, true);
      const salt = view.getUint32(entry + SALT_AT, true);
      const hash = this.call('hashWord', entry, salt);
      const wanted = hash >>> Math.clz32(mask);
      found.push((i - wanted) & mask);
    }
    return found;
  }
}

const word = fc.oneof(fc.bigInt(0n, 15n), fc.bigInt(0n, (1n << 256n) - 1n));

describe.each([
  ['a random secret', () => Math.floor(Math.random() * 256)],
  ['a secret that makes all keys collide', () => 0],
])('with %s', (_, byte) => {
  it('a table agrees with a map', () => {
    const table = new Table(instantiateRuntime(module, 16 << 20));
    table.setSecret(byte);
    const op = fc.record({ key: word, salt: fc.nat(3), clear: fc.nat(60) });
    fc.assert(
      fc.property(fc.array(op, { maxLength: 400, size: 'max' }), (ops) => {
        table.call('tableClear', table.at);
        const model = new Map<string, number>();
        for (const { key, salt, clear } of ops) {
          if (clear === 0) {
            table.call('tableClear', table.at);
            model.clear();
          }
          const name = `${key} ${salt}`;
          expect(table.find(key, salt)).toBe(model.get(name) ?? 0);
          if (model.has(name)) continue;
          const entry = table.add(key, salt);
          expect(readWord(table.view, entry)).toBe(key);
          expect(readWord(table.view, entry + VALUE_AT)).toBe(0n);
          writeWord(table.view, entry + VALUE_AT, key ^ 1n);
          model.set(name, entry);
        }
        const walked: number[] = [];
        let entry = table.call('tableNext', table.at, 0);
        for (; entry !== 0; entry = table.call('tableNext', table.at, entry)) walked.push(entry);
        expect(walked).toEqual([...model.values()]);
      }),
      { numRuns: 60 },
    );
  });
});

test('entries stay where they are while the index and the chunks grow', () => {
  const table = new Table(instantiateRuntime(module, 32 << 20));
  const entries = new Map<bigint, number>();
  // An older epoch's entries must not come back when the index grows.
  for (let key = 0n; key < 100n; key++) table.add(key << 100n, 9);
  table.call('tableClear', table.at);
  for (let key = 0n; key < 20_000n; key++) entries.set(key, table.add(key, 1));
  for (const [key, entry] of entries) expect(table.find(key, 1)).toBe(entry);
  expect(table.find(0n, 2)).toBe(0);
  expect(table.find(1n << 100n, 9)).toBe(0);
  expect(table.call('tableCount', table.at)).toBe(20_000);
});

test('a table that finds no memory says so and stays as it was', () => {
  const table = new Table(instantiateRuntime(module, 4 << 20));
  let key = 0n;
  while (table.add(key, 1) !== 0) key++;
  expect(key).toBeGreaterThan(5_000n);
  for (let k = 0n; k < key; k++) expect(table.find(k, 1)).not.toBe(0);
  expect(table.find(key, 1)).toBe(0);
});

describe('keys chosen without the secret', () => {
  const COUNT = 20_000n;
  const sets: readonly (readonly [string, (i: bigint) => bigint])[] = [
    ['counted', (i) => i],
    ['counted in the highest bits', (i) => i << 241n],
    ['multiples of 2^32', (i) => i << 32n],
    ['the same in two lanes that are multiplied', (i) => i | (i << 128n)],
    ['one bit in each lane', (i) => spread(i)],
    // What collided with even odds, whatever the secret, in a chain of 64-bit products.
    ['differences of 2^63 and 2^31', (i) => (i >> 1n) | ((i & 1n) * ((1n << 63n) | (1n << 31n)))],
  ];
  it.each(sets)('%s: as near to their places as random ones', (_, keyOf) => {
    const table = new Table(instantiateRuntime(module, 64 << 20));
    for (let i = 0n; i < COUNT; i++) expect(table.add(keyOf(i), 7)).not.toBe(0);
    const distances = table.distances();
    expect(distances.length).toBe(Number(COUNT));
    const mean = distances.reduce((sum, d) => sum + d, 0) / distances.length;
    // Linear probing at a load between a quarter and a half: 0.5 at most on average.
    expect(mean).toBeLessThan(2);
    expect(Math.max(...distances)).toBeLessThanOrEqual(64);
  });

  it('pairs that cancel in one product do not collide', () => {
    const table = new Table(instantiateRuntime(module, 16 << 20));
    let collisions = 0;
    for (let i = 0; i < 20_000; i++) {
      const base = BigInt(i) * 0x9e37_79b9_7f4a_7c15n;
      const flip = (1n << 63n) | (1n << 31n);
      const limb = ((base >> 3n) ^ flip) & 0xffff_ffff_ffff_ffffn;
      const next = (base + (1n << 63n) - (1n << 34n)) & 0xffff_ffff_ffff_ffffn;
      const one = ((base >> 3n) & 0xffff_ffff_ffff_ffffn) | ((base & ((1n << 64n) - 1n)) << 64n);
      const two = limb | (next << 64n);
      if (table.hash(one, 0) === table.hash(two, 0)) collisions++;
    }
    expect(collisions).toBeLessThan(3);
  });
});

/** Bit i of the number as the lowest bit of lane i mod 8, and so on. */
function spread(i: bigint): bigint {
  let result = 0n;
  for (let bit = 0n; bit < 16n; bit++) {
    if ((i >> bit) & 1n) result |= 1n << ((bit % 8n) * 32n + bit / 8n);
  }
  return result;
}
