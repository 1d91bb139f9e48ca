import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { toHex } from '../../base/bytes.ts';
import { keccak256 } from '../../base/keccak.ts';
import type { AccountChange, Address, StateChanges } from '../../evm/types.ts';
import { ADDRESSES, addressOf, changes, hashOf, SLOTS } from '../changes.arbitrary.ts';
import { EMPTY_CODE_HASH, MemoryState } from '../memory.ts';
import { LmdbStore } from '../store/lmdb-store.ts';
import { MemoryStore, type StoreContent } from '../store/memory-store.ts';
import type { OrderedStore } from '../store/ordered-store.ts';
import { SlowStore } from '../store/slow-store.ts';
import { TrieMemory } from '../trie-memory.ts';
import { type Applied, FlatState, type FlatStateOptions, type Reverse } from './flat-state.ts';

const RUNS = Number(process.env['IRONFLY_STATE_RUNS'] ?? 1);
const trieMemory = new TrieMemory();
const root = mkdtempSync(join(tmpdir(), 'ironfly-state-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
/** Opens the same store again and again. */
const places: Record<string, () => () => Promise<OrderedStore>> = {
  memory: () => {
    const content: StoreContent = new Map();
    return () => MemoryStore.open({ content });
  },
  lmdb: () => {
    const folder = join(root, `state-${folders++}`);
    return () => LmdbStore.open({ folder });
  },
};

type Step =
  | { readonly kind: 'apply'; readonly changes: StateChanges }
  | { readonly kind: 'undo' | 'checkpoint' | 'start checkpoint' | 'failing checkpoint' | 'end' };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: changes.map((of) => ({ kind: 'apply' as const, changes: of })) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'undo',
        'undo',
        'start checkpoint',
        'failing checkpoint',
        'checkpoint',
        'end',
      ),
    }) as fc.Arbitrary<Step>,
  },
);

const LIMITS: readonly Omit<FlatStateOptions, 'store'>[] = [
  { trieMemory },
  { trieMemory, trieBytes: 0, openStorages: 0 },
  { trieMemory, trieBytes: 2000, openStorages: 2 },
  { trieMemory: new TrieMemory({ portion: 1 }), trieBytes: 2000, openStorages: 2 },
];

/** The blocks that led to a state, and what undoes them. */
interface History {
  readonly blocks: readonly StateChanges[];
  readonly reverses: readonly Reverse[];
}

function modelOf({ blocks }: History): MemoryState {
  const model = new MemoryState();
  for (const block of blocks) model.apply(block);
  return model;
}

function expectSame(state: FlatState, model: MemoryState): void {
  expect(state.root()).toBe(model.root());
  for (const address of ADDRESSES) {
    const account = state.getAccount(address);
    const expected = model.getAccount(address);
    expect(account === undefined).toBe(expected === undefined);
    if (expected === undefined) continue;
    const { nonce, balance, codeHash } = expected;
    expect(account).toMatchObject({ nonce, balance, codeHash });
    expect(state.hasStorage(address)).toBe(model.hasStorage(address));
    expect(state.getCode(codeHash)).toEqual(model.getCode(codeHash));
    const slots = SLOTS.filter((slot) => {
      const value = state.getStorage(address, slot);
      expect(value).toBe(model.getStorage(address, slot));
      return value !== 0n;
    });
    expect(slots.length).toBe(model.storageOf(address).size);
  }
}

/** All that a store holds of a state. */
function contentOf(store: OrderedStore): string[] {
  const entries = [...store.range(Uint8Array.of(1), Uint8Array.of(0xff))];
  // Codes stay when nobody has them any more.
  return entries
    .filter(({ key }) => key[0] !== 3)
    .map(({ key, value }) => `${key.toHex()} ${Buffer.from(value).toString('hex')}`);
}

/** One state and its history, and both as they were at the last checkpoint. */
class Run {
  #open: () => Promise<OrderedStore>;
  #limits: Omit<FlatStateOptions, 'store'>;
  #store: SlowStore;
  #state: FlatState;
  #now: History = { blocks: [], reverses: [] };
  #saved: History = this.#now;
  #writing: Promise<void> = Promise.resolve();
  #number = 0n;

