/**
 * The state of a context against a plain model: maps that are copied at each checkpoint. Random
 * runs of reads, writes, checkpoints, reverts and transactions; the cache of the view is emptied
 * at random, so that everything can be missing at any time.
 */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import {
  compileRuntime,
  instantiateRuntime,
  type RuntimeInternals,
} from '../../../test/runtime-internals.ts';
import * as layout from '../layout.ts';
import { EMPTY_CODE_HASH } from '../machine/arena.ts';
import { readHash, readWord, writeHash, writeWord } from '../machine/words.ts';
import type { Hash } from '../types.ts';

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await compileRuntime(['allocator', 'code', 'tables', 'view', 'state', 'versions']);
}, 120_000);

const HEAP_BYTES = 64 << 20;
/** 3 is RIPEMD-160, whose touch outlives a revert. Even places have no storage. */
const ADDRESSES = [3n, 0x0bn << 152n, 0x1234_5678_9abc_def0n, (1n << 160n) - 1n, 5n, 6n];
/** They exist, with nothing in them: as before EIP-158. */
const EMPTY = [3n, 5n];
const ABSENT = 6n;
const KEYS = [0n, 1n, 1n << 255n, (1n << 256n) - 1n];
const CODES: readonly Hash[] = [EMPTY_CODE_HASH, `0x${'c1'.repeat(32)}`, `0x${'c2'.repeat(32)}`];

interface ModelAccount {
  exists: boolean;
  nonce: bigint;
  balance: bigint;
  codeHash: Hash;
  warm: boolean;
  touched: boolean;
  created: boolean;
  destroyed: boolean;
  storage: Map<bigint, bigint>;
  original: Map<bigint, bigint>;
  warmSlots: Set<bigint>;
  transient: Map<bigint, bigint>;
}

type Model = Map<bigint, ModelAccount>;

const INITIAL: Model = new Map(
  ADDRESSES.map((address, i) => {
    const storage = new Map<bigint, bigint>();
    if (i % 2 === 1 && address !== ABSENT) for (const key of KEYS) storage.set(key, (key >> 1n) + BigInt(2 * i));
    const blank = EMPTY.includes(address) || address === ABSENT;
    const account: ModelAccount = {
      exists: address !== ABSENT,
      nonce: BigInt(blank ? 0 : i % 2),
      balance: blank ? 0n : BigInt(i) << 128n,
      codeHash: (blank ? EMPTY_CODE_HASH : CODES[i % 3]) as Hash,
      warm: false,
      touched: false,
      created: false,
      destroyed: false,
      storage,
      original: new Map(storage),
      warmSlots: new Set(),
      transient: new Map(),
    };
    return [address, account];
  }),
);

/** The machine's side: every call answers requests until it is through. */
class Driver {
  readonly #runtime: RuntimeInternals;
  readonly #scratch: number;

  constructor(runtime: RuntimeInternals) {
    this.#runtime = runtime;
    this.#scratch = layout.GLOBALS + layout.G_SCRATCH;
  }

  call(name: string, ...args: (number | bigint)[]): number {
    const inner = this.#runtime.inner[name];
    if (inner === undefined) throw new Error(`the runtime has no ${name}`);
    return inner(this.#runtime.arena.ctx, ...args) >>> 0;
  }

  get view(): DataView {
    return this.#runtime.memory.view();
  }

  get ctx(): number {
    return this.#runtime.arena.ctx;
  }

  /** A word in scratch memory. */
  word(value: bigint, slot = 0): number {
    const at = this.#scratch + 512 + 32 * slot;
    writeWord(this.view, at, value);
    return at;
  }

  hash(value: Hash): number {
    const at = this.#scratch + 1024;
    writeHash(this.view, at, value);
    return at;
  }

  forgetView(): void {
    this.#runtime.inner['layerClear']?.(this.#runtime.arena.view);
  }

  /** A new block over the state as it was. */
  forgetBlock(): void {
    this.#runtime.inner['layerClear']?.(this.#runtime.arena.versions);
    this.forgetView();
    this.call('beginTransaction');
  }

  setClearing(on: boolean): void {
    const rules = this.view.getUint32(this.ctx + layout.C_RULES, true);
    this.view.setUint32(rules + layout.R_CLEAR_EMPTY, on ? 1 : 0, true);
  }

  /** Calls until the answer is none of the misses. */
  ask(miss: number, attempt: () => number): number {
    for (let tries = 0; tries < 5; tries++) {
      this.view.setUint32(this.ctx + layout.C_REQUEST, layout.REQUEST_NONE, true);
      const before = this.view.getUint32(this.ctx + layout.C_JOURNAL_TOP, true);
      const answer = attempt();
      if (answer !== miss) return answer;
      expect(this.view.getUint32(this.ctx + layout.C_JOURNAL_TOP, true)).toBe(before);
      this.#serve();
    }
    throw new Error('asked five times for the same');
  }

  #serve(): void {
    const { view, ctx } = this;
    const address = readWord(view, ctx + layout.C_REQUEST_ADDRESS);
    const account = INITIAL.get(address);
    if (account === undefined) throw new Error(`asked for the unknown account ${address}`);
    const at = this.word(address);
    const kind = view.getUint32(ctx + layout.C_REQUEST, true);
    if (kind === layout.REQUEST_ACCOUNT) {
      const { exists, nonce, balance, codeHash } = account;
      const put = [at, exists ? 1 : 0, nonce, this.word(balance, 1), this.hash(codeHash)] as const;
      expect(this.call('viewPutAccount', ...put)).toBe(1);
    } else if (kind === layout.REQUEST_SLOT) {
      expect(account.exists).toBe(true);
      const key = readWord(view, ctx + layout.C_REQUEST_SLOT);
      const value = account.storage.get(key) ?? 0n;
      expect(this.call('viewPutSlot', at, this.word(key, 1), this.word(value, 2))).toBe(1);
    } else if (kind === layout.REQUEST_HAS_STORAGE) {
      const has = [...account.storage.values()].some((value) => value !== 0n);
      expect(this.call('viewPutHasStorage', at, has ? 1 : 0)).toBe(1);
    } else throw new Error(`asked for ${kind}`);
  }

