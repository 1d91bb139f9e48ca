/** States that go between databases and a real Anvil on loopback, both ways. */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { fromHex } from '../../base/bytes.ts';
import { anvilState } from '../../chain/anvil-files/write-state.ts';
import { openFolder } from '../../chain/database/folder.ts';
import { openChain } from '../../chain/open-chain.ts';
import { BLANK_TRANSACTION } from '../../chain/transactions/blank.ts';
import { encodeTransaction, transactionHash } from '../../chain/transactions/encode.ts';
import { addressOfKey, signTransaction } from '../../chain/transactions/signature.ts';
import type { SignedTransaction } from '../../chain/transactions/types.ts';
import type { Address, Hash, Hex } from '../../evm/types.ts';
import { type Ask, findBinary, launchAnvil } from '../bench/anvil.ts';
import * as init from './init.ts';
import * as snapshot from './snapshot.ts';

vi.setConfig({ testTimeout: 120_000 });
const folder = mkdtempSync(join(tmpdir(), 'ironfly-anvil-files-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = (name: string) => join(folder, name);

async function db(...words: string[]): Promise<string> {
  const command = new Command('db').exitOverride();
  init.register(command);
  snapshot.register(command);
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    await command.parseAsync(words, { from: 'user' });
    return written.mock.calls.join('');
  } finally {
    written.mockRestore();
  }
}

const SENDER = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';
const RECEIVER = `0x${'00'.repeat(19)}aa` as const;
/** Writes two slots, logs, and leaves ten bytes of code. */
const CREATION = '0x60056000556007600155600160005261123460206000a160ff600052600a601ff3';
const OTHER_FORMS = [
  { type: '0x0', to: RECEIVER, gasPrice: '0x77359400' },
  { type: '0x1', to: RECEIVER, gasPrice: '0x77359400', accessList: [{ address: RECEIVER, storageKeys: [`0x${'00'.repeat(32)}`] }] },
  { type: '0x2', to: RECEIVER, maxFeePerGas: '0x77359400', maxPriorityFeePerGas: '0x1' },
]; // biome-ignore format: one a line

async function withAnvil<Result>(
  options: readonly string[],
  work: (ask: Ask) => Promise<Result>,
): Promise<Result> {
  const anvil = await launchAnvil(options);
  if (anvil === undefined) throw new Error('there is no Anvil');
  try {
    return await work(anvil.ask);
  } finally {
    anvil.stop();
  }
}

/** Mines a block with all forms of transactions, and an empty one; the created contract. */
async function mine(ask: Ask): Promise<Address> {
  const from = SENDER;
  const created = (await ask('eth_sendTransaction', [
    { from, data: CREATION, gas: '0x100000' },
  ])) as Hash;
  for (const form of OTHER_FORMS) {
    await ask('eth_sendTransaction', [{ from, value: '0x5', gas: '0x100000', ...form }]);
  }
  await ask('evm_mine', []);
  const receipt = (await ask('eth_getTransactionReceipt', [created])) as {
    contractAddress: Address;
  };
  return receipt.contractAddress;
}

/** What both must say of the state and the head. */
async function figuresOf(ask: Ask, contract: Address): Promise<unknown> {
  const head = (await ask('eth_getBlockByNumber', ['latest', false])) as Record<string, unknown>;
  const { hash, stateRoot, number, transactions } = head;
  const whole = (await ask('eth_getBlockByNumber', ['latest', true])) as Record<string, unknown>;
  // Anvil's own blocks lack the list of withdrawals whose root is in their header.
  delete whole['size'];
  delete whole['withdrawals'];
  const receipts: unknown[] = [];
  // One question at a time.
  for (const each of transactions as Hash[]) {
    receipts.push(await ask('eth_getTransactionReceipt', [each]));
  }
  return {
    ...{ hash, stateRoot, number, transactions },
    balance: await ask('eth_getBalance', [RECEIVER, 'latest']),
    nonce: await ask('eth_getTransactionCount', [SENDER, 'latest']),
    code: await ask('eth_getCode', [contract, 'latest']),
    slot: await ask('eth_getStorageAt', [contract, '0x1', 'latest']),
    whole,
    receipts,
  };
}

describe.skipIf(findBinary() === undefined)('states of Anvil', () => {
  it('come to its own block, and go back into another Anvil', async () => {
    const dump = path('dump.json');
    const made = await withAnvil(['--dump-state', dump, '--state-interval', '1'], async (ask) => {
      const contract = await mine(ask);
      const figures = await figuresOf(ask, contract);
      writeFileSync(path('dump.hex'), (await ask('anvil_dumpState', [])) as string);
      await vi.waitUntil(() => existsSync(dump) && readFileSync(dump, 'utf8').includes(contract), {
        ...{ timeout: 20_000, interval: 100 },
      });
      return { contract, figures: figures as { hash: Hash; number: Hex; transactions: Hash[] } };
    });
    const { hash, transactions } = made.figures;
    expect(transactions.length).toBe(4);
    for (const file of ['dump.json', 'dump.hex']) {
      const data = path(`data of ${file}`);
      const said = await db('init', data, '--anvil', path(file));
      expect(said).toContain(`the head is block 1, ${hash}\n`);
      const chain = await openChain(data);
      expect(chain.spec.chainId).toBe(31_337n);
      const view = await chain.openView(hash);
      expect(view.getStorage(made.contract, 1n)).toBe(7n);
      expect((await view.getAccount(RECEIVER))?.balance).toBe(15n);
      expect(view.getBlockHash(0n)).toBe((await chain.blockAt(0n))?.hash);
      view.close();
      await chain.close();
    }
    // It has the blocks that a snapshot must have.
    await db('snapshot', path('data of dump.json'), path('of anvil'));
    const restored = await db('restore', path('of anvil'), path('restored'), '--block', hash);
    expect(restored).toContain(`block 1 (${hash})`);
    const back = path('back.json');
    await db('snapshot', path('data of dump.json'), back, '--anvil');
    await withAnvil(['--load-state', back], async (ask) => {
      expect(await figuresOf(ask, made.contract)).toEqual(made.figures);
      await ask('eth_sendTransaction', [{ from: SENDER, to: RECEIVER, value: '0x1' }]);
      await ask('evm_mine', []);
      expect(await ask('eth_getBalance', [RECEIVER, 'latest'])).toBe('0x10');
      const next = (await ask('eth_getBlockByNumber', ['latest', false])) as { parentHash: Hash };
      expect(next.parentHash).toBe(hash);
    });
  });

  it('of a block before Byzantium has its receipts’ roots', async () => {
    const key = new Uint8Array(32).fill(1);
    const genesis = path('old.json');
    const alloc = { [addressOfKey(key)]: { balance: `${10n ** 18n}` } };
    const old = { config: { chainId: 1 }, gasLimit: 5_000_000, difficulty: 131_072 };
    writeFileSync(genesis, JSON.stringify({ ...old, alloc }));
    const data = path('old');
    await db('init', data, '--genesis', genesis);
    const chain = await openChain(data);
    const sent: SignedTransaction = {
      ...{ ...BLANK_TRANSACTION, type: 0, chainId: 0n },
      ...{ maxFeePerGas: 1n, gasLimit: 30_000n, to: RECEIVER },
    };
    const transaction = signTransaction(sent, key);
    const { block, receipts } = await chain.produceBlock({
      ...{ timestamp: 60n, coinbase: RECEIVER },
      transactions: [encodeTransaction(transaction)],
    });
    expect(receipts[0]?.stateRoot).toMatch(/^0x/);
    await chain.setHead(block.hash);
    await chain.close();
    const file = path('old.anvil');
    await db('snapshot', data, file, '--anvil');
    const again = await db('init', path('old again'), '--anvil', file, '--network', 'Frontier');
    expect(again).toContain(`the head is block 1, ${block.hash}\n`);
    await withAnvil(['--load-state', file, '--hardfork', 'frontier'], async (ask) => {
      const hash = transactionHash(transaction);
      const receipt = await ask('eth_getTransactionReceipt', [hash]);
      expect(receipt).toMatchObject({ blockHash: block.hash, gasUsed: '0x5208' });
    });
  });

  it('that were set by hand have a block of their own', async () => {
    const dump = path('set.hex');
    await withAnvil([], async (ask) => {
      await ask('anvil_setBalance', [RECEIVER, '0x99']);
      writeFileSync(dump, (await ask('anvil_dumpState', [])) as string);
    });
    const data = path('set');
    const said = await db('init', data, '--anvil', dump, '--network', 'Prague', '--chain-id', '5');
    expect(said).toContain('made anew: the file has no block');
    const database = await openFolder(data);
    expect(database.spec).toEqual({ chainId: 5n, forks: [{ fork: 'prague' }] });
    expect(database.state.getAccount(RECEIVER)?.balance).toBe(0x99n);
    await database.close();
  });

  it('are one object however small the parts are', async () => {
    const genesis = path('genesis.json');
    const storage = Object.fromEntries(
      Array.from({ length: 40 }, (_, slot) => [`0x${(slot + 1).toString(16)}`, '0x7']),
    );
    const alloc = Object.fromEntries(
      [1, 2, 3, 4].map((index) => [
        `0x${`${index}0`.repeat(20)}`,
        {
          balance: `${2n ** 70n}`,
          nonce: index,
          code: index % 2 ? '0x6001' : '0x',
          storage: index > 1 ? storage : {},
        },
      ]),
    );
    const zero = ['homesteadBlock', 'eip150Block', 'eip155Block', 'eip158Block', 'byzantiumBlock'];
    const config = { chainId: 1, ...Object.fromEntries(zero.map((name) => [name, 0])) };
    writeFileSync(genesis, JSON.stringify({ config, alloc, gasLimit: 5_000, difficulty: 1 }));
    const data = path('parts');
    await db('init', data, '--genesis', genesis);
    const database = await openFolder(data);
    const texts = async (partBytes: number) => {
      const { texts } = await anvilState(database, database.head.hash, { partBytes });
      return (await Array.fromAsync(texts)).join('');
    };
    const whole = await texts(1_000_000);
    expect(await texts(300)).toBe(whole);
    const { accounts } = JSON.parse(whole);
    expect(Object.keys(accounts).length).toBe(4);
    expect(Object.keys(accounts[`0x${'20'.repeat(20)}`].storage).length).toBe(40);
    await database.close();
    // And an Anvil takes what a chain from before the merge has.
    const file = path('parts.anvil');
    await db('snapshot', data, file, '--anvil');
    await withAnvil(['--load-state', file, '--hardfork', 'byzantium'], async (ask) => {
      const address = `0x${'30'.repeat(20)}`;
      expect(await ask('eth_getCode', [address, 'latest'])).toBe('0x6001');
      expect(fromHex((await ask('eth_getStorageAt', [address, '0x9', 'latest'])) as Hex)[31]).toBe(
        7,
      );
    });
  });
});
