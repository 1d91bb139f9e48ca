// Emits dist/: the sources as JavaScript with declarations, for the published package.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
rmSync(join(root, 'dist'), { recursive: true, force: true });
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);

// The workloads of `ironfly bench`, compiled: solc does not come with the package.
const { compileWorkloads } = await import('../src/cli/bench/workloads/compile.ts');
const contracts = compileWorkloads((what) => {
  throw new Error(`left out of the package: ${what}`);
});
writeFileSync(join(root, 'dist', 'workloads.json'), JSON.stringify(contracts));

// The commit, for who is asked for it (src/cli/package-version.ts); unknown outside of a checkout.
if (existsSync(join(root, '.git'))) {
  const { stdout } = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' });
  if (stdout) writeFileSync(join(root, 'dist', 'commit'), stdout);
}
