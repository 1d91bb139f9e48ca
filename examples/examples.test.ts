/** The examples run as they stand. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('quick-start prints 42n', () => {
  const path = fileURLToPath(new URL('quick-start.ts', import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, [path], { encoding: 'utf8' });
  expect(stdout.trim(), stderr).toBe('42n');
});
