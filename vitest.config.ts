import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const build = join(import.meta.dirname, 'scripts', 'build-runtime.mjs');
execFileSync(process.execPath, [build], { stdio: 'inherit' });

export default defineConfig({
  test: {
    include: [
      'src/**/*.test.ts',
      'test/**/*.test.ts',
      'examples/**/*.test.ts',
      'docs/**/*.test.ts',
    ],
    testTimeout: 120_000,
    pool: 'forks',
  },
});
