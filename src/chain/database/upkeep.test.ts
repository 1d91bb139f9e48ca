/** What goes on beside blocks: checkpoints, pruning, opening; held up and failing in between. */
import { expect, test } from 'vitest';
import type { Hash } from '../../evm/types.ts';
import { FaultyFiles } from '../../state/log/faulty-files.ts';
import type { ChainBlock } from '../block-tree.ts';
import { encodeBlock } from '../blocks/block.ts';
import type { DatabaseLimits } from './folder.ts';
import { changesOf, GrownChain, NO_HASH } from './grown-chain.ts';

const ADDRESS = `0x${'00'.repeat(19)}01` as const;

/** What is held up until it is let go. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}

async function grow(chain: GrownChain, from: ChainBlock, count: number): Promise<ChainBlock[]> {
  const blocks = [from];
  for (let made = 0; made < count; made++) {
    blocks.push(await chain.extend(blocks.at(-1) as ChainBlock));
  }
  return blocks;
}

test('an append that fails while a checkpoint is packed ends the database alone', async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  const chain = new GrownChain();
  await chain.create({ checkpointWrites: 20_000, segmentBytes: 1_000_000_000 });
  await chain.database.settled();
  chain.files.failsAfter = 0;
  await chain.extend(chain.genesis, { accounts: 20_000 });
  await expect(chain.database.settled()).rejects.toThrow('ENOSPC');
  await chain.database.close();
  await turns(3);
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

test('a branch to which the state is on its way stays in the tree', async () => {
  const chain = new GrownChain();
  await chain.create({ window: 2, checkpointWrites: 1_000_000 });
  const blocks = await grow(chain, chain.genesis, 3);
  const side = await chain.extend(blocks[1] as ChainBlock, { isHead: false });
  // Records of blocks before the last 16 are not at hand: the way there reads the log.
  const longer = await grow(chain, blocks[3] as ChainBlock, 20);
  await chain.database.settled();
  const held = gate();
  chain.files.beforeRead = () => {
    chain.files.beforeRead = async () => {};
    return held.opened;
  };
  const beginning = chain.database.begin(side.hash, NO_HASH);
  await chain.database.checkpoint();
  held.open();
  (await beginning).drop();
  expect(chain.database.hasState(side.hash)).toBe(true);
  const head = await chain.extend(longer.at(-1) as ChainBlock);
  await chain.database.settled();
  expect(chain.database.head.hash).toBe(head.hash);
  await chain.database.close();
});

test('a block that leaves the window while it is read is an old block', async () => {
  const chain = new GrownChain();
  await chain.create({ window: 2, checkpointWrites: 1_000_000 });
  const first = await chain.extend(chain.genesis);
  const side = await chain.extend(first, { isHead: false });
  const blocks = await grow(chain, first, 10);
  const head = await chain.extend(blocks[10] as ChainBlock);
  await chain.database.settled();
  const pruning = chain.database.checkpoint();
  await turns(1);
  const held = gate();
  chain.files.beforeSync = () => held.opened;
  await chain.extend(head);
  // Both wait for the disk, and when it is done their records are gone.
  const reading = Promise.all(
    [blocks[2], side].map((block) => chain.database.block(block?.hash as Hash)),
  );
  await pruning;
  chain.files.beforeSync = async () => {};
  held.open();
  const [old, left] = await reading;
  expect(old?.hash).toBe(blocks[2]?.hash);
  expect(left).toBeUndefined();
  expect(chain.database.hasState(side.hash)).toBe(false);
  await chain.database.close();
});

test('a chain that is opened for a block at a time comes to its checkpoints', async () => {
  const chain = new GrownChain();
  const limits = { window: 2, checkpointBytes: 2000 };
  await chain.create(limits);
  await chain.database.close();
  let at = chain.genesis;
  for (let count = 0; count < 40; count++) {
    await chain.open(limits);
    expect(chain.database.recovery.blocks).toBeLessThan(12);
    at = await chain.extend(at);
    await chain.database.close();
  }
  await chain.open(limits);
  expect(chain.database.oldest.header.number).toBeGreaterThan(25n);
  expect(chain.database.head.hash).toBe(at.hash);
  await chain.database.close();
});

test('blocks wait for a checkpoint that is far behind them', async () => {
  const chain = new GrownChain();
  await chain.create({ checkpointWrites: 10 });
  const held = gate();
  chain.store.beforeWrite = () => held.opened;
  let made = 0;
  const growing = (async () => {
    let at = chain.genesis;
    for (; made < 100; made++) at = await chain.extend(at);
    return at;
  })();
  await turns(300);
  // The checkpoint of ten blocks is being written: twenty more are made.
  expect(made).toBe(30);
  chain.store.beforeWrite = async () => {};
  held.open();
  const head = await growing;
  await chain.database.close();
  await chain.open();
  expect(chain.database.head.hash).toBe(head.hash);
  await chain.database.close();
});

test('a store that was lost is not taken for a database that was never finished', async () => {
  const chain = new GrownChain();
  await chain.create();
  await grow(chain, chain.genesis, 3);
  await chain.database.close();
  const lost = new GrownChain(chain.files);
  await expect(lost.open()).rejects.toMatchObject({ code: 'database/damaged' });
  await expect(lost.open()).rejects.toThrow('keep the log');
  await expect(lost.open()).rejects.not.toThrow('remove');
  const unfinished = new GrownChain(new FaultyFiles(), chain.content);
  await expect(unfinished.open()).rejects.toMatchObject({ code: 'database/incomplete' });
});

test('a view that would keep too much is refused while it is opened', async () => {
  const chain = new GrownChain();
  await chain.create({ viewEntries: 5 });
  const first = await chain.extend(chain.genesis, { accounts: 3 });
  const second = await chain.extend(first, { accounts: 3 });
  await chain.extend(second, { accounts: 6 });
  await expect(chain.database.openView(second.hash, NO_HASH)).rejects.toThrow('would keep');
  await chain.database.triesAt(second.hash);
  // The same accounts count once.
  const view = await chain.database.openView(first.hash, NO_HASH);
  expect(view.getAccount(ADDRESS)?.balance).toBe(1n);
  await chain.extend(second, { accounts: 5 });
  expect(view.getAccount(ADDRESS)?.balance).toBe(1n);
  await chain.extend(second, { accounts: 6 });
  expect(() => view.getAccount(ADDRESS)).toThrow('held for too long');
  await chain.database.close();
});

test('slots that a view would keep count, too', async () => {
  const chain = new GrownChain();
  await chain.create({ viewEntries: 5 });
  const few = await chain.extend(chain.genesis, { slots: 4 });
  const same = await chain.extend(few, { slots: 4 });
  const many = await chain.extend(same, { slots: 5 });
  await chain.database.triesAt(same.hash);
  const view = await chain.database.openView(few.hash, NO_HASH);
  expect(view.getStorage(ADDRESS, 3n)).toBe(1n);
  await expect(chain.database.openView(many.hash, NO_HASH)).rejects.toThrow('would keep');
  await chain.database.close();
});

test('a block that cannot be committed can be dropped', async () => {
  const chain = new GrownChain();
  await chain.create();
  const pending = await chain.database.begin(chain.genesis.hash, NO_HASH);
  pending.apply(changesOf(1n));
  const block = chain.blockUpon(chain.genesis, pending.root());
  const spoilt = { ...block, totalDifficulty: -1n };
  expect(() => pending.commit(spoilt, encodeBlock(block))).toThrow('negative');
  pending.drop();
  expect(chain.database.state.root()).toBe(chain.genesis.header.stateRoot);
  const head = await chain.extend(chain.genesis);
  expect(chain.database.head.hash).toBe(head.hash);
  await chain.database.close();
});

test('closing again is the same closing', async () => {
  const chain = new GrownChain();
  let closed = 0;
  const onClose = async () => {
    closed += 1;
  };
  await chain.create({ onClose });
  await Promise.all([chain.database.close(), chain.database.close()]);
  await chain.database.close();
  expect(closed).toBe(1);
});

test('the states that were to be kept stay until something else is chosen', async () => {
  const chain = new GrownChain();
  await chain.create({ archive: true });
  let at = (await grow(chain, chain.genesis, 10)).at(-1) as ChainBlock;
  const reopened = async (limits: DatabaseLimits) => {
    await chain.database.close();
    await chain.open(limits);
    at = await chain.extend(at);
    await chain.database.checkpoint();
    return chain.database.head.header.number - chain.database.oldest.header.number;
  };
  expect(await reopened({})).toBe(11n);
  expect(await reopened({ window: 3 })).toBe(12n);
  expect(await reopened({ archive: false })).toBe(3n);
  expect(await reopened({})).toBe(3n);
  expect(await reopened({ window: 5 })).toBe(4n);
  expect(await reopened({})).toBe(5n);
  expect(await reopened({ archive: true })).toBe(6n);
  expect(await reopened({})).toBe(7n);
  await chain.database.close();
  await expect(chain.open({ window: -1 })).rejects.toThrow('not -1');
  const key = `00${Buffer.from('retention').toString('hex')}`;
  chain.content.set(key, Buffer.from('{"window":"5"}'));
  await expect(chain.open()).rejects.toMatchObject({ code: 'database/damaged' });
});

test('what has left the window is gone for who opens it next, too', async () => {
  const chain = new GrownChain();
  await chain.create({ window: 3, checkpointWrites: 1_000_000, segmentBytes: 1_000_000 });
  const blocks = await grow(chain, chain.genesis, 9);
  await chain.database.settled();
  await chain.database.checkpoint();
  expect(chain.database.oldest.header.number).toBe(6n);
  await chain.database.close();
  await chain.open({ checkpointWrites: 1_000_000, segmentBytes: 1_000_000 });
  expect(chain.database.oldest.header.number).toBe(6n);
  const { hash: left } = blocks[5] as ChainBlock;
  await expect(chain.database.openView(left, NO_HASH)).rejects.toThrow(
    'the state of block 5 is gone',
  );
  expect((await chain.database.block(left))?.header.number).toBe(5n);
  // What would leave it now stays until it is in the store.
  await grow(chain, blocks[9] as ChainBlock, 4);
  await chain.database.settled();
  await chain.database.close();
  await chain.open({ checkpointWrites: 1_000_000, segmentBytes: 1_000_000 });
  expect(chain.database.oldest.header.number).toBe(6n);
  await chain.database.close();
  // A wider window has what the log still holds of it, an archive all.
  await chain.open({ window: 8, checkpointWrites: 1_000_000, segmentBytes: 1_000_000 });
  expect(chain.database.oldest.header.number).toBe(5n);
  await chain.database.close();
  await chain.open({ archive: true, checkpointWrites: 1_000_000, segmentBytes: 1_000_000 });
  expect(chain.database.oldest.header.number).toBe(0n);
  await chain.database.close();
});
