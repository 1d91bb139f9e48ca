/**
 * A development chain: blocks when its users want them, upon a state that they may set by hand,
 * at times that they choose, and back again.
 *
 *   what waits          pool                   head, state below      ledger
 *   set by hand         editor                 time                   clock
 *
 * All that changes the chain is done one after another. A snapshot is where each of these stands;
 * none of them is copied.
 */

import { keccak256 } from '../../base/keccak.ts';
import { Turns } from '../../base/turns.ts';
import type { BlockRequest, BuiltBlock } from '../../chain/block-builder.ts';
import type { ChainBlock, KnownBlock } from '../../chain/block-tree.ts';
import { InvalidBlock } from '../../chain/blocks/fault.ts';
import type { BlockHeader } from '../../chain/blocks/header.ts';
import type { CallHooks } from '../../evm/machine/hooks.ts';
import type { Address, Hash, StateChanges } from '../../evm/types.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { transactionHash } from '../ledger/transaction-index.ts';
import { type NextPrices, pricesAfter } from '../pool/checks.ts';
import type { MemoryPool } from '../pool/memory-pool.ts';
import type { PoolEntry } from '../pool/sender-queue.ts';
import { RpcError } from '../rpc/errors.ts';
import type { ClockState, DevClock } from './clock.ts';
import type { AccountEdit, EditMark, StateEditor } from './edits.ts';

/** What users said of blocks to come; it does not change. */
export interface BlockSettings {
  readonly coinbase: Address;
  /** The parent's when left out. */
  readonly gasLimit?: bigint;
  /** Of the next block alone. */
  readonly nextBaseFee?: bigint | undefined;
  readonly nextPrevRandao?: Hash | undefined;
}

/** What a block is made of, if not of what waits. */
export type Offered = Pick<PoolEntry, 'bytes' | 'sender' | 'isImpersonated'>;

/** Told of what a development chain does. */
export interface DevWatch {
  /** Of the calls of the next block; asked for each block. */
  readonly hooks?: () => CallHooks | undefined;
  readonly mined?: (built: BuiltBlock) => void;
}

interface Snapshot {
  readonly id: bigint;
  readonly head: Hash;
  readonly mark: EditMark;
  readonly clock: ClockState;
  readonly pool: readonly PoolEntry[];
  readonly settings: BlockSettings;
}

export interface DevChainOptions {
  readonly ledger: Ledger;
  readonly editor: StateEditor;
  readonly clock: DevClock;
  readonly settings: BlockSettings;
  readonly watch?: DevWatch;
}

const NO_PARENT: Hash = `0x${'00'.repeat(32)}`;
/** Of those that are ready: more than a block has room for. */
const OFFERED_MAX = 8_192;
/** One that is refused for want of room waits for the next block. */
const WANT_OF_ROOM = new Set(['gas limit exceeds block', 'too many blobs', 'block/too large']);

export class DevChain {
  readonly ledger: Ledger;
  readonly clock: DevClock;
  readonly #editor: StateEditor;
  readonly #watch: DevWatch;
  /** Set once, by who makes both. */
  #pool: MemoryPool | undefined;
  #settings: BlockSettings;
  #isAutomining = true;
  #lastBlockMs: number | undefined;
  #snapshots: Snapshot[] = [];
  #snapshotId = 0n;
  /** Where edits stand once the head is the block that is being gone back to. */
  #markOfNextHead: EditMark | undefined;
  /** Who sent what nobody signed, by block and index. */
  readonly #impersonated: Map<Hash, ReadonlyMap<number, Address>>;
  readonly #turns = new Turns();

  constructor(
    { ledger, editor, clock, settings, watch = {} }: DevChainOptions,
    impersonated: Map<Hash, ReadonlyMap<number, Address>>,
  ) {
    this.ledger = ledger;
    this.clock = clock;
    this.#editor = editor;
    this.#settings = settings;
    this.#watch = watch;
    this.#impersonated = impersonated;
    ledger.onHead(() => this.#headChanged());
  }

  get pool(): MemoryPool {
    if (this.#pool === undefined) throw new Error('the development chain has no pool yet');
    return this.#pool;
  }

  set pool(pool: MemoryPool) {
    this.#pool = pool;
  }

  get settings(): BlockSettings {
    return this.#settings;
  }

  get isAutomining(): boolean {
    return this.#isAutomining;
  }

  set isAutomining(isAutomining: boolean) {
    this.#isAutomining = isAutomining;
  }

  /** What was set by hand upon the head's state; undefined for nothing. */
  get edits(): StateChanges | undefined {
    return this.#editor.changes;
  }

  /** When the last block was made, milliseconds since 1970; undefined before the first. */
  get lastBlockMs(): number | undefined {
    return this.#lastBlockMs;
  }

  /** Prices of the next block. */
  get prices(): NextPrices {
    const { head } = this.ledger;
    const prices = pricesAfter(this.ledger, head);
    const baseFee = this.#baseFeeAfter(head.header);
    return baseFee === undefined ? prices : { ...prices, baseFee };
  }

  /** What is said of the next block. */
  configure(settings: Partial<BlockSettings>): Promise<void> {
    return this.#turns.take(async () => {
      this.#settings = { ...this.#settings, ...settings };
      this.#editor.touch();
      await this.pool.stateChanged();
    });
  }

