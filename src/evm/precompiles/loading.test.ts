/** Where nothing can be loaded at once (a browser), the first call of a precompile waits. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** Runs in a process that has what Node.js has only as far as browsers have it too. */
const PROGRAM = `
  process.getBuiltinModule = undefined;
  const { FAST } = await import('${new URL('fast/libraries.ts', import.meta.url)}');
  const { precompileHost } = await import('${new URL('table.ts', import.meta.url)}');
  const { inputOf } = await import('${new URL('precompile.ts', import.meta.url)}');
  const { rulesOf } = await import('${new URL('../forks/rules.ts', import.meta.url)}');
  const run = precompileHost(FAST);
  const shown = [];
  const call = async (address, input) => {
    const answer = run(address, inputOf(input), 1_000_000n, rulesOf('osaka'));
    const waits = answer instanceof Promise;
    shown.push([waits, (await answer)?.output.toHex()]);
  };
  // Twice each; what needs no package; two packages.
  for (const address of [2n, 2n, 6n, 6n, 8n, 0x0bn, 0x0bn, 9n, 5n]) {
    await call(address, new Uint8Array(address === 0x0bn ? 256 : address === 9n ? 213 : 0));
  }
  const pair = new Uint8Array(192);
  const both = [1, 2].map(() => run(8n, inputOf(pair), 1_000_000n, rulesOf('osaka')));
  const answers = await Promise.all(both);
  shown.push(answers.map((answer) => answer.output.at(-1)));
  console.log(JSON.stringify(shown));
`;

test('packages are awaited once, and then are there', () => {
  const stdout = execFileSync(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
    encoding: 'utf8',
  });
  const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
  const one = `${'0'.repeat(63)}1`;
  const shown = JSON.parse(stdout) as unknown[];
  expect(shown.slice(0, 7)).toEqual([
    [true, empty],
    [false, empty],
    [true, '0'.repeat(128)],
    [false, '0'.repeat(128)],
    [false, one],
    [true, '0'.repeat(256)],
    [false, '0'.repeat(256)],
  ]);
  expect(shown.slice(8)).toEqual([
    [false, ''],
    [1, 1],
  ]);
});
