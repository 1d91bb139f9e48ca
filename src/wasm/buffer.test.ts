import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteBuffer } from './buffer.ts';
import { ByteReader } from './reader.ts';

function written(write: (buffer: ByteBuffer) => void): number[] {
  const buffer = new ByteBuffer(0);
  write(buffer);
  return [...buffer.view()];
}

/** The shortest LEB128 of an integer, by its definition. */
function shortest(value: bigint, isSigned: boolean): number[] {
  for (let size = 1; ; size++) {
    const bits = BigInt(7 * size);
    const fits = isSigned
      ? value >= -(1n << (bits - 1n)) && value < 1n << (bits - 1n)
      : value < 1n << bits;
    if (!fits) continue;
    const digits = Array.from({ length: size }, (_, i) =>
      Number(BigInt.asUintN(7, value >> BigInt(7 * i))),
    );
    return digits.map((digit, i) => (i < size - 1 ? digit | 0x80 : digit));
  }
}

const edges = Array.from({ length: 64 }, (_, bit) => 1n << BigInt(bit)).flatMap((power) => [
  power - 1n,
  power,
  -power,
  -power - 1n,
]);

describe('LEB128 is the shortest there is, and is read back', () => {
  test('unsigned', () => {
    const check = (value: number): void => {
      const bytes = written((buffer) => buffer.u32(value));
      expect(bytes).toEqual(shortest(BigInt(value), false));
      expect(new ByteReader(Uint8Array.from(bytes)).u32()).toBe(value);
    };
    for (const edge of edges) if (edge >= 0n && edge < 1n << 32n) check(Number(edge));
    fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), check));
  });

  test('signed', () => {
    const check = (given: bigint): void => {
      const value = BigInt.asIntN(64, given);
      const bytes = written((buffer) => buffer.s64(value));
      expect(bytes).toEqual(shortest(value, true));
      expect(new ByteReader(Uint8Array.from(bytes)).s64()).toBe(value);
      const low = BigInt.asIntN(32, value);
      expect(written((buffer) => buffer.s32(Number(low)))).toEqual(shortest(low, true));
    };
    edges.forEach(check);
    fc.assert(fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), check));
  });
});

test('it grows as it must', () => {
  const parts = Array.from({ length: 50 }, (_, size) => new Uint8Array(size * 7).fill(size));
  const bytes = written((buffer) => {
    for (const part of parts) {
      buffer.vector(part);
      buffer.name('ä');
    }
  });
  const reader = new ByteReader(Uint8Array.from(bytes));
  for (const part of parts) {
    expect(reader.take(reader.u32())).toEqual(part);
    expect(reader.name()).toBe('ä');
  }
  expect(reader.at).toBe(bytes.length);
});

test('the reader refuses what is too long', () => {
  const reader = (...bytes: number[]) => new ByteReader(Uint8Array.from(bytes));
  expect(() => reader(0x80, 0x80, 0x80, 0x80, 0x80, 0).u32()).toThrow('too many bytes');
  expect(() => reader(0xff, 0xff, 0xff, 0xff, 0x7f).u32()).toThrow('too many bytes');
  expect(() => reader(...Array<number>(10).fill(0x80), 0).s64()).toThrow('too many bytes');
  expect(() => reader(0x80).u32()).toThrow('end early');
  expect(() => reader(1).take(2)).toThrow('2 bytes are missing');
  expect(() => reader(1, 0xff).name()).toThrow('not UTF-8');
});
