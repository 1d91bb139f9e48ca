/** The code blocks of each page of the user's guide, run one after the other as one program. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const EXPORTS = (
  JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    exports: Record<string, { default?: string }>;
  }
).exports;

/** The source file behind a subpath of the package, by its exports. */
function sourceOf(subpath: string): string {
  for (const [pattern, target] of Object.entries(EXPORTS)) {
    const [before = '', after] = pattern.split('*');
    if (after === undefined ? subpath !== pattern : !subpath.startsWith(before)) continue;
    const path = (target.default ?? '').replace('*', subpath.slice(before.length));
    return join(ROOT, path.replace(/^\.\/dist\//, '').replace(/\.js$/, '.ts'));
  }
  throw new Error(`the package exports no ${subpath}`);
}

test.each([
  ['evm.md', 9],
  ['chain.md', 4],
  ['proofs.md', 3],
])('the code blocks of %s do what they say', (page, blocksMin) => {
  const text = readFileSync(join(ROOT, 'docs/guide', page), 'utf8');
  const blocks = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => code);
  expect(blocks.length).toBeGreaterThanOrEqual(blocksMin);
  const code = blocks.join('\n').replaceAll(/from 'ironfly\/([^']+)'/g, (_, path: string) => {
    return `from ${JSON.stringify(sourceOf(`./${path}`))}`;
  });
  const folder = mkdtempSync(join(tmpdir(), 'ironfly-guide-'));
  const head = `import assert from 'node:assert/strict';
const expect = (value: any) => ({
  toBe: (wanted: any) => assert.equal(value, wanted),
  toEqual: (wanted: any) => assert.deepEqual(value, wanted),
  toBeGreaterThan: (wanted: any) => assert.ok(value > wanted),
});
`;
  writeFileSync(join(folder, 'guide.ts'), head + code);
  const { status, stderr } = spawnSync(process.execPath, [join(folder, 'guide.ts')], {
    encoding: 'utf8',
  });
  rmSync(folder, { recursive: true });
  expect(status, stderr).toBe(0);
});
