/**
 * Random blocks on several threads through a chain, against the same chain on one: the same block
 * is built, with the same receipts and the same transactions refused; it is imported, and one that
 * is not valid is refused for the same reason; the same state is read back.
 *
 * IRONFLY_PARALLEL_SECONDS says how long, instead of some seconds. A failure prints fork, engine,
 * workers and seed; threads are threads, so it may take a few rounds to come again.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { keccak256 } from '../../src/base/keccak.ts';
import type { BuiltBlock } from '../../src/chain/block-builder.ts';
import type { BlockView } from '../../src/chain/block-tree.ts';
import { encodeAccessList } from '../../src/chain/blocks/access-list.ts';
import { bodyRoots, decodeBlock, encodeBlock } from '../../src/chain/blocks/block.ts';
import { InvalidBlock } from '../../src/chain/blocks/fault.ts';
import { firstBlock } from '../../src/chain/blocks/genesis.ts';
import { encodeReceipt, type Receipt } from '../../src/chain/blocks/receipt.ts';
import { Chain } from '../../src/chain/chain.ts';
import { createInMemory } from '../../src/chain/database/folder.ts';
import { addressOfKey, signAuthorization } from '../../src/chain/transactions/signature.ts';
import type { Address, Engine } from '../../src/evm/types.ts';
import { TrieMemory } from '../../src/state/trie-memory.ts';
import {
  COINBASE,
  noncesIn,
  type RandomBlock,
  randomChain,
  requestOf,
  sentBy,
  WATCHED,
  WATCHED_SLOTS,
  WORLD_FORKS,
  type World,
  type WorldFork,
  worldOf,
} from './block-world.ts';
import { WatchedMachines } from './watched-machines.ts';

const SECONDS = Number(process.env['IRONFLY_PARALLEL_SECONDS'] ?? 20);
const WORKERS = [2, 4, 8] as const;
const ENGINES: readonly Engine[] = ['interpreter', 'compiler', 'auto'];
/** What is called twice is compiled, and linked in all threads before the next block. */
const HOT_THRESHOLD = 2;

const machines = new Map<string, WatchedMachines>();
function machinesOf(engine: Engine, workers: number): WatchedMachines {
  const key = `${engine} ${workers}`;
  const options = { engine, hotThreshold: HOT_THRESHOLD, workers, spreadFrom: 1 };
  const known = machines.get(key) ?? new WatchedMachines(options);
  machines.set(key, known);
  return known;
}

/** Threads of crews that were started: one that ends is replaced, and nobody sees it in a block. */
let threads = 0;
process.on('worker', ({ threadName }) => {
  if (threadName === 'ironfly worker') threads += 1;
});

const trieMemory = new TrieMemory();
async function openChain(world: World, engine: Engine, workers: number): Promise<Chain> {
  const { spec, genesis, state } = world;
  const tree = await createInMemory(genesis, state.asChanges(), { trieMemory });
  return new Chain({ spec, tree, machines: machinesOf(engine, workers) });
}

test('blocks are the same, whoever executes them', { timeout: SECONDS * 4_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      randomChain({ minLength: 1, maxLength: 3 }),
      fc.constantFrom(...ENGINES),
      fc.constantFrom(...WORKERS),
      fc.nat(1_000),
      async (given, engine, workers, seed) => {
        const world = worldOf(given);
        const alone = await openChain(world, 'interpreter', 1);
        const together = await openChain(world, engine, workers);
        machinesOf(engine, workers).seed = seed;
        for (const block of given.blocks) await compareBlock({ alone, together, block, ...given });
        await alone.close();
        await together.close();
      },
    ),
    { numRuns: 100_000, interruptAfterTimeLimit: SECONDS * 1_000 },
  );
  const reports = [...machines.values()].flatMap((each) => each.reports);
  const done = reports.filter((report) => report !== undefined);
  const kept = done.reduce((sum, { statistics }) => sum + statistics.kept, 0);
  const again = done.reduce((sum, { statistics }) => sum + statistics.again, 0);
  console.log(`${done.length} of ${reports.length} jobs; ${kept} kept, ${again} again`);
  expect(done.length).toBeGreaterThan(reports.length * 0.6);
  expect(kept).toBeGreaterThan(done.length);
  expect(again).toBeGreaterThan(done.length / 10);
  expect(threads).toBeLessThanOrEqual(WORKERS.reduce((sum, workers) => sum + workers - 1, 0));
});

