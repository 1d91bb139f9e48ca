import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FORKS, type ForkName, forkIndex } from '../evm/forks/names.ts';
import type { Address, Hash } from '../evm/types.ts';
import type { Touched } from '../state/flat/flat-state.ts';
import { MemoryState } from '../state/memory.ts';
import { TrieMemory } from '../state/trie-memory.ts';
import type { BlockTree, ChainBlock, KnownBlock } from './block-tree.ts';
import { type BlockAccessList, encodeAccessList } from './blocks/access-list.ts';
import { encodeBlock } from './blocks/block.ts';
import { InvalidBlock } from './blocks/fault.ts';
import { firstBlock, genesisHeader } from './blocks/genesis.ts';
import { type BlockHeader, headerHash } from './blocks/header.ts';
import { Chain } from './chain.ts';
import { createInMemory } from './database/folder.ts';
import { Machines } from './machines.ts';
import { BLANK_TRANSACTION } from './transactions/blank.ts';
import { encodeTransaction } from './transactions/encode.ts';
import { addressOfKey, signTransaction } from './transactions/signature.ts';

const KEY = new Uint8Array(32).fill(7);
const SENDER = addressOfKey(KEY);
const MINER: Address = `0x${'c0'.repeat(20)}`;
/** Adds 1 to slot 0: PUSH0-free, so that every fork runs it. */
const COUNTER: Address = `0x${'ab'.repeat(20)}`;
const COUNTER_CODE = Uint8Array.fromHex('600160005401600055');
const SYSTEM_CONTRACTS: readonly Address[] = [
  '0x00000961ef480eb55e80d19ad83579a64c007002',
  '0x0000bbddc7ce488642fb579f8b00f3a590007251',
];

const machines = new Machines({ engine: 'interpreter' });
const trieMemory = new TrieMemory();

async function openChain(fork: ForkName, watch?: (tree: BlockTree) => void): Promise<Chain> {
  const state = new MemoryState();
  const account = { nonce: 0n, balance: 10n ** 21n, code: new Uint8Array(0), storage: [] };
  state.setAccount(SENDER, account);
  state.setAccount(COUNTER, { ...account, balance: 0n, nonce: 1n, code: COUNTER_CODE });
  for (const address of SYSTEM_CONTRACTS) {
    state.setAccount(address, { ...account, nonce: 1n, code: Uint8Array.of(0) });
  }
  const spec = { chainId: 1n, forks: [{ fork }] };
  const genesis = genesisHeader(spec, {
    coinbase: MINER,
    stateRoot: state.root(),
    gasLimit: 10_000_000n,
    ...(forkIndex(fork) >= forkIndex('london') ? { baseFeePerGas: 7n } : {}),
  });
  const tree = await createInMemory(firstBlock(genesis), state.asChanges(), { trieMemory });
  watch?.(tree);
  return new Chain({ spec, tree, machines });
}

function call(nonce: bigint, to: Address, value = 0n): Uint8Array {
  const transaction = {
    ...BLANK_TRANSACTION,
    type: 0,
    nonce,
    maxFeePerGas: 100n,
    maxPriorityFeePerGas: 100n,
    gasLimit: 100_000n,
    to,
    value,
    v: 27n,
  } as const;
  return encodeTransaction(signTransaction(transaction, KEY));
}

const AMSTERDAM = { timestamp: 5n, coinbase: MINER, slotNumber: 99n } as const;

/** Builds upon a block and imports what was built. */
async function extend(
  chain: Chain,
  parent: KnownBlock,
  transactions: readonly Uint8Array[],
  seconds = 12n,
): Promise<ChainBlock> {
  const timestamp = parent.header.timestamp + seconds;
  const request = { timestamp, coinbase: MINER, transactions };
  const { block } = await chain.buildBlock(request, parent.hash);
  return chain.importBlock(encodeBlock(block));
}

const rootAt = (chain: Chain, { hash }: KnownBlock) =>
  chain.withTries(hash, ({ accountTrie }) => accountTrie.root());

async function countAt(chain: Chain, { hash }: KnownBlock): Promise<bigint> {
  const view = await chain.openView(hash);
  const count = await view.getStorage(COUNTER, 0n);
  view.close();
  return count;
}

