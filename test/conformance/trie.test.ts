/** The trie tests of ethereum/tests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { secureTrieRoot, type TrieEntry, trieRoot } from '../../src/state/trie.ts';
import { fixtures } from '../fixtures.ts';

interface TrieTest {
  readonly in: Record<string, string> | readonly [string, string | null][];
  readonly root: string;
}

const FILES = [
  ['trieanyorder', trieRoot],
  ['trietest', trieRoot],
  ['trieanyorder_secureTrie', secureTrieRoot],
  ['trietest_secureTrie', secureTrieRoot],
  ['hex_encoded_securetrie_test', secureTrieRoot],
] as const;

const folder = fixtures('ethereum-tests');

describe.skipIf(folder === undefined)('official trie tests', () => {
  for (const [file, root] of FILES) {
    const path = join(folder ?? '', 'TrieTests', `${file}.json`);
    const tests =
      folder === undefined
        ? {}
        : (JSON.parse(readFileSync(path, 'utf8')) as Record<string, TrieTest>);
    for (const [name, test] of Object.entries(tests)) {
      it(`${file}: ${name}`, () => {
        expect(`0x${root(entriesOf(test)).toHex()}`).toBe(test.root);
      });
    }
  }
});

/** The entries that are left after the test's writes, in which null deletes. */
function entriesOf(test: TrieTest): TrieEntry[] {
  const entries = new Map<string, TrieEntry>();
  const writes = Array.isArray(test.in) ? test.in : Object.entries(test.in);
  for (const [keyText, valueText] of writes as [string, string | null][]) {
    const key = bytesOf(keyText);
    if (valueText === null) entries.delete(key.toHex());
    else entries.set(key.toHex(), { key, value: bytesOf(valueText) });
  }
  return [...entries.values()];
}

function bytesOf(text: string): Uint8Array {
  return text.startsWith('0x') ? Uint8Array.fromHex(text.slice(2)) : new TextEncoder().encode(text);
}
