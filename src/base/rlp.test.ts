import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, toHex } from './bytes.ts';
import {
  decodeRlp,
  encodeRlp,
  putRlpHeader,
  putRlpInteger,
  type RlpEncodedItems,
  type RlpInput,
  type RlpItem,
  rlpHeaderSize,
  rlpInteger,
  rlpIntegerSize,
  rlpItemOffsets,
} from './rlp.ts';

const hex = (text: string): Uint8Array => Uint8Array.fromHex(text);

const tree: fc.Arbitrary<RlpInput> = fc.letrec<{ item: RlpInput }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 5 },
    fc.uint8Array({ maxLength: 300 }),
    fc.uint8Array({ maxLength: 80 }).map(toHex),
    fc.bigInt({ min: 0n, max: 300n }),
    fc.bigInt({ min: 0n, max: 2n ** 280n }),
    fc.array(tie('item'), { maxLength: 6 }),
    fc.array(tie('item'), { maxLength: 6 }).map(encodedItems),
  ),
})).item;

function encodedItems(items: readonly RlpInput[]): RlpEncodedItems {
  return { encodedItems: concatBytes(...items.map(encodeRlp)) };
}

/** What was encoded, cut by the first bytes alone. */
function itemsOf({ encodedItems }: RlpEncodedItems): RlpItem[] {
  const items: RlpItem[] = [];
  for (let rest = encodedItems; rest.length > 0; ) {
    const result = decodeRlp(rest);
    const end = result.ok ? rest.length : result.offset;
    const item = decodeRlp(rest.subarray(0, end));
    if (!item.ok) throw new Error(item.reason);
    items.push(item.item);
    rest = rest.subarray(end);
  }
  return items;
}

function plain(item: RlpInput | RlpItem): unknown {
  if (item instanceof Uint8Array) return item.toHex();
  if (typeof item === 'string') return item.slice(2);
  if (typeof item === 'object' && 'encodedItems' in item) return plain(itemsOf(item));
  return typeof item === 'bigint' ? rlpInteger(item).toHex() : item.map(plain);
}

