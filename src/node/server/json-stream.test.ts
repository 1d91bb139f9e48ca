/** Requests that follow one another in a stream, however it is cut. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonStream } from './json-stream.ts';

const LIMITS = { bytesMax: 1_000, nestingMax: 8 };

function read(chunks: readonly Buffer[], limits = LIMITS) {
  const values: string[] = [];
  const stream = new JsonStream(limits, (value) => values.push(value.toString()));
  for (const chunk of chunks) {
    const fault = stream.push(chunk);
    if (fault !== undefined) return { values, fault };
  }
  return { values, fault: undefined };
}

const readText = (text: string) => read([Buffer.from(text)]);

describe('a stream of JSON', () => {
  it('gives the values, wherever it is cut', () => {
    const value = fc.oneof(
      fc.array(fc.json({ maxDepth: 3 })),
      fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })),
    );
    const space = fc.constantFrom('', ' ', '\n', '\r\n\t');
    const cuts = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(fc.tuple(value, space)), cuts, (parts, sizes) => {
        const texts = parts.map(([each]) => JSON.stringify(each));
        const whole = Buffer.from(parts.map(([, gap], at) => `${gap}${texts[at]}`).join(''));
        const chunks: Buffer[] = [];
        for (let at = 0, cut = 0; at < whole.length; cut++) {
          const size = sizes[cut % sizes.length] ?? 1;
          chunks.push(whole.subarray(at, at + size));
          at += size;
        }
        const limits = { bytesMax: 1 << 20, nestingMax: 100 };
        expect(read(chunks, limits)).toEqual({ values: texts, fault: undefined });
      }),
    );
  });

  it('takes characters that were cut in two', () => {
    const bytes = Buffer.from('["µ€𐍈"]');
    const single = [...bytes].map((byte) => Buffer.from([byte]));
    expect(read(single).values).toEqual(['["µ€𐍈"]']);
  });

  it('ends at what is no list and no object', () => {
    for (const text of ['7', '"a"', ']', '}', 'null', 'GET / HTTP/1.1', '\0']) {
      expect(readText(`{} ${text}`), text).toEqual({ values: ['{}'], fault: 'no JSON' });
    }
  });

  it('ends at what is too large or too deep', () => {
    expect(readText(`["${'a'.repeat(996)}"]`).fault).toBe(undefined);
    expect(readText(`["${'a'.repeat(997)}"]`)).toEqual({ values: [], fault: 'too large' });
    expect(readText('['.repeat(8)).fault).toBe(undefined);
    expect(readText('['.repeat(9)).fault).toBe('nested too deep');
    const endless = Array.from({ length: 100 }, () => Buffer.from('[],'.repeat(10)));
    expect(read([Buffer.from('['), ...endless]).fault).toBe('too large');
  });
});
