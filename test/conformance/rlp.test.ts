/** The RLP tests of ethereum/tests: what they call invalid is refused, the rest round-trips. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  decodeRlp,
  encodeRlp,
  type RlpInput,
  type RlpItem,
  rlpInteger,
} from '../../src/base/rlp.ts';
import { fixtures } from '../fixtures.ts';

const folder = fixtures('ethereum-tests');

describe.skipIf(folder === undefined)('official RLP tests', () => {
  for (const file of folder === undefined ? [] : testFiles(join(folder, 'RLPTests'))) {
    const tests = JSON.parse(readFileSync(file, 'utf8')) as Record<string, RlpTest>;
    for (const [name, test] of Object.entries(tests)) {
      it(name, () => check(test));
    }
  }
});

function testFiles(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(path, name));
}

interface RlpTest {
  readonly in: unknown;
  readonly out: string;
}

function check(test: RlpTest): void {
  const bytes = Uint8Array.fromHex(test.out.replace(/^0x/, ''));
  const result = decodeRlp(bytes);
  if (test.in === 'INVALID') {
    expect(result.ok).toBe(false);
    return;
  }
  expect(result.ok).toBe(true);
  if (test.in === 'VALID' || !result.ok) return;
  expect(plain(result.item)).toEqual(plain(officialInput(test.in)));
  expect(encodeRlp(officialInput(test.in)).toHex()).toBe(bytes.toHex());
}

/** Official tests write byte strings as text, integers as numbers, or `#` and decimal digits. */
function officialInput(value: unknown): RlpInput {
  if (Array.isArray(value)) return value.map(officialInput);
  if (typeof value === 'number') return BigInt(value);
  const text = String(value);
  if (text.startsWith('#')) return BigInt(text.slice(1));
  return new TextEncoder().encode(text);
}

function plain(item: RlpInput | RlpItem): unknown {
  if (item instanceof Uint8Array) return item.toHex();
  if (typeof item === 'string') return item.slice(2);
  if (typeof item === 'object' && 'encodedItems' in item) throw new Error('not of the tests');
  return typeof item === 'bigint' ? rlpInteger(item).toHex() : item.map(plain);
}
