import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BytesError,
  bigintFromBytes,
  bigintToBytes,
  concatBytes,
  equalBytes,
  fromHex,
  type Hex,
  putHex,
  toHex,
} from './bytes.ts';
import { checkWithin, IntegerRangeError, isWithin, U8, U32, U64, U256 } from './integers.ts';

const bytes = fc.uint8Array({ maxLength: 80 });

describe('bytes', () => {
  it('go to hex and back, in either case, with or without 0x', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const hex = toHex(value);
        expect(fromHex(hex)).toEqual(value);
        expect(fromHex(hex.slice(2).toUpperCase())).toEqual(value);
      }),
    );
    expect(toHex(Uint8Array.of(0, 1, 0xff))).toBe('0x0001ff');
  });

  it('are written where they belong, and nothing else is', () => {
    fc.assert(
      fc.property(bytes, fc.nat(9), fc.boolean(), (value, at, isUpper) => {
        const hex = toHex(value);
        const room = new Uint8Array(value.length + 20).fill(0xaa);
        const expected = room.slice();
        expected.set(value, at);
        putHex(room, at, isUpper ? `0x${hex.slice(2).toUpperCase()}` : hex);
        expect(room).toEqual(expected);
      }),
    );
    for (const text of [
      '0x0',
      '0xabc',
      '0x0g',
      '0xg0',
      '0x0 ',
      '0x/0',
      '0x0:',
      '0x0é',
      '0xı0',
      '0x\u01300',
    ]) {
      expect(() => putHex(new Uint8Array(4), 0, text as Hex), text).toThrow(SyntaxError);
    }
  });

  it.each([
    ['0x123', 'has 3 digits'],
    ['0x12g4', 'has "g" at 4'],
    ['12 4', 'has " " at 2'],
    ['0X12', 'has "X" at 1'],
    ['0x0x12', 'has "x" at 3'],
    ['1n', 'has "n" at 1'],
  ])('refuses %j', (text, fault) => {
    expect(() => fromHex(text)).toThrow(BytesError);
    expect(() => fromHex(text)).toThrow(fault);
  });

  it('cuts long text in the message', () => {
    expect(() => fromHex('z'.repeat(10_000))).toThrow(/^z{80}\.\.\. is not/);
  });

  it('become integers and come back', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const integer = bigintFromBytes(value);
        const reference = value.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
        expect(integer).toBe(reference);
        expect(bigintToBytes(integer, value.length)).toEqual(value);
      }),
    );
  });

  it('refuse integers that do not fit', () => {
    expect(bigintToBytes(0n, 0)).toEqual(new Uint8Array(0));
    expect(bigintToBytes(255n, 1)).toEqual(Uint8Array.of(255));
    expect(() => bigintToBytes(256n, 1)).toThrow('256 does not fit 1 unsigned bytes');
    expect(() => bigintToBytes(1n, 0)).toThrow(BytesError);
    expect(() => bigintToBytes(-1n, 4)).toThrow(BytesError);
  });

  it('are joined and compared', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 5 }), (parts) => {
        expect([...concatBytes(...parts)]).toEqual(parts.flatMap((part) => [...part]));
      }),
    );
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
  });
});

describe('integers', () => {
  it.each([
    [U8, 255, 256],
    [U32, 0xffff_ffff, 0x1_0000_0000],
    [U64, 2n ** 64n - 1n, 2n ** 64n],
    [U256, 2n ** 256n - 1n, 2n ** 256n],
  ])('have a range', (range, last, above) => {
    expect(isWithin(0, range)).toBe(true);
    expect(checkWithin(last, range, 'it')).toBe(last);
    expect(isWithin(above, range)).toBe(false);
    expect(isWithin(-1, range)).toBe(false);
    expect(() => checkWithin(above, range, 'a width')).toThrow(IntegerRangeError);
    expect(() => checkWithin(above, range, 'a width')).toThrow(`a width is ${above}, not`);
  });

  it('are whole', () => {
    expect(isWithin(1.5, U8)).toBe(false);
    expect(isWithin(Number.NaN, U8)).toBe(false);
    expect(isWithin(2 ** 53, U64)).toBe(false);
  });
});
