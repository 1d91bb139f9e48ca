/** How the house is kept: sizes, names, directions of imports, nothing of a machine's own. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const LINES_MAX = 600;
const COLUMNS_MAX = 100;
/** AssemblyScript is not formatted by a tool: its import lists and hash rounds run wider. */
const RUNTIME_COLUMNS_MAX = 170;

const FORBIDDEN_NAMES = /^(utils?|common|misc|helpers?|manager|index)\.ts$/;
/** Lower layers first: a folder imports from those before it. */
const LAYERS = [
  'base',
  'wasm',
  'evm',
  'state',
  'chain',
  'markets',
  'risk',
  'proofs',
  'node',
  'cli',
];

function tracked(): string[] {
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return files.split('\n').filter((file) => file !== '' && existsSync(join(ROOT, file)));
}

const files = tracked();
const sources = files.filter((file) => file.endsWith('.ts'));
/** What is compiled or assembled from the layers that import it. */
const GENERATED = [
  'build/runtime-bytes.ts',
  'build/parallel-runtime-bytes.ts',
  'build/trie-runtime-bytes.ts',
  'build/keccak-bytes.ts',
  'build/list-root-bytes.ts',
  'build/assembled-modules.ts',
  'build/mcl-states.ts',
];
/** Sources in AssemblyScript, which Biome does not format. */
const RUNTIMES = ['src/evm/runtime/', 'src/state/trie-runtime/'];
const isRuntime = (file: string) => RUNTIMES.some((folder) => file.startsWith(folder));
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

test('files are short and lines fit', () => {
  const faults = sources.flatMap((file) => {
    const lines = read(file).split('\n');
    const limit = isRuntime(file) ? RUNTIME_COLUMNS_MAX : COLUMNS_MAX;
    const wide = lines.findIndex((line) => line.length > limit && !/[0-9a-f]{64}/.test(line));
    // The memory's layout is one table that two compilers read.
    const long = lines.length > LINES_MAX && file !== 'src/evm/layout.ts';
    return [
      ...(long ? [`${file} has ${lines.length} lines`] : []),
      ...(wide >= 0 && !read(file).includes('biome-ignore format') ? [`${file}:${wide + 1}`] : []),
    ];
  });
  expect(faults).toEqual([]);
});

test('names say what a file is for', () => {
  const faults = sources.filter(
    (file) => FORBIDDEN_NAMES.test(basename(file)) && !RUNTIMES.includes(`${dirname(file)}/`),
  );
  expect(faults).toEqual([]);
});

test('imports point down the layers', () => {
  const faults: string[] = [];
  for (const file of sources.filter((path) => path.startsWith('src/'))) {
    const layer = LAYERS.indexOf(file.split('/')[1] ?? '');
    if (file.endsWith('.test.ts')) continue;
    for (const [, target = ''] of read(file).matchAll(/from '(\.[^']+)'/g)) {
      const path = relative(ROOT, join(ROOT, dirname(file), target));
      if (GENERATED.includes(path)) continue;
      const other = LAYERS.indexOf(path.split('/')[1] ?? '');
      const evmUsesState = file.startsWith('src/evm/') && path.startsWith('src/state/');
      if (!path.startsWith('src/') || other > layer || evmUsesState)
        faults.push(`${file}: ${path}`);
    }
  }
  expect(faults).toEqual([]);
});

test('nothing of one machine is in the repository', () => {
  const marks = [`/${'work'}/`, `/${'farm'}/`, `/${'root'}/`, `registry.${'npmjs'}`];
  const faults = files.flatMap((file) => {
    if (file === 'package-lock.json' || file.endsWith('.wasm')) return [];
    const text = read(file);
    return marks.filter((mark) => text.includes(mark)).map((mark) => `${file}: ${mark}`);
  });
  expect(faults).toEqual([]);
});
