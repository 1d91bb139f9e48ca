/** cast against `ironfly dev`, unmodified: its commands as people type them. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createPublicClient, type Hex, http } from 'viem';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findBinary } from '../../src/cli/bench/anvil.ts';
import { compileCounter } from './counter.ts';
import { type DevProcess, startDev } from './dev-process.ts';

const KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
const FIRST = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266';
const SECOND = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';
/** Of the first account, created by its first transaction. */
const COUNTER = '0x5FbDB2315678afecb367f032d93F642f64180aa3';
const word = (value: number): Hex => `0x${value.toString(16).padStart(64, '0')}`;
const COUNTED = '0x661fab7f24b9fdb6d088a46b82c477922b83ae7f1de8173a4670c3802fc6f921';

const binary = findBinary('cast');
const run = promisify(execFile);

describe.skipIf(binary === undefined)('cast (@foundry-rs/cast, where npm has it)', () => {
  let dev: DevProcess;
  let home: string;
  /** 5 at block 1; add(7) in block 2; a failed add(0) in block 3. */
  const hashes: string[] = [];

  const cast = async (...args: readonly string[]): Promise<string> => {
    // Names of functions are looked up nowhere, and no settings of whoever runs the tests are read.
    const own = { HOME: home, FOUNDRY_OFFLINE: 'true', NO_COLOR: '1' };
    const env = { ...process.env, ...own, ETH_RPC_URL: dev.url };
    const { stdout } = await run(binary as string, [...args], { env });
    return stdout.trim();
  };
  const castJson = async (...args: readonly string[]) => JSON.parse(await cast(...args, '--json'));
  const send = (...args: readonly string[]) => castJson('send', '--private-key', KEY, ...args);

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'ironfly-cast-'));
    dev = await startDev();
    const created = await send('--create', compileCounter().bytecode, 'f(uint256)', '5');
    expect(created).toMatchObject({ status: '0x1', contractAddress: COUNTER.toLowerCase() });
    const added = await send(COUNTER, 'add(uint256)', '7');
    expect(added.status).toBe('0x1');
    const failed = await send(COUNTER, 'add(uint256)', '0', '--gas-limit', '100000');
    expect(failed.status).toBe('0x0');
    for (const { transactionHash } of [created, added, failed]) hashes.push(transactionHash);
  }, 60_000);

  afterAll(async () => {
    await rm(home, { recursive: true });
    expect(await dev.stop()).toBe(0);
  });

  test('the chain: chain-id, block-number, block, find-block, gas-price, client, rpc', async () => {
    expect(await cast('chain-id')).toBe('31337');
    expect(await cast('block-number')).toBe('3');
    expect(await castJson('block', '2', '--full')).toMatchObject({
      number: '0x2',
      transactions: [{ hash: hashes[1], from: FIRST.toLowerCase() }],
    });
    expect(await cast('block', 'latest', '--field', 'number')).toBe('3');
    const timestamp = await cast('block', '1', '--field', 'timestamp');
    expect(await cast('find-block', timestamp)).toBe('1');
    expect(BigInt(await cast('gas-price'))).toBeGreaterThan(0n);
    expect(await cast('client')).toMatch(/ironfly/);
    expect(await cast('rpc', 'eth_getBalance', SECOND, 'latest')).toBe('"0x21e19e0c9bab2400000"');
    expect(await cast('rpc', 'evm_snapshot')).toMatch(/^"0x\d+"$/);
  });

  test('accounts: balance, nonce, code, storage, proof, at older blocks too', async () => {
    expect(await cast('balance', SECOND, '--ether')).toBe('10000.000000000000000000');
    expect(await cast('nonce', FIRST)).toBe('3');
    expect(await cast('nonce', FIRST, '--block', '1')).toBe('1');
    const code = await cast('code', COUNTER);
    expect(code.length).toBeGreaterThan(1_000);
    expect(await cast('codesize', COUNTER)).toBe(String(code.length / 2 - 1));
    expect(await cast('codehash', COUNTER)).toBe(await cast('keccak', code));
    expect(await cast('code', COUNTER, '--block', '0')).toBe('0x');
    expect(await cast('storage', COUNTER, '0')).toBe(word(12));
    expect(await cast('storage', COUNTER, '0', '--block', '1')).toBe(word(5));
    const proof = JSON.parse(await cast('proof', COUNTER, '0'));
    expect(proof).toMatchObject({ nonce: '0x1', storageProof: [{ key: word(0), value: '0xc' }] });
    expect(proof.storageHash).toBe(await cast('storage-root', COUNTER));
    const client = createPublicClient({ transport: http(dev.url) });
    const seen = await client.getProof({ address: COUNTER, storageKeys: [word(0)] });
    expect(seen.accountProof).toEqual(proof.accountProof);
  });

  test('calls: call, reasons, --trace, estimate, access-list', async () => {
    expect(await cast('call', COUNTER, 'count()(uint256)')).toBe('12');
    expect(await cast('call', COUNTER, 'count()(uint256)', '--block', '1')).toBe('5');
    await expect(cast('call', COUNTER, 'add(uint256)', '0')).rejects.toThrow(
      'execution reverted: nothing to add',
    );
    const tooMuch = ['add(uint256)', '101'] as const;
    await expect(cast('call', COUNTER, ...tooMuch)).rejects.toThrow(
      'execution reverted, data: "0x6073b21f',
    );
    const traced = await cast('call', COUNTER, 'add(uint256)', '5', '--trace');
    expect(traced).toContain('console::log("count is", 17)');
    expect(traced).toContain('Transaction successfully executed');
    const add = [COUNTER, 'add(uint256)', '7', '--from', FIRST] as const;
    const { gasUsed } = (await dev.ask('eth_getTransactionReceipt', hashes[1])) as {
      gasUsed: string;
    };
    // That of the block had the same slots to change.
    expect(await cast('estimate', ...add)).toBe(String(Number(gasUsed)));
    const { accessList } = await castJson('access-list', ...add);
    expect(accessList).toContainEqual({ address: COUNTER.toLowerCase(), storageKeys: [word(0)] });
  });

  test('transactions: tx, receipt, logs, mktx, publish, --unlocked', async () => {
    expect(await cast('tx', hashes[1] as string, 'nonce')).toBe('1');
    expect(await cast('receipt', hashes[1] as string, 'status')).toBe('true');
    expect(await cast('receipt', hashes[2] as string, 'status')).toBe('false');
    const [log, ...others] = await castJson(
      ...['logs', '--from-block', '0', '--address', COUNTER],
      ...['Counted(address indexed,uint256)', FIRST],
    );
    expect(others).toEqual([]);
    expect(log).toMatchObject({ transactionHash: hashes[1], data: word(12), blockNumber: '0x2' });
    expect(log.topics).toEqual([COUNTED, `0x${FIRST.slice(2).toLowerCase().padStart(64, '0')}`]);
    expect(await castJson('logs', '--from-block', '3', '--address', COUNTER)).toEqual([]);
    const signed = await cast('mktx', SECOND, '--value', '1', '--private-key', KEY);
    expect(JSON.parse(await cast('publish', signed))).toMatchObject({ status: '0x1' });
    const sent = ['send', SECOND, '--value', '1', '--from', FIRST, '--unlocked'] as const;
    expect(await castJson(...sent)).toMatchObject({ status: '0x1', to: SECOND.toLowerCase() });
    expect(await cast('balance', SECOND)).toBe('10000000000000000000002');
    expect(await castJson('tx-pool', 'status')).toEqual({ pending: '0x0', queued: '0x0' });
  });

  test('run: transactions of blocks again, by what the node says of their state', async () => {
    const added = await cast('run', hashes[1] as string);
    expect(added).toContain(`${COUNTER}::1003e2d2(${word(7).slice(2)})`);
    expect(added).toContain('console::log("count is", 12)');
    expect(added).toContain(`topic 0: ${COUNTED}`);
    expect(added).toContain(`← [Return] ${word(12)}`);
    const { gasUsed } = (await dev.ask('eth_getTransactionReceipt', hashes[1])) as {
      gasUsed: string;
    };
    expect(added).toContain(`Gas used: ${Number(gasUsed)}`);
    expect(await cast('run', hashes[2] as string)).toContain('← [Revert] nothing to add');
    expect(await cast('run', hashes[0] as string)).toContain(`new <unknown>@${COUNTER}`);
  });
});
