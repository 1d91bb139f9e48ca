/**
 * What is built into build/, and whether it is current: each product is stamped with the hash of
 * the sources that it was made from.
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT: string = join(dirname(fileURLToPath(import.meta.url)), '..');
export const BUILD: string = join(ROOT, 'build');

export interface Product {
  readonly name: string;
  /** Patterns of the sources. */
  readonly sources: readonly string[];
  /** Files in build/. */
  readonly files: readonly string[];
}

export const RUNTIME: Product = {
  name: 'runtime',
  sources: ['src/evm/runtime/**/*.ts', 'src/evm/layout.ts', 'scripts/build-runtime.mjs'],
  files: ['runtime-shared.wasm', 'runtime.wasm', 'runtime-bytes.ts'],
};

export const PARALLEL_RUNTIME: Product = {
  name: 'parallel-runtime',
  sources: [
    'src/evm/runtime/**/*.ts',
    'src/evm/layout.ts',
    'src/evm/parallel-layout.ts',
    'scripts/build-runtime.mjs',
  ],
  files: ['parallel-runtime.wasm', 'parallel-runtime-bytes.ts'],
};

export const TRIE_RUNTIME: Product = {
  name: 'trie-runtime',
  sources: [
    'src/state/trie-runtime/*.ts',
    'src/state/trie-layout.ts',
    'src/evm/runtime/{hashes,arithmetic}/*.ts',
    'scripts/build-runtime.mjs',
  ],
  files: ['trie-runtime.wasm', 'trie-runtime-bytes.ts'],
};

export const LIST_ROOT: Product = {
  name: 'list-root',
  sources: [
    'src/state/trie-runtime/list-root.ts',
    'src/evm/runtime/{hashes,arithmetic}/*.ts',
    'scripts/build-runtime.mjs',
  ],
  files: ['list-root.wasm', 'list-root-bytes.ts'],
};

export const KECCAK: Product = {
  name: 'keccak',
  sources: ['src/evm/runtime/{hashes,arithmetic}/*.ts', 'scripts/build-runtime.mjs'],
  files: ['keccak.wasm', 'keccak-bytes.ts'],
};

export const ASSEMBLED: Product = {
  name: 'assembled',
  sources: [
    'src/base/*.ts',
    'src/wasm/*.ts',
    'src/evm/layout.ts',
    'src/evm/{forks,interpreter,kernels,opcodes,words}/*.ts',
    'scripts/assemble-modules.ts',
  ],
  files: ['assembled-modules.ts'],
};

export const MCL_STATES: Product = {
  name: 'mcl-states',
  sources: [
    'src/evm/precompiles/fast/mcl-module.ts',
    'src/evm/precompiles/packages.ts',
    'scripts/mcl-states.ts',
    'node_modules/mcl-wasm/package.json',
  ],
  files: ['mcl-states.ts'],
};

const PRODUCTS: readonly Product[] = [
  RUNTIME,
  PARALLEL_RUNTIME,
  TRIE_RUNTIME,
  LIST_ROOT,
  KECCAK,
  ASSEMBLED,
  MCL_STATES,
];

export function isCurrent(product: Product): boolean {
  const file = stampFile(product);
  if (!existsSync(file) || readFileSync(file, 'utf8') !== stampOf(product)) return false;
  return product.files.every((name) => existsSync(join(BUILD, name)));
}

export function markCurrent(product: Product): void {
  writeFileSync(stampFile(product), stampOf(product));
}

/**
 * For programs that run from the sources.
 * @throws Error when something was edited and not built since
 */
export function requireBuild(): void {
  for (const product of PRODUCTS) {
    if (isCurrent(product)) continue;
    throw new Error(`build/ is older than the sources: run node scripts/build-runtime.mjs`);
  }
}

function stampFile({ name }: Product): string {
  return join(BUILD, `${name}.stamp`);
}

function stampOf({ sources }: Product): string {
  const patterns = [...sources, 'package.json', 'scripts/built.ts'];
  const files = patterns.flatMap((pattern) => globSync(pattern, { cwd: ROOT }));
  const hash = createHash('sha256');
  for (const file of files.filter((name) => !/\.(test|bench)\.ts$/.test(name)).sort()) {
    hash.update(file).update(readFileSync(join(ROOT, file)));
  }
  return hash.digest('hex');
}
