/** What the program says of itself. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { packageCommit, packageVersion } from './package-version.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

test('its version is the package’s', () => {
  expect(packageVersion()).toBe(JSON.parse(readFileSync(`${root}package.json`, 'utf8')).version);
});

const hasGit = existsSync(`${root}.git`);

test.runIf(hasGit)('its commit is that of the checkout', () => {
  const head = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' });
  expect(packageCommit()).toBe(`0x${head.slice(0, 8)}`);
});

test.skipIf(hasGit)('its commit is zeros where there is no checkout', () => {
  expect(packageCommit()).toBe('0x00000000');
});
