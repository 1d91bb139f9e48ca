/** The ipsilon `main` set, where the official fixtures are. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CONTRACT, contractAt, type Workload } from '../workload.ts';
import { ROOT } from './compile.ts';

export function ipsilonWorkloads(missing: (what: string) => void): Workload[] {
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
    .flatMap((file) => readTests(join(folder, file)));
}

interface IpsilonTest {
  readonly pre: Readonly<Record<string, { readonly code: string }>>;
  readonly transaction: { readonly data: readonly string[]; readonly to: string };
  readonly _info?: { readonly labels?: Readonly<Record<string, string>> };
}

function readTests(path: string): Workload[] {
  const tests = JSON.parse(readFileSync(path, 'utf8')) as Record<string, IpsilonTest>;
  return Object.values(tests).flatMap(({ pre, transaction, _info }) => {
    const contract = basename(path, '.json');
    const code = Uint8Array.fromHex((pre[transaction.to]?.code ?? '0x').slice(2));
    return transaction.data.map((data, i) => {
      const label = _info?.labels?.[String(i)] ?? String(i);
      const name = transaction.data.length === 1 ? contract : `${contract} ${label}`;
      const accounts = [contractAt(CONTRACT, code)];
      const input = Uint8Array.fromHex(data.slice(2));
      return { name, contract, judged: true, accounts, to: CONTRACT, input, expected: undefined };
    });
  });
}
