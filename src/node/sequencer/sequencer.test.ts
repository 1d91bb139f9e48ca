/** Blocks made by a sequencer: what is told of each transaction holds, also after an abrupt end. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeBlock } from '../../chain/blocks/block.ts';
import type { Chain } from '../../chain/chain.ts';
import { createChain, genesisOf } from '../../chain/open-chain.ts';
import { MILLISECONDS_CODE, millisecondsOf, type Sequencing } from '../../chain/sequencing.ts';
import { BLANK_TRANSACTION } from '../../chain/transactions/blank.ts';
import { encodeTransaction } from '../../chain/transactions/encode.ts';
import { addressOfKey, signTransaction } from '../../chain/transactions/signature.ts';
import type { Address, Hash } from '../../evm/types.ts';
import { FolderFiles, type LogFile, type LogFiles } from '../../state/log/files.ts';
import { MemoryFiles } from '../../state/log/memory-files.ts';
import { MemoryState } from '../../state/memory.ts';
import { Ledger } from '../ledger/ledger.ts';
import { MemoryTransactionIndex, transactionHash } from '../ledger/transaction-index.ts';
import { MemoryPool } from '../pool/memory-pool.ts';
import { OrderLog } from './order-log.ts';
import type { Preconfirmation } from './preconfirmation.ts';
import { Sequencer, type SequencerOptions } from './sequencer.ts';

const KEYS = Array.from({ length: 6 }, (_, i) => new Uint8Array(32).fill(i + 1));
const SENDERS = KEYS.map(addressOfKey);
const CLOCK: Address = `0x${'c1'.repeat(20)}`;
const COINBASE: Address = `0x${'c0'.repeat(20)}`;
/** Counts in slot 0. */
const COUNTER: Address = `0x${'ab'.repeat(20)}`;
const LANE: Address = `0x${'a1'.repeat(20)}`;
const GAS_LIMIT = 30_000_000n;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function openChain(sequencing: Sequencing, gasLimit = GAS_LIMIT): Promise<Chain> {
  const state = new MemoryState();
  const account = { nonce: 0n, balance: 10n ** 20n, code: new Uint8Array(0), storage: [] };
  for (const sender of SENDERS) state.setAccount(sender, account);
  state.setAccount(CLOCK, { ...account, code: MILLISECONDS_CODE });
  state.setAccount(COUNTER, { ...account, code: Uint8Array.fromHex('600160005401600055') });
  const spec = { chainId: 1n, forks: [{ fork: 'cancun' as const }], sequencing };
  const header = { timestamp: 1_000n, baseFeePerGas: 7n, gasLimit };
  const chain = await createChain(genesisOf({ spec, state, header }), { workers: 1 });
  closing.push(() => chain.close());
  return chain;
}

interface Opened {
  readonly chain: Chain;
  readonly pool: MemoryPool;
  readonly sequencer: Sequencer;
  readonly told: Preconfirmation[];
  /** Resolves when so many were told of that kind. */
  readonly until: (kind: Preconfirmation['kind'], count: number) => Promise<void>;
}

const MILLISECONDS = { milliseconds: CLOCK };

async function open(
  options: Partial<SequencerOptions> = {},
  {
    sequencing = MILLISECONDS,
    files = new MemoryFiles(),
    chain: given,
    gasLimit,
  }: { sequencing?: Sequencing; files?: LogFiles; chain?: Chain; gasLimit?: bigint } = {},
): Promise<Opened> {
  const chain = given ?? (await openChain(sequencing, gasLimit));
  const ledger = new Ledger({ chain, index: new MemoryTransactionIndex() });
  const pool = new MemoryPool({ ledger });
  const orderLog = await OrderLog.open(files);
  const common = { ledger, pool, orderLog, coinbase: COINBASE, blockMs: 40 };
  const sequencer = new Sequencer({ ...common, ...options });
  const told: Preconfirmation[] = [];
  const waiting: (() => void)[] = [];
  sequencer.preconfirmations.listen((each) => {
    told.push(each);
    for (const look of waiting) look();
  });
  const until = (kind: Preconfirmation['kind'], count: number) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (told.filter((each) => each.kind === kind).length >= count) resolve();
      };
      waiting.push(look);
      look();
    });
  closing.push(() => sequencer.stop());
  return { chain, pool, sequencer, told, until };
}

function sent(from: number, nonce: number, fields: { to?: Address; tip?: bigint } = {}) {
  const { to = COUNTER, tip = 0n } = fields;
  const transaction = {
    ...BLANK_TRANSACTION,
    type: 2,
    chainId: 1n,
    nonce: BigInt(nonce),
    gasLimit: 100_000n,
    maxFeePerGas: 10n ** 10n,
    maxPriorityFeePerGas: tip,
    to,
  } as const;
  return encodeTransaction(signTransaction(transaction, KEYS[from] as Uint8Array));
}

