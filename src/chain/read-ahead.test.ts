/** What a block is going to touch is read ahead, and nothing comes of it but that. */
import { describe, expect, it } from 'vitest';
import type { Address } from '../evm/types.ts';
import { accountLookupKey, codeKey, slotLookupKey } from '../state/flat/keys.ts';
import { MemoryFiles } from '../state/log/memory-files.ts';
import { RecordLog } from '../state/log/record-log.ts';
import { MemoryState } from '../state/memory.ts';
import { MemoryStore, type StoreContent } from '../state/store/memory-store.ts';
import { SlowStore } from '../state/store/slow-store.ts';
import { TrieMemory } from '../state/trie-memory.ts';
import { encodeAccessList } from './blocks/access-list.ts';
import { firstBlock, genesisHeader } from './blocks/genesis.ts';
import { Chain } from './chain.ts';
import { ChainDatabase } from './database/chain-database.ts';
import { Machines } from './machines.ts';
import { BLANK_TRANSACTION } from './transactions/blank.ts';
import { encodeTransaction } from './transactions/encode.ts';
import { addressOfKey, signTransaction } from './transactions/signature.ts';

const KEY = new Uint8Array(32).fill(7);
const SENDER = addressOfKey(KEY);
const MINER: Address = `0x${'c0'.repeat(20)}`;
/** Adds 1 to slot 9, and stores what slot 0x1234 holds in slot 0; slot 5 is behind its end. */
const CODE = Uint8Array.fromHex('600160095401600955611234545f55005b60055400');
const SLOTS = [9n, 0x1234n, 0n, 5n];
const TOUCHED = [9n, 0x1234n, 0n];
/** Both of that code. */
const FIRST: Address = `0x${'a1'.repeat(20)}`;
const SECOND: Address = `0x${'a2'.repeat(20)}`;
const SYSTEM_CONTRACTS: readonly Address[] = [
  '0x00000961ef480eb55e80d19ad83579a64c007002',
  '0x0000bbddc7ce488642fb579f8b00f3a590007251',
];

const trieMemory = new TrieMemory();
const accountKey = (address: Address) => accountLookupKey(address).toHex();
const slotKeys = (address: Address, slots: readonly bigint[]) =>
  slots.map((slot) => slotLookupKey(address, slot).toHex());

interface Opened {
  readonly chain: Chain;
  readonly store: SlowStore;
  readonly content: StoreContent;
  readonly tree: ChainDatabase;
}

interface Setting {
  readonly fork?: 'osaka' | 'amsterdam';
  readonly readMs?: number;
  readonly readsAhead?: boolean;
}

/** A chain that stands in its store, of which nothing is remembered. */
async function open({ fork = 'osaka', readMs = 0.05, readsAhead = true }: Setting = {}) {
  const state = new MemoryState();
  const account = { nonce: 0n, balance: 10n ** 21n, code: new Uint8Array(0), storage: [] };
  state.setAccount(SENDER, account);
  for (const address of [FIRST, SECOND]) {
    const storage = [[0x1234n, BigInt(address)]] as const;
    state.setAccount(address, { ...account, balance: 0n, nonce: 1n, code: CODE, storage });
  }
  for (const address of SYSTEM_CONTRACTS) {
    state.setAccount(address, { ...account, nonce: 1n, code: Uint8Array.of(0) });
  }
  const spec = { chainId: 1n, forks: [{ fork }] };
  const genesis = firstBlock(
    genesisHeader(spec, { coinbase: MINER, stateRoot: state.root(), gasLimit: 10_000_000n }),
  );
  const content: StoreContent = new Map();
  const store = new SlowStore(await MemoryStore.open({ content }));
  if (!readsAhead) Object.defineProperty(store, 'readAhead', { value: undefined });
  const log = await RecordLog.open(new MemoryFiles());
  const tree = await ChainDatabase.create({ store, log, trieMemory }, genesis, state.asChanges());
  store.readMs = readMs;
  const chain = new Chain({ spec, tree, machines: new Machines({ engine: 'interpreter' }) });
  return { chain, store, content, tree } satisfies Opened;
}

function call(nonce: bigint, to: Address | undefined): Uint8Array {
  const transaction = {
    ...BLANK_TRANSACTION,
    type: 0,
    nonce,
    maxFeePerGas: 10n ** 10n,
    maxPriorityFeePerGas: 10n ** 10n,
    gasLimit: 100_000n,
    ...(to === undefined ? {} : { to }),
    v: 27n,
  } as const;
  return encodeTransaction(signTransaction(transaction, KEY));
}

const REQUEST = { timestamp: 5n, coinbase: MINER };

/** A block of calls, made where nothing is looked at. */
async function made(transactions: readonly Uint8Array[], fork: 'osaka' | 'amsterdam' = 'osaka') {
  const { chain } = await open({ fork, readMs: 0 });
  const slot = fork === 'amsterdam' ? { slotNumber: 1n } : {};
  return chain.buildBlock({ ...REQUEST, ...slot, transactions });
}