  constructor(
    open: () => Promise<OrderedStore>,
    limits: Omit<FlatStateOptions, 'store'>,
    store: OrderedStore,
  ) {
    this.#open = open;
    this.#limits = limits;
    this.#store = new SlowStore(store);
    this.#state = new FlatState({ store: this.#store, ...limits });
  }

  async step(next: Step): Promise<void> {
    const { blocks, reverses } = this.#now;
    if (next.kind === 'apply') {
      const { reverse } = this.#state.apply(next.changes);
      this.#now = { blocks: [...blocks, next.changes], reverses: [...reverses, reverse] };
    }
    if (next.kind === 'undo' && blocks.length > 0) {
      this.#state.undo(reverses.at(-1) as Reverse);
      this.#now = { blocks: blocks.slice(0, -1), reverses: reverses.slice(0, -1) };
    }
    if (next.kind === 'checkpoint') {
      await this.#writing;
      await this.#checkpoint();
    }
    if (next.kind === 'start checkpoint') {
      await this.#writing;
      this.#writing = this.#checkpoint();
    }
    if (next.kind === 'failing checkpoint') {
      await this.#writing;
      const store = this.#store;
      store.full = true;
      const refused = expect(this.#checkpoint()).rejects.toThrow('no space left');
      this.#writing = refused.finally(() => {
        store.full = false;
      });
    }
    if (next.kind === 'end') await this.#reopen();
    expectSame(this.#state, modelOf(this.#now));
  }

