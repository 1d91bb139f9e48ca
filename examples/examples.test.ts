/** The examples run as they stand, and print what they say. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const PRINTED: Readonly<Record<string, readonly string[]>> = {
  'quick-start': ['42n'],
  overrides: ['1000n', '42n'],
  'access-list': ['true 1', 'true'],
  hooks: ['enter call 0', 'exit success 32', '{ read: true, written: true }'],
  snapshots: ['43n', '42n', '41n'],
  'async-state': ['42n', 'true'],
  'fork-schedule': ['cancun 24576', 'prague 65536', 'paris'],
  solidity: [`opened by 0x${'0'.repeat(40)}`, 'not yours', '    at Vault.open (Vault.sol:7:5)'],
  chain: ["[ 'nonce too low' ]", '[ true, true ]', '1n', '42n', '44n'],
  database: ['1n 42n', '1'],
  proof: ['1n 41n 0n', 'the answer’s balance is 0x1, proven is 0'],
  stateless: ['1n true', 'proof/missing'],
};

test.each(Object.entries(PRINTED))('%s prints what it says', (name, lines) => {
  const path = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, [path], { encoding: 'utf8' });
  expect(stdout.trimEnd().split('\n'), stderr).toEqual(lines);
});