  account(address: bigint): number {
    return this.ask(0, () => this.call('findAccount', this.word(address)));
  }

  slot(address: bigint, key: bigint): number {
    const a = this.account(address);
    return this.ask(0, () => this.call('findSlot', a, this.word(key)));
  }
}

const cloneAccount = (account: ModelAccount): ModelAccount => ({
  ...account,
  storage: new Map(account.storage),
  original: new Map(account.original),
  warmSlots: new Set(account.warmSlots),
  transient: new Map(account.transient),
});
const clone = (model: Model): Model =>
  new Map([...model].map(([address, account]) => [address, cloneAccount(account)]));

const MASK = (1n << 256n) - 1n;
const isEmpty = ({ nonce, balance, codeHash }: ModelAccount) =>
  nonce === 0n && balance === 0n && codeHash === EMPTY_CODE_HASH;

function touch(account: ModelAccount): void {
  account.exists = true;
  account.touched = true;
}

/** Both sides, and what one step does to them. */
class Pair {
  model: Model = clone(INITIAL);
  /** The model as the transaction found it. */
  #start: Model = clone(INITIAL);
  #marks: { readonly mark: number; readonly model: Model }[] = [];
  readonly driver: Driver;
  readonly clearing: boolean;

  constructor(driver: Driver, clearing: boolean) {
    this.driver = driver;
    this.clearing = clearing;
    driver.setClearing(clearing);
    driver.forgetBlock();
  }

  at(address: bigint): ModelAccount {
    return this.model.get(address) as ModelAccount;
  }

  checkpoint(): void {
    this.#marks.push({ mark: this.driver.call('checkpoint'), model: clone(this.model) });
  }

  revert(): void {
    const last = this.#marks.pop();
    if (last === undefined) return;
    this.driver.call('revertTo', last.mark);
    const ripemd = this.at(3n).touched;
    this.model = last.model;
    if (ripemd) this.at(3n).touched = true;
    this.#resume();
  }