/** What comes of an offer alone and together: that it is the same is looked at. */
async function offerBoth(fork: WorldFork, gasLimit: bigint, transactions: Uint8Array[]) {
  const world = worldOf({ fork, gasLimit });
  const request = { timestamp: world.genesis.header.timestamp + 12n, coinbase: COINBASE };
  const built: BuiltBlock[] = [];
  for (const workers of [1, 4]) {
    const chain = await openChain(world, 'interpreter', workers);
    built.push(await chain.buildBlock({ ...request, transactions }));
    await chain.close();
  }
  const [alone, together] = built as [BuiltBlock, BuiltBlock];
  expect(asText(together)).toEqual(asText(alone));
  return alone;
}

test.each(WORLD_FORKS)('blocks of %s are executed on threads', async (fork) => {
  const { reports } = machinesOf('interpreter', 4);
  reports.length = 0;
  // Init code that looks at an account and a slot, and sets another.
  const data = Uint8Array.fromHex(`73${'5a'.repeat(20)}31506001545060016000555f5ff3`);
  const creations = Array.from({ length: 8 }, (_, index) =>
    sentBy(index, { to: undefined, data, gasLimit: 1_000_000n }),
  );
  const { receipts, accessList } = await offerBoth(fork, 30_000_000n, creations);
  expect(receipts.map(({ succeeded }) => succeeded)).toEqual(Array(8).fill(true));
  expect(reports.filter((report) => report !== undefined).length).toBe(1);
  expect(accessList?.length ?? 0).toBeGreaterThan(fork === 'amsterdam' ? 16 : -1);
});

test('a code is listed that another account has, whose code nobody asked for', async () => {
  const { spec, state, ...world } = worldOf({ fork: 'amsterdam', gasLimit: 30_000_000n });
  const delegation = Uint8Array.fromHex(`ef0100${'02'.repeat(20)}`);
  state.setAccount(COINBASE, { nonce: 1n, balance: 1n, code: delegation, storage: [] });
  const genesis = firstBlock({ ...world.genesis.header, stateRoot: state.root() });
  const delegate: Address = `0x${'02'.repeat(20)}`;
  const blank = { chainId: spec.chainId, nonce: 0n, yParity: 0n, r: 0n, s: 0n };
  const keys = Array.from({ length: 8 }, (_, index) => new Uint8Array(32).fill(index + 9));
  const transactions = keys.map((key, index) => {
    const authorization = signAuthorization({ ...blank, address: delegate }, key);
    const given = { type: 4, gasLimit: 300_000n, maxPriorityFeePerGas: 1n } as const;
    return sentBy(index, { ...given, authorizationList: [authorization] });
  });
  const request = { timestamp: genesis.header.timestamp + 12n, coinbase: COINBASE, transactions };
  for (const workers of [1, 4]) {
    const chain = await openChain({ spec, state, genesis }, 'interpreter', workers);
    const { accessList } = await chain.buildBlock(request);
    for (const [index, key] of keys.entries()) {
      const authority = accessList?.find(({ address }) => address === addressOfKey(key));
      expect(authority?.codeChanges).toEqual([{ index: index + 1, value: delegation }]);
    }
    await chain.close();
  }
});

test('an access list says who waits for whom', async () => {
  const world = worldOf({ fork: 'amsterdam', gasLimit: 30_000_000n });
  // One slot for all, and one for each.
  const [all, each] = ['01', '02'].map((digits): Address => `0x${digits.repeat(20)}`);
  const transactions = [all, each, all, all, each].map((to, index) =>
    sentBy(index, { to, gasLimit: 300_000n }),
  );
  const timestamp = world.genesis.header.timestamp + 12n;
  const builder = await openChain(world, 'interpreter', 1);
  const request = { timestamp, coinbase: COINBASE, transactions };
  const { bytes, accessList } = await builder.buildBlock(request);
  await builder.close();
  const chain = await openChain(world, 'interpreter', 4);
  await chain.importBlock(bytes, { accessList: encodeAccessList(accessList ?? []) });
  const { job } = machinesOf('interpreter', 4);
  const after = transactions.map((_, index) => job?.after?.(index));
  expect(after).toEqual([undefined, undefined, 0, 2, undefined]);
  await chain.close();
});

