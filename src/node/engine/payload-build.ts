/**
 * A payload in the making: empty at first, then with what is ready in the pool, and again whenever
 * more has become ready, until it is fetched or its slot is over. The most valuable one is kept.
 *
 * Specification: execution-apis, `src/engine/paris.md`, payload building.
 */

import { maxOf, minOf } from '../../base/integers.ts';
import type { BlockRequest, BuiltBlock } from '../../chain/block-builder.ts';
import type { KnownBlock } from '../../chain/block-tree.ts';
import type { Hash, Hex } from '../../evm/types.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { PooledTransaction, TransactionPool } from '../pool/pool.ts';
import { CELLS_PER_EXT_BLOB, type ProvenBlob } from './blobs.ts';
import type { PayloadAttributes } from './payload-attributes.ts';
import type { PayloadForks } from './payload-forks.ts';
import type { VerifiedBlobs } from './verified-blobs.ts';

/** What payloads are made of. */
export interface PayloadSources {
  readonly ledger: Ledger;
  readonly pool: TransactionPool;
  readonly blobs: VerifiedBlobs;
  readonly forks: PayloadForks;
  /** Which gas limit blocks move to; the parent's when left out. */
  readonly gasLimit?: bigint;
  readonly extraData: Hex;
}

/** A payload as it can be fetched. */
export interface BuiltPayload extends BuiltBlock {
  /** Wei that go to the fee's recipient. */
  readonly value: bigint;
  /** Of its transactions, in their order. */
  readonly blobs: readonly ProvenBlob[];
}

/** More than a block has room for. */
const OFFERED_MAX = 16_384;
/** Between two that are built because more became ready. */
const REBUILD_MS = 200;
/** After its timestamp, or its beginning where that is later: mainnet's slot. */
const SLOT_MS = 12_000;
/** How long who fetches waits for the one that is being built, of the second that they have. */
const FETCH_WAIT_MS = 500;
/** A gas limit moves by less than its parent's divided by this. */
const GAS_LIMIT_DIVISOR = 1_024n;

export class PayloadBuild {
  readonly #sources: PayloadSources;
  readonly #parent: KnownBlock;
  readonly #attributes: PayloadAttributes;
  readonly #empty: Promise<BuiltPayload>;
  readonly #done: Promise<void>;
  readonly #endMs: number;
  #best: BuiltPayload | undefined;
  #fetched: BuiltPayload | undefined;
  #isStopped = false;
  /** More has become ready since the last one was begun. */
  #isStale = false;
  #wake: () => void = () => {};

  constructor(sources: PayloadSources, parent: KnownBlock, attributes: PayloadAttributes) {
    this.#sources = sources;
    this.#parent = parent;
    this.#attributes = attributes;
    this.#endMs = Math.max(Number(attributes.timestamp) * 1000, Date.now()) + SLOT_MS;
    this.#empty = this.#build([]);
    this.#done = this.#improve();
  }

  get attributes(): PayloadAttributes {
    return this.#attributes;
  }

  get parent(): KnownBlock {
    return this.#parent;
  }

  /** The best one so far, and the last. @throws InvalidBlock where none can be built */
  async fetch(): Promise<BuiltPayload> {
    const built = await this.#fetch();
    this.#fetched = built;
    return built;
  }

  /** What was given last to who fetched; nobody knows of others. */
  get fetched(): BuiltPayload | undefined {
    return this.#fetched;
  }