const of = (told: readonly Preconfirmation[], kind: Preconfirmation['kind']) =>
  told.filter((each) => each.kind === kind);

/** What was told as executed stands there. */
async function expectKept(chain: Chain, told: readonly Preconfirmation[]): Promise<void> {
  for (const each of told) {
    if (each.kind !== 'executed' && each.kind !== 'included') continue;
    const block = await chain.blockAt(each.number);
    const bytes = block?.transactions[each.position] ?? new Uint8Array(1);
    expect(transactionHash(bytes)).toBe(each.hash);
    if (each.kind === 'included') expect(block?.hash).toBe(each.blockHash);
    else expect(block?.receipts[each.position]?.gasUsed).toBe(each.gasUsed);
  }
}

/** Files whose syncs are done by somebody. */
function withSync(files: LogFiles, sync: (sync: () => Promise<void>) => Promise<void>): LogFiles {
  const watched = (file: LogFile): LogFile =>
    new Proxy(file, {
      get: (target, key) => {
        if (key === 'sync') return () => sync(() => target.sync());
        const value: unknown = Reflect.get(target, key);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  return {
    list: () => files.list(),
    remove: (name) => files.remove(name),
    open: async (name) => watched(await files.open(name)),
    create: async (name) => watched(await files.create(name)),
  };
}

describe('a sequencer', () => {
  it('tells of each transaction, and keeps its word', async () => {
    const { chain, pool, sequencer, told, until } = await open();
    await sequencer.start();
    for (let nonce = 0; nonce < 5; nonce++) {
      await Promise.all(KEYS.map((_, from) => pool.add(sent(from, nonce))));
      await until('executed', (nonce + 1) * 6);
    }
    await until('included', 30);
    expect(of(told, 'accepted').length).toBe(30);
    expect(of(told, 'refused')).toEqual([]);
    await expectKept(chain, told);
    const view = await chain.openView(chain.head.hash);
    expect(await view.getStorage(COUNTER, 0n)).toBe(30n);
    view.close();
    // Another node comes to the same.
    const other = await openChain(MILLISECONDS);
    for (let number = 1n; number <= chain.head.header.number; number++) {
      const block = await chain.blockAt(number);
      if (block === undefined) throw new Error(`no block ${number}`);
      await other.setHead((await other.importBlock(encodeBlock(block))).hash);
    }
    expect(other.head.hash).toBe(chain.head.hash);
  });

  it('is done with a transaction long before its block is', async () => {
    const { sequencer, pool, told, until } = await open({ blockMs: 1_500 });
    await sequencer.start();
    const start = performance.now();
    await pool.add(sent(0, 0));
    await until('executed', 1);
    expect(performance.now() - start).toBeLessThan(1_000);
    expect(of(told, 'included')).toEqual([]);
    await sequencer.stop();
    expect(of(told, 'included').length).toBe(1);
  });

  it('makes again, to the byte, what an abrupt end has left', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ironfly-order-'));
    closing.push(() => rm(folder, { recursive: true }));
    const live = join(folder, 'live');
    const first = await open({ blockMs: 60_000 }, { files: new FolderFiles(live) });
    await first.sequencer.start();
    for (const [from] of KEYS.entries()) await first.pool.add(sent(from, 0));
    await first.until('executed', 6);
    const copy = join(folder, 'copy');
    await cp(live, copy, { recursive: true });
    const promised = [...first.told];
    await first.sequencer.stop();
    const second = await open({}, { files: new FolderFiles(copy) });
    await second.sequencer.start();
    expect(second.chain.head.hash).toBe(first.chain.head.hash);
    expect(of(second.told, 'included').length).toBe(6);
    await expectKept(second.chain, promised);
    // It goes on from there.
    await second.pool.add(sent(0, 1));
    await second.until('included', 7);
    // A block that came into the chain is not made twice.
    await second.sequencer.stop();
    const third = await open({}, { files: new FolderFiles(copy), chain: second.chain });
    const before = second.chain.head.hash;
    await third.sequencer.start();
    expect(second.chain.head.hash).toBe(before);
  });

  it('keeps its word when it is cut off while it makes a block again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ironfly-order-'));
    closing.push(() => rm(folder, { recursive: true }));
    const live = join(folder, 'live');
    const first = await open({ blockMs: 60_000 }, { files: new FolderFiles(live) });
    await first.sequencer.start();
    for (const [from] of KEYS.entries()) await first.pool.add(sent(from, 0));
    await first.until('executed', 6);
    const promised = [...first.told];
    const copies = [join(folder, 'copy')];
    const [copy = ''] = copies;
    await cp(live, copy, { recursive: true });
    // What a crash would leave after each time that something went to the disk.
    const files = withSync(new FolderFiles(copy), async (sync) => {
      await sync();
      const next = join(folder, `copy ${copies.length}`);
      await cp(copy, next, { recursive: true });
      copies.push(next);
    });
    const second = await open({}, { files });
    await second.sequencer.start();
    await second.sequencer.stop();
    for (const each of copies) {
      const again = await open({}, { files: new FolderFiles(each) });
      await again.sequencer.start();
      expect(of(again.told, 'included').length).toBe(6);
      await expectKept(again.chain, promised);
      await again.sequencer.stop();
    }
  });

  it('promises nothing that it could not write down, and ends', async () => {
    let fails = false;
    const faulty = withSync(new MemoryFiles(), (sync) =>
      fails ? Promise.reject(new Error('the disk is full')) : sync(),
    );
    const { sequencer, pool, told, until } = await open({ blockMs: 30 }, { files: faulty });
    await sequencer.start();
    await pool.add(sent(0, 0));
    await until('included', 1);
    fails = true;
    await pool.add(sent(0, 1));
    while (sequencer.failure === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(String(sequencer.failure)).toContain('the disk is full');
    expect(of(told, 'executed').length).toBe(1);
    expect(of(told, 'included').length).toBe(1);
  });

  it('ends a block that is full, and puts the rest into the next', async () => {
    const { chain, sequencer, pool, told, until } = await open({}, { gasLimit: 200_000n });
    await sequencer.start();
    await Promise.all(KEYS.map((_, from) => pool.add(sent(from, 0))));
    await until('included', 6);
    expect(of(told, 'refused')).toEqual([]);
    expect(chain.head.header.number).toBeGreaterThan(1n);
    await expectKept(chain, told);
  });

  it('ends a block that is ordered by fees as soon as enough have come', async () => {
    const options = { rule: 'priority fee', blockMs: 60_000, transactionsMax: 3 } as const;
    const { chain, pool, sequencer, told, until } = await open(options);
    await sequencer.start();
    for (const [from] of KEYS.entries()) await pool.add(sent(from, 0));
    await until('included', 6);
    expect(chain.head.header.number).toBe(2n);
    await expectKept(chain, told);
  });

  it('orders by what pays most, when all are there', async () => {
    const { chain, sequencer, pool, until } = await open({ rule: 'priority fee', blockMs: 150 });
    for (const [from] of KEYS.entries()) {
      await pool.add(sent(from, 0, { tip: BigInt(from % 3) * 1_000n }));
      await pool.add(sent(from, 1, { tip: 5_000n }));
    }
    await sequencer.start();
    await until('included', 12);
    const block = await chain.blockAt(1n);
    const firsts = block?.transactions.slice(0, 4).map((bytes) => transactionHash(bytes));
    const [two, five] = [2, 5].map((from) =>
      [0, 1].map((nonce) =>
        transactionHash(
          sent(from, nonce, { tip: nonce === 0 ? BigInt(from % 3) * 1_000n : 5_000n }),
        ),
      ),
    ) as [Hash[], Hash[]];
    expect(new Set(firsts)).toEqual(new Set([...two, ...five]));
  });

  it('puts lanes first, and has a sender’s earlier transaction wait for none', async () => {
    const lanes = { ...MILLISECONDS, lanes: [[LANE]] };
    const { chain, sequencer, pool, told, until } = await open(
      { blockMs: 150 },
      { sequencing: lanes },
    );
    await pool.add(sent(0, 0));
    await pool.add(sent(0, 1, { to: LANE }));
    await pool.add(sent(1, 0));
    await pool.add(sent(2, 0, { to: LANE }));
    await sequencer.start();
    await until('included', 4);
    expect(of(told, 'refused')).toEqual([]);
    const first = await chain.blockAt(1n);
    expect(first?.transactions.map(transactionHash)).toEqual(
      [sent(2, 0, { to: LANE }), sent(0, 0), sent(1, 0)].map(transactionHash),
    );
    const second = await chain.blockAt(2n);
    expect(second?.transactions.length).toBe(1);
  });

  it('makes empty blocks where it is asked to, with milliseconds that rise', async () => {
    const { chain, sequencer } = await open({ emptyBlocks: true, blockMs: 10 });
    await sequencer.start();
    while (chain.head.header.number < 5n) await new Promise((resolve) => setTimeout(resolve, 5));
    await sequencer.stop();
    let before = 0n;
    for (let number = 1n; number <= 5n; number++) {
      const block = await chain.blockAt(number);
      if (block === undefined) throw new Error(`no block ${number}`);
      expect(millisecondsOf(block.header)).toBeGreaterThan(before);
      before = millisecondsOf(block.header);
    }
  });

  it('is not begun with blocks that its chain does not allow', async () => {
    await expect(open({}, { sequencing: {} })).rejects.toThrow('allows equal seconds');
    await expect(open({ blockMs: 0 })).rejects.toThrow('give a positive number');
  });
});