describe('a chain', () => {
  it.each(FORKS)('imports what it builds: %s', async (fork) => {
    const chain = await openChain(fork);
    const first = await extend(chain, chain.head, [call(0n, COUNTER), call(1n, MINER, 5n)]);
    const second = await extend(chain, first, [call(2n, COUNTER)]);
    expect(second.receipts.map(({ succeeded }) => succeeded)).toEqual([true]);
    const state = await chain.openView(second.hash);
    expect(await state.getStorage(COUNTER, 0n)).toBe(2n);
    expect((await state.getAccount(SENDER))?.nonce).toBe(3n);
  });

  it.each(FORKS)('keeps what it built without executing it again: %s', async (fork) => {
    const chain = await openChain(fork);
    const build = (parent: KnownBlock, transactions: readonly Uint8Array[]) => {
      const timestamp = parent.header.timestamp + 12n;
      return chain.buildBlock({ timestamp, coinbase: MINER, transactions }, parent.hash);
    };
    const built = await build(chain.head, [call(0n, COUNTER), call(1n, MINER, 5n)]);
    const other = await build(chain.head, [call(0n, COUNTER)]);
    const first = await chain.importBlock(built.bytes, { built });
    expect(first.receipts).toEqual(built.receipts);
    expect(await countAt(chain, first)).toBe(1n);
    expect(await rootAt(chain, first)).toBe(first.header.stateRoot);
    const second = await extend(chain, first, [call(2n, COUNTER)]);
    expect(await countAt(chain, second)).toBe(2n);
    // Of another block it says nothing.
    const third = await chain.importBlock(other.bytes, { built });
    expect(await countAt(chain, third)).toBe(1n);
    expect(await rootAt(chain, third)).toBe(other.block.header.stateRoot);
  });

  it('keeps the state of every branch', async () => {
    const chain = await openChain('osaka');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { minLength: 1, maxLength: 12 }), async (parents) => {
        const blocks: KnownBlock[] = [chain.head];
        const counts = [0n];
        for (const [index, pick] of parents.entries()) {
          const at = pick % blocks.length;
          const parent = blocks[at] as KnownBlock;
          const nonce = counts[at] as bigint;
          blocks.push(await extend(chain, parent, [call(nonce, COUNTER)], BigInt(index + 1)));
          counts.push(nonce + 1n);
        }
        for (const [index, block] of blocks.entries()) {
          expect(await countAt(chain, block)).toBe(counts[index]);
          expect(await rootAt(chain, block)).toBe(block.header.stateRoot);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('imports branches in any order with an EVM that goes on from block to block', async () => {
    const source = await openChain('osaka');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(), fc.boolean()), { maxLength: 12 }),
        async (all) => {
          const chain = await openChain('osaka');
          const blocks: KnownBlock[] = [source.head];
          const counts = [0n];
          for (const [index, [pick, isRefused]] of all.entries()) {
            // Mostly upon the block before, as a chain grows.
            const at = pick % 3 === 0 ? pick % blocks.length : blocks.length - 1;
            const parent = blocks[at] as KnownBlock;
            const nonce = counts[at] as bigint;
            const made = await extend(source, parent, [call(nonce, COUNTER)], BigInt(index + 1));
            if (isRefused) {
              const header: BlockHeader = { ...made.header, stateRoot: made.hash };
              const bad = encodeBlock({ ...made, header });
              await expect(chain.importBlock(bad)).rejects.toThrow(InvalidBlock);
            }
            blocks.push(await chain.importBlock(encodeBlock(made)));
            counts.push(nonce + 1n);
            expect(await countAt(chain, made)).toBe(nonce + 1n);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('does one thing after another, however many are asked for at once', async () => {
    const chain = await openChain('osaka');
    const request = { timestamp: 5n, coinbase: MINER, transactions: [call(0n, COUNTER)] };
    const [first, again] = await Promise.all([
      chain.buildBlock(request),
      chain.buildBlock(request),
    ]);
    expect(again.block).toEqual(first.block);
    const next = await extend(chain, await chain.importBlock(encodeBlock(first.block)), []);
    const fresh = await openChain('osaka');
    const [one, two] = [first.block, next].map(encodeBlock) as [Uint8Array, Uint8Array];
    const outcomes = await Promise.allSettled([
      fresh.importBlock(two),
      fresh.importBlock(one),
      fresh.importBlock(one),
      fresh.importBlock(two),
      fresh.importBlock(Uint8Array.of(1)),
    ]);
    const statuses = outcomes.map(({ status }) => status);
    expect(statuses).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
    const importing = fresh.buildBlock(request);
    await Promise.resolve();
    expect(await countAt(fresh, fresh.head)).toBe(0n);
    await importing;
    expect(await rootAt(fresh, next)).toBe(next.header.stateRoot);
  });

  it.each(FORKS)('keeps what it produces as if it had been imported: %s', async (fork) => {
    const [producing, importing] = [await openChain(fork), await openChain(fork)];
    let parent: KnownBlock = producing.head;
    for (const [index, nonce] of [0n, 2n].entries()) {
      const transactions = [call(nonce, COUNTER), call(nonce, COUNTER), call(nonce + 1n, MINER)];
      const asked: Uint8Array[] = [];
      const senderOf = (transaction: Uint8Array) => {
        asked.push(transaction);
        return index === 0 ? SENDER : undefined;
      };
      const timestamp = parent.header.timestamp + 12n;
      const request = { timestamp, coinbase: MINER, transactions, senderOf };
      const produced = await producing.produceBlock(request, parent.hash);
      expect(asked).toEqual(transactions);
      expect(produced.refused.map(({ bytes }) => bytes)).toEqual([transactions[1]]);
      const imported = await importing.importBlock(produced.bytes);
      expect(imported.hash).toBe(produced.block.hash);
      expect(await producing.block(imported.hash)).toEqual(await importing.block(imported.hash));
      expect(await rootAt(producing, imported)).toBe(imported.header.stateRoot);
      expect(await countAt(producing, imported)).toBe(BigInt(index + 1));
      // The same again is the same block.
      const again = await producing.produceBlock(request, parent.hash);
      expect(again.block).toEqual(produced.block);
      parent = imported;
    }
    // Import of what was produced finds it there; neither moves the head.
    expect((await producing.importBlock(encodeBlock(parent as ChainBlock))).hash).toBe(parent.hash);
    expect(producing.head.header.number).toBe(0n);
  });

  it('produces no block that import would refuse', async () => {
    const chain = await openChain('osaka');
    const request = { timestamp: 5n, coinbase: MINER, transactions: [call(0n, COUNTER)] };
    const { gasLimit } = chain.head.header;
    for (const [wrong, code] of [
      [{ timestamp: chain.head.header.timestamp }, 'block/wrong timestamp'],
      [{ gasLimit: 2n * gasLimit }, 'block/wrong gas limit'],
      [{ extraData: `0x${'00'.repeat(33)}` }, 'block/extra data too long'],
    ] as const) {
      await expect(chain.produceBlock({ ...request, ...wrong })).rejects.toMatchObject({ code });
    }
    expect(await countAt(chain, chain.head)).toBe(0n);
    const { block } = await chain.produceBlock(request);
    expect(await rootAt(chain, block as unknown as KnownBlock)).toBe(block.header.stateRoot);
  });

  it('leaves out what a block cannot take, and says why', async () => {
    const chain = await openChain('prague');
    const transactions = [call(0n, COUNTER), call(0n, COUNTER), call(9n, COUNTER), call(1n, MINER)];
    const request = { timestamp: 1n, coinbase: MINER, transactions };
    const { block, refused } = await chain.buildBlock(request);
    expect(block.transactions).toHaveLength(2);
    const reasons = refused.map(({ error }) => error.details['reason']);
    expect(reasons).toEqual(['nonce too low', 'nonce too high']);
  });

  it('stops building where no gas is left', async () => {
    const chain = await openChain('prague');
    const transactions = Array.from({ length: 5 }, (_, nonce) => call(BigInt(nonce), MINER));
    const gasLimit = 9_990_235n;
    const request = { timestamp: 1n, coinbase: MINER, transactions, gasLimit };
    expect((await chain.buildBlock(request)).block.transactions).toHaveLength(5);
    const small = { ...request, gasLimit: 130_000n };
    const { block, refused } = await chain.buildBlock(small);
    expect(block.header.gasUsed).toBe(42_000n);
    expect(refused.map(({ error }) => error.details['reason'])).toEqual([
      'gas limit exceeds block',
      'gas limit exceeds block',
      'gas limit exceeds block',
    ]);
  });

  it('refuses a block with any part of its header changed, and keeps nothing of it', async () => {
    const chain = await openChain('osaka');
    const request = { timestamp: 5n, coinbase: MINER, transactions: [call(0n, COUNTER)] };
    const { block } = await chain.buildBlock(request);
    const wrong = `0x${'11'.repeat(32)}` as Hash;
    const changes: readonly Partial<BlockHeader>[] = [
      { parentHash: wrong },
      { unclesHash: wrong },
      { stateRoot: wrong },
      { transactionsRoot: wrong },
      { receiptsRoot: wrong },
      { logsBloom: `0x${'01'.repeat(256)}` },
      { difficulty: 1n },
      { number: 2n },
      { gasLimit: 20_000_000n },
      { gasUsed: 21_000n },
      { timestamp: 0n },
      { extraData: `0x${'00'.repeat(33)}` },
      { nonce: '0x0000000000000001' },
      { baseFeePerGas: 8n },
      { withdrawalsRoot: wrong },
      { blobGasUsed: 131_072n },
      { excessBlobGas: 131_072n },
      { requestsHash: wrong },
    ];
    const codes = new Set<string>();
    for (const change of changes) {
      const header = { ...block.header, ...change };
      const bytes = encodeBlock({ ...block, header });
      const error = await chain.importBlock(bytes).catch((thrown: unknown) => thrown);
      expect(error, JSON.stringify(Object.keys(change))).toBeInstanceOf(InvalidBlock);
      codes.add((error as InvalidBlock).code);
      expect(chain.known(headerHash(header))).toBeUndefined();
      expect(await rootAt(chain, chain.head)).toBe(chain.head.header.stateRoot);
    }
    expect(codes.size).toBe(changes.length);
    expect((await chain.importBlock(encodeBlock(block))).hash).toBe(block.hash);
  });

  it('Amsterdam: the access list of a block is the one that its header names', async () => {
    const chain = await openChain('amsterdam');
    const transactions = [call(0n, COUNTER), call(1n, MINER, 5n)];
    const { block } = await chain.buildBlock({ ...AMSTERDAM, transactions });
    expect(block.header.slotNumber).toBe(99n);
    const blockAccessListHash = `0x${'11'.repeat(32)}` as Hash;
    const wrong = encodeBlock({ ...block, header: { ...block.header, blockAccessListHash } });
    await expect(chain.importBlock(wrong)).rejects.toMatchObject({
      code: 'block/wrong access list hash',
    });
    const { accessList, receipts } = await chain.importBlock(encodeBlock(block));
    const counter = accessList?.find(({ address }) => address === COUNTER);
    expect(counter?.storageChanges).toEqual([[0n, [{ index: 1, value: 1n }]]]);
    const sender = accessList?.find(({ address }) => address === SENDER);
    expect(sender?.nonceChanges).toEqual([
      { index: 1, value: 1n },
      { index: 2, value: 2n },
    ]);
    // The transfer of the second left a log (EIP-7708).
    expect(receipts.map(({ logs }) => logs.length)).toEqual([0, 1]);
  });

  it('Amsterdam: the access list that comes beside a block is read ahead', async () => {
    const read: Touched[] = [];
    const chain = await openChain('amsterdam', (tree) => {
      tree.readAhead = (touched) => read.push(touched());
    });
    const transactions = [call(0n, COUNTER)];
    const { bytes, accessList } = await chain.buildBlock({ ...AMSTERDAM, transactions });
    const list = encodeAccessList(accessList as BlockAccessList);
    const other = encodeAccessList([]);
    read.length = 0;
    const refused = chain.importBlock(bytes, { accessList: other });
    await expect(refused).rejects.toMatchObject({ code: 'block/wrong access list hash' });
    expect(read).toEqual([]);
    await chain.importBlock(bytes, { accessList: list });
    const [touched] = read;
    const slots = [...(touched?.slots ?? [])];
    expect([...(touched?.accounts ?? [])]).toEqual(accessList?.map(({ address }) => address));
    expect(slots).toEqual([[COUNTER, 0n]]);
    const before = await openChain('osaka');
    const osaka = await before.buildBlock({ ...AMSTERDAM, transactions });
    const foreign = before.importBlock(osaka.bytes, { accessList: list });
    await expect(foreign).rejects.toMatchObject({ code: 'block/field of another fork' });
  });

  it('refuses bytes that are no block without executing anything', async () => {
    const chain = await openChain('osaka');
    const request = { timestamp: 5n, coinbase: MINER, transactions: [call(0n, COUNTER)] };
    const { block } = await chain.buildBlock(request);
    const bytes = encodeBlock(block);
    const place = fc.nat(bytes.length - 1);
    const flip = fc.integer({ min: 1, max: 255 });
    const property = fc.asyncProperty(place, flip, async (at, by) => {
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] as number) ^ by;
      const outcome = await chain.importBlock(damaged).catch((thrown: unknown) => thrown);
      if (outcome instanceof InvalidBlock) return;
      // Nothing tells one value of these from another; all the rest must be as it was.
      const free = ['mixHash', 'parentBeaconBlockRoot', 'extraData', 'timestamp', 'gasLimit'];
      const fixed = (header: BlockHeader) =>
        Object.fromEntries(Object.entries(header).filter(([name]) => !free.includes(name)));
      expect(fixed((outcome as ChainBlock).header)).toEqual(fixed(block.header));
    });
    await fc.assert(property, { numRuns: 300 });
    await expect(chain.importBlock(bytes.subarray(0, 100))).rejects.toThrow('RLP');
  });
});
