/**
 * The package as users get it: packed from dist/, unpacked in a folder of its own beside nothing
 * but its dependencies, and used from there. The last line is {"passed":N,"failed":N,"skipped":N}.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'ironfly-package-'));
const modules = join(folder, 'node_modules');
const installed = join(modules, 'ironfly');
const counts = { passed: 0, failed: 0, skipped: 0 };

/** Imports every export that has no pattern, and executes something. */
const PROGRAM = `
import { createEVM } from 'ironfly/evm';
import 'ironfly/evm/core';
import 'ironfly/evm/errors';
import 'ironfly/evm/input';
import { MemoryState } from 'ironfly/state';
import { createChain, genesisOf } from 'ironfly/chain';
import 'ironfly/chain/networks';
import 'ironfly/chain/blocks';
import { proveAccount } from 'ironfly/proofs';
import 'ironfly/proofs/range';
import 'ironfly/proofs/stateless';
import { verifyProof } from 'ironfly/proofs/verify';
import { decodeTransaction } from 'ironfly/chain/transactions/decode';
import { rulesOf } from 'ironfly/evm/forks/rules';
const state = new MemoryState();
const to = '0x${'c0'.repeat(20)}';
const code = Uint8Array.fromHex('60026028015f5260205ff3');
state.setAccount(to, { nonce: 1n, balance: 0n, code, storage: [] });
const result = await createEVM({ state }).call({ to });
const spec = { chainId: 1n, forks: [{ fork: 'cancun' }] };
const chain = await createChain(genesisOf({ spec, state }));
const { hash: block, header } = chain.head;
const proof = await proveAccount(chain, { block, address: to });
verifyProof({ stateRoot: header.stateRoot, address: to, proof });
await chain.close();
console.log(result.output.at(-1), typeof decodeTransaction, rulesOf('osaka').fork);
`;
const BROKEN_TEST = {
  sample: {
    env: {
      currentCoinbase: `0x${'c0'.repeat(20)}`,
      currentDifficulty: '0x0',
      currentGasLimit: '0x1000000',
      currentNumber: '0x1',
      currentTimestamp: '0x1',
      currentBaseFee: '0x0',
      currentRandom: `0x${'00'.repeat(32)}`,
    },
  },
};

try {
  install();
  writeFileSync(join(folder, 'program.mjs'), PROGRAM);
  writeFileSync(join(folder, 'broken.json'), JSON.stringify(BROKEN_TEST));
  const bin = join(installed, 'bin', 'ironfly.mjs');
  check('exports load', [join(folder, 'program.mjs')], 0, '42 function osaka');
  check('--version', [bin, '--version'], 0, '.');
  check('run', [bin, 'run', '60026028015f5260205ff3'], 0, 'status   success');
  check('explain', [bin, 'explain', '60026028015f5260205ff3'], 0, 'region 0');
  // Its workers are found; the file holds no whole test, which is said by name.
  check('statetest', [bin, 'statetest', join(folder, 'broken.json')], 1, 'sample');
  const quick = ['--filter', 'TokenLoops mint', '--no-peers', '--runs', '1', '--warm-up', '1'];
  check('bench', [bin, 'bench', ...quick], 0, 'TokenLoops mint 5000');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(JSON.stringify(counts));
process.exitCode = counts.failed > 0 ? 1 : 0;

/** Unpacks the package where its dependencies are, and nothing else. */
function install(): void {
  mkdirSync(installed, { recursive: true });
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const packed = spawnSync(npm, ['pack', '--ignore-scripts', '--pack-destination', folder], {
    cwd: ROOT,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  const archive = packed.stdout?.trim().split('\n').at(-1) ?? '';
  if (packed.status !== 0) throw new Error(`npm pack: ${packed.stderr}`);
  const options = ['-xzf', join(folder, archive), '-C', installed, '--strip-components=1'];
  const { status, stderr } = spawnSync('tar', options, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`tar: ${stderr}`);
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  for (const name of Object.keys(manifest.dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name), 'junction');
  }
}

/** Runs Node.js with arguments, and compares the exit code and what is printed. */
function check(name: string, args: readonly string[], code: number, words: string): void {
  // As a stranger has it: no fixtures, whose workloads the package would run.
  const { IRONFLY_FIXTURES: _, ...env } = process.env;
  const options = { cwd: folder, encoding: 'utf8', timeout: 60_000, env } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, args, options);
  if (status === code && `${stdout}${stderr}`.includes(words)) {
    counts.passed += 1;
    return;
  }
  counts.failed += 1;
  console.log(`FAILED ${name}: exit code ${status}, not ${code} with "${words}"`);
  console.log(`${stdout}${stderr}`);
}
