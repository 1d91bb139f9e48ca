/**
 * The Solidity workloads compiled by the solc of npm. What came of it is kept in `build/`, by the
 * hash of everything that goes in, since loading solc and compiling takes seconds. The npm package
 * carries the outcome alone (`npm run build` writes it into `dist/`).
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT: string = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..');

export interface CompiledContract {
  /** What a creating transaction runs, as hexadecimal digits. */
  readonly creation: string;
  readonly deployed: string;
  /** Selectors by signature. */
  readonly selectors: Readonly<Record<string, string>>;
}

/** Contracts by name. */
export type CompiledContracts = Readonly<Record<string, CompiledContract>>;

const SOURCES = join(ROOT, 'workloads');
const CACHE = join(ROOT, 'build', 'solidity');
/** In the package only. */
const PACKED = join(ROOT, 'workloads.json');
/** Packages whose sources are imported, and the compiler: their versions are part of the hash. */
const PACKAGES = ['solc', '@openzeppelin/contracts', 'solady'];
const SETTINGS = {
  optimizer: { enabled: true, runs: 10_000 },
  evmVersion: 'cancun',
  outputSelection: {
    '*': { '*': ['evm.bytecode.object', 'evm.deployedBytecode.object', 'evm.methodIdentifiers'] },
  },
};

const load = createRequire(import.meta.url);

/** Compiles the folder of workloads; what is not there is named by `missing`. */
export function compileWorkloads(missing: (what: string) => void): CompiledContracts | undefined {
  if (existsSync(PACKED)) return JSON.parse(readFileSync(PACKED, 'utf8')) as CompiledContracts;
  const versions = PACKAGES.map((name) => `${name} ${versionOf(name) ?? 'missing'}`);
  const absent = PACKAGES.filter((name) => versionOf(name) === undefined);
  if (absent.length > 0) {
    missing(`the Solidity workloads (npm install ${absent.join(' ')})`);
    return undefined;
  }
  const sources = Object.fromEntries(
    globSync('*.sol', { cwd: SOURCES })
      .sort()
      .map((file) => [file, { content: readFileSync(join(SOURCES, file), 'utf8') }]),
  );
  const input = JSON.stringify({ language: 'Solidity', sources, settings: SETTINGS });
  const hash = createHash('sha256').update(input).update(versions.join()).digest('hex');
  const cached = join(CACHE, `${hash}.json`);
  if (existsSync(cached)) return JSON.parse(readFileSync(cached, 'utf8')) as CompiledContracts;
  const contracts = compile(input);
  mkdirSync(CACHE, { recursive: true });
  // Renamed into place: another process may be reading.
  const written = `${cached}.${process.pid}`;
  writeFileSync(written, JSON.stringify(contracts));
  renameSync(written, cached);
  return contracts;
}

/** Undefined where the package is not installed. */
function versionOf(name: string): string | undefined {
  try {
    const path = fileOfPackage(`${name}/package.json`);
    return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
  } catch {
    return undefined;
  }
}

/** Path of a file inside an installed package. @throws when it is not there */
export function fileOfPackage(path: string): string {
  const folder = (load.resolve.paths(path) ?? []).find((base) => existsSync(join(base, path)));
  if (folder === undefined) throw new Error(`${path} is not installed`);
  return join(folder, path);
}

interface SolcContract {
  readonly evm: {
    readonly bytecode: { readonly object: string };
    readonly deployedBytecode: { readonly object: string };
    readonly methodIdentifiers: Readonly<Record<string, string>>;
  };
}

function compile(input: string): CompiledContracts {
  return Object.fromEntries(
    Object.entries(runSolc<SolcContract>(input)).map(([name, { evm }]) => [
      name,
      {
        creation: evm.bytecode.object,
        deployed: evm.deployedBytecode.object,
        selectors: evm.methodIdentifiers,
      },
    ]),
  );
}

/**
 * Runs solc on its JSON; what it says of the contracts of our own files, by name. Imports are files
 * of installed packages.
 * @throws Error with its messages
 */
export function runSolc<Contract>(input: string): Readonly<Record<string, Contract>> {
  const solc = load('solc') as { compile(input: string, callbacks: unknown): string };
  const importFile = (path: string) => {
    try {
      return { contents: readFileSync(fileOfPackage(path), 'utf8') };
    } catch (error) {
      return { error: (error as Error).message };
    }
  };
  const output = JSON.parse(solc.compile(input, { import: importFile })) as {
    readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
    readonly contracts: Readonly<Record<string, Readonly<Record<string, Contract>>>>;
  };
  const errors = (output.errors ?? []).filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.map((e) => e.formattedMessage).join('\n'));
  // A file of a package has a path.
  const own = Object.entries(output.contracts).filter(([file]) => !file.includes('/'));
  return Object.fromEntries(own.flatMap(([, contracts]) => Object.entries(contracts)));
}
