/** `ironfly dev` as it is started and ended: its options, its state in files. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DevProcess, startDev } from './dev-process.ts';

const FIRST = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';
const STRANGER = `0x${'77'.repeat(20)}`;

let folder: string;
const started: DevProcess[] = [];

async function start(...options: readonly string[]): Promise<DevProcess> {
  const dev = await startDev(...options);
  started.push(dev);
  return dev;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ironfly-dev-'));
});

afterEach(async () => {
  for (const { process } of started.splice(0)) process.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

test('the state is written at the end, edits included, and read again', async () => {
  const path = join(folder, 'state.json');
  const before = await start('--state', path);
  const transaction = { from: FIRST, to: STRANGER, value: '0x64' };
  const hash = await before.ask('eth_sendTransaction', transaction);
  await before.ask('anvil_mine', '0x3');
  await before.ask('anvil_setNonce', STRANGER, '0x8');
  const head = await before.ask('eth_getBlockByNumber', 'latest', false);
  expect(await before.stop()).toBe(0);
  const after = await start('--state', path);
  expect(await after.ask('eth_getBalance', STRANGER, 'latest')).toBe('0x64');
  expect(await after.ask('eth_getTransactionCount', STRANGER, 'latest')).toBe('0x8');
  expect(await after.ask('eth_blockNumber')).toBe((head as { number: string }).number);
  await after.ask('evm_mine');
  expect(await after.stop()).toBe(0);
  const again = await start('--load-state', path);
  expect(await again.ask('eth_blockNumber')).toBe('0x5');
  expect(await again.ask('eth_getTransactionCount', STRANGER, 'latest')).toBe('0x8');
  const receipt = (await again.ask('eth_getTransactionReceipt', hash)) as { status: string } | null;
  expect(receipt === null || receipt.status === '0x1').toBe(true);
}, 60_000);

test('options of Anvil', async () => {
  const config = join(folder, 'config.json');
  const dev = await start(
    ...['--accounts', '2', '--balance', '5', '--chain-id', '77', '--hardfork', 'prague'],
    ...['--gas-limit', '20000000', '--base-fee', '7', '--timestamp', '1700000000', '--no-mining'],
    ...['--order', 'fifo', '--config-out', config],
  );
  expect(await dev.ask('eth_chainId')).toBe('0x4d');
  // Hardhat's network helpers refuse names that begin otherwise.
  expect(await dev.ask('web3_clientVersion')).toMatch(/^anvil\/ironfly\/v/);
  expect(((await dev.ask('eth_accounts')) as string[]).length).toBe(2);
  expect(await dev.ask('eth_getBalance', FIRST, 'latest')).toBe('0x4563918244f40000');
  const hash = await dev.ask('eth_sendTransaction', { from: FIRST, to: STRANGER });
  expect(await dev.ask('eth_getTransactionReceipt', hash)).toBeNull();
  await dev.ask('evm_mine');
  const block = (await dev.ask('eth_getBlockByNumber', 'latest', false)) as Record<string, string>;
  expect(block['gasLimit']).toBe('0x1312d00');
  expect(block['baseFeePerGas']).toBe('0x7');
  expect(Number(block['timestamp'])).toBeLessThan(1_700_000_100);
  const info = (await dev.ask('anvil_nodeInfo')) as Record<string, unknown>;
  expect(info['hardFork']).toBe('prague');
  expect(info['transactionOrder']).toBe('fifo');
  expect(JSON.parse(await readFile(config, 'utf8')).private_keys.length).toBe(2);
  expect(await dev.stop()).toBe(0);
}, 60_000);

test('a genesis file, to its hash, and the accounts have their ether', async () => {
  const path = join(folder, 'genesis.json');
  const genesis = {
    config: {
      ...{ chainId: 99, homesteadBlock: 0, eip150Block: 0, eip155Block: 0, eip158Block: 0 },
      ...{ byzantiumBlock: 0, constantinopleBlock: 0, petersburgBlock: 0, istanbulBlock: 0 },
      ...{ berlinBlock: 0, londonBlock: 0, terminalTotalDifficulty: 0, shanghaiTime: 0 },
    },
    alloc: { [STRANGER]: { balance: '0x9' } },
    gasLimit: '0x1c9c380',
    difficulty: '0x0',
  };
  await writeFile(path, JSON.stringify(genesis));
  const dev = await start('--init', path);
  expect(await dev.ask('eth_chainId')).toBe('0x63');
  expect(await dev.ask('eth_getBalance', STRANGER, 'latest')).toBe('0x9');
  const hash = await dev.ask('eth_sendTransaction', { from: FIRST, to: STRANGER, value: '0x1' });
  expect(await dev.ask('eth_getTransactionReceipt', hash)).toMatchObject({ status: '0x1' });
  expect(await dev.stop()).toBe(0);
}, 60_000);

test('blocks at intervals', async () => {
  const dev = await start('--block-time', '0.2');
  await expect.poll(() => dev.ask('eth_blockNumber'), { timeout: 10_000 }).not.toBe('0x0');
  expect(await dev.ask('anvil_getAutomine')).toBe(false);
  expect(await dev.stop()).toBe(0);
}, 60_000);
