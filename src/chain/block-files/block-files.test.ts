import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { concatBytes } from '../../base/bytes.ts';
import { encodeRlp } from '../../base/rlp.ts';
import { blocksInFile } from './block-file.ts';
import { ByteStream } from './byte-stream.ts';
import { jsonTexts } from './json-texts.ts';
import { rlpBlocks } from './rlp-blocks.ts';

const RUNS = Number(process.env['IRONFLY_PROPERTY_RUNS'] ?? 1);
const utf8 = new TextEncoder();

/** Bytes in chunks that end where they are cut. */
async function* chunks(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    yield bytes.slice(from, end);
    from = end;
  }
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

const stream = (bytes: Uint8Array, cuts: readonly number[] = []) =>
  new ByteStream(chunks(bytes, cuts));
const cutsOf = fc.array(fc.nat(), { maxLength: 8 });

describe('blocks in RLP', () => {
  it('come one after another, however the bytes come', async () => {
    const item = fc.uint8Array({ maxLength: 90 });
    const blocks = fc.array(fc.array(item, { maxLength: 5 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(blocks, cutsOf, async (lists, cuts) => {
        const encoded = lists.map(encodeRlp);
        expect(await all(rlpBlocks(stream(concatBytes(...encoded), cuts)))).toEqual(encoded);
      }),
      { numRuns: 200 * RUNS },
    );
  });

  it('are refused where they are none, with the place', async () => {
    const block = encodeRlp([new Uint8Array(70)]);
    const refusal = (hex: string) => all(rlpBlocks(stream(concatBytes(block, fromText(hex)))));
    const fromText = (hex: string) => Uint8Array.fromHex(hex);
    await expect(refusal('83')).rejects.toThrow('no block at byte 74: it begins with 0x83');
    await expect(refusal('f8')).rejects.toThrow('no block at byte 74');
    await expect(refusal('c801')).rejects.toThrow(
      'ends in the block at byte 74: it has 2 bytes of 9',
    );
    // A terabyte, and 2^64 - 1: nothing is waited for.
    await expect(refusal('fc010000000000')).rejects.toMatchObject({ code: 'block file/too large' });
    await expect(refusal('ffffffffffffffffff')).rejects.toThrow('18446744073709552000 bytes');
  });
});

describe('objects of JSON', () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 });

  it('come one after another, in a list or one a line', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(object), fc.boolean(), cutsOf, async (objects, isList, cuts) => {
        const lines = objects.map((each) => JSON.stringify(each)).join('\n');
        const text = isList ? JSON.stringify(objects, undefined, 1) : lines;
        const texts = await all(jsonTexts(stream(utf8.encode(text), cuts)));
        expect(texts.map((each) => JSON.parse(each))).toEqual(
          objects.map((each) => JSON.parse(JSON.stringify(each))),
        );
      }),
      { numRuns: 200 * RUNS },
    );
  });

  it.each([
    ['{"a":1} x', 'no object at byte 8: it begins with 0x78'],
    ['[[{}]]', 'no object at byte 1'],
    ['{"a":"}', 'ends in the object that begins at byte 0'],
    ['[{"a":{}', 'ends in the object that begins at byte 1'],
    ['[{},{}', 'the file ends in a list that is not closed'],
    ['[{},{},', 'the file ends in a list that is not closed'],
    ['[ ', 'the file ends in a list that is not closed'],
    ['{}]', 'no object at byte 2: it begins with 0x5d'],
    [']{}', 'no object at byte 0'],
    ['{},{}', 'no object at byte 2: it begins with 0x2c'],
    [',{}', 'no object at byte 0'],
    ['[,{}]', 'no object at byte 1'],
    ['[{},]', 'no object at byte 4'],
    ['[{},,{}]', 'no object at byte 4'],
    ['[{}{}]', 'byte 3 belongs to no block and no list: 0x7b'],
    ['[{}]]', 'byte 4 belongs to no block and no list: 0x5d'],
    ['[{}][{}]', 'byte 4 belongs to no block and no list: 0x5b'],
    ['[{}]{}', 'byte 4 belongs to no block and no list: 0x7b'],
  ])('are refused where they are none: %s', async (text, message) => {
    await expect(all(jsonTexts(stream(utf8.encode(text))))).rejects.toThrow(message);
  });
});

describe('a file of blocks', () => {
  const root = mkdtempSync(join(tmpdir(), 'ironfly-files-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  const file = join(root, 'blocks.file');
  const block = encodeRlp([new Uint8Array(70)]);

  it('may be compressed, or empty', async () => {
    writeFileSync(file, gzipSync(concatBytes(block, block)));
    expect(await all(blocksInFile(file))).toEqual([block, block]);
    writeFileSync(file, '');
    expect(await all(blocksInFile(file))).toEqual([]);
  });

  it.each([
    [gzipSync(block).subarray(0, -9), 'ends early'],
    [concatBytes(Uint8Array.of(0x1f, 0x8b), new Uint8Array(9)), 'unknown compression'],
    [Uint8Array.fromHex('ffffffffffffffffff'), 'over 134217728'],
    [new TextEncoder().encode('no blocks'), 'no object at byte 0'],
    [new TextEncoder().encode('{"number": "0x1"}'), 'parentHash is missing'],
    [new TextEncoder().encode('{"number": 1, "number": 2}'), 'number'],
  ])('is named with what is wrong in it: %#', async (content, message) => {
    writeFileSync(file, content);
    const reading = all(blocksInFile(file));
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toThrow('blocks.file');
  });
});
