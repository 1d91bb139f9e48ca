import { describe, expect, it } from 'vitest';
import { keccak256 } from '../../base/keccak.ts';
import type { AccountChange, Address, Hash, StateChanges } from '../../evm/types.ts';
import { MemoryStore, type StoreContent } from '../store/memory-store.ts';
import { SlowStore } from '../store/slow-store.ts';
import { TrieMemory } from '../trie-memory.ts';
import { FlatState } from './flat-state.ts';
import { accountLookupKey, codeKey, slotLookupKey } from './keys.ts';
import { NamedSlots } from './named-slots.ts';

const trieMemory = new TrieMemory();
/** PUSH1 SLOAD for each, and no more than 64 of them count. */
const LARGE = Uint8Array.fromHex(
  Array.from({ length: 100 }, (_, slot) => `60${slot.toString(16).padStart(2, '0')}54`).join(''),
);
const SMALL = Uint8Array.fromHex('600754');

const addressOf = (index: number): Address => `0x${(index + 1).toString(16).padStart(40, '0')}`;
const hashOf = (code: Uint8Array): Hash => `0x${keccak256(code).toHex()}`;
const slotKey = (address: Address, slot: bigint) => slotLookupKey(address, slot).toHex();

function contracts(count: number, code: Uint8Array): StateChanges {
  const fields = { nonce: 1n, balance: 0n, codeHash: hashOf(code), storageWiped: false };
  const account: AccountChange = { ...fields, storage: new Map([[1n, 1n]]) };
  const list = Array.from({ length: count }, (_, index) => [addressOf(index), account] as const);
  return { accounts: new Map(list), codes: new Map([[hashOf(code), code]]) };
}

/** A state that is in its store, and reads that wait. */
async function open(changes: StateChanges) {
  const content: StoreContent = new Map();
  const store = new SlowStore(await MemoryStore.open({ content }));
  store.readMs = 0.05;
  const state = new FlatState({ store, trieMemory });
  state.apply(changes);
  await state.checkpoint({ block: hashOf(LARGE), number: 1n, record: 1n });
  return { state, store, content };
}

const addresses = (count: number) => Array.from({ length: count }, (_, index) => addressOf(index));
const called = (list: Iterable<Address>) => () => ({ accounts: [], slots: [], called: list });

describe('slots that codes name', () => {
  it('are read ahead of each account that has such a code', async () => {
    const { state, store } = await open(contracts(2, SMALL));
    state.readAhead(called([addressOf(0), addressOf(77), addressOf(1)]));
    expect(store.readsAhead).toEqual([slotKey(addressOf(0), 7n), slotKey(addressOf(1), 7n)]);
    state.free();
  });

  it('are not when they are remembered, or changed since the checkpoint', async () => {
    const { state, store } = await open(contracts(4, SMALL));
    const [first, second, third, fourth] = addresses(4) as [Address, Address, Address, Address];
    state.getStorage(first, 7n);
    const change = { nonce: 1n, balance: 0n, codeHash: hashOf(SMALL), storageWiped: false };
    const accounts: [Address, AccountChange][] = [
      [second, { ...change, storage: new Map([[7n, 5n]]) }],
      [third, { ...change, storageWiped: true, storage: new Map() }],
      [fourth, { ...change, storage: new Map([[8n, 5n]]) }],
    ];
    state.apply({ accounts: new Map(accounts), codes: new Map() });
    store.readsAhead.length = 0;
    state.readAhead(called([first, second, third, fourth]));
    expect(store.readsAhead).toEqual([slotKey(fourth, 7n)]);
    state.free();
  });

  it('are so many and no more, of so many accounts and no more', async () => {
    const many = await open(contracts(100, LARGE));
    many.state.readAhead(called(addresses(100)));
    expect(many.store.readsAhead.length).toBe(4_096);
    expect(new Set(many.store.readsAhead).size).toBe(4_096);
    many.state.free();
    const { state } = await open(contracts(1, SMALL));
    let taken = 0;
    const endless = (function* () {
      for (; taken < 10_000; taken++) yield addressOf(1_000 + taken);
    })();
    state.readAhead(called(endless));
    expect(taken).toBe(4_096);
    state.free();
  });

  it('are not looked for in what is damaged: whoever reads it is told', async () => {
    const { state, store, content } = await open(contracts(2, SMALL));
    const key = accountLookupKey(addressOf(1)).toHex();
    content.set(key, Uint8Array.of(0xff));
    state.readAhead(called([addressOf(0), addressOf(1)]));
    expect(store.readsAhead).toEqual([slotKey(addressOf(0), 7n)]);
    expect(() => state.getAccount(addressOf(1))).toThrow('damaged');
    content.delete(codeKey(hashOf(SMALL)).toHex());
    const { state: other, content: without } = await open(contracts(1, SMALL));
    without.delete(codeKey(hashOf(SMALL)).toHex());
    other.readAhead(called([addressOf(0)]));
    expect(() => other.getCode(hashOf(SMALL))).toThrow('no code');
    state.free();
    other.free();
  });

  it('are found once for a code, until 4,096 others have come', () => {
    const named = new NamedSlots();
    let looks = 0;
    const look = (index: number) =>
      named.of(hashOf(Uint8Array.of(index, index >> 8)), () => {
        looks += 1;
        return SMALL;
      });
    for (let round = 0; round < 2; round++) {
      for (let index = 0; index < 4_096; index++) expect(look(index)).toEqual([7n]);
    }
    expect(looks).toBe(4_096);
    look(4_096);
    look(1);
    look(4_096);
    expect(looks).toBe(4_097);
    look(0);
    expect(looks).toBe(4_098);
  });
});
