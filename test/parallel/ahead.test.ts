/**
 * Random blocks imported in a stream by threads, so that each is begun while the root of the one
 * before it is computed, against the same blocks one after another on one thread; with one among
 * them that is not valid, the same one twice, and other work in between.
 *
 * IRONFLY_PARALLEL_SECONDS says how long, instead of some seconds.
 */
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { BlockAhead } from '../../src/chain/block-ahead.ts';
import type { ChainBlock } from '../../src/chain/block-tree.ts';
import { bodyRoots, decodeBlock, encodeBlock } from '../../src/chain/blocks/block.ts';
import { InvalidBlock } from '../../src/chain/blocks/fault.ts';
import { headerHash } from '../../src/chain/blocks/header.ts';
import { encodeReceipt } from '../../src/chain/blocks/receipt.ts';
import { Chain } from '../../src/chain/chain.ts';
import { createInMemory } from '../../src/chain/database/folder.ts';
import type { Hash } from '../../src/evm/types.ts';
import { TrieMemory } from '../../src/state/trie-memory.ts';
import {
  COINBASE,
  noncesIn,
  type RandomChain,
  randomChain,
  requestOf,
  sentBy,
  type World,
  worldOf,
} from './block-world.ts';
import { WatchedMachines } from './watched-machines.ts';

const SECONDS = Number(process.env['IRONFLY_PARALLEL_SECONDS'] ?? 15);
const NO_ROOT: Hash = `0x${'77'.repeat(32)}`;

const trieMemory = new TrieMemory();
const alone = new WatchedMachines({ engine: 'interpreter', workers: 1 });
const together = [2, 4].map(
  (workers) => new WatchedMachines({ engine: 'auto', hotThreshold: 2, workers, spreadFrom: 1 }),
);

async function openChain({ spec, genesis, state }: World, machines: WatchedMachines) {
  const tree = await createInMemory(genesis, state.asChanges(), { trieMemory });
  return new Chain({ spec, tree, machines });
}

async function makeBlocks(given: RandomChain, world: World): Promise<Uint8Array[]> {
  const chain = await openChain(world, alone);
  const made: Uint8Array[] = [];
  for (const block of given.blocks) {
    const view = await chain.openView(chain.head.hash);
    const request = requestOf(block, given.fork, chain.head, await noncesIn(view));
    view.close();
    const { block: produced, bytes } = await chain.produceBlock(request);
    await chain.setHead(produced.hash);
    made.push(bytes);
  }
  await chain.close();
  return made;
}

/** What makes a block invalid, and when that is found. */
type Fault = 'state root' | 'gas used' | 'a transaction less' | 'gas limit';

function spoilt(bytes: Uint8Array, fault: Fault): Uint8Array {
  const { header, ...body } = decodeBlock(bytes);
  if (fault === 'a transaction less') {
    const less = { ...body, transactions: body.transactions.slice(1) };
    return encodeBlock({ ...less, header: { ...header, ...bodyRoots(less) } });
  }
  const changed = {
    'state root': { stateRoot: NO_ROOT },
    'gas used': { gasUsed: header.gasUsed ^ 1n },
    'gas limit': { gasLimit: header.gasLimit * 2n },
  } as const;
  return encodeBlock({ ...body, header: { ...header, ...changed[fault] } });
}

/** Those behind a block that was spoilt stand upon it. */
function rechained(blocks: readonly Uint8Array[]): Uint8Array[] {
  let parentHash: Hash | undefined;
  return blocks.map((bytes) => {
    const block = decodeBlock(bytes);
    const header = { ...block.header, parentHash: parentHash ?? block.header.parentHash };
    parentHash = headerHash(header);
    return encodeBlock({ ...block, header });
  });
}

function textOf({ hash, receipts }: ChainBlock): string[] {
  return [
    hash,
    ...receipts.map((receipt) => `${receipt.gasUsed} ${toHex(encodeReceipt(receipt))}`),
  ];
}

async function outcomeOf(importing: Promise<ChainBlock>): Promise<unknown> {
  try {
    return textOf(await importing);
  } catch (error) {
    if (!(error instanceof InvalidBlock)) throw error;
    return { code: error.code, message: error.message };
  }
}

const PLAN = fc.record({
  fault: fc.option(
    fc.record({
      at: fc.nat(5),
      kind: fc.constantFrom<Fault>('state root', 'gas used', 'a transaction less', 'gas limit'),
    }),
    { nil: undefined },
  ),
  /** The block that is given twice. */
  twice: fc.option(fc.nat(5), { nil: undefined }),
  /** What else is asked for behind a block. */
  between: fc.option(fc.record({ at: fc.nat(5), what: fc.constantFrom('tries', 'view') }), {
    nil: undefined,
  }),
  seed: fc.nat(1_000),
});

