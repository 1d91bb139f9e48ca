/**
 * Real blocks of mainnet with the state that they touch, upon a parent that has that state alone:
 * so their own roots are not to be had, and the root that the block leads to is one that both sides
 * must find. Gas and receipts are held against the header.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBlockFromRLP } from '@ethereumjs/block';
import { Common, Mainnet } from '@ethereumjs/common';
import { createMPT } from '@ethereumjs/mpt';
import { MerkleStateManager } from '@ethereumjs/statemanager';
import { createVM, runBlock } from '@ethereumjs/vm';
import type { ChainBlock } from '../../src/chain/block-tree.ts';
import { decodeBlock, indexedRoot } from '../../src/chain/blocks/block.ts';
import { firstBlock } from '../../src/chain/blocks/genesis.ts';
import { headerHash } from '../../src/chain/blocks/header.ts';
import { encodeReceipt } from '../../src/chain/blocks/receipt.ts';
import { type BlockRules, ForkTimeline } from '../../src/chain/chain-spec.ts';
import { createInFolder } from '../../src/chain/database/folder.ts';
import { executeBlock } from '../../src/chain/executor/sequential.ts';
import { readBlockJson } from '../../src/chain/json/block-json.ts';
import type { Machines } from '../../src/chain/machines.ts';
import { MAINNET } from '../../src/chain/networks.ts';
import { recoverAhead } from '../../src/chain/transactions/senders.ts';
import type { Address, Hash } from '../../src/evm/types.ts';
import { MemoryState } from '../../src/state/memory.ts';
import { putState } from './ethereumjs.ts';

export interface MainnetBlock {
  readonly number: string;
  readonly bytes: Uint8Array;
  readonly gasUsed: bigint;
  readonly transactions: number;
  readonly state: MemoryState;
  readonly hashes: ReadonlyMap<bigint, Hash>;
}

const NO_HASH: Hash = `0x${'00'.repeat(32)}`;
/** Only which side of the merge a block is on matters. */
const MERGED_TOTAL_DIFFICULTY = 58_750_000_000_000_000_000_000n;
/** Those with less are a matter of microseconds. */
const GAS_MIN = 1_000_000n;

/** Blocks of the folder that the fixtures have. */
export function mainnetBlocks(folder: string): MainnetBlock[] {
  const names = readdirSync(folder).filter((name) => /^\d+$/.test(name));
  return names
    .map((name) => readOne(join(folder, name), name))
    .filter(({ gasUsed }) => gasUsed >= GAS_MIN);
}

/** Milliseconds of each round: read, executed, its root, receipts, and on the disk. */
export async function importMainnetBlock(
  { bytes, state, hashes }: MainnetBlock,
  machines: Machines,
  rounds: number,
): Promise<{ readonly times: number[]; readonly root: Hash }> {
  const times: number[] = [];
  let root = NO_HASH;
  for (let round = 0; round < rounds; round++) {
    const { header } = decodeBlock(bytes);
    const before = { ...header, number: header.number - 1n, stateRoot: state.root() };
    const parent = firstBlock(before);
    const folder = await mkdtemp(join(tmpdir(), 'ironfly-bench-'));
    const tree = await createInFolder(folder, parent, state.asChanges());
    const start = performance.now();
    const block = decodeBlock(bytes);
    const senders = recoverAhead(block.transactions);
    const blockRules = rulesOf(block);
    const evm = machines.for(blockRules.rules);
    const pending = await tree.begin(parent.hash, (number) => hashes.get(number) ?? NO_HASH);
    const setting = { spec: MAINNET, blockRules, evm, state: pending };
    const { receipts, gasUsed } = await executeBlock(setting, block, senders);
    root = pending.root();
    if (gasUsed !== header.gasUsed) throw new Error(`block ${header.number}: ${gasUsed} gas`);
    const receiptsRoot = indexedRoot(receipts.map(encodeReceipt));
    if (blockRules.is('byzantium') && receiptsRoot !== header.receiptsRoot) {
      throw new Error(`block ${header.number}: other receipts`);
    }
    const moved = { ...header, parentHash: parent.hash, stateRoot: root };
    const totalDifficulty = parent.totalDifficulty + header.difficulty;
    const kept: ChainBlock = {
      ...block,
      header: moved,
      hash: headerHash(moved),
      totalDifficulty,
      receipts,
    };
    pending.commit(kept, bytes);
    await tree.settled();
    times.push(performance.now() - start);
    await tree.close();
    await rm(folder, { recursive: true });
  }
  return { times, root };
}

