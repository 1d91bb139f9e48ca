import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AsciiText } from './ascii-text.ts';

const integer = fc.oneof(
  fc.nat(),
  fc.constantFrom(
    0,
    9,
    10,
    99,
    100,
    999_999_999,
    1_000_000_000,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32,
    2 ** 40,
  ),
);
const word = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
  fc.constantFrom(0n, 15n, 16n, 255n, 256n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n),
);
const part = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 80 }).map((text) => ({ text })),
  integer.map((decimal) => ({ decimal })),
  word.map((decimal) => ({ decimal })),
  word.map((hex) => ({ hex })),
  fc.string({ unit: 'binary-ascii', maxLength: 80 }).map((other) => ({ other })),
);
type Part = { text?: string; decimal?: number | bigint; hex?: bigint; other?: string };

test('is what its parts are as strings, again and again', () => {
  const text = new AsciiText();
  const property = fc.property(
    fc.array(part, { maxLength: 80, size: 'max' }),
    (parts: readonly Part[]) => {
      let expected = '';
      for (const { text: plain, decimal, hex, other } of parts) {
        if (plain !== undefined) text.add(plain);
        if (decimal !== undefined) text.addDecimal(decimal);
        if (hex !== undefined) text.addHex(hex);
        if (other !== undefined) {
          const added = new AsciiText();
          added.add(other);
          text.addText(added);
        }
        expected += plain ?? other ?? decimal?.toString() ?? hex?.toString(16);
        expect(text.length).toBe(expected.length);
      }
      expect(text.take()).toBe(expected);
    },
  );
  fc.assert(property, { numRuns: 300 });
});

test('gives up what is cut off', () => {
  const text = new AsciiText();
  text.add('abc');
  text.addDecimal(1234n);
  text.cut(4);
  text.add('d');
  expect(text.take()).toBe('abc1d');
  expect(text.take()).toBe('');
});
