/** The library imports no package before it needs one; its core needs none. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createCoreEVM } from './local-evm.ts';

/** Imports when a module is loaded, and imports and requires by name whenever. */
const STATIC = /^(?:import|export) (?!type )[^;]*?from '([^']+)'/gm;
const WHENEVER = /\b(?:import|lazyPackage|optionalPackage|optionalPath)(?:<\w+>)?\(\s*'([^']+)'/gm;

/** Packages that a module and all that it imports name, with who names them. */
function packagesOf(entry: string, names: RegExp): string[] {
  const seen = new Set<string>();
  const found: string[] = [];
  const visit = (url: URL): void => {
    if (seen.has(url.href)) return;
    seen.add(url.href);
    const text = readFileSync(fileURLToPath(url), 'utf8');
    for (const [, target = ''] of text.matchAll(STATIC)) {
      if (target.startsWith('.')) visit(new URL(target, url));
    }
    for (const [, target = ''] of text.matchAll(names)) {
      if (!/^(\.|node:)/.test(target)) found.push(`${url.pathname}: ${target}`);
    }
  };
  visit(new URL(entry, import.meta.url));
  expect(seen.size).toBeGreaterThan(5);
  return found;
}

test('the core names no package, the library loads none before it needs it', () => {
  expect(packagesOf('local-evm.ts', STATIC)).toEqual([]);
  expect(packagesOf('local-evm.ts', WHENEVER)).toEqual([]);
  expect(packagesOf('evm.ts', STATIC)).toEqual([]);
  // The same searches find what others import, and what the library loads later.
  expect(packagesOf('../chain/blocks/requests.ts', STATIC).join()).toContain('@noble/');
  const later = packagesOf('evm.ts', WHENEVER).join();
  for (const name of ['@noble/curves', 'mcl-wasm', 'secp256k1/']) expect(later).toContain(name);
});

test('the core runs, and asks for precompiles as it is told', async () => {
  const asked: bigint[] = [];
  const evm = createCoreEVM({
    precompiles: (address) => {
      asked.push(address);
      return { gasUsed: 1n, output: Uint8Array.of(7) };
    },
  });
  const to = `0x${'2'.padStart(40, '0')}` as const;
  expect(await evm.call({ to })).toMatchObject({ output: Uint8Array.of(7), gasUsed: 1n });
  expect(asked).toEqual([2n]);
});