  /** Sets something of an account of the latest state, at once. */
  edit(address: Address, edit: AccountEdit): Promise<void> {
    return this.#turns.take(async () => {
      await this.#editor.edit(address, edit);
      await this.pool.stateChanged();
    });
  }

  /** The same, of several accounts. */
  editAll(edits: Iterable<readonly [Address, AccountEdit]>): Promise<void> {
    return this.#turns.take(async () => {
      for (const [address, edit] of edits) await this.#editor.edit(address, edit);
      await this.pool.stateChanged();
    });
  }

  /** The next block upon one, its transactions aside. */
  nextBlock({ hash, header }: KnownBlock): Omit<BlockRequest, 'transactions' | 'senderOf'> {
    const { coinbase, gasLimit, nextPrevRandao } = this.#settings;
    const prevRandao = nextPrevRandao ?? randomAfter(hash);
    return {
      timestamp: this.clock.after(header.timestamp),
      coinbase,
      ...(gasLimit === undefined ? {} : { gasLimit }),
      prevRandao,
      development: {
        edits: hash === this.ledger.head.hash ? this.#editor.changes : undefined,
        baseFeePerGas: this.#baseFeeAfter(header),
      },
    };
  }

  /**
   * Makes blocks of what is ready.
   * @param interval seconds from each to the next
   */
  mine(
    count: number,
    { interval, signal }: { readonly interval?: bigint; readonly signal?: AbortSignal } = {},
  ): Promise<Hash> {
    return this.#turns.take(async () => {
      for (let index = 0; index < count && signal?.aborted !== true; index++) {
        // Clients send 0 where nobody said anything.
        if (index > 0 && interval !== undefined && interval > 0n) {
          this.clock.setNext(this.ledger.head.header.timestamp + interval, 0n);
        }
        await this.#produce();
        // Others are served meanwhile.
        if (index % 16 === 15) await new Promise((resolve) => setImmediate(resolve));
      }
      return this.ledger.head.hash;
    });
  }

  /** Sees to it that a transaction of the pool is mined, where blocks come at once. */
  async mineAdded(hash: Hash): Promise<void> {
    if (!this.#isAutomining) return;
    await this.#turns.take(async () => {
      for (;;) {
        await this.pool.settled();
        const entry = this.pool.get(hash);
        if (entry === undefined || !this.pool.ready().includes(entry)) return;
        const { block } = await this.#produce();
        if (block.transactions.length === 0) return;
      }
    });
  }

  /** PERF: O(1); O(pool) where the pool has changed since the last. */
  snapshot(): Promise<bigint> {
    return this.#turns.take(() => {
      const id = this.#snapshotId++;
      this.#snapshots.push({
        id,
        head: this.ledger.head.hash,
        mark: this.#editor.mark(),
        clock: this.clock.state,
        pool: this.pool.all(),
        settings: this.#settings,
      });
      return id;
    });
  }

  /** Blocks of those that can be gone back to, by their ids. */
  openSnapshots(): Record<string, Hash> {
    const entries = this.#snapshots.map(({ id, head }) => [`0x${id.toString(16)}`, head] as const);
    return Object.fromEntries(entries);
  }

  /** Goes back to a snapshot, which is gone then, and those after it; whether it was there. */
  revert(id: bigint): Promise<boolean> {
    return this.#turns.take(async () => {
      const index = this.#snapshots.findLastIndex((each) => each.id === id);
      const snapshot = this.#snapshots[index];
      if (snapshot === undefined) return false;
      this.#snapshots.length = index;
      await this.#goTo(snapshot.head, snapshot.mark);
      this.clock.state = snapshot.clock;
      this.#settings = snapshot.settings;
      await this.pool.stateChanged();
      await this.pool.restore(snapshot.pool);
      return true;
    });
  }

  /** Back to the first block, with nothing set and nothing waiting. */
  reset(first: Hash): Promise<void> {
    return this.#turns.take(async () => {
      await this.#goTo(first);
      this.clock.state = { offset: 0n, next: undefined, interval: undefined };
      const { nextBaseFee: _, nextPrevRandao: __, ...settings } = this.#settings;
      this.#settings = settings;
      this.#snapshots = [];
      await this.pool.settled();
      this.pool.clear();
    });
  }

  /** Back by so many blocks; transactions of theirs are gone. @throws RpcError */
  rollback(depth: bigint): Promise<void> {
    return this.#turns.take(() => this.#rollback(depth));
  }

  /** As many other blocks instead of the last ones: of those that are given for each. */
  reorganize(offered: readonly (readonly Offered[])[]): Promise<void> {
    return this.#turns.take(async () => {
      await this.#rollback(BigInt(offered.length));
      for (const each of offered) await this.#produce(each);
    });
  }

  /** Work between two changes of the chain. */
  undisturbed<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#turns.take(work);
  }

  /**
   * Of the next block, where it does not follow from its parent: what was said, or behind the first
   * block that one's own, so that a chain begins with the fee that it was started with (as Anvil).
   */
  #baseFeeAfter({ parentHash, baseFeePerGas }: BlockHeader): bigint | undefined {
    const { nextBaseFee } = this.#settings;
    return nextBaseFee ?? (parentHash === NO_PARENT ? baseFeePerGas : undefined);
  }

  async #rollback(depth: bigint): Promise<void> {
    const { number } = this.ledger.head.header;
    if (depth > number) {
      const message = `Rollback depth must not exceed current chain height: ${depth} > ${number}`;
      throw new RpcError('invalid params', message);
    }
    const target = await this.ledger.requireBlock({ number: number - depth });
    const waiting = this.pool.all();
    await this.#goTo(target.hash);
    await this.pool.settled();
    await this.pool.restore(waiting);
  }

  async #goTo(hash: Hash, mark?: EditMark): Promise<void> {
    if (this.ledger.head.hash === hash) {
      if (mark === undefined) this.#editor.begin(hash);
      else this.#editor.restore(mark);
      return;
    }
    this.#markOfNextHead = mark;
    await this.ledger.setHead(hash);
  }

  /** In the same moment as the head: nobody sees the one without the other. */
  #headChanged(): void {
    const mark = this.#markOfNextHead;
    this.#markOfNextHead = undefined;
    if (mark?.upon === this.ledger.head.hash) this.#editor.restore(mark);
    else this.#editor.begin(this.ledger.head.hash);
  }

  async #produce(given?: readonly Offered[]): Promise<BuiltBlock> {
    await this.pool.settled();
    const { head } = this.ledger;
    const offered = given ?? this.pool.ready().slice(0, OFFERED_MAX);
    const senders = new Map(offered.map(({ bytes, sender }) => [bytes, sender]));
    const hooks = this.#watch.hooks?.();
    const isImpersonating = offered.some(({ isImpersonated }) => isImpersonated);
    const next = this.nextBlock(head);
    const request: BlockRequest = {
      ...next,
      transactions: offered.map(({ bytes }) => bytes),
      senderOf: (bytes) => senders.get(bytes),
      development: {
        ...next.development,
        hooks,
        // Contracts are impersonated, too (EIP-3607).
        checks: isImpersonating ? { senderCode: false } : undefined,
      },
    };
    const built = await this.#orRefuse(() => this.ledger.chain.produceBlock(request, head.hash));
    this.#rememberSenders(built, offered);
    const { kept } = built;
    this.ledger.remember({
      ...kept,
      senders: kept.transactions.map((bytes) => senders.get(bytes)),
    });
    const edits = next.development?.edits;
    if (edits !== undefined) this.ledger.keepEdits(built.block.hash, edits);
    this.clock.passed(built.block.header.timestamp);
    const { nextBaseFee: _, nextPrevRandao: __, ...settings } = this.#settings;
    this.#settings = settings;
    await this.ledger.setHead(built.block.hash);
    for (const { bytes, error } of built.refused) {
      const reason = String(error.details['reason'] ?? error.code);
      const waits = WANT_OF_ROOM.has(reason) && built.block.transactions.length > 0;
      if (!waits) this.pool.remove(transactionHash(bytes));
    }
    await this.pool.settled();
    this.#lastBlockMs = Date.now();
    this.#watch.mined?.(built);
    return built;
  }

  async #orRefuse<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof InvalidBlock)) throw error;
      throw new RpcError('server error', `no block can be made: ${error.message}`);
    }
  }

  #rememberSenders({ block }: BuiltBlock, offered: readonly Offered[]): void {
    const said = new Map(
      offered
        .filter(({ isImpersonated }) => isImpersonated)
        .map(({ bytes, sender }) => [bytes, sender]),
    );
    if (said.size === 0) return;
    const byIndex = new Map<number, Address>();
    for (const [index, bytes] of block.transactions.entries()) {
      const sender = said.get(bytes);
      if (sender !== undefined) byIndex.set(index, sender);
    }
    this.#impersonated.set(block.hash, byIndex);
  }
}

/** Each block has another, and the same one in each run. */
function randomAfter(parent: ChainBlock['hash']): Hash {
  return `0x${keccak256(Uint8Array.fromHex(parent.slice(2))).toHex()}`;
}
