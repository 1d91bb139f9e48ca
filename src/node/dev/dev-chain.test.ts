import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Address } from '../../evm/types.ts';
import { Dispatcher } from '../rpc/dispatch.ts';
import type { Caller } from '../rpc/method.ts';
import { devAccounts } from './accounts.ts';
import { closeDevNode, createDevNode, type DevNode } from './dev-node.ts';
import { devGenesis } from './genesis.ts';
import { devMethods } from './methods/tables.ts';

const ETHER = 10n ** 18n;
const accounts = devAccounts(3);
const [first, second] = accounts.map(({ address }) => address) as [Address, Address];
const STRANGER: Address = `0x${'5a'.repeat(20)}`;
const START = 1_000_000n;
/** Returns slot 0. */
const READER = '0x60005460005260206000f3';

let node: DevNode;
let lines: string[];

const caller: Caller = {
  signal: new AbortController().signal,
  notify: undefined,
  onClose: () => {},
  connection: {},
};

async function ask(method: string, ...params: readonly unknown[]): Promise<unknown> {
  return new Dispatcher(node, devMethods).call(method, params, caller);
}

const balanceOf = async (address: Address) => {
  return BigInt((await ask('eth_getBalance', address, 'latest')) as string);
};
const timestamp = () => node.ledger.head.header.timestamp;
const number = () => node.ledger.head.header.number;
const send = (from: Address, more: object = {}) => {
  return ask('eth_sendTransaction', { from, to: second, value: '0x1', ...more });
};

beforeEach(async () => {
  lines = [];
  const genesis = devGenesis({
    chainId: 31_337n,
    fork: 'osaka',
    gasLimit: 30_000_000n,
    baseFee: 1_000_000_000n,
    timestamp: START,
    number: 0n,
    accounts: accounts.map(({ address }) => address),
    balance: 10_000n * ETHER,
    hasCreate2Deployer: true,
  });
  node = await createDevNode({
    genesis,
    accounts,
    clientVersion: 'test',
    log: (line) => lines.push(line),
  });
});

afterEach(() => closeDevNode(node));

test('an estimate is for the block that comes', async () => {
  // Stores 1 in the slot of the block's number.
  await ask('anvil_setCode', STRANGER, '0x6001435500');
  const call = { from: first, to: STRANGER };
  await ask('eth_sendTransaction', call);
  const there = await ask('eth_estimateGas', call, 'latest');
  const gas = await ask('eth_estimateGas', call);
  expect(gas).toBe(await ask('eth_estimateGas', call, 'pending'));
  expect(Number(gas)).toBeGreaterThan(Number(there) + 15_000);
  const hash = await ask('eth_sendTransaction', { ...call, gas });
  expect(await ask('eth_getTransactionReceipt', hash)).toMatchObject({ status: '0x1' });
});

describe('edits of the state', () => {
  test('are seen at once, by calls too, and are in the next block', async () => {
    const before = node.ledger.head.hash;
    await ask('anvil_setBalance', STRANGER, '0x7');
    await ask('anvil_setCode', STRANGER, READER);
    await ask('anvil_setStorageAt', STRANGER, '0x0', `0x${'2a'.padStart(64, '0')}`);
    expect(await balanceOf(STRANGER)).toBe(7n);
    const seen = () => ask('eth_call', { to: STRANGER }, 'latest');
    expect(BigInt((await seen()) as string)).toBe(42n);
    expect(BigInt((await ask('eth_call', { to: STRANGER }, 'pending')) as string)).toBe(42n);
    expect(node.ledger.head.hash).toBe(before);
    await ask('evm_mine');
    expect(number()).toBe(1n);
    expect(await balanceOf(STRANGER)).toBe(7n);
    expect(BigInt((await seen()) as string)).toBe(42n);
    await ask('anvil_setStorageAt', STRANGER, '0x0', '0x0');
    expect(BigInt((await seen()) as string)).toBe(0n);
    const past = { blockHash: before };
    expect(await ask('eth_getBalance', STRANGER, past)).toBe('0x0');
  });

  test('pay for transactions of the next block', async () => {
    await ask('hardhat_setBalance', STRANGER, `0x${ETHER.toString(16)}`);
    await ask('hardhat_impersonateAccount', STRANGER);
    const hash = await send(STRANGER);
    const receipt = (await ask('eth_getTransactionReceipt', hash)) as Record<string, unknown>;
    expect(receipt['status']).toBe('0x1');
    expect(receipt['from']).toBe(STRANGER);
  });

  test('contracts can be impersonated', async () => {
    await ask('anvil_setCode', STRANGER, READER);
    await ask('anvil_setBalance', STRANGER, `0x${ETHER.toString(16)}`);
    await expect(send(STRANGER)).rejects.toThrow('No Signer available');
    await ask('anvil_autoImpersonateAccount', true);
    const hash = await send(STRANGER);
    const receipt = (await ask('eth_getTransactionReceipt', hash)) as Record<string, unknown>;
    expect(receipt['status']).toBe('0x1');
    const params = [hash, { tracer: 'callTracer' }];
    const request = { jsonrpc: '2.0', id: 1, method: 'debug_traceTransaction', params };
    const text = await new Dispatcher(node, devMethods).answer(JSON.stringify(request), caller);
    expect(JSON.parse(text ?? '').result.from).toBe(STRANGER);
  });
});