  /** A frame ends well: what it wrote belongs to the one that runs again. */
  succeed(): void {
    if (this.#marks.pop() !== undefined) this.#resume();
  }

  #resume(): void {
    const { driver } = this;
    const base = driver.view.getUint32(driver.ctx + layout.C_JOURNAL_BASE, true);
    driver.call('resumeCheckpoint', this.#marks.at(-1)?.mark ?? base);
  }

  end(commit: boolean): void {
    const { driver } = this;
    driver.call('finishTransaction');
    if (commit) expect(driver.call('commitTransaction')).toBe(1);
    for (const account of this.model.values()) {
      const clears = this.clearing && account.touched && account.exists && isEmpty(account);
      if (!account.destroyed && !clears) continue;
      Object.assign(account, { exists: false, nonce: 0n, balance: 0n, codeHash: EMPTY_CODE_HASH });
      account.storage.clear();
    }
    if (!commit) this.model = clone(this.#start);
    for (const account of this.model.values()) {
      account.warm = account.touched = account.created = account.destroyed = false;
      account.original = new Map(account.storage);
      account.warmSlots.clear();
      account.transient.clear();
    }
    this.#start = clone(this.model);
    this.#marks = [];
    driver.call('beginTransaction');
  }

  /** Everything that can be seen of one account. */
  compare(address: bigint): void {
    const { driver } = this;
    const account = this.at(address);
    const a = driver.account(address);
    const { view } = driver;
    const flags = view.getUint32(a + layout.A_FLAGS, true);
    const seen = {
      exists: (flags & layout.ACCOUNT_EXISTS) !== 0,
      warm: (flags & layout.ACCOUNT_WARM) !== 0,
      created: (flags & layout.ACCOUNT_CREATED) !== 0,
      destroyed: (flags & layout.ACCOUNT_SELFDESTRUCTED) !== 0,
      nonce: view.getBigUint64(a + layout.A_NONCE, true),
      balance: readWord(view, a + layout.A_BALANCE),
      codeHash: readHash(new Uint8Array(view.buffer), a + layout.A_CODE_HASH),
    };
    const { exists, warm, created, destroyed, nonce, balance, codeHash } = account;
    expect(seen).toEqual({ exists, warm, created, destroyed, nonce, balance, codeHash });
    expect(driver.call('isEmpty', a) !== 0).toBe(isEmpty(account));
    for (const key of KEYS) this.compareSlot(address, key);
  }

  compareSlot(address: bigint, key: bigint): void {
    const { driver } = this;
    const account = this.at(address);
    const s = driver.slot(address, key);
    const { view } = driver;
    expect({
      value: readWord(view, s + layout.S_VALUE),
      original: readWord(view, s + layout.S_ORIGINAL),
      warm: (view.getUint32(s + layout.S_FLAGS, true) & layout.SLOT_WARM) !== 0,
    }).toEqual({
      value: account.storage.get(key) ?? 0n,
      original: account.original.get(key) ?? 0n,
      warm: account.warmSlots.has(key),
    });
    const out = driver.word(0n, 3);
    driver.call('transientLoad', driver.account(address), driver.word(key), out);
    expect(readWord(driver.view, out)).toBe(account.transient.get(key) ?? 0n);
  }
}

interface Step {
  readonly kind: keyof typeof STEPS;
  readonly address: bigint;
  readonly key: bigint;
  readonly value: bigint;
}

type Act = (pair: Pair, account: ModelAccount, a: number, step: Step) => void;

const STEPS = {
  warm: ({ driver }, account, a) => {
    expect(driver.call('warmAccount', a) !== 0).toBe(!account.warm);
    account.warm = true;
  },
  setBalance: ({ driver }, account, a, { value }) => {
    driver.call('setBalance', a, driver.word(value));
    account.balance = value;
    touch(account);
  },
  addBalance: ({ driver }, account, a, { value }) => {
    const overflows = account.balance + value > MASK;
    expect(driver.call('addBalance', a, driver.word(value)) !== 0).toBe(overflows);
    if (overflows) return;
    account.balance += value;
    touch(account);
  },
  subBalance: ({ driver }, account, a, { value }) => {
    const suffices = account.balance >= value;
    expect(driver.call('subBalance', a, driver.word(value)) !== 0).toBe(suffices);
    if (!suffices) return;
    account.balance -= value;
    touch(account);
  },
  setNonce: ({ driver }, account, a, { value }) => {
    account.nonce = value & 0xffff_ffff_ffff_ffffn;
    driver.call('setNonce', a, account.nonce);
    touch(account);
  },
  setCode: ({ driver }, account, a, { value }) => {
    account.codeHash = CODES[Number(value % 3n)] as Hash;
    driver.call('setCode', a, 0, driver.hash(account.codeHash));
    touch(account);
  },
  touch: ({ driver }, account, a) => {
    driver.call('touchAccount', a);
    touch(account);
  },
  create: ({ driver }, account, a) => {
    driver.call('resetForCreation', a);
    account.storage.clear();
    account.original.clear();
    account.nonce = 0n;
    account.created = true;
    touch(account);
  },
  destroy: ({ driver }, account, a) => {
    driver.call('markSelfdestructed', a);
    account.destroyed = true;
    touch(account);
  },
  warmSlot: ({ driver }, account, _, { address, key }) => {
    const cold = !account.warmSlots.has(key);
    expect(driver.call('warmSlot', driver.slot(address, key)) !== 0).toBe(cold);
    account.warmSlots.add(key);
  },
  setSlot: ({ driver }, account, _, { address, key, value }) => {
    driver.call('setSlot', driver.slot(address, key), driver.word(value));
    account.storage.set(key, value);
  },
  setTransient: ({ driver }, account, a, { key, value }) => {
    expect(driver.call('transientStore', a, driver.word(key), driver.word(value, 1))).toBe(1);
    account.transient.set(key, value);
  },
  checkpoint: (pair) => pair.checkpoint(),
  revert: (pair) => pair.revert(),
  succeed: (pair) => pair.succeed(),
  commit: (pair) => pair.end(true),
  discard: (pair) => pair.end(false),
  forgetView: ({ driver }) => driver.forgetView(),
  compare: (pair, _account, _a, { address }) => pair.compare(address),
} satisfies Record<string, Act>;

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...(Object.keys(STEPS) as (keyof typeof STEPS)[])),
  address: fc.constantFrom(...ADDRESSES),
  key: fc.constantFrom(...KEYS),
  value: fc.oneof(fc.constantFrom(0n, 1n, MASK), fc.bigInt(0n, MASK)),
});

