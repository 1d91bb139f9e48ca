/** The database beside a model that has the blocks that lead to every state. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Hash, StateChanges } from '../../evm/types.ts';
import { ADDRESSES, changes, SLOTS } from '../../state/changes.arbitrary.ts';
import { FaultyFiles } from '../../state/log/faulty-files.ts';
import { RecordLog } from '../../state/log/record-log.ts';
import { MemoryState } from '../../state/memory.ts';
import { MemoryStore, type StoreContent } from '../../state/store/memory-store.ts';
import { SlowStore } from '../../state/store/slow-store.ts';
import { TrieMemory } from '../../state/trie-memory.ts';
import type { BlockView, ChainBlock } from '../block-tree.ts';
import { encodeBlock } from '../blocks/block.ts';
import { firstBlock, genesisHeader } from '../blocks/genesis.ts';
import { ChainDatabase } from './chain-database.ts';
import { createInMemory } from './folder.ts';

const RUNS = Number(process.env['IRONFLY_STATE_RUNS'] ?? 1);
const trieMemory = new TrieMemory();
const spec = { chainId: 1n, forks: [{ fork: 'paris' }] } as const;
const given = { coinbase: ADDRESSES[0] as Hash, gasLimit: 10_000_000n };
const zero = (): Hash => `0x${'00'.repeat(32)}`;

/** A block of the model: what leads to its state. */
interface Modelled {
  readonly block: ChainBlock;
  readonly blocks: readonly StateChanges[];
}

function modelOf({ blocks }: Modelled): MemoryState {
  const model = new MemoryState();
  for (const block of blocks) model.apply(block);
  return model;
}

async function expectSame(view: BlockView, model: MemoryState): Promise<void> {
  for (const address of ADDRESSES) {
    const account = await view.getAccount(address);
    const expected = model.getAccount(address);
    expect(account === undefined).toBe(expected === undefined);
    if (expected === undefined) continue;
    const { nonce, balance, codeHash } = expected;
    expect(account).toMatchObject({ nonce, balance, codeHash });
    expect(await view.getCode(codeHash)).toEqual(model.getCode(codeHash));
    expect(await view.hasStorage(address)).toBe(model.hasStorage(address));
    for (const slot of SLOTS) {
      expect(await view.getStorage(address, slot)).toBe(model.getStorage(address, slot));
    }
  }
}

type Step =
  | { readonly kind: 'extend'; readonly parent: number; readonly pieces: readonly StateChanges[] }
  | { readonly kind: 'drop'; readonly parent: number; readonly pieces: readonly StateChanges[] }
  | { readonly kind: 'head' | 'open view' | 'close view' | 'tries'; readonly pick: number }
  | { readonly kind: 'checkpoint' | 'reopen' | 'crash' };

const pieces = fc.array(changes, { minLength: 1, maxLength: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('extend' as const), parent: fc.nat(3), pieces }),
  },
  fc.record({ kind: fc.constant('drop' as const), parent: fc.nat(3), pieces }),
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom('head', 'head', 'open view', 'close view', 'tries'),
      pick: fc.nat(5),
    }) as fc.Arbitrary<Step>,
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('checkpoint', 'reopen', 'crash'),
    }) as fc.Arbitrary<Step>,
  },
);

const LIMITS = [
  {},
  { window: 2, checkpointWrites: 1 },
  { window: 3, checkpointWrites: 20, trieBytes: 0 },
  { window: 1, archive: true, checkpointBytes: 500 },
] as const;

class Run {
  readonly #limits: (typeof LIMITS)[number];
  readonly #choose: (below: number) => number;
  #files = new FaultyFiles();
  #content: StoreContent = new Map();
  #database!: ChainDatabase;
  /** In the order in which they came. */
  #known: Modelled[] = [];
  #views: { readonly view: BlockView; readonly of: Modelled }[] = [];
  #count = 0;

  constructor(limits: (typeof LIMITS)[number], choose: (below: number) => number) {
    this.#limits = limits;
    this.#choose = choose;
  }

  async begin(): Promise<void> {
    const stateRoot = new MemoryState().root();
    const block = firstBlock(genesisHeader(spec, { ...given, stateRoot }));
    const state = { accounts: new Map(), codes: new Map() };
    this.#known = [{ block, blocks: [] }];
    this.#database = await ChainDatabase.create(await this.#parts(), block, state);
  }

