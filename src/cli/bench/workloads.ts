/**
 * The workloads: contracts of our own and of OpenZeppelin compiled by solc, and, where the official
 * fixtures are, the ipsilon set.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CONTRACT, contractAt, type Workload } from './workload.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** Function, argument and whether it is judged, by contract. */
const OWN: readonly (readonly [contract: string, signature: string, argument: number, boolean])[] =
  [
    ['TokenLoops', 'mint(uint256)', 5_000, true],
    ['TokenLoops', 'transferLoop(uint256)', 5_000, true],
    ['TokenLoops', 'approvalLoop(uint256)', 1_000, true],
    ['CurveMath', 'run(uint256)', 500, false],
    ['OptionPricing', 'run(uint256)', 20, false],
    ['OrderBook', 'run(uint256)', 1_000, false],
    ['StorageSort', 'run(uint256)', 200, false],
  ];

/** All workloads; what is not there (solc, fixtures) is left out and named by `missing`. */
export function loadWorkloads(missing: (what: string) => void): Workload[] {
  return [...ipsilon(missing), ...own(missing)];
}

function ipsilon(missing: (what: string) => void): Workload[] {
  const bases = [process.env['IRONFLY_FIXTURES'], join(ROOT, '.cache', 'fixtures')];
  const folder = bases
    .filter((base) => base !== undefined)
    .map((base) => join(base, 'ipsilon-evm-benchmarks', 'benchmarks', 'main'))
    .find((path) => existsSync(path));
  if (folder === undefined) {
    missing('the ipsilon workloads (set IRONFLY_FIXTURES to where the fixtures are unpacked)');
    return [];
  }
  return globSync('*.json', { cwd: folder })
    .sort()
    .flatMap((file) => readIpsilon(join(folder, file)));
}

interface IpsilonTest {
  readonly pre: Readonly<Record<string, { readonly code: string }>>;
  readonly transaction: { readonly data: readonly string[]; readonly to: string };
  readonly _info?: { readonly labels?: Readonly<Record<string, string>> };
}

function readIpsilon(path: string): Workload[] {
  const tests = JSON.parse(readFileSync(path, 'utf8')) as Record<string, IpsilonTest>;
  return Object.values(tests).flatMap(({ pre, transaction, _info }) => {
    const contract = basename(path, '.json');
    const code = Uint8Array.fromHex((pre[transaction.to]?.code ?? '0x').slice(2));
    return transaction.data.map((data, i) => {
      const label = _info?.labels?.[String(i)] ?? String(i);
      const name = transaction.data.length === 1 ? contract : `${contract} ${label}`;
      const accounts = [contractAt(CONTRACT, code)];
      const input = Uint8Array.fromHex(data.slice(2));
      return { name, contract, judged: true, accounts, to: CONTRACT, input };
    });
  });
}

function own(missing: (what: string) => void): Workload[] {
  const compiled = compileOwn(missing);
  if (compiled === undefined) return [];
  return OWN.map(([contract, signature, argument, judged]) => {
    const { code, selectors } = compiled(contract);
    const selector = selectors[signature] ?? '';
    const input = Uint8Array.fromHex(selector + argument.toString(16).padStart(64, '0'));
    const name = `${contract} ${signature.slice(0, signature.indexOf('('))} ${argument}`;
    const accounts = [contractAt(CONTRACT, code)];
    const title = `${contract} ${signature}`;
    return { name, contract: title, judged, accounts, to: CONTRACT, input };
  });
}

interface Compiled {
  readonly code: Uint8Array;
  /** Selectors by signature. */
  readonly selectors: Readonly<Record<string, string>>;
}

/** Compiles the folder of workloads with the solc of npm. */
function compileOwn(missing: (what: string) => void): ((name: string) => Compiled) | undefined {
  const load = createRequire(import.meta.url);
  const folder = join(ROOT, 'workloads');
  let solc: { compile(input: string, callbacks: unknown): string };
  try {
    solc = load('solc') as typeof solc;
  } catch {
    missing('the Solidity workloads (npm install solc @openzeppelin/contracts)');
    return undefined;
  }
  if (!existsSync(folder)) {
    missing('the Solidity workloads (they are in the repository, not in the package)');
    return undefined;
  }
  const sources = Object.fromEntries(
    globSync('*.sol', { cwd: folder }).map((file) => [
      file,
      { content: readFileSync(join(folder, file), 'utf8') },
    ]),
  );
  const settings = {
    optimizer: { enabled: true, runs: 10_000 },
    evmVersion: 'cancun',
    outputSelection: { '*': { '*': ['evm.deployedBytecode.object', 'evm.methodIdentifiers'] } },
  };
  const input = JSON.stringify({ language: 'Solidity', sources, settings });
  const callback = (path: string) => {
    try {
      return { contents: readFileSync(load.resolve(path), 'utf8') };
    } catch (error) {
      return { error: (error as Error).message };
    }
  };
  const output = JSON.parse(solc.compile(input, { import: callback })) as SolcOutput;
  const errors = (output.errors ?? []).filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.map((e) => e.formattedMessage).join('\n'));
  return (name) => {
    const contract = output.contracts[`${name}.sol`]?.[name];
    if (contract === undefined) throw new RangeError(`no workload is called ${name}`);
    const { deployedBytecode, methodIdentifiers } = contract.evm;
    return { code: Uint8Array.fromHex(deployedBytecode.object), selectors: methodIdentifiers };
  };
}

interface SolcOutput {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly contracts: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly evm: {
              readonly deployedBytecode: { readonly object: string };
              readonly methodIdentifiers: Readonly<Record<string, string>>;
            };
          }
        >
      >
    >
  >;
}
