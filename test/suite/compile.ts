/**
 * The suite's own contracts, compiled once by the solc of npm for all Hardhats: neither may
 * download a compiler. What came of it is kept in `build/suite`, by the hash of what goes in.
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileOfPackage, runSolc } from '../../src/cli/bench/workloads/compile.ts';

const SOURCES = join(import.meta.dirname, 'contracts');
const FOLDER = join(import.meta.dirname, '..', '..', 'build', 'suite');
const PACKAGES = ['solc', '@openzeppelin/contracts', '@uniswap/v3-core'];
const SETTINGS = {
  optimizer: { enabled: true, runs: 200 },
  evmVersion: 'cancun',
  outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
};

interface SolcContract {
  readonly abi: readonly unknown[];
  readonly evm: { readonly bytecode: { readonly object: string } };
}

/** Path of a file of `{ abi, bytecode }` by contract's name. @throws with solc's messages */
export function compileSuite(): string {
  const sources = Object.fromEntries(
    globSync('*.sol', { cwd: SOURCES })
      .sort()
      .map((file) => [file, { content: readFileSync(join(SOURCES, file), 'utf8') }]),
  );
  const input = JSON.stringify({ language: 'Solidity', sources, settings: SETTINGS });
  const hash = createHash('sha256').update(input);
  for (const name of PACKAGES) {
    hash.update(readFileSync(fileOfPackage(`${name}/package.json`)));
  }
  const path = join(FOLDER, `${hash.digest('hex')}.json`);
  if (existsSync(path)) return path;
  const text = JSON.stringify(compile(input));
  mkdirSync(FOLDER, { recursive: true });
  // Renamed into place: another process may be reading.
  writeFileSync(`${path}.${process.pid}`, text);
  renameSync(`${path}.${process.pid}`, path);
  return path;
}

function compile(input: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(runSolc<SolcContract>(input)).map(([name, { abi, evm }]) => [
      name,
      { abi, bytecode: `0x${evm.bytecode.object}` },
    ]),
  );
}
