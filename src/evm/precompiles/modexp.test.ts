/** MODEXP against powers computed bit by bit, over every shape of modulus, length and padding. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rulesOf } from '../forks/rules.ts';
import { PORTABLE } from './portable/libraries.ts';
import { inputOf as bytesInput, integer, toBytes } from './precompile.ts';
import { precompileHost } from './table.ts';

const SEED = Number(process.env['IRONFLY_SEED'] ?? 1);
const host = precompileHost(PORTABLE);

function modexp(input: Uint8Array, fork: 'byzantium' | 'berlin' | 'osaka' = 'osaka') {
  const answer = host(5n, bytesInput(input), 1n << 62n, rulesOf(fork));
  if (answer instanceof Promise) throw new Error('MODEXP waits');
  return answer;
}

function inputOf(base: Uint8Array, exponent: Uint8Array, modulus: Uint8Array): Uint8Array {
  const lengths = [base, exponent, modulus].map((part) => toBytes(BigInt(part.length), 32));
  return Uint8Array.from([...lengths, base, exponent, modulus].flatMap((part) => [...part]));
}

/** EIP-198 by the book. */
function expected(base: Uint8Array, exponent: Uint8Array, modulus: Uint8Array): string {
  const m = integer(modulus);
  if (m === 0n) return '00'.repeat(modulus.length);
  let result = 1n % m;
  for (const byte of exponent) {
    for (let bit = 7; bit >= 0; bit--) {
      result = (result * result) % m;
      if ((byte >> bit) & 1) result = (result * integer(base)) % m;
    }
  }
  return modulus.length === 0 ? '' : toBytes(result, modulus.length).toHex();
}

/** Bytes of a number: any, with zeros before it, with zeros after it, few bits, all ones. */
function number(most: number): fc.Arbitrary<Uint8Array> {
  const any = fc.uint8Array({ maxLength: most });
  const zeros = fc.nat(40).map((size) => Array<number>(size).fill(0));
  return fc.oneof(
    any,
    fc.tuple(zeros, any).map(([before, rest]) => Uint8Array.from([...before, ...rest])),
    fc.tuple(any, zeros).map(([rest, after]) => Uint8Array.from([...rest, ...after])),
    fc.tuple(fc.nat(most), fc.nat(255)).map(([size, last]) => {
      const bytes = new Uint8Array(size);
      if (size > 0) bytes[size - 1] = last;
      return bytes;
    }),
    fc.nat(most).map((size) => new Uint8Array(size).fill(0xff)),
  );
}

test('powers are what the definition says', () => {
  const shapes = { odd: 0, even: 0, zero: 0, long: 0 };
  fc.assert(
    fc.property(number(150), number(60), number(150), (base, exponent, modulus) => {
      const value = integer(modulus);
      if (value === 0n) shapes.zero++;
      else if (value & 1n) shapes.odd++;
      else shapes.even++;
      if (modulus.length > 96) shapes.long++;
      const output = modexp(inputOf(base, exponent, modulus))?.output.toHex();
      expect(output).toBe(expected(base, exponent, modulus));
    }),
    { numRuns: 1_500, seed: SEED },
  );
  for (const count of Object.values(shapes)) expect(count).toBeGreaterThan(50);
});

test('powers modulo numbers of one limb, with exponents longer than a step', () => {
  const limb = fc.oneof(
    fc.bigInt(0n, (1n << 64n) - 1n),
    fc.bigInt(0n, 300n),
    fc.nat(64).map((bit) => (1n << BigInt(bit)) - 1n),
    fc.nat(68).map((bit) => 1n << BigInt(bit)),
    fc.nat(66).map((bit) => 5n << BigInt(bit)),
    fc.bigInt(0n, 1n << 20n).map((below) => (1n << 64n) - 1n - below),
  );
  const bytesOf = (value: bigint) => toBytes(value, 9);
  fc.assert(
    fc.property(limb, number(40), limb, (base, exponent, modulus) => {
      const parts = [bytesOf(base), exponent, bytesOf(modulus)] as const;
      expect(modexp(inputOf(...parts))?.output.toHex()).toBe(expected(...parts));
    }),
    { numRuns: 1_500, seed: SEED },
  );
  const long = Uint8Array.from({ length: 5_000 }, (_, i) => 255 - (i % 200));
  for (const modulus of [0xffff_ffff_ffff_ffc5n, 0xfedc_ba98_7654_3210n, 1n << 63n, 251n, 96n]) {
    const parts = [bytesOf(0x0123_4567_89ab_cdefn), long, bytesOf(modulus)] as const;
    expect(modexp(inputOf(...parts), 'berlin')?.output.toHex()).toBe(expected(...parts));
  }
});