test('a list that says what cannot be sends nobody waiting for ever', async () => {
  const world = worldOf({ fork: 'amsterdam', gasLimit: 30_000_000n });
  const to: Address = `0x${'01'.repeat(20)}`;
  const transactions = Array.from({ length: 8 }, (_, index) =>
    sentBy(index, { to, gasLimit: 300_000n }),
  );
  const timestamp = world.genesis.header.timestamp + 12n;
  const builder = await openChain(world, 'interpreter', 1);
  const { bytes } = await builder.buildBlock({ timestamp, coinbase: COINBASE, transactions });
  await builder.close();
  const { header, ...body } = decodeBlock(bytes);
  const chain = await openChain(world, 'interpreter', 4);
  const after = (...indices: number[]) => indices.map((index) => ({ index, value: 1n }));
  // Each waits for another, the last for itself; some are no transactions.
  const slots = [after(1, 2), after(2, 1), after(8, 8), after(0, 7, 9, 2 ** 40, 3)];
  const none = { storageReads: [], balanceChanges: [], nonceChanges: [], codeChanges: [] };
  const storageChanges = slots.map((changes, slot) => [BigInt(slot), changes] as const);
  const accessList = encodeAccessList([{ ...none, address: to, storageChanges }]);
  const blockAccessListHash = toHex(keccak256(accessList));
  const invalid = encodeBlock({ ...body, header: { ...header, blockAccessListHash } });
  await expect(chain.importBlock(invalid, { accessList })).rejects.toMatchObject({
    code: 'block/wrong access list hash',
  });
  expect(machinesOf('interpreter', 4).reports.at(-1)).toBeDefined();
  expect((await chain.importBlock(bytes)).transactions).toHaveLength(8);
  await chain.close();
});

test('nobody looks at what comes behind a full block', async () => {
  const transfers = Array.from({ length: 8 }, (_, index) => sentBy(index, { gasLimit: 21_000n }));
  const { receipts, refused } = await offerBoth('osaka', 3n * 21_000n + 20_999n, transfers);
  expect([receipts.length, refused.length]).toEqual([3, 0]);
  const room = await offerBoth('osaka', 3n * 21_000n + 21_000n, [
    ...transfers.slice(0, 3),
    sentBy(3, { gasLimit: 21_001n }),
    ...transfers.slice(4),
  ]);
  expect([room.receipts.length, room.refused.length]).toEqual([4, 1]);
});

test('a transfer fits where a block has no gas for the growth of its state', async () => {
  // EIP-8037, at this limit: 150 gas a byte of a code, and of the 112 of an account.
  const gasLimit = 8n * 150n * (24_576n + 112n) + 20_000n;
  const data = Uint8Array.fromHex('6160005ff3');
  const creations = Array.from({ length: 8 }, (_, index) =>
    sentBy(index, { to: undefined, data, gasLimit: 3_745_000n }),
  );
  const transfers = [8, 9].map((sender) => sentBy(sender, { gasLimit: 21_000n }));
  const { receipts, block } = await offerBoth('amsterdam', gasLimit, [...creations, ...transfers]);
  expect(block.header.gasUsed).toBe(gasLimit - 20_000n);
  expect(receipts.map(({ succeeded }) => succeeded)).toEqual(Array(10).fill(true));
  // More is paid than the limit.
  expect(receipts.reduce((sum, { gasUsed }) => sum + gasUsed, 0n)).toBeGreaterThan(gasLimit);
});

test('what a block has no room for is left out, and what fits behind it is not', async () => {
  const data = new Uint8Array(3_500_000);
  const [small, large] = [{ gasLimit: 21_000n }, { gasLimit: 15_000_000n, data }];
  const offered = [small, large, small, large, large, small].map((given, index) =>
    sentBy(index, given),
  );
  const { receipts, refused } = await offerBoth('cancun', 100_000_000n, offered);
  expect(receipts.length).toBe(5);
  expect(refused.map(({ error }) => error.code)).toEqual(['block/too large']);
});