describe('snapshots', () => {
  test('bring all back: head, edits, time, what waits; and are gone then', async () => {
    await ask('anvil_setBalance', STRANGER, '0x1');
    await ask('evm_setAutomine', false);
    await send(first);
    await ask('evm_increaseTime', 500);
    const id = await ask('evm_snapshot');
    const later = await ask('evm_snapshot');
    expect([id, later]).toEqual(['0x0', '0x1']);
    const { state } = node.dev.chain.clock;
    await ask('anvil_setBalance', STRANGER, '0x2');
    await ask('evm_increaseTime', 1_000);
    await ask('evm_mine');
    await ask('evm_mine');
    expect(node.dev.pool.count).toBe(0);
    expect(await ask('evm_revert', id)).toBe(true);
    expect(number()).toBe(0n);
    expect(await balanceOf(STRANGER)).toBe(1n);
    expect(node.dev.pool.count).toBe(1);
    expect(node.dev.chain.clock.state).toEqual(state);
    expect(await ask('evm_revert', id)).toBe(false);
    expect(await ask('evm_revert', later)).toBe(false);
    await ask('evm_mine');
    expect(await balanceOf(STRANGER)).toBe(1n);
    expect(await balanceOf(second)).toBe(10_000n * ETHER + 1n);
  });

  test('as many as one likes, and each is good', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 300; index++) {
      await ask('anvil_setBalance', STRANGER, `0x${index.toString(16)}`);
      ids.push((await ask('evm_snapshot')) as string);
      if (index % 3 === 0) await ask('evm_mine');
    }
    for (const index of [299, 200, 199, 7, 0]) {
      expect(await ask('evm_revert', ids[index])).toBe(true);
      expect(await balanceOf(STRANGER)).toBe(BigInt(index));
    }
    expect(number()).toBe(0n);
  });

  test('the same edit, mined twice from one snapshot', async () => {
    for (let round = 0; round < 2; round++) {
      const id = await ask('evm_snapshot');
      await ask('anvil_setBalance', STRANGER, '0x9');
      await ask('evm_mine', `0x${(START + 50n).toString(16)}`).catch(() => ask('evm_mine'));
      expect(await balanceOf(STRANGER)).toBe(9n);
      await ask('evm_revert', id);
      expect(await balanceOf(STRANGER)).toBe(0n);
    }
  });
});

describe('time', () => {
  test('moves as it is told, and never stands still', async () => {
    const ahead = node.dev.chain.clock.now + 10_000n;
    await ask('evm_setNextBlockTimestamp', `0x${ahead.toString(16)}`);
    await ask('evm_mine');
    expect(timestamp()).toBe(ahead);
    await ask('evm_mine');
    expect(timestamp()).toBe(ahead + 1n);
    await expect(ask('evm_setNextBlockTimestamp', Number(ahead))).rejects.toThrow(
      'Timestamp error',
    );
    await ask('evm_increaseTime', '0xe10');
    await ask('evm_mine');
    expect(timestamp()).toBeGreaterThanOrEqual(ahead + 3_600n);
    await ask('anvil_setBlockTimestampInterval', 7);
    const before = timestamp();
    await ask('anvil_mine', '0x3');
    expect(timestamp()).toBe(before + 21n);
    await ask('anvil_removeBlockTimestampInterval');
    await ask('hardhat_mine', '0x3', '0x64');
    expect(timestamp()).toBeGreaterThanOrEqual(before + 200n);
  });
});

