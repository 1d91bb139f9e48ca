import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Address, Hash } from '../../evm/types.ts';
import { slotsPrefix } from '../../state/flat/keys.ts';
import { MemoryState } from '../../state/memory.ts';
import { LmdbStore } from '../../state/store/lmdb-store.ts';
import type { OrderedStore } from '../../state/store/ordered-store.ts';
import { prefixEnd } from '../../state/store/ordered-store.ts';
import type { ChainBlock } from '../block-tree.ts';
import { encodeBlock } from '../blocks/block.ts';
import { firstBlock, genesisHeader } from '../blocks/genesis.ts';
import { Chain } from '../chain.ts';
import type { ChainDatabase } from '../database/chain-database.ts';
import { createInFolder, openFolder } from '../database/folder.ts';
import { Machines } from '../machines.ts';
import { exportSnapshot } from './export.ts';
import { importSnapshot } from './import.ts';
import type { SnapshotProgress } from './writer.ts';

const SPEC = { chainId: 1n, forks: [{ fork: 'london' }] } as const;
const MINER: Address = `0x${'c0'.repeat(20)}`;
/** Puts the hash of the block before its parent into slot 0. */
const READER: Address = `0x${'ee'.repeat(20)}`;
const READER_CODE = Uint8Array.fromHex('6002430340600055');
const PART_BYTES = 2_000;

const addressOf = (index: number): Address =>
  `0x${(BigInt(index) * 0x1234567n ** 5n).toString(16).padStart(40, '0').slice(-40)}`;

/** Accounts of all kinds; one storage is larger than many parts. */
function stateOf(): MemoryState {
  const state = new MemoryState();
  for (let index = 1; index <= 60; index++) {
    const slots = index === 7 ? 400 : index % 3 === 0 ? index : 0;
    state.setAccount(addressOf(index), {
      nonce: BigInt(index % 4),
      balance: BigInt(index) ** 9n,
      code: index % 5 === 0 ? new Uint8Array(300 * index).fill(index % 10) : new Uint8Array(0),
      storage: Array.from({ length: slots }, (_, slot) => [
        slot === 3 ? 2n ** 256n - 1n : BigInt(slot) ** 11n,
        BigInt(slot + 1) ** 7n,
      ]),
    });
  }
  const empty = { nonce: 0n, balance: 0n, storage: [], code: READER_CODE };
  state.setAccount(READER, empty);
  return state;
}

let folder: string;
let path: string;
let database: ChainDatabase;
let head: ChainBlock;
let bytes: Uint8Array;
/** Where chunks end in it. */
const ends: number[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ironfly-snapshot-'));
  const state = stateOf();
  const given = { coinbase: MINER, stateRoot: state.root(), gasLimit: 10_000_000n };
  const block = firstBlock(genesisHeader(SPEC, given));
  database = await createInFolder(join(folder, 'source'), block, state.asChanges(), {
    ...{ window: 3, spec: SPEC },
  });
  const chain = chainOn(database);
  head = block;
  for (let index = 0; index < 12; index++) head = await extend(chain, head);
  await database.checkpoint();
  path = join(folder, 'whole.snapshot');
  const onProgress = (progress: SnapshotProgress) => ends.push(progress.bytes);
  await exportSnapshot(database, head.hash, path, { partBytes: PART_BYTES, onProgress });
  // A Buffer’s slices are views.
  bytes = Uint8Array.from(await readFile(path));
});

afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true });
});

function chainOn(tree: ChainDatabase): Chain {
  return new Chain({ spec: SPEC, tree, machines: new Machines({ engine: 'interpreter' }) });
}

async function extend(chain: Chain, parent: ChainBlock): Promise<ChainBlock> {
  const timestamp = parent.header.timestamp + 12n;
  const request = { timestamp, coinbase: MINER, transactions: [] };
  const { block } = await chain.buildBlock(request, parent.hash);
  const imported = await chain.importBlock(encodeBlock(block));
  await chain.setHead(imported.hash);
  return imported;
}