test('what is no transaction is left out', async () => {
  const transfers = Array.from({ length: 6 }, (_, index) => sentBy(index, { gasLimit: 21_000n }));
  const broken = Uint8Array.of(2, 0xc0);
  const { receipts, refused } = await offerBoth('osaka', 30_000_000n, transfers.with(3, broken));
  expect([receipts.length, refused.length]).toEqual([5, 1]);
});

interface Both {
  readonly alone: Chain;
  readonly together: Chain;
  readonly fork: WorldFork;
  readonly block: RandomBlock;
}

/** The next block on both chains, which have the same head. */
async function compareBlock({ alone, together, fork, block }: Both): Promise<void> {
  const before = await alone.openView(alone.head.hash);
  const request = requestOf(block, fork, alone.head, await noncesIn(before));
  before.close();
  const expected = await alone.produceBlock(request);
  const { hash } = expected.block;
  if (block.way === 'produce') {
    const produced = await together.produceBlock(request);
    expect(asText(produced)).toEqual(asText(expected));
  } else {
    if (block.way === 'build') {
      expect(asText(await together.buildBlock(request))).toEqual(asText(expected));
    }
    await compareInvalid({ alone, together }, expected.bytes, block.without);
    const { receipts } = await together.importBlock(expected.bytes);
    expect(receipts.map(receiptText)).toEqual(expected.receipts.map(receiptText));
  }
  await alone.setHead(hash);
  await together.setHead(hash);
  const created = expected.receipts.flatMap(({ contractAddress }) => contractAddress ?? []);
  const addresses = [...WATCHED, ...created];
  const [left, right] = [await alone.openView(hash), await together.openView(hash)];
  expect(await readBack(right, addresses)).toEqual(await readBack(left, addresses));
  left.close();
  right.close();
}

/** Without one of its transactions a block is refused, for the same reason. */
async function compareInvalid(
  { alone, together }: Pick<Both, 'alone' | 'together'>,
  bytes: Uint8Array,
  without: number | undefined,
): Promise<void> {
  const { header, ...whole } = decodeBlock(bytes);
  if (without === undefined || without >= whole.transactions.length) return;
  const body = { ...whole, transactions: whole.transactions.toSpliced(without, 1) };
  const changed = { ...header, ...bodyRoots(body) };
  const invalid = encodeBlock({ ...body, header: changed });
  expect(await refusalOf(together, invalid)).toEqual(await refusalOf(alone, invalid));
}

async function refusalOf(chain: Chain, bytes: Uint8Array): Promise<unknown> {
  try {
    return (await chain.importBlock(bytes)).hash;
  } catch (error) {
    if (!(error instanceof InvalidBlock)) throw error;
    return { code: error.code, message: error.message, details: error.details };
  }
}

function asText({ bytes, receipts, refused }: BuiltBlock): unknown {
  return {
    refused: refused.map(({ bytes: transaction, error: { code, message, details } }) => {
      return { transaction: toHex(transaction), code, message, details };
    }),
    receipts: receipts.map(receiptText),
    bytes: toHex(bytes),
  };
}

function receiptText(receipt: Receipt): string {
  const { type, gasUsed, contractAddress } = receipt;
  return `${type} ${gasUsed} ${contractAddress} ${toHex(encodeReceipt(receipt))}`;
}

async function readBack(view: BlockView, addresses: readonly string[]): Promise<string[]> {
  const lines: string[] = [];
  for (const address of addresses as readonly `0x${string}`[]) {
    const account = await view.getAccount(address);
    if (account === undefined) continue;
    const { nonce, balance, codeHash } = account;
    const code = toHex(await view.getCode(codeHash));
    lines.push(`${address} ${nonce} ${balance} ${code} ${await view.hasStorage(address)}`);
    for (const slot of WATCHED_SLOTS) {
      const value = await view.getStorage(address, slot);
      if (value !== 0n) lines.push(`  ${slot}: ${value}`);
    }
  }
  return lines;
}
