/** The benchmark of long calls runs, at tiny size: each load is answered, and others beside it. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('node bench/long-calls.ts', { timeout: 240_000 }, () => {
  const program = new URL('../bench/long-calls.ts', import.meta.url).pathname;
  const stdout = execFileSync(process.execPath, [program, '--tiny', '--json'], {
    encoding: 'utf8',
    stdio: 'pipe',
  });
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(rows.map(({ workers }) => workers)).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
  for (const row of rows) {
    for (const figure of ['call p50, ms', 'block p50, ms']) {
      expect(row[figure], JSON.stringify(row)).toBeGreaterThan(0);
    }
  }
});