  async step(next: Step): Promise<void> {
    if (next.kind === 'extend' || next.kind === 'drop') await this.#extend(next);
    if (next.kind === 'head') this.#database.setHead(this.#pick(next.pick).block.hash);
    if (next.kind === 'open view') {
      const of = this.#pick(next.pick);
      const reading = this.#database.openView(of.block.hash, zero);
      this.#views.push({ view: await reading, of });
    }
    if (next.kind === 'close view') {
      const [closed] = this.#views.splice(next.pick % Math.max(1, this.#views.length), 1);
      closed?.view.close();
      if (closed !== undefined) expect(() => closed.view.getAccount(given.coinbase)).toThrow();
    }
    if (next.kind === 'tries') {
      const { block } = this.#pick(next.pick);
      const { accountTrie } = await this.#database.triesAt(block.hash);
      expect(accountTrie.root()).toBe(block.header.stateRoot);
    }
    if (next.kind === 'checkpoint') await this.#database.checkpoint();
    if (next.kind === 'reopen') {
      const { head } = this.#database;
      await this.#database.close();
      await this.#open();
      expect(this.#database.head.hash).toBe(head.hash);
    }
    if (next.kind === 'crash') await this.#crash();
    for (const { view, of } of this.#views) await expectSame(view, modelOf(of));
  }

  /** Every state of the window is there, every block of the head's branch is. */
  async finish(): Promise<void> {
    await this.#database.checkpoint();
    for (const of of this.#inWindow()) {
      const view = await this.#database.openView(of.block.hash, zero);
      await expectSame(view, modelOf(of));
      view.close();
      expect(await this.#database.block(of.block.hash)).toEqual(of.block);
    }
    let at: ChainBlock | undefined = await this.#database.block(this.#database.head.hash);
    while (at !== undefined && at.header.number > 0n) {
      expect((await this.#database.blockAt(at.header.number))?.hash).toBe(at.hash);
      at = await this.#database.block(at.header.parentHash);
    }
    expect(at?.hash).toBe(this.#known[0]?.block.hash);
    await this.#database.close();
    await expect(this.#database.openView(this.#known[0]?.block.hash as Hash, zero)).rejects.toThrow(
      'was closed',
    );
  }

  async #extend({ kind, parent, pieces }: Step & { kind: 'extend' | 'drop' }): Promise<void> {
    const on = this.#pick(parent);
    const pending = await this.#database.begin(on.block.hash, zero);
    const blocks = [...on.blocks];
    for (const piece of pieces) {
      pending.apply(piece);
      blocks.push(piece);
      expect(pending.root()).toBe(modelOf({ block: on.block, blocks }).root());
    }
    if (kind === 'drop') {
      const view = await this.#database.openView(on.block.hash, zero);
      await expectSame(view, modelOf(on));
      pending.drop();
      await expectSame(view, modelOf(on));
      view.close();
      return;
    }
    const { number } = on.block.header;
    this.#count += 1;
    const header = {
      ...on.block.header,
      parentHash: on.block.hash,
      number: number + 1n,
      timestamp: BigInt(this.#count),
      stateRoot: pending.root(),
    };
    const block = { ...firstBlock(header), totalDifficulty: BigInt(this.#count) };
    pending.commit(block, encodeBlock(block));
    if (this.#choose(2) === 0) await this.#database.settled();
    this.#known.push({ block, blocks });
    if (this.#choose(3) > 0) this.#database.setHead(block.hash);
  }

  /** Ends without a word; of what was not synced any part is on the disk. */
  async #crash(): Promise<void> {
    const settled = this.#choose(2) === 0;
    if (settled) await this.#database.settled();
    const before = this.#known;
    const inWindow = this.#inWindow();
    const { head } = this.#database;
    // What the old one still does goes nowhere.
    this.#files = this.#files.afterCrash(this.#choose);
    this.#content = new Map(this.#content);
    await this.#open();
    this.#known = before.filter(({ block }) => this.#database.known(block.hash) !== undefined);
    if (!settled) return;
    expect(this.#database.head.hash).toBe(head.hash);
    for (const each of inWindow) expect(this.#known).toContain(each);
  }

  async #open(): Promise<void> {
    this.#views = [];
    this.#database = await ChainDatabase.open(await this.#parts());
  }

  async #parts() {
    const store = new SlowStore(await MemoryStore.open({ content: this.#content }));
    const log = await RecordLog.open(this.#files, { segmentBytes: 2000 });
    return { store, log, trieMemory, ...this.#limits };
  }

  /** Counted from the newest; one whose state is there. */
  #pick(index: number): Modelled {
    const there = this.#inWindow();
    return there[there.length - 1 - (index % there.length)] as Modelled;
  }

  #inWindow(): Modelled[] {
    return this.#known.filter(({ block }) => this.#database.hasState(block.hash));
  }
}

describe('the database of a chain', () => {
  it('has the states of its window, through branches, views, checkpoints, crashes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 25 }),
        fc.constantFrom(...LIMITS),
        fc.infiniteStream(fc.nat()),
        async (steps, limits, random) => {
          const choose = (below: number) => (random.next().value as number) % below;
          const run = new Run(limits, choose);
          await run.begin();
          for (const next of steps) await run.step(next);
          await run.finish();
        },
      ),
      { numRuns: 200 * RUNS },
    );
  });

  it('refuses a state that is not its block’s', async () => {
    const header = genesisHeader(spec, { ...given, stateRoot: zero() });
    const state = { accounts: new Map(), codes: new Map() };
    await expect(createInMemory(firstBlock(header), state)).rejects.toThrow('its block says');
  });
});