describe('of a block', () => {
  it('recipients are read ahead, and the slots that their codes name', async () => {
    const { bytes } = await made([call(0n, FIRST), call(1n, undefined), call(2n, SECOND)]);
    const { chain, store } = await open();
    const readAt: number[] = [];
    const { readAhead } = SlowStore.prototype;
    store.readAhead = (keys) => {
      readAt.push(store.reads.length);
      readAhead.call(store, keys);
    };
    await chain.importBlock(bytes);
    const accounts = [FIRST, SECOND].map(accountKey);
    const slots = [...slotKeys(FIRST, SLOTS), ...slotKeys(SECOND, SLOTS)];
    expect(store.readsAhead).toEqual([...accounts, ...slots]);
    // Both calls before anything is executed: of all slots none has been asked for then.
    const before = store.reads.slice(0, readAt.at(-1));
    expect(before.filter((key) => slots.includes(key))).toEqual([]);
    expect(store.reads.filter((key) => slots.includes(key)).length).toBe(6);
    // One code is looked at once, however many have it; the machine asks for it once more.
    const code = codeKey((await codeHashOf(chain)) as `0x${string}`).toHex();
    expect(before.filter((key) => key === code).length).toBe(1);
  });

  it('nothing is read ahead where reads do not wait', async () => {
    const { bytes } = await made([call(0n, FIRST)]);
    const { chain, store, tree } = await open({ readMs: 0 });
    for (let read = 0n; read < 1_000n; read++) tree.state.getStorage(MINER, read);
    await chain.importBlock(bytes);
    expect(store.readsAhead).toEqual([]);
  });

  it('what its own access list names is not looked for in codes', async () => {
    const { bytes, accessList = [] } = await made([call(0n, FIRST)], 'amsterdam');
    const { chain, store } = await open({ fork: 'amsterdam' });
    await chain.importBlock(bytes, { accessList: encodeAccessList(accessList) });
    const asked = store.readsAhead.filter((key) => slotKeys(FIRST, SLOTS).includes(key));
    expect(asked.toSorted()).toEqual(slotKeys(FIRST, TOUCHED).toSorted());
  });

  it('nothing else comes of it, with reading ahead and without', async () => {
    const calls = [call(0n, FIRST), call(1n, SECOND), call(2n, FIRST)];
    for (const fork of ['osaka', 'amsterdam'] as const) {
      const { bytes } = await made(calls, fork);
      const [ahead, plain] = [await open({ fork }), await open({ fork, readsAhead: false })];
      const imported = await ahead.chain.importBlock(bytes);
      expect(ahead.store.readsAhead.length).toBeGreaterThan(0);
      expect(imported).toEqual(await plain.chain.importBlock(bytes));
      expect(plain.store.readsAhead).toEqual([]);
      expect(imported.receipts.map(({ succeeded }) => succeeded)).toEqual([true, true, true]);
      // Slot 5 was read ahead; the block's list does not name it.
      const listed = imported.accessList?.find(({ address }) => address === FIRST);
      if (fork === 'amsterdam') expect(JSON.stringify(listed, withBigInts)).not.toContain('"5n"');
    }
  });

  it('of one that is produced or built, the same', async () => {
    const transactions = [call(0n, FIRST)];
    const asked = [accountKey(FIRST), ...slotKeys(FIRST, SLOTS)];
    for (const make of ['buildBlock', 'produceBlock'] as const) {
      const { chain, store } = await open();
      const { bytes } = await chain[make]({ ...REQUEST, transactions });
      expect(store.readsAhead).toEqual(asked);
      expect(bytes).toEqual((await made(transactions)).bytes);
    }
    // What can be gone through once only is left for who executes it.
    const { chain, store } = await open();
    const { block } = await chain.buildBlock({ ...REQUEST, transactions: transactions.values() });
    expect(block.transactions).toEqual(transactions);
    expect(store.readsAhead).toEqual([]);
  });

  it('the next block asks the store for nothing that it touched', async () => {
    const { chain, store } = await open();
    const request = { ...REQUEST, transactions: [call(0n, FIRST)] };
    const { block } = await chain.produceBlock(request);
    store.reads.length = 0;
    store.readsAhead.length = 0;
    const transactions = [call(1n, FIRST)];
    await chain.produceBlock({ ...request, timestamp: 6n, transactions }, block.hash);
    const ofCall = [accountKey(SENDER), accountKey(FIRST), ...slotKeys(FIRST, TOUCHED)];
    expect(store.reads.filter((key) => ofCall.includes(key))).toEqual([]);
    expect(store.readsAhead.filter((key) => ofCall.includes(key))).toEqual([]);
  });
});

const withBigInts = (_: string, value: unknown) =>
  typeof value === 'bigint' ? `${value}n` : value;

async function codeHashOf(chain: Chain): Promise<string | undefined> {
  const view = await chain.openView(chain.head.hash);
  const account = await view.getAccount(FIRST);
  view.close();
  return account?.codeHash;
}