describe('rlp', () => {
  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(tree, (input) => {
        const result = decodeRlp(encodeRlp(input));
        expect(result.ok && plain(result.item)).toEqual(plain(input));
      }),
    );
  });

  it('accepts only what the encoder makes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const result = decodeRlp(bytes);
        if (result.ok) expect(encodeRlp(result.item).toHex()).toBe(bytes.toHex());
      }),
      { numRuns: 2000 },
    );
  });

  it('finds where the items of a list begin', () => {
    fc.assert(
      fc.property(fc.array(tree, { maxLength: 8 }), (items) => {
        const bytes = encodeRlp(items);
        const offsets = rlpItemOffsets(bytes, 8) as number[];
        const found = offsets.slice(1).map((end, index) => bytes.slice(offsets[index], end));
        expect(found.map((item) => item.toHex())).toEqual(
          items.map((item) => encodeRlp(item).toHex()),
        );
        if (items.length > 0) expect(rlpItemOffsets(bytes, items.length - 1)).toBeUndefined();
        expect(rlpItemOffsets(bytes.subarray(0, -1), 8)).toBeUndefined();
        expect(rlpItemOffsets(concatBytes(bytes, Uint8Array.of(0)), 9)).toBeUndefined();
      }),
    );
    for (const bytes of ['', '80', '8180', 'c181', 'c3820102ff', 'f800', 'f8', 'c2b90000']) {
      expect(rlpItemOffsets(hex(bytes), 8), bytes).toBeUndefined();
    }
  });

  it('takes more than its first buffer holds, in whatever order it is written', () => {
    for (const size of [65_530, 65_536, 200_000]) {
      const input = [1n, new Uint8Array(size).fill(7), [`0x${'ab'.repeat(size)}` as const], 5n];
      const result = decodeRlp(encodeRlp(input));
      expect(result.ok && plain(result.item)).toEqual(plain(input));
    }
    expect(() => encodeRlp([-1n])).toThrow('no negative integers');
    expect(() => encodeRlp('0xabc')).toThrow();
    expect(encodeRlp([5n]).toHex()).toBe('c105');
  });

  it('encodes integers without leading zeros', () => {
    expect([0n, 1n, 127n, 128n, 256n, 2n ** 256n - 1n].map((v) => rlpInteger(v).toHex())).toEqual([
      '',
      '01',
      '7f',
      '80',
      '0100',
      'ff'.repeat(32),
    ]);
  });

  it.each([
    ['', 'input ends early'],
    ['81', 'input ends early'],
    ['b8', 'input ends early'],
    ['8100', 'single byte not its own encoding'],
    ['817f', 'single byte not its own encoding'],
    ['b801ff', 'long form for a short item'],
    ['f801ff', 'long form for a short item'],
    [`b90038${'aa'.repeat(56)}`, 'length with leading zeros'],
    ['bfffffffffffffffff', 'input ends early'],
    ['ffffffffffffffffff', 'input ends early'],
    ['c281ff00', 'trailing bytes'],
    ['c282ff', 'item longer than its list'],
    ['c3c2c1', 'input ends early'],
    ['0000', 'trailing bytes'],
  ])('refuses %s', (text, reason) => {
    expect(decodeRlp(hex(text))).toMatchObject({ ok: false, reason });
  });

  it('writes headers and integers where they belong', () => {
    fc.assert(
      fc.property(fc.oneof(fc.nat(300), fc.maxSafeNat()), fc.nat(5), (value, at) => {
        const expected = encodeRlp(BigInt(value));
        const room = new Uint8Array(30).fill(0xaa);
        expect(putRlpInteger(room, at, value)).toBe(at + expected.length);
        expect(rlpIntegerSize(value)).toBe(expected.length);
        expect(room.subarray(at, at + expected.length).toHex()).toBe(expected.toHex());
        expect(room[at + expected.length]).toBe(0xaa);
      }),
    );
    for (const size of [0, 2, 55, 56, 255, 256, 65_535, 65_536]) {
      const list = encodeRlp({ encodedItems: new Uint8Array(size) });
      const header = rlpHeaderSize(size);
      expect(header).toBe(list.length - size);
      const room = new Uint8Array(10);
      expect(putRlpHeader(room, 1, 0xc0, size)).toBe(1 + header);
      expect(room.subarray(1, 1 + header).toHex()).toBe(list.subarray(0, header).toHex());
    }
  });

  it('bounds depth and number of items', () => {
    const deep = encodeRlp([[[[]]]]);
    expect(decodeRlp(deep, { depthMax: 4 }).ok).toBe(true);
    expect(decodeRlp(deep, { depthMax: 3 })).toMatchObject({ reason: 'nested too deeply' });
    expect(decodeRlp(hex('c3010203'), { itemCountMax: 4 }).ok).toBe(true);
    expect(decodeRlp(hex('c3010203'), { itemCountMax: 3 })).toMatchObject({
      reason: 'too many items',
    });
  });

  it('does not overflow the stack on lists within lists', () => {
    const hostile = new Uint8Array(200_000).fill(0xc1);
    expect(decodeRlp(hostile).ok).toBe(false);
    // 200,000 lists that are as long as they say.
    let headers: number[][] = [];
    let size = 0;
    while (size < 1_000_000) {
      const header = size <= 55 ? [0xc0 + size] : [0xfa, size >> 16, (size >> 8) & 255, size & 255];
      if (size > 55 && size < 256) header.splice(0, 4, 0xf8, size);
      if (size >= 256 && size < 65536) header.splice(0, 4, 0xf9, size >> 8, size & 255);
      headers.push(header);
      size += header.length;
    }
    headers = headers.reverse();
    const nested = Uint8Array.from(headers.flat());
    expect(decodeRlp(nested)).toMatchObject({ reason: 'nested too deeply' });
  });
});
