/**
 * A chain that is the same in every process: blocks of transactions that write and delete slots of
 * two contracts, with a sibling now and then, and all that can be in the state behind them.
 */
import type { BlockView, KnownBlock } from '../../src/chain/block-tree.ts';
import { encodeBlock } from '../../src/chain/blocks/block.ts';
import { firstBlock, genesisHeader } from '../../src/chain/blocks/genesis.ts';
import { Chain } from '../../src/chain/chain.ts';
import type { ChainSpec } from '../../src/chain/chain-spec.ts';
import { createInMemory } from '../../src/chain/database/folder.ts';
import type { Machines } from '../../src/chain/machines.ts';
import { BLANK_TRANSACTION } from '../../src/chain/transactions/blank.ts';
import { encodeTransaction } from '../../src/chain/transactions/encode.ts';
import { addressOfKey, signTransaction } from '../../src/chain/transactions/signature.ts';
import type { Address, Hash } from '../../src/evm/types.ts';
import { MemoryState } from '../../src/state/memory.ts';
import { randomFrom } from './random.ts';

export const SPEC: ChainSpec = { chainId: 1n, forks: [{ fork: 'paris' }] };

const KEY = new Uint8Array(32).fill(7);
const SENDER = addressOfKey(KEY);
const MINERS: readonly Address[] = [`0x${'c0'.repeat(20)}`, `0x${'c1'.repeat(20)}`];
const CONTRACTS: readonly Address[] = [`0x${'aa'.repeat(20)}`, `0x${'ab'.repeat(20)}`];
const SLOTS = 48;
/** Pairs of slot and value in the data of a call. */
const PAIRS = 4;
const TRANSACTIONS = 3;
/** One block in so many has a sibling. */
const SIBLING_EVERY = 4;

/** A block to import; `isHead`: it becomes the head. */
export interface PreparedBlock {
  readonly rlp: Uint8Array;
  readonly hash: Hash;
  readonly number: bigint;
  readonly isHead: boolean;
}

export interface PreparedChain {
  readonly genesis: ReturnType<typeof firstBlock>;
  readonly state: MemoryState;
  /** Parents first. */
  readonly blocks: readonly PreparedBlock[];
}

/** Prepares so many blocks of the main branch, and their siblings. */
export async function prepareChain(length: number, machines: Machines): Promise<PreparedChain> {
  const { genesis, state } = prepareGenesis();
  const tree = await createInMemory(genesis, state.asChanges());
  const chain = new Chain({ spec: SPEC, tree, machines });
  const blocks: PreparedBlock[] = [];
  const random = randomFrom(1);
  let nonce = 0n;
  const extend = async (parent: KnownBlock, isHead: boolean): Promise<void> => {
    const transactions = Array.from({ length: TRANSACTIONS }, (_, index) =>
      call(nonce + BigInt(index), random),
    );
    const timestamp = parent.header.timestamp + 12n;
    const coinbase = MINERS[isHead ? 0 : 1] as Address;
    const { block } = await chain.buildBlock({ timestamp, coinbase, transactions }, parent.hash);
    const rlp = encodeBlock(block);
    await chain.importBlock(rlp);
    if (isHead) await chain.setHead(block.hash);
    blocks.push({ rlp, hash: block.hash, number: block.header.number, isHead });
  };
  for (let made = 0; made < length; made++) {
    const parent = chain.head;
    if (made % SIBLING_EVERY === SIBLING_EVERY - 1) await extend(parent, false);
    await extend(parent, true);
    nonce += BigInt(TRANSACTIONS);
  }
  await tree.close();
  return { genesis, state, blocks };
}

export function prepareGenesis(): Pick<PreparedChain, 'genesis' | 'state'> {
  const state = new MemoryState();
  const rich = { nonce: 0n, balance: 10n ** 21n, code: new Uint8Array(0), storage: [] };
  state.setAccount(SENDER, rich);
  for (const address of CONTRACTS) {
    state.setAccount(address, { nonce: 1n, balance: 0n, code: contractCode(), storage: [] });
  }
  const given = { coinbase: MINERS[0] as Address, gasLimit: 10_000_000n, baseFeePerGas: 7n };
  const header = genesisHeader(SPEC, { ...given, stateRoot: state.root() });
  return { genesis: firstBlock(header), state };
}

/** The root of all that a view shows: it is that of its block, if the view shows all of it. */
export async function rootOf(view: BlockView): Promise<Hash> {
  const state = new MemoryState();
  for (const address of [SENDER, ...MINERS, ...CONTRACTS]) {
    const account = await view.getAccount(address);
    if (account === undefined) continue;
    const storage: [bigint, bigint][] = [];
    for (let slot = 0n; slot < SLOTS; slot += 1n) {
      storage.push([slot, await view.getStorage(address, slot)]);
    }
    const code = await view.getCode(account.codeHash);
    state.setAccount(address, { ...account, code: code.slice(), storage });
  }
  return state.root();
}

/** For each pair of the call's data: slot := value; and a log of the first slot. */
function contractCode(): Uint8Array {
  const stores = Array.from({ length: PAIRS }, (_, index) => [
    ...[0x60, 64 * index + 32, 0x35],
    ...[0x60, 64 * index, 0x35, 0x55],
  ]).flat();
  const log = [0x60, 0x00, 0x35, 0x60, 0x00, 0x52, 0x60, 0x20, 0x60, 0x00, 0xa0];
  return Uint8Array.from([...stores, ...log]);
}

function call(nonce: bigint, random: (below: number) => number): Uint8Array {
  const data = new Uint8Array(64 * PAIRS);
  for (let pair = 0; pair < PAIRS; pair++) {
    data[64 * pair + 31] = random(SLOTS);
    // A third of the slots is deleted.
    if (random(3) > 0) data[64 * pair + 32 + random(32)] = 1 + random(255);
  }
  const transaction = {
    ...BLANK_TRANSACTION,
    type: 0,
    nonce,
    maxFeePerGas: 100n,
    maxPriorityFeePerGas: 100n,
    gasLimit: 300_000n,
    to: CONTRACTS[random(CONTRACTS.length)],
    data,
    v: 27n,
  } as const;
  return encodeTransaction(signTransaction(transaction, KEY));
}

/** What opening with small limits takes: every few blocks a checkpoint, and blocks that leave. */
export const LIMITS = {
  window: 5,
  checkpointWrites: 40,
  segmentBytes: 6_000,
} as const;
