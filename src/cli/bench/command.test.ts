/** `ironfly bench` as it is typed: the shapes that scripts read, and what is refused. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const BIN = fileURLToPath(new URL('../../../bin/ironfly.mjs', import.meta.url));
const QUICK = ['--runs', '1', '--warm-up', '1', '--no-peers'];

function bench(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, 'bench', ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test('--json prints an object a case, and nothing else on standard output', () => {
  const { status, stdout } = bench('--json', '--filter', '^CurveMath', ...QUICK);
  expect(status).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  const cases = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(cases.map(({ engine }) => engine)).toEqual(['interpreter', 'compiler', 'auto']);
  for (const found of cases) {
    expect(Object.keys(found)).toEqual(['name', 'engine', 'ms', 'gas', 'output', 'peers']);
    expect(found).toMatchObject({ name: 'CurveMath run 500', gas: 382_838, peers: {} });
    expect(found['ms']).toBeGreaterThan(0);
    expect(found['output']).toMatch(/^0x[0-9a-f]{192}$/);
  }
});

test('--engine measures one, in a table without colours for a pipe', () => {
  const { status, stdout } = bench('--engine', 'interpreter', '--filter', '^CurveMath', ...QUICK);
  expect(status).toBe(0);
  expect(stdout).toContain('CurveMath run 500');
  expect(stdout).not.toContain('\x1b');
  expect(stdout).not.toContain('compiler');
});

test.each([
  [['--filter', 'no such workload'], 1, 'no such workload'],
  [['--filter', '('], 2, 'Invalid regular expression'],
  [['--engine', 'steam'], 2, 'steam'],
  [['--runs', '0'], 2, '0 is not a whole number above 0'],
  [['--evmone', '/nowhere/evmone-bench'], 1, '/nowhere/evmone-bench'],
])('%j is refused by name', (args, code, words) => {
  const { status, stderr } = bench(...args);
  expect(status).toBe(code);
  expect(stderr).toContain(words);
});