  /** What is in the store in the end is the state and nothing more. */
  async finish(): Promise<void> {
    await this.#writing;
    await this.#checkpoint();
    const fresh = await MemoryStore.open();
    const built = new FlatState({ store: fresh, trieMemory });
    const model = modelOf(this.#now);
    const accounts = [...model.addresses()].map((address): [Address, AccountChange] => {
      const account = model.getAccount(address) as AccountChange;
      const { nonce, balance, codeHash } = account;
      const storage = model.storageOf(address);
      return [address, { nonce, balance, codeHash, storageWiped: false, storage }];
    });
    built.apply({ accounts: new Map(accounts), codes: new Map() });
    await built.checkpoint({ block: hashOf(Uint8Array.of(0)), number: 0n, record: 0n });
    expect(contentOf(this.#store)).toEqual(contentOf(fresh));
    built.free();
    this.#state.free();
    await this.#store.close();
  }

  async #checkpoint(): Promise<void> {
    this.#number += 1n;
    const at = { number: this.#number, record: this.#number * 2n };
    const block = hashOf(Uint8Array.of(Number(this.#number)));
    const now = this.#now;
    await this.#state.checkpoint({ block, ...at });
    this.#saved = now;
    expect(this.#state.checkpointed).toMatchObject({ block, ...at });
  }

  /** Ends without a word, and begins again at the checkpoint. */
  async #reopen(): Promise<void> {
    await this.#writing;
    const before = this.#state.checkpointed;
    this.#state.free();
    await this.#store.close();
    this.#store = new SlowStore(await this.#open());
    this.#state = new FlatState({ store: this.#store, ...this.#limits });
    this.#now = this.#saved;
    expect(this.#state.checkpointed).toEqual(before);
  }
}

describe.each(['memory', 'lmdb'])('a flat state, its store in %s', (name) => {
  it('is what the state in memory is, through undoing, checkpoints and ends', async () => {
    const steps = fc.array(step, { maxLength: 14 });
    const numRuns = (name === 'lmdb' ? 50 : 250) * RUNS;
    const limits = fc.constantFrom(...LIMITS);
    await fc.assert(
      fc.asyncProperty(steps, limits, async (list, limit) => {
        const open = (places[name] as () => () => Promise<OrderedStore>)();
        const run = new Run(open, limit, await open());
        for (const next of list) await run.step(next);
        await run.finish();
      }),
      { numRuns },
    );
  });
});

const at = { block: hashOf(Uint8Array.of(7)), number: 7n, record: 3n };
const someBlock = (seed: bigint): StateChanges => {
  const storage = new Map(SLOTS.map((slot) => [slot, slot * seed + 1n]));
  const account = { nonce: seed, balance: 2n, codeHash: EMPTY_CODE_HASH, storageWiped: false };
  const accounts = new Map(ADDRESSES.map((address) => [address, { ...account, storage }]));
  return { accounts, codes: new Map() };
};

describe('a flat state', () => {
  it('goes back by what led forward, and by nothing else', async () => {
    const state = new FlatState({ store: await MemoryStore.open(), trieMemory });
    const blocks = [1n, 2n, 3n].map((seed) => state.apply(someBlock(seed)));
    const [first, second, third] = blocks as [Applied, Applied, Applied];
    expect(state.undo(third.reverse).root).toBe(second.root);
    const { root, reverse } = state.undo(second.reverse);
    expect(root).toBe(first.root);
    expect(state.undo(reverse).root).toBe(second.root);
    const foreign = { ...first.reverse, stateRoot: third.root };
    expect(() => state.undo(foreign)).toThrow('undoing led to the root');
    expect(() => state.getAccount(addressOf(1))).toThrow('must be opened anew');
    state.free();
    expect(() => state.getAccount(addressOf(1))).toThrow('the state was freed');
  });

  it('says that a checkpoint was not written, and loses nothing', async () => {
    const content: StoreContent = new Map();
    const store = new SlowStore(await MemoryStore.open({ content }));
    const state = new FlatState({ store, trieMemory, trieBytes: 0 });
    state.apply(someBlock(1n));
    await state.checkpoint(at);
    state.apply(someBlock(2n));
    store.full = true;
    const first = state.checkpoint({ ...at, number: 8n });
    state.apply({ accounts: new Map([[addressOf(3), null]]), codes: new Map() });
    await expect(state.checkpoint(at)).rejects.toThrow('is being written');
    await expect(first).rejects.toThrow('no space left');
    expect(state.checkpointed?.number).toBe(7n);
    store.full = false;
    await state.checkpoint({ ...at, number: 9n });
    const model = new MemoryState();
    for (const block of [someBlock(1n), someBlock(2n)]) model.apply(block);
    model.apply({ accounts: new Map([[addressOf(3), null]]), codes: new Map() });
    state.free();
    const again = new FlatState({ store: await MemoryStore.open({ content }), trieMemory });
    expect(again.checkpointed?.number).toBe(9n);
    expectSame(again, model);
    again.free();
  });

  it('writes nothing over what another state wrote', async () => {
    const content: StoreContent = new Map();
    const open = async () =>
      new FlatState({ store: await MemoryStore.open({ content }), trieMemory });
    const [first, second] = [await open(), await open()];
    first.apply(someBlock(1n));
    second.apply(someBlock(2n));
    await first.checkpoint(at);
    const before = new Map(content);
    await expect(second.checkpoint(at)).rejects.toThrow('something else writes to it');
    expect(content).toEqual(before);
    first.free();
    second.free();
  });

  it('refuses a store that is damaged where it sees it, and fails in no other way', async () => {
    const content: StoreContent = new Map();
    const store = await MemoryStore.open({ content });
    const state = new FlatState({ store, trieMemory });
    state.apply(someBlock(1n));
    await state.checkpoint(at);
    state.free();
    const keys = [...content.keys()].filter((key) => key !== '00');
    const refused = /damaged|the record of path|the account trie in the store|must be opened anew/;
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.nat(), fc.boolean(), (key, place, cut) => {
        const value = content.get(key) as Uint8Array;
        const bytes = cut ? value.slice(0, place % value.length) : value.slice();
        if (!cut) bytes[place % value.length] = (bytes[place % value.length] as number) ^ 0x41;
        content.set(key, bytes);
        try {
          const opened = new FlatState({ store, trieMemory });
          for (const address of ADDRESSES) opened.getAccount(address);
          for (const slot of SLOTS) opened.getStorage(addressOf(1), slot);
          opened.undo(opened.apply(someBlock(2n)).reverse);
          opened.free();
        } catch (error) {
          expect((error as Error).message).toMatch(refused);
        } finally {
          content.set(key, value);
        }
      }),
      { numRuns: 300 },
    );
    content.delete([...content.keys()].find((key) => key.length > 2 && key.startsWith('00')) ?? '');
    expect(() => new FlatState({ store, trieMemory })).toThrow('and no checkpoint');
  });

  it('proves whatever is asked within the limits of its memory', async () => {
    const limit = 4_000_000;
    const memory = new TrieMemory({ limit });
    const options = { trieMemory: memory, trieBytes: 300_000, openStorages: 3 };
    const state = new FlatState({ store: await MemoryStore.open(), ...options });
    const owner = (index: number): Address => `0x${index.toString(16).padStart(38, '0')}aB`;
    const account = { nonce: 1n, balance: 1n, codeHash: EMPTY_CODE_HASH, storageWiped: false };
    for (let block = 0; block < 30; block++) {
      const slots = Array.from({ length: 400 }, (_, slot) => [BigInt(slot), 7n] as const);
      const plain = Array.from({ length: 400 }, (_, index) => [
        owner(1000 + 400 * block + index).toLowerCase() as Address,
        { ...account, storage: new Map() },
      ]) as [Address, AccountChange][];
      const contract = owner(block).toLowerCase() as Address;
      state.apply({
        accounts: new Map([...plain, [contract, { ...account, storage: new Map(slots) }]]),
        codes: new Map(),
      });
    }
    const held = state.storageTrie(owner(0));
    const root = held.root();
    const key = (index: number) => keccak256(Uint8Array.of(index >> 8, index & 255));
    for (let index = 0; index < 12_000; index++) {
      const trie = index % 3 === 0 ? state.storageTrie(owner(index % 30)) : state.accountTrie;
      const [first = new Uint8Array(0)] = trie.prove(key(index));
      expect(toHex(keccak256(first))).toBe(trie.root());
    }
    expect(held.root()).toBe(root);
    expect(held.prove(key(1))).toEqual(state.storageTrie(owner(0)).prove(key(1)));
    expect(memory.used).toBeLessThan(400_000);
    expect(state.storageOf(owner(0)).size).toBe(400);
    const before = state.root();
    const { reverse } = state.apply({ accounts: new Map([[owner(1), null]]), codes: new Map() });
    expect(state.undo(reverse).root).toBe(before);
    state.free();
  });

  it('applies a block that leads to more nodes than the tries have memory for', async () => {
    const SLOTS = 100_000;
    const account = { nonce: 1n, balance: 1n, codeHash: EMPTY_CODE_HASH, storageWiped: false };
    const address = addressOf(1);
    const block = (from: number, value: (slot: bigint) => bigint): StateChanges => {
      const slots = Array.from({ length: SLOTS - from }, (_, index) => BigInt(from + index));
      const storage = new Map(slots.map((slot) => [slot, value(slot)] as const));
      return { accounts: new Map([[address, { ...account, storage }]]), codes: new Map() };
    };
    // Values that share no byte with their successors', then others, then most of them gone.
    const blocks = [
      block(0, (slot) => slot + 1n),
      block(0, (slot) => (slot + 1n) << 128n),
      block(1000, () => 0n),
    ];
    const whole = new FlatState({ store: await MemoryStore.open(), trieMemory });
    const content: StoreContent = new Map();
    const store = await MemoryStore.open({ content });
    // 17 MB of it are for what is handed over, and the nodes of all slots take 20.
    const memory = new TrieMemory({ limit: 30_000_000, portion: 100_000 });
    let state = new FlatState({ store, trieMemory: memory, trieBytes: 500_000 });
    for (const [number, changes] of blocks.entries()) {
      const { root, reverse } = whole.apply(changes);
      expect(state.apply(changes).root).toBe(root);
      const back = whole.undo(reverse);
      expect(state.undo(reverse).root).toBe(back.root);
      expect(state.undo(back.reverse).root).toBe(whole.undo(back.reverse).root);
      await state.checkpoint({
        block: hashOf(Uint8Array.of(number)),
        number: BigInt(number),
        record: 1n,
      });
      state.free();
      state = new FlatState({
        store: await MemoryStore.open({ content }),
        trieMemory: memory,
        trieBytes: 500_000,
      });
      expect(state.root()).toBe(root);
    }
    expect(state.storageOf(address).size).toBe(1000);
    expect(memory.used).toBeLessThan(500_000);
    state.free();
    whole.free();
  });
});