  async #fetch(): Promise<BuiltPayload> {
    this.stop();
    let timer: NodeJS.Timeout | undefined;
    const waited = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, FETCH_WAIT_MS);
    });
    await Promise.race([this.#done, waited]);
    clearTimeout(timer);
    return this.#best ?? this.#empty;
  }

  /** No other is begun; what was built stays. */
  stop(): void {
    this.#isStopped = true;
    this.#wake();
  }

  /** Resolves when nothing is being built any more. */
  async ended(): Promise<void> {
    await this.#done;
  }

  async #improve(): Promise<void> {
    const news = () => {
      this.#isStale = true;
      this.#wake();
    };
    const { pool, blobs } = this.#sources;
    const endings = [pool.onReady(news), blobs.onProven(news)];
    try {
      this.#best = await this.#empty;
      for (let isLast = false; !isLast; ) {
        isLast = this.#isStopped;
        this.#isStale = false;
        const offered = pool.ready().slice(0, OFFERED_MAX);
        if (offered.length > 0) this.#keep(await this.#build(offered));
        if (!isLast && !(await this.#hasNews())) return;
      }
    } catch {
      // Whoever fetches it gets the best so far, or what is wrong with the empty one.
    } finally {
      for (const end of endings) end();
    }
  }

  #keep(built: BuiltPayload): void {
    if (this.#best === undefined || built.value >= this.#best.value) this.#best = built;
  }

  /** Waits for more; false when it is fetched, or the slot is over, and nothing has come. */
  async #hasNews(): Promise<boolean> {
    const until = this.#endMs;
    while (!this.#isStale && !this.#isStopped && Date.now() < until) {
      await this.#pause(until - Date.now());
    }
    const next = performance.now() + REBUILD_MS;
    while (this.#isStale && !this.#isStopped && performance.now() < next) {
      await this.#pause(next - performance.now());
    }
    return this.#isStale && Date.now() < until;
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(Math.max(milliseconds, 1), 2 ** 31 - 1));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #build(offered: readonly PooledTransaction[]): Promise<BuiltPayload> {
    const { ledger, extraData } = this.#sources;
    const { timestamp, prevRandao, suggestedFeeRecipient } = this.#attributes;
    const { withdrawals, parentBeaconBlockRoot } = this.#attributes;
    const blobs = new Map<Hash, readonly ProvenBlob[]>();
    const taken = offered.filter((each) => this.#collectBlobs(each, blobs));
    const known = new Map(taken.map((each) => [each.bytes, each]));
    const request: BlockRequest = {
      timestamp,
      coinbase: suggestedFeeRecipient,
      prevRandao,
      extraData,
      gasLimit: this.#gasLimit(),
      transactions: taken.map(({ bytes }) => bytes),
      senderOf: (bytes) => known.get(bytes)?.sender,
      ...(withdrawals && { withdrawals }),
      ...(parentBeaconBlockRoot && { parentBeaconBlockRoot }),
    };
    const built = await ledger.chain.buildBlock(request, this.#parent.hash);
    const included = built.block.transactions.map((bytes) => known.get(bytes) as PooledTransaction);
    const baseFee = built.block.header.baseFeePerGas ?? 0n;
    const value = included.reduce((sum, { transaction }, index) => {
      const { maxFeePerGas, maxPriorityFeePerGas } = transaction;
      const tip = minOf(maxPriorityFeePerGas, maxFeePerGas - baseFee);
      return sum + tip * (built.receipts[index]?.gasUsed ?? 0n);
    }, 0n);
    const bundle = included.flatMap(({ hash }) => blobs.get(hash) ?? []);
    return { ...built, value, blobs: bundle };
  }

  /** Whether a transaction’s blobs, if any, are there with the proofs that the fork wants. */
  #collectBlobs(offered: PooledTransaction, into: Map<Hash, readonly ProvenBlob[]>): boolean {
    const number = this.#parent.header.number + 1n;
    const { is } = this.#sources.forks.rulesAt({ number, timestamp: this.#attributes.timestamp });
    const proofsPerBlob = is('osaka') ? CELLS_PER_EXT_BLOB : 1;
    const blobs = this.#sources.blobs.ofTransaction(offered);
    if (blobs?.every(({ proofs }) => proofs.length === proofsPerBlob) !== true) return false;
    into.set(offered.hash, blobs);
    return true;
  }

  #gasLimit(): bigint {
    const { gasLimit } = this.#parent.header;
    const step = maxOf(gasLimit / GAS_LIMIT_DIVISOR - 1n, 0n);
    const target = this.#sources.gasLimit ?? gasLimit;
    return maxOf(minOf(target, gasLimit + step), gasLimit - step);
  }
}

/** Payloads that can be fetched: as many as a consensus client could still ask for. */
const BUILDS_MAX = 16;

export class PayloadBuilds {
  readonly #sources: PayloadSources;
  /** The one that was begun first comes first. */
  readonly #builds = new Map<Hex, PayloadBuild>();

  constructor(sources: PayloadSources) {
    this.#sources = sources;
  }

  /** Begins to build, unless that has been begun. Those begun before are finished as they are. */
  begin(id: Hex, parent: KnownBlock, attributes: PayloadAttributes): void {
    if (this.#builds.has(id)) return;
    for (const build of this.#builds.values()) build.stop();
    this.#builds.set(id, new PayloadBuild(this.#sources, parent, attributes));
    if (this.#builds.size <= BUILDS_MAX) return;
    for (const oldest of this.#builds.keys()) {
      this.#builds.delete(oldest);
      break;
    }
  }

  get(id: Hex): PayloadBuild | undefined {
    return this.#builds.get(id);
  }

  /** The block of a payload that was fetched, for as long as it is held. */
  fetched(hash: Hash): BuiltBlock | undefined {
    for (const { fetched } of this.#builds.values()) {
      if (fetched?.block.hash === hash) return fetched;
    }
    return undefined;
  }

  /** Ends all building. */
  async close(): Promise<void> {
    for (const build of this.#builds.values()) build.stop();
    await Promise.all([...this.#builds.values()].map((build) => build.ended()));
  }
}