afterEach(() => vi.restoreAllMocks());

test('a stream of blocks comes to what they come to one by one', {
  timeout: SECONDS * 4_000,
}, async () => {
  let [begun, sealed] = [0, 0];
  const begin = BlockAhead.begin.bind(BlockAhead);
  vi.spyOn(BlockAhead, 'begin').mockImplementation(async (waiting, setting, state, seal) => {
    let isSealed = false;
    const ahead = await begin(waiting, setting, state, () => {
      isSealed = true;
      seal();
    });
    begun += ahead === undefined ? 0 : 1;
    sealed += ahead !== undefined && isSealed ? 1 : 0;
    return ahead;
  });
  let imported = 0;
  const way = fc.tuple(
    randomChain({ minLength: 2, maxLength: 6 }),
    PLAN,
    fc.constantFrom(...together),
  );
  await fc.assert(
    fc.asyncProperty(way, async ([given, { fault, twice, between, seed }, machines]) => {
      machines.seed = seed;
      const world = worldOf(given);
      const valid = await makeBlocks(given, world);
      const one = fault && valid[fault.at];
      const offered = one
        ? rechained(valid.with(fault.at, spoilt(one, fault.kind)))
        : valid.slice();
      const again = twice === undefined ? undefined : offered[twice];
      if (again !== undefined) offered.splice((twice as number) + 1, 0, again);

      const expected: unknown[] = [];
      const single = await openChain(world, alone);
      for (const bytes of offered) expected.push(await outcomeOf(single.importBlock(bytes)));

      const chain = await openChain(world, machines);
      const others: Promise<unknown>[] = [];
      const found = offered.map((bytes, index) => {
        const outcome = outcomeOf(chain.importBlock(bytes));
        if (between?.at === index) {
          const { hash } = chain.head;
          others.push(
            between.what === 'tries'
              ? chain.withTries(hash, ({ accountTrie }) => accountTrie.root())
              : chain.openView(hash).then((view) => view.close()),
          );
        }
        return outcome;
      });
      expect(await Promise.all(found)).toEqual(expected);
      await Promise.all(others);
      // Whatever was refused has left nothing behind.
      const rest = valid.map((bytes) => chain.importBlock(bytes));
      for (const [index, block] of (await Promise.all(rest)).entries()) {
        expect(block.hash).toBe(decodeBlock(valid[index] as Uint8Array).hash);
      }
      imported += offered.length;
      await chain.close();
      await single.close();
    }),
    { numRuns: 100_000, interruptAfterTimeLimit: SECONDS * 1_000 },
  );
  console.log(`${begun} of ${imported} blocks were begun ahead`);
  expect(begun).toBeGreaterThan(imported / 8);
  // The root was computed while the next block was executed, not behind it.
  expect(sealed).toBe(begun);
});

test('a block under other rules is not begun upon the machine of those before it', async () => {
  const { spec, genesis, state } = worldOf({ fork: 'shanghai', gasLimit: 30_000_000n });
  const timestamp = genesis.header.timestamp + 24n;
  const forks = [...spec.forks, { fork: 'cancun', timestamp } as const];
  const world = { spec: { ...spec, forks }, genesis, state };
  /** Init code that ends without a fault from Cancun on: TLOAD. */
  const data = Uint8Array.fromHex('5f5c5000');
  const chain = await openChain(world, alone);
  const blocks: Uint8Array[] = [];
  for (let number = 1; number <= 4; number++) {
    const transactions = Array.from({ length: 9 }, (_, sender) =>
      sentBy(sender, { to: undefined, data, gasLimit: 90_000n, nonce: BigInt(number - 1) }),
    );
    const { header } = chain.head;
    const request = { timestamp: header.timestamp + 12n, coinbase: COINBASE, transactions };
    const { block, bytes, receipts } = await chain.produceBlock(request);
    expect(receipts.map(({ succeeded }) => succeeded)).toEqual(Array(9).fill(number >= 2));
    await chain.setHead(block.hash);
    blocks.push(bytes);
  }
  const streamed = await openChain(world, together[0] as WatchedMachines);
  const imported = await Promise.all(blocks.map((bytes) => streamed.importBlock(bytes)));
  expect(imported.at(-1)?.hash).toBe(chain.head.hash);
  await streamed.close();
  await chain.close();
});