test('every length of modulus to 130 bytes, all bits set, and one bit less', () => {
  const exponent = Uint8Array.of(0xff, 0x01, 0xff, 0x80, 0xf0);
  for (let size = 1; size <= 130; size++) {
    const ones = new Uint8Array(size).fill(0xff);
    const base = ones.slice();
    base[size - 1] = 0xfe;
    for (const last of [0xff, 0xfe, 0x80, 0x01]) {
      const modulus = ones.slice();
      modulus[size - 1] = last;
      const output = modexp(inputOf(base, exponent, modulus))?.output.toHex();
      expect(output, `${size} ${last}`).toBe(expected(base, exponent, modulus));
    }
  }
});

test('what is missing of the input is zero, and lengths of zero are fine', () => {
  const full = inputOf(Uint8Array.of(3), Uint8Array.of(5), Uint8Array.of(100));
  expect(modexp(full)?.output.toHex()).toBe('2b');
  expect(modexp(full.subarray(0, 98))?.output.toHex()).toBe('00');
  expect(modexp(full.subarray(0, 96))?.output.toHex()).toBe('00');
  expect(modexp(new Uint8Array())?.output.toHex()).toBe('');
  const none = new Uint8Array();
  expect(modexp(inputOf(none, none, Uint8Array.of(7)))?.output.toHex()).toBe('01');
  expect(modexp(inputOf(none, none, Uint8Array.of(1)))?.output.toHex()).toBe('00');
  expect(modexp(inputOf(Uint8Array.of(9), none, none))?.output.toHex()).toBe('');
});

test('exponents with zeros before them, longer than a step', () => {
  for (const [zeros, last] of [
    [65_535, [1]],
    [65_536, [0x0f, 0x35]],
    [65_537, [0x80]],
    [200_000, []],
  ] as const) {
    const exponent = new Uint8Array(zeros + last.length);
    exponent.set(last, zeros);
    for (const size of [8, 40, 130]) {
      const parts = [Uint8Array.of(3), exponent, new Uint8Array(size).fill(0xf1)] as const;
      const plain = expected(parts[0], Uint8Array.from(last), parts[2]);
      expect(modexp(inputOf(...parts), 'berlin')?.output.toHex()).toBe(plain);
    }
  }
});

test('a modulus whose digits are zeros but for the ends takes no longer than another', () => {
  // Found by attack: the zeros at its end were looked for anew from each zero, 20 s here.
  for (const last of [0x01, 0x10, 0x00]) {
    const modulus = new Uint8Array(107_000);
    modulus[0] = 0x10;
    modulus[modulus.length - 1] = last;
    const parts = [Uint8Array.of(2), Uint8Array.of(5), modulus] as const;
    expect(modexp(inputOf(...parts), 'berlin')?.output.toHex()).toBe(`${'00'.repeat(106_999)}20`);
  }
});

test('numbers longer than the host computes in steps are its limit, not out of gas', () => {
  const limit = expect.objectContaining({ code: 'evm/host limit' });
  const one = Uint8Array.of(1);
  const long = new Uint8Array(160_001).fill(1);
  for (const fork of ['byzantium', 'berlin'] as const) {
    expect(() => modexp(inputOf(long, one, one), fork)).toThrow(limit);
    expect(() => modexp(inputOf(one, one, long), fork)).toThrow(limit);
    expect(modexp(inputOf(one, long, one), fork)?.output.toHex()).toBe('00');
    // Nothing is computed where the modulus lies past the input's end.
    expect(modexp(inputOf(long, one, one).subarray(0, 97), fork)?.output.toHex()).toBe('00');
  }
});

test('lengths past 1,024 bytes fail since Osaka (EIP-7823), whatever they would cost', () => {
  const long = new Uint8Array(1_025);
  const one = Uint8Array.of(1);
  for (const parts of [
    [long, one, one],
    [one, long, one],
    [one, one, long],
  ] as const) {
    expect(modexp(inputOf(...parts))).toBeUndefined();
    expect(modexp(inputOf(...parts), 'berlin')).toBeDefined();
  }
  expect(modexp(inputOf(long.subarray(1), one, one))).toBeDefined();
});

test('lengths that nobody can pay for are refused before anything is read', () => {
  const huge = new Uint8Array(96).fill(0xff);
  for (const fork of ['byzantium', 'berlin', 'osaka'] as const) {
    expect(modexp(huge, fork)).toBeUndefined();
  }
});
