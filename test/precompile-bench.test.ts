/** The benchmark of the precompiles runs, at tiny size: its sets and its peer agree on outputs. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('node bench/precompiles.ts', () => {
  const program = new URL('../bench/precompiles.ts', import.meta.url).pathname;
  const filter = 'ECRECOVER|SHA256|BN254_ADD|P256';
  const options = [program, '--ms', '1', '--filter', filter];
  const stdout = execFileSync(process.execPath, options, { encoding: 'utf8', stdio: 'pipe' });
  const rows = stdout.split('\n').filter((line) => /^\| [A-Z]/.test(line));
  expect(rows).toHaveLength(4);
  for (const row of rows) {
    const [, , , gas, fast, portable, , contract] = row.split('|').map((cell) => cell.trim());
    for (const cell of [gas, fast, portable, contract])
      expect(Number(cell), row).toBeGreaterThan(0);
  }
});