let count = 0;
const fresh = (): string => join(folder, `target-${count++}`);

/** Everything a store holds, by key. */
async function contentOf(from: ChainDatabase, hash: Hash): Promise<Map<string, string>> {
  const store = await from.storeAt(hash);
  const content = new Map<string, string>();
  for (const { key, value } of store.range(Uint8Array.of(1), Uint8Array.of(6))) {
    content.set(key.toHex(), value.toHex());
  }
  return content;
}

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return 'none';
}

/** An import that ends behind so many chunks. */
async function interrupted(target: string, chunks: number): Promise<void> {
  const abort = new AbortController();
  let count = 0;
  const onProgress = (): void => {
    count += 1;
    if (count === chunks) abort.abort();
  };
  const options = { signal: abort.signal, onProgress, checkpointBytes: 2500 };
  await expect(importSnapshot(path, target, options)).rejects.toThrow('aborted');
}

async function withStore<Result>(
  target: string,
  work: (store: OrderedStore) => Result | Promise<Result>,
): Promise<Result> {
  const store = await LmdbStore.open({ folder: join(target, 'state') });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

const storeOf = (target: string): Promise<[string, string][]> =>
  withStore(target, (store) =>
    Array.from(store.range(Uint8Array.of(0), Uint8Array.of(9)), ({ key, value }) => [
      key.toHex(),
      value.toHex(),
    ]),
  );

/** Changes the value of the first slot in the store. */
const spoil = (target: string): Promise<void> =>
  withStore(target, async (store) => {
    const [first] = Array.from(store.range(slotsPrefix(), prefixEnd(slotsPrefix())), ({ key }) =>
      key.slice(),
    );
    if (first === undefined) throw new Error('no slot is in the store yet');
    await store.write([{ key: first, value: Uint8Array.of(77, 77, 77) }]);
  });

const incomplete = async (target: string) => refusal(openFolder(target));

describe('a snapshot', () => {
  it('brings the whole state and the way on into a new database', async () => {
    const target = fresh();
    const taken = await importSnapshot(path, target, { checkpointBytes: 2500 });
    expect(taken.block.hash).toBe(head.hash);
    const copy = await openFolder(target);
    expect(copy.head.hash).toBe(head.hash);
    expect(copy.spec).toEqual(SPEC);
    expect(await contentOf(copy, head.hash)).toEqual(await contentOf(database, head.hash));
    // Blocks before it are there, and the chain goes on to the very same block.
    expect((await copy.blockAt(2n))?.hash).toBe((await database.blockAt(2n))?.hash);
    const view = await chainOn(copy).openView(head.hash);
    expect(view.getBlockHash(1n)).toBe((await database.blockAt(1n))?.hash);
    view.close();
    const next = await extend(chainOn(copy), head);
    expect(next.header.stateRoot).toBe((await extend(chainOn(database), head)).header.stateRoot);
    await copy.close();
  });

  it('is of any block in the window, and the head stays where it is', async () => {
    const before = database.head.hash;
    const parent = (await database.block(head.header.parentHash)) as ChainBlock;
    const target = fresh();
    const file = `${target}.snapshot`;
    await exportSnapshot(database, parent.hash, file);
    await importSnapshot(file, target);
    expect(database.head.hash).toBe(before);
    const copy = await openFolder(target);
    expect(copy.head.hash).toBe(parent.hash);
    await copy.close();
  });

  it('goes on with an export at the last whole chunk, to the same bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length), fc.boolean(), async (size, isTorn) => {
        const file = `${fresh()}.snapshot`;
        await writeFile(file, bytes.subarray(0, size));
        if (isTorn && size > 1000) await writeFile(file, torn(size));
        const written: number[] = [];
        const onProgress = (progress: SnapshotProgress) => written.push(progress.bytes);
        const options = { partBytes: PART_BYTES, onProgress };
        await exportSnapshot(database, head.hash, file, options);
        expect(Buffer.compare(await readFile(file), bytes)).toBe(0);
        // Chunks that were whole are not written again.
        const kept = isTorn && size > 1000 ? size - 16 : size;
        expect(written).toEqual(ends.filter((end) => end > kept));
      }),
      { numRuns: 25 },
    );
  });

  it('goes on with an import behind its last checkpoint', async () => {
    const target = fresh();
    // The last time all chunks are there, and no trie is.
    for (let stop = 3; stop < ends.length + 5; stop += 5) {
      await interrupted(target, Math.min(stop, ends.length));
      expect(await incomplete(target)).toBe('database/incomplete');
    }
    await importSnapshot(path, target);
    const copy = await openFolder(target);
    expect(await contentOf(copy, head.hash)).toEqual(await contentOf(database, head.hash));
    await copy.close();
  });

  it('does not take again what is in the store, and nothing of another file', async () => {
    const target = fresh();
    await interrupted(target, 20);
    // Only what is taken again would put it right.
    await spoil(target);
    const other = `${target}.snapshot`;
    await exportSnapshot(database, head.hash, other, { partBytes: PART_BYTES / 3 });
    const before = await storeOf(target);
    expect(await refusal(importSnapshot(other, target))).toBe('database/exists');
    expect(await storeOf(target)).toEqual(before);
    expect(await refusal(importSnapshot(path, target))).toBe('snapshot/wrong root');
    expect(await incomplete(target)).toBe('database/incomplete');
  });

  it('is of no other chain than the one that is asked for', async () => {
    const target = fresh();
    const wanted = { ...SPEC, forks: [{ fork: 'berlin' }] } as const;
    const other = importSnapshot(path, target, { spec: wanted });
    await expect(other).rejects.toMatchObject({ code: 'database/another chain' });
    await expect(other).rejects.toThrow('the snapshot is of another chain: where it has london');
    expect(await incomplete(target)).toBe('database/missing');
    await importSnapshot(path, target, { spec: SPEC });
    const copy = await openFolder(target);
    expect(copy.spec).toEqual(SPEC);
    await copy.close();
  });

  it('does not overwrite, nor mix', async () => {
    const file = `${fresh()}.snapshot`;
    await writeFile(file, 'something else');
    expect(await refusal(exportSnapshot(database, head.hash, file))).toBe('snapshot/exists');
    expect(await readFile(file, 'utf8')).toBe('something else');
    const target = fresh();
    await importSnapshot(path, target);
    expect(await refusal(importSnapshot(path, target))).toBe('database/exists');
    const other = { block: `0x${'11'.repeat(32)}` } as const;
    expect(await refusal(importSnapshot(path, fresh(), other))).toBe('snapshot/foreign');
  });
});

