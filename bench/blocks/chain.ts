/** Scenarios on our chain: blocks built in memory, then imported into a database on the disk. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChainBlock } from '../../src/chain/block-tree.ts';
import { encodeBlock } from '../../src/chain/blocks/block.ts';
import { firstBlock, genesisHeader } from '../../src/chain/blocks/genesis.ts';
import { Chain } from '../../src/chain/chain.ts';
import type { ChainSpec } from '../../src/chain/chain-spec.ts';
import { createInFolder, createInMemory } from '../../src/chain/database/folder.ts';
import { importBlocks as importAll } from '../../src/chain/import-blocks.ts';
import { Machines } from '../../src/chain/machines.ts';
import { senderOf } from '../../src/chain/transactions/sender-of.ts';
import { MemoryState } from '../../src/state/memory.ts';
import {
  CHAIN_ID,
  GAS_LIMIT,
  GENESIS_TIME,
  type Scenario,
  type Sender,
  signed,
} from './scenario.ts';

export const SPEC: ChainSpec = { chainId: CHAIN_ID, forks: [{ fork: 'osaka' }] };
const MINER = `0x${'c0'.repeat(20)}` as const;
const ETHER = 10n ** 18n;
const SECONDS = 12n;

/** The chain's beginning. */
export interface Beginning {
  readonly genesis: ChainBlock;
  readonly state: MemoryState;
}

/** A block as peers are given it. */
export interface MadeBlock {
  readonly bytes: Uint8Array;
  readonly transactions: readonly Uint8Array[];
  readonly gasUsed: bigint;
  readonly timestamp: bigint;
}

export function beginningOf(scenario: Scenario, senders: readonly Sender[]): Beginning {
  const state = new MemoryState();
  for (const { address, ...account } of scenario.accounts) {
    state.setAccount(address, { ...account, storage: account.storage });
  }
  const balance = 1_000_000n * ETHER;
  for (const { address } of senders) {
    state.setAccount(address, { nonce: 0n, balance, code: new Uint8Array(0), storage: [] });
  }
  for (const address of SYSTEM_CONTRACTS) {
    state.setAccount(address, { nonce: 1n, balance: 0n, code: Uint8Array.of(0), storage: [] });
  }
  const header = genesisHeader(SPEC, {
    coinbase: MINER,
    stateRoot: state.root(),
    gasLimit: GAS_LIMIT,
    timestamp: GENESIS_TIME,
  });
  return { genesis: firstBlock(header), state };
}

/** EIP-7002 and EIP-7251; a block without them is not valid. */
export const SYSTEM_CONTRACTS = [
  '0x00000961ef480eb55e80d19ad83579a64c007002',
  '0x0000bbddc7ce488642fb579f8b00f3a590007251',
] as const;

/** Builds blocks until none of the offered transactions fits any more. */
export async function makeBlocks(
  scenario: Scenario,
  senders: readonly Sender[],
  { genesis, state }: Beginning,
  count: number,
): Promise<MadeBlock[]> {
  const tree = await createInMemory(genesis, state.asChanges());
  const chain = new Chain({ spec: SPEC, tree, machines: new Machines({ engine: 'auto' }) });
  const blocks: MadeBlock[] = [];
  for (const sender of senders) sender.nonce = 0n;
  for (let number = 1; number <= count; number++) {
    const offered = senders.map((sender, index) => signed(sender, scenario.call(number, index)));
    const timestamp = chain.head.header.timestamp + SECONDS;
    const request = { timestamp, coinbase: MINER, transactions: offered, gasLimit: GAS_LIMIT };
    const { block, receipts } = await chain.buildBlock(request);
    if (receipts.some(({ succeeded }) => !succeeded)) {
      throw new Error(`${scenario.name}: a transaction of block ${number} fails`);
    }
    const included = new Set(block.transactions);
    for (const [index, sender] of senders.entries()) {
      if (included.has(offered[index] as Uint8Array)) sender.nonce += 1n;
    }
    const bytes = encodeBlock(block);
    const { gasUsed } = block.header;
    if (gasUsed * 10n < GAS_LIMIT * 9n) throw new Error(`${scenario.name}: ${gasUsed} gas a block`);
    blocks.push({ bytes, transactions: block.transactions, gasUsed, timestamp });
    await chain.setHead((await chain.importBlock(bytes)).hash);
  }
  await tree.close();
  return blocks;
}

/** Milliseconds of each block: imported, chosen as head, all of it on the disk. */
export function importBlocks(
  beginning: Beginning,
  blocks: readonly MadeBlock[],
  machines: Machines,
): Promise<number[]> {
  return onDisk(beginning, machines, async (chain) => {
    const times: number[] = [];
    for (const { bytes } of blocks) {
      const start = performance.now();
      const { hash } = await chain.importBlock(bytes);
      await chain.setHead(hash);
      times.push(performance.now() - start);
    }
    return times;
  });
}

/**
 * Milliseconds of each block where we are who makes it, of transactions whose senders were
 * recovered when they came: built, on the disk, chosen as head. The same blocks come of it.
 */
export function produceBlocks(
  beginning: Beginning,
  blocks: readonly MadeBlock[],
  machines: Machines,
): Promise<number[]> {
  return onDisk(beginning, machines, async (chain) => {
    const times: number[] = [];
    for (const { bytes, transactions, timestamp } of blocks) {
      const senders = new Map(transactions.map((sent) => [sent, senderOf(sent)]));
      const sent = { transactions, senderOf: (one: Uint8Array) => senders.get(one) };
      const start = performance.now();
      const request = { timestamp, coinbase: MINER, gasLimit: GAS_LIMIT, ...sent };
      const produced = await chain.produceBlock(request);
      await chain.setHead(produced.block.hash);
      times.push(performance.now() - start);
      if (!Buffer.from(bytes).equals(produced.bytes)) throw new Error('another block was produced');
    }
    return times;
  });
}

/** Milliseconds a block where they come one after another, as from a file. */
export function importStream(
  beginning: Beginning,
  blocks: readonly MadeBlock[],
  machines: Machines,
): Promise<number> {
  return onDisk(beginning, machines, async (chain) => {
    const start = performance.now();
    const source = (async function* () {
      for (const { bytes } of blocks) yield bytes;
    })();
    await importAll(chain, source);
    return (performance.now() - start) / blocks.length;
  });
}

/** Works on a chain in a folder of its own, which goes with it. */
async function onDisk<Result>(
  { genesis, state }: Beginning,
  machines: Machines,
  work: (chain: Chain) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'ironfly-bench-'));
  const tree = await createInFolder(folder, genesis, state.asChanges());
  const result = await work(new Chain({ spec: SPEC, tree, machines }));
  await tree.close();
  await rm(folder, { recursive: true });
  return result;
}