describe('mining', () => {
  test('what reverts is mined, and the send answers its hash', async () => {
    await ask('anvil_setCode', STRANGER, '0x60006000fd');
    const hash = await send(first, { to: STRANGER });
    const receipt = (await ask('eth_getTransactionReceipt', hash)) as Record<string, unknown>;
    expect(receipt['status']).toBe('0x0');
  });

  test('many at once are all mined when they are answered', async () => {
    const hashes = await Promise.all(
      Array.from({ length: 20 }, (_, nonce) => send(first, { nonce: `0x${nonce.toString(16)}` })),
    );
    for (const hash of hashes) expect(await ask('eth_getTransactionReceipt', hash)).not.toBeNull();
    expect(node.dev.pool.count).toBe(0);
  });

  test('one behind a gap waits', async () => {
    const hash = await send(first, { nonce: '0x1' });
    expect(await ask('eth_getTransactionReceipt', hash)).toBeNull();
    await send(first, { nonce: '0x0' });
    await ask('evm_mine');
    expect(await ask('eth_getTransactionReceipt', hash)).not.toBeNull();
  });

  test('at intervals', async () => {
    node.dev.chain.isAutomining = false;
    node.dev.interval.set(20);
    const hash = await send(first);
    await expect.poll(() => ask('eth_getTransactionReceipt', hash)).not.toBeNull();
    node.dev.interval.set(0);
  });

  test('prices, limits and who gets the fees are as said', async () => {
    await ask('anvil_setNextBlockBaseFeePerGas', '0x7b');
    await ask('evm_setBlockGasLimit', '0x1000000');
    await ask('anvil_setCoinbase', STRANGER);
    const random = `0x${'ee'.repeat(32)}`;
    await ask('hardhat_setPrevRandao', random);
    await ask('evm_mine');
    const { baseFeePerGas, gasLimit, coinbase, mixHash } = node.ledger.head.header;
    expect([baseFeePerGas, gasLimit, coinbase, mixHash]).toEqual([
      123n,
      0x1000000n,
      STRANGER,
      random,
    ]);
    await expect(send(first, { gas: '0x5208', gasPrice: '0x1' })).rejects.toThrow(
      'max fee per gas less than block base fee',
    );
  });
});

test('rollback and reorg', async () => {
  await ask('anvil_mine', '0x5');
  const { hash } = node.ledger.head;
  await ask('anvil_rollback', 2);
  expect(number()).toBe(3n);
  await ask('anvil_mine', '0x2');
  const transaction = { from: first, to: STRANGER, value: '0x5' };
  await ask('anvil_reorg', 3, [[transaction, 1]]);
  expect(number()).toBe(5n);
  expect(node.ledger.head.hash).not.toBe(hash);
  expect(await balanceOf(STRANGER)).toBe(5n);
  await expect(ask('anvil_rollback', 6)).rejects.toThrow('Rollback depth');
});

test('a state is dumped with its edits, and loaded into another chain', async () => {
  await send(first);
  await ask('anvil_setBalance', STRANGER, '0x1234');
  await ask('anvil_setStorageAt', STRANGER, '0x1', '0x5');
  const dumped = await ask('anvil_dumpState');
  await ask('anvil_reset');
  expect(number()).toBe(0n);
  expect(await balanceOf(STRANGER)).toBe(0n);
  expect(await ask('anvil_loadState', dumped)).toBe(true);
  expect(await balanceOf(STRANGER)).toBe(0x1234n);
  expect(await balanceOf(second)).toBe(10_000n * ETHER + 1n);
  expect(BigInt((await ask('eth_getStorageAt', STRANGER, '0x1', 'latest')) as string)).toBe(5n);
  expect(await ask('eth_getTransactionCount', first, 'latest')).toBe('0x1');
});

test('another chain id', async () => {
  await ask('anvil_setChainId', 5);
  expect(await ask('eth_chainId')).toBe('0x5');
  const hash = await send(first);
  expect(await ask('eth_getTransactionReceipt', hash)).not.toBeNull();
});

test('what is not offered says why', async () => {
  await expect(ask('anvil_setRpcUrl', 'http://x')).rejects.toThrow('is not supported');
});

test('the log tells of blocks, and is silent when told to', async () => {
  await send(first);
  expect(lines.join('\n')).toMatch(/Block 1: 0x/);
  await ask('anvil_setLoggingEnabled', false);
  lines.length = 0;
  await send(first);
  expect(lines).toEqual([]);
});