/** The first `size` bytes, of which the last ones are others. */
function torn(size: number): Uint8Array {
  const part = bytes.slice(0, size);
  part.set(randomBytes(16), size - 16);
  return part;
}

describe('a snapshot that is not whole', () => {
  const damaged = async (change: (copy: Uint8Array) => Uint8Array): Promise<string> => {
    const target = fresh();
    const file = `${target}.snapshot`;
    await writeFile(file, change(Uint8Array.from(bytes)));
    const found = await refusal(importSnapshot(file, target));
    const opened = await incomplete(target);
    // A head that is refused makes no folder.
    expect(opened).toMatch(/^database\/(incomplete|missing)$/);
    await rm(target, { recursive: true, force: true });
    return found;
  };

  it('is refused with any bit flipped', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(7), async (at, bit) => {
        const found = await damaged((copy) => {
          copy[at] = (copy[at] as number) ^ (1 << bit);
          return copy;
        });
        expect(found).toMatch(/^snapshot\/(damaged|cut|foreign|version)$/);
      }),
      { numRuns: 40 },
    );
  });

  it('is refused when it is cut, or goes on', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), async (size) => {
        expect(await damaged((copy) => copy.subarray(0, size))).toMatch(/cut|foreign/);
      }),
      { numRuns: 25 },
    );
    expect(await damaged((copy) => Buffer.concat([copy, Uint8Array.of(0)]))).toBe(
      'snapshot/damaged',
    );
  });
});
