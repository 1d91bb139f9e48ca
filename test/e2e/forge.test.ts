/** forge against `ironfly dev`, unmodified: what it broadcasts, tests upon forks of it. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findBinary } from '../../src/cli/bench/anvil.ts';
import { type DevProcess, startDev } from './dev-process.ts';
import { createProject, type FoundryProject } from './foundry-project.ts';

const KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
const FIRST = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';
const BEEF = '0x000000000000000000000000000000000000beef';
const COUNT = '0x06661abd';

const binary = findBinary('forge');

interface Receipt {
  readonly transactionHash: string;
  readonly status: string;
  readonly blockNumber: string;
  readonly contractAddress: string | null;
}

/** What forge writes of what it has sent. */
interface Broadcast {
  readonly transactions: readonly {
    readonly hash: string;
    readonly transactionType: 'CREATE' | 'CALL';
    readonly contractAddress: string;
    readonly transaction: { readonly nonce: string; readonly to: string | null };
  }[];
  readonly receipts: readonly Receipt[];
  readonly pending: readonly unknown[];
}

describe.skipIf(binary === undefined)('forge (@foundry-rs/forge, where npm has it)', () => {
  let project: FoundryProject;
  let dev: DevProcess;
  let account: readonly string[];
  let written: Broadcast;

  beforeAll(async () => {
    project = await createProject(binary as string);
    dev = await startDev();
    account = ['--rpc-url', dev.url, '--private-key', KEY, '--broadcast'];
  }, 60_000);

  afterAll(async () => {
    await project.remove();
    expect(await dev.stop()).toBe(0);
  });

  const wordAt = async (address: string): Promise<bigint> =>
    BigInt((await dev.ask('eth_call', { to: address, data: COUNT }, 'latest')) as string);
  const broadcast = async (...options: readonly string[]): Promise<Broadcast> => {
    await project.forge(['script', 'script/Deploy.s.sol', ...account, ...options]);
    return (await project.readJson('broadcast/Deploy.s.sol/31337/run-latest.json')) as Broadcast;
  };

  test('script: transactions one after another, each with its receipt', async () => {
    written = await broadcast('--slow');
    const { transactions, receipts, pending } = written;
    expect(pending).toEqual([]);
    expect(transactions.map(({ transactionType }) => transactionType)).toEqual([
      ...['CREATE', 'CREATE', 'CALL', 'CALL', 'CALL'],
    ]);
    expect(receipts.map(({ transactionHash }) => transactionHash)).toEqual(
      transactions.map(({ hash }) => hash),
    );
    for (const [index, sent] of transactions.entries()) {
      const receipt = receipts[index] as Receipt;
      expect(await dev.ask('eth_getTransactionReceipt', sent.hash)).toMatchObject(receipt);
      expect(receipt.status).toBe('0x1');
      expect(await dev.ask('eth_getTransactionByHash', sent.hash)).toMatchObject({
        from: FIRST,
        nonce: `0x${index}`,
        to: sent.transaction.to,
        blockNumber: `0x${index + 1}`,
      });
      if (sent.transactionType === 'CREATE')
        expect(receipt.contractAddress).toBe(sent.contractAddress);
    }
    const [first, second] = transactions;
    expect(await wordAt(first?.contractAddress ?? '')).toBe(12n);
    expect(await wordAt(second?.contractAddress ?? '')).toBe(6n);
    expect(await dev.ask('eth_getBalance', BEEF, 'latest')).toBe('0xde0b6b3a7640000');
  }, 60_000);

  test('test --fork-url: reads, older blocks, forks of its own, within a block', async () => {
    const [first, , added] = written.transactions;
    const env = {
      URL: dev.url,
      COUNTER: first?.contractAddress ?? '',
      ADDED_BY: added?.hash ?? '',
      ADDED_IN: String(Number(written.receipts[2]?.blockNumber)),
    };
    const output = await project.forge(['test', '--fork-url', dev.url, '--json'], env);
    const [suite] = Object.values(JSON.parse(output)) as {
      test_results: Record<string, { status: string; reason: string | null }>;
    }[];
    const results = Object.entries(suite?.test_results ?? {}).map(([name, { status, reason }]) => [
      name,
      status,
      reason,
    ]);
    expect(results).toEqual([
      ['testChangesStayHere()', 'Success', null],
      ['testForksOfItsOwn()', 'Success', null],
      ['testReads()', 'Success', null],
      ['testRollsBack()', 'Success', null],
      ['testWithinABlock()', 'Success', null],
    ]);
    // What its tests changed is its own.
    expect(await wordAt(env.COUNTER)).toBe(12n);
  }, 60_000);

  test('test finds what is not there', async () => {
    const env = {
      URL: dev.url,
      COUNTER: written.transactions[1]?.contractAddress ?? '',
      ADDED_BY: written.transactions[2]?.hash ?? '',
      ADDED_IN: '3',
    };
    const asked = ['test', '--fork-url', dev.url, '--match-test', 'testReads'];
    await expect(project.forge(asked, env)).rejects.toThrow('[FAIL: count] testReads()');
  }, 60_000);

  test('script without --slow: nonces come in any order, all are in blocks', async () => {
    const { transactions, receipts, pending } = await broadcast();
    expect(pending).toEqual([]);
    expect(receipts.map(({ status }) => status)).toEqual(Array(5).fill('0x1'));
    const nonces = await Promise.all(
      transactions.map(({ hash }) => dev.ask('eth_getTransactionByHash', hash)),
    );
    expect(nonces.map((each) => Number((each as { nonce: string }).nonce)).sort()).toEqual([
      5, 6, 7, 8, 9,
    ]);
    expect(await dev.ask('eth_getBalance', BEEF, 'latest')).toBe('0x1bc16d674ec80000');
  }, 60_000);

  test('create: a contract with arguments', async () => {
    const options = [...account, '--json', '--constructor-args', '3'];
    const output = await project.forge(['create', 'src/Counter.sol:Counter', ...options]);
    const { deployer, deployedTo, transactionHash } = JSON.parse(output);
    expect(deployer.toLowerCase()).toBe(FIRST);
    expect(await dev.ask('eth_getTransactionReceipt', transactionHash)).toMatchObject({
      status: '0x1',
      contractAddress: deployedTo.toLowerCase(),
    });
    expect(await wordAt(deployedTo)).toBe(3n);
  }, 60_000);
});
