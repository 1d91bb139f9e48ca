/** The core of the library depends on no package: what it imports, it has beside it. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createCoreEVM } from './local-evm.ts';

/** Packages that a module and all that it imports name, with who names them. */
function packagesOf(entry: URL): string[] {
  const seen = new Set<string>();
  const found: string[] = [];
  const visit = (url: URL): void => {
    if (seen.has(url.href)) return;
    seen.add(url.href);
    const text = readFileSync(fileURLToPath(url), 'utf8');
    const imports = text.matchAll(/^(import|export) (?!type )[^;]*?from '([^']+)'/gm);
    for (const [, , target = ''] of imports) {
      if (target.startsWith('.')) visit(new URL(target, url));
      else if (!target.startsWith('node:')) found.push(`${url.pathname}: ${target}`);
    }
  };
  visit(entry);
  expect(seen.size).toBeGreaterThan(20);
  return found;
}

test('the core imports no package', () => {
  expect(packagesOf(new URL('local-evm.ts', import.meta.url))).toEqual([]);
  // The same search finds what the package's precompiles need.
  expect(packagesOf(new URL('evm.ts', import.meta.url)).join()).toContain('@noble/');
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
