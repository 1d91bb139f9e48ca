import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  JSON_DEPTH_MAX,
  JSON_VALUES_MAX,
  JsonError,
  JsonNumber,
  type JsonValue,
  parseJson,
} from './json.ts';
import { readJson } from './json-field.ts';

/** As `JSON.parse` gives it. */
function plain(value: JsonValue): unknown {
  if (value instanceof JsonNumber) return Number(value.text);
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return value;
  const entries = [...(value as ReadonlyMap<string, JsonValue>)];
  return Object.fromEntries(entries.map(([name, item]) => [name, plain(item)]));
}

const refusal = (text: string): string => {
  try {
    parseJson(text);
  } catch (error) {
    return error instanceof JsonError ? error.code : String(error);
  }
  return 'none';
};

describe('JSON', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.nat(3), (text, indent) => {
        const value: unknown = JSON.parse(text);
        const written = JSON.stringify(value, undefined, indent);
        expect(plain(parseJson(written))).toEqual(JSON.parse(written));
      }),
    );
  });

  it('refuses what JSON.parse refuses, and nothing else but doubles and depth', () => {
    const signs = [...'{}[]:,"\\ \n0123456789eE.+-abtrufnls', '\u0000', '\u00e9'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...signs)), (parts) => {
        const text = parts.join('');
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        const found = refusal(text);
        if (isJson) expect(['none', 'json/duplicate']).toContain(found);
        else expect(['json/malformed', 'json/duplicate']).toContain(found);
      }),
      { numRuns: 2_000 },
    );
  });

  it('refuses a member twice, and says where', () => {
    expect(() => parseJson('{"a": {"b": 1, "\\u0062": 2}}')).toThrow('a.b is there twice');
    expect(() => readJson('{"a": {"bC": 1, "Bc": 2}}').object().get('a').object()).toThrow(
      'a.Bc is there already as a.bC',
    );
  });

  it('keeps numbers as they are, and nests as deep as its limit', () => {
    expect(parseJson('58750000000000000000000')).toEqual(new JsonNumber('58750000000000000000000'));
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(refusal(nested(JSON_DEPTH_MAX))).toBe('none');
    expect(refusal(nested(JSON_DEPTH_MAX + 1))).toBe('json/malformed');
    expect(refusal('['.repeat(1_000_000))).toBe('json/malformed');
  });

  it('has as many values as its limit, and no more', () => {
    const list = (item: string, count: number) => `[${`${item},`.repeat(count - 1)}${item}]`;
    const most = JSON_VALUES_MAX / 5 - 1;
    expect((parseJson(list('{}', most)) as unknown[]).length).toBe(most);
    expect(refusal(list('{}', most + 1))).toBe('json/too large');
    expect(refusal(list('[]', most + 1))).toBe('json/too large');
    expect(refusal(list('1', JSON_VALUES_MAX))).toBe('json/too large');
  });

  it('makes nothing of names that JavaScript knows', () => {
    const field = readJson('{"__proto__": {"polluted": 1}, "constructor": 2}').object();
    expect(field.get('__proto__').object().get('polluted').integer(1n)).toBe(1n);
    expect(field.get('toString').isAbsent).toBe(true);
  });
});

describe('a field', () => {
  it.each([
    ['5', 5n],
    ['"5"', 5n],
    ['"0x5"', 5n],
    ['"0X0a"', 10n],
    ['"0x"', 0n],
    ['1000000000000000000000', 10n ** 21n],
    ['1e21', 10n ** 21n],
    ['5.875e+22', 58_750n * 10n ** 18n],
  ])('%s is the integer %s', (text, value) => {
    expect(readJson(text).integer(2n ** 256n)).toBe(value);
  });

  it.each(['-1', '"-1"', '1.5', '1e-3', '1.23e1', '""', '" 1"', '"0x1g"', '"1_0"', 'true', '101'])(
    '%s is no integer up to 100',
    (text) => {
      expect(() => readJson(text).integer(100n)).toThrow('give an integer from 0 to 100');
    },
  );

  it('has whole bytes, or so many', () => {
    expect(readJson('"0xAb01"').bytes()).toEqual(Uint8Array.of(0xab, 1));
    expect(readJson('"ab"').fixedBytes(1)).toBe('0xab');
    expect(() => readJson('"0xabc"').bytes()).toThrow('whole bytes');
    expect(() => readJson('"0xabcd"').fixedBytes(1)).toThrow('give 1 bytes in hex');
  });
});