test('the overlay agrees with maps that are copied', () => {
  const driver = new Driver(instantiateRuntime(module, HEAP_BYTES));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), fc.boolean(), (steps, clearing) => {
      const pair = new Pair(driver, clearing);
      for (const one of steps) {
        const a = driver.account(one.address);
        (STEPS[one.kind] as Act)(pair, pair.at(one.address), a, one);
      }
      for (const address of ADDRESSES) pair.compare(address);
      pair.end(true);
      for (const address of ADDRESSES) pair.compare(address);
    }),
    { numRuns: 400 },
  );
});

test('marks of what was read outlive a revert, warmth does not', () => {
  const driver = new Driver(instantiateRuntime(module, HEAP_BYTES));
  driver.forgetBlock();
  const address = ADDRESSES[1] as bigint;
  const a = driver.account(address);
  const mark = driver.call('checkpoint');
  driver.call('warmAccount', a);
  driver.call('subBalance', a, driver.word(MASK));
  driver.call('setNonce', a, 9n);
  driver.call('isEmpty', a);
  driver.call('revertTo', mark);
  const wanted = layout.READ_BALANCE | layout.READ_NONCE | layout.READ_EXISTENCE;
  expect(driver.view.getUint32(a + layout.A_READS, true)).toBe(wanted);
  expect(driver.view.getUint32(a + layout.A_FLAGS, true) & layout.ACCOUNT_WARM).toBe(0);
  expect(driver.call('checkpoint')).toBe(mark);
});

test('an account has storage as long as a slot that is not zero is left', () => {
  const driver = new Driver(instantiateRuntime(module, HEAP_BYTES));
  driver.forgetBlock();
  const address = 5n;
  const has = () => {
    const a = driver.account(address);
    return driver.ask(0xffff_ffff, () => driver.call('hasStorage', a));
  };
  const write = (key: bigint, value: bigint) => {
    const a = driver.account(address);
    driver.call('touchAccount', a);
    driver.call('setSlot', driver.slot(address, key), driver.word(value));
    expect(driver.call('commitTransaction')).toBe(1);
    driver.call('beginTransaction');
  };
  expect(has()).toBe(0);
  write(1n, 5n);
  write(2n, 6n);
  write(1n, 7n);
  expect(has()).toBe(1);
  write(1n, 0n);
  expect(has()).toBe(1);
  write(2n, 0n);
  expect(has()).toBe(0);
  write(2n, 1n);
  driver.call('resetForCreation', driver.account(address));
  expect(driver.call('commitTransaction')).toBe(1);
  driver.call('beginTransaction');
  expect(has()).toBe(0);
  write(3n, 1n);
  expect(has()).toBe(1);
  write(3n, 0n);
  expect(has()).toBe(0);
});

test('the cache of the view starts anew when there is no memory for more', () => {
  const runtime = instantiateRuntime(module, 6 << 20);
  const driver = new Driver(runtime);
  driver.forgetBlock();
  const address = ADDRESSES[1] as bigint;
  const valueOf = (key: bigint) => INITIAL.get(address)?.storage.get(key) ?? 0n;
  let restarts = 0;
  for (let key = 0n; key < 100_000n; key++) {
    const put = [driver.word(address), driver.word(key, 1), driver.word(valueOf(key), 2)] as const;
    expect(driver.call('viewPutSlot', ...put)).toBe(1);
    const count = driver.view.getUint32(runtime.arena.view + layout.LAYER_SLOTS + 8, true);
    if (count === 0) restarts++;
    if (key % 1_000n === 0n) {
      runtime.inner['layerClear']?.(runtime.arena.versions);
      driver.call('beginTransaction');
      expect(readWord(driver.view, driver.slot(address, 1n) + layout.S_VALUE)).toBe(2n);
    }
  }
  expect(restarts).toBeGreaterThan(1);
});