/** The same in EthereumJS, its state in a trie in memory. */
export async function runMainnetInEthereumJs(
  { bytes, gasUsed, state, hashes }: MainnetBlock,
  rounds: number,
): Promise<{ readonly times: number[]; readonly root: Hash }> {
  const { header } = decodeBlock(bytes);
  const { number, timestamp } = header;
  const common = new Common({ chain: Mainnet });
  common.setHardforkBy({ blockNumber: number, timestamp });
  // Asked for by blob transactions; no block here calls the point evaluation.
  common.customCrypto.kzg = { verifyProof: () => false } as never;
  const times: number[] = [];
  let root = NO_HASH;
  for (let round = 0; round < rounds; round++) {
    const trie = await createMPT({ useKeyHashing: true });
    const stateManager = new MerkleStateManager({ common, trie });
    const blockchain = {
      getBlock: async (at: number) => ({
        hash: () => Uint8Array.fromHex((hashes.get(BigInt(at)) ?? NO_HASH).slice(2)),
      }),
      putBlock: async () => {},
      shallowCopy: () => blockchain,
    };
    const vm = await createVM({ common, stateManager, blockchain: blockchain as never });
    await putState(stateManager, state);
    const parentRoot = await stateManager.getStateRoot();
    const start = performance.now();
    const block = createBlockFromRLP(bytes, { common });
    const result = await runBlock(vm, {
      block,
      root: parentRoot,
      generate: true,
      skipHeaderValidation: true,
      skipBlockValidation: true,
    });
    times.push(performance.now() - start);
    if (result.gasUsed !== gasUsed) throw new Error(`EthereumJS used ${result.gasUsed} gas`);
    root = `0x${result.stateRoot.toHex()}`;
  }
  return { times, root };
}

export function rulesOf({ header }: Pick<ChainBlock, 'header'>): BlockRules {
  const { number, timestamp, difficulty } = header;
  const parentTotalDifficulty = difficulty === 0n ? MERGED_TOTAL_DIFFICULTY : 0n;
  return new ForkTimeline(MAINNET).at({ number, timestamp, parentTotalDifficulty });
}

interface PreState {
  readonly info: {
    readonly balance: string;
    readonly nonce: number;
    readonly code: { readonly LegacyRaw?: string } | null;
  };
  readonly storage: Readonly<Record<string, string>>;
}

function readOne(folder: string, number: string): MainnetBlock {
  const json = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const bytes = readBlockJson(readFileSync(join(folder, 'block.json'), 'utf8'));
  const { header, transactions } = decodeBlock(bytes);
  const state = new MemoryState();
  const accounts = Object.entries(json('pre_state.json') as Record<Address, PreState>);
  for (const [address, { info, storage }] of accounts) {
    state.setAccount(address as Address, {
      nonce: BigInt(info.nonce),
      balance: BigInt(info.balance),
      code: Uint8Array.fromHex((info.code?.LegacyRaw ?? '0x').slice(2)),
      storage: Object.entries(storage).map(([slot, word]) => [BigInt(slot), BigInt(word)]),
    });
  }
  const known: Record<string, Hash> = existsSync(join(folder, 'block_hashes.json'))
    ? json('block_hashes.json')
    : {};
  const hashes = new Map(Object.entries(known).map(([at, hash]) => [BigInt(at), hash]));
  const { gasUsed } = header;
  return { number, bytes, gasUsed, transactions: transactions.length, state, hashes };
}
