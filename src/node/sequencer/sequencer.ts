/**
 * Makes the blocks of an application chain: by time or by size, of what its pool has ready, and
 * tells of each transaction what becomes of it (preconfirmation.ts).
 *
 *   plan       parent, timestamp, coinbase ...          on the disk (order-log.ts)
 *   order      first come: each as it comes, executed at once; else all of them when time is up
 *   log        what was executed, in its order           on the disk, then `executed` is told
 *   end        roots, block into the chain, head         on the disk, then `included` is told
 *
 * A crash anywhere leaves a log of what was told: the block is made again of it first thing. Where
 * the log cannot be written nothing more is told, and sequencing ends with that error.
 */

import { InvalidBlock } from '../../chain/blocks/fault.ts';
import type { Receipt } from '../../chain/blocks/receipt.ts';
import { millisecondsData, millisecondsOf } from '../../chain/sequencing.ts';
import { senderOf } from '../../chain/transactions/sender-of.ts';
import type { Address, Hash } from '../../evm/types.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { transactionHash } from '../ledger/transaction-index.ts';
import type { PooledTransaction, TransactionPool } from '../pool/pool.ts';
import type { BlockPlan, OrderLog } from './order-log.ts';
import { type Ordering, type OrderingRule, orderingOf } from './ordering.ts';
import { Preconfirmations } from './preconfirmation.ts';

export interface SequencerOptions {
  readonly ledger: Ledger;
  readonly pool: TransactionPool;
  readonly orderLog: OrderLog;
  readonly coinbase: Address;
  /** Milliseconds of a block; below a second where the chain's configuration allows it. */
  readonly blockMs: number;
  /** Transactions after which a block ends before its time. */
  readonly transactionsMax?: number;
  readonly rule?: OrderingRule;
  /** Whether blocks without transactions are made; without, time stands still meanwhile. */
  readonly emptyBlocks?: boolean;
  /** The parent's when left out. */
  readonly gasLimit?: bigint;
  /** For tests: milliseconds since 1970. */
  readonly now?: () => number;
}

const MS_PER_SECOND = 1_000;
const TRANSACTIONS_MAX = 16_384;
const ZERO_HASH: Hash = `0x${'00'.repeat(32)}`;
const NOBODY: Address = `0x${'00'.repeat(20)}`;
/** Why a transaction is not in this block, and may be in the next. */
const LATER: ReadonlySet<unknown> = new Set([
  'gas limit exceeds block',
  'nonce too high',
  'too many blobs',
]);

/** A block that is being made. */
interface Making {
  readonly plan: BlockPlan;
  /** Who sent what is in it, by the bytes that were given. */
  readonly sent: Map<Uint8Array, PooledTransaction>;
  /** Executed, in order, since the last that went to the log. */
  executed: Executed[];
  position: number;
  gasLeft: bigint;
  /** For which this block had no room. */
  readonly later: PooledTransaction[];
  /** Resolves when all that was executed is in the log, and told. */
  logged: Promise<void>;
  readonly included: Executed[];
  /** Those before are in the log already: of a block that is made again. */
  readonly replayed: number;
}

interface Executed {
  readonly hash: Hash;
  readonly sender: Address;
  readonly bytes: Uint8Array;
  readonly receipt: Receipt;
  readonly position: number;
}

export class Sequencer {
  readonly preconfirmations: Preconfirmations = new Preconfirmations();
  readonly #options: SequencerOptions;
  readonly #ordering: Ordering;
  readonly #now: () => number;
  /** Those that no block could take, until there is another head. */
  readonly #refused = new Set<Hash>();
  /** That came since somebody looked: of a rule that streams. */
  #arrived: PooledTransaction[] = [];
  #wake: (() => void) | undefined;
  /** So many are to come before it is woken. */
  #awaited = 0;
  #isStopping = false;
  #running: Promise<void> | undefined;
  #failure: unknown;

  /** @throws RangeError for blocks that are shorter than the chain allows */
  constructor(options: SequencerOptions) {
    const { blockMs, ledger, rule = 'first come', now = Date.now } = options;
    const { sequencing } = ledger.chain.spec;
    if (!(blockMs > 0)) throw new RangeError(`blocks of ${blockMs} ms: give a positive number`);
    if (blockMs < MS_PER_SECOND && sequencing?.milliseconds === undefined) {
      const how = 'name a contract for its milliseconds in the genesis file (config.ironfly)';
      throw new RangeError(
        `blocks of ${blockMs} ms need a chain that allows equal seconds: ${how}`,
      );
    }
    this.#options = options;
    this.#ordering = orderingOf(rule, sequencing);
    this.#now = now;
  }

  /** Why it ended by itself; undefined while it works. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Makes again what a crash has left unfinished, then block after block. */
  async start(): Promise<void> {
    const { pool } = this.#options;
    await this.#recover();
    const stopListening = pool.onReady((transaction) => this.#accept(transaction));
    for (const transaction of this.#ordering.order(pool.ready())) this.#accept(transaction);
    this.#running = this.#work()
      .catch((error: unknown) => {
        this.#failure = error;
      })
      .finally(stopListening);
  }

  /** Ends the block that is being made, and makes no other. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#wake?.();
    await this.#running;
    await this.#options.orderLog.close();
  }

  async #work(): Promise<void> {
    while (!this.#isStopping) {
      if (this.#options.emptyBlocks !== true && !(await this.#hasSomething())) continue;
      if (this.#isStopping) return;
      const plan = this.#plan();
      await this.#options.orderLog.begin(plan);
      await this.#make(plan, []);
    }
  }

  #accept(transaction: PooledTransaction): void {
    const { hash, sender } = transaction;
    this.preconfirmations.tell({ kind: 'accepted', hash, sender });
    if (this.#ordering.streams) this.#arrived.push(transaction);
    this.#awaited -= 1;
    if (this.#awaited <= 0) this.#wake?.();
  }

  /** Waits for a transaction that could be in a block; false when there is none after all. */
  async #hasSomething(): Promise<boolean> {
    if (this.#candidates().length > 0) return true;
    await this.#wait(1);
    return false;
  }

  #candidates(): readonly PooledTransaction[] {
    if (this.#ordering.streams) return this.#arrived;
    return this.#options.pool.ready().filter(({ hash }) => !this.#refused.has(hash));
  }

  /** Until so many have come, it is to stop, or so many milliseconds are over. */
  #wait(count: number, ms?: number): Promise<void> {
    if (this.#isStopping) return Promise.resolve();
    this.#awaited = count;
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
      this.#wake = () => {
        this.#wake = undefined;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #plan(): BlockPlan {
    const { ledger, coinbase, gasLimit } = this.#options;
    const { hash: parentHash, header: parent } = ledger.head;
    const common = {
      parentHash,
      number: parent.number + 1n,
      coinbase,
      prevRandao: ZERO_HASH,
      gasLimit: gasLimit ?? parent.gasLimit,
    };
    const now = BigInt(Math.floor(this.#now()));
    if (ledger.chain.spec.sequencing?.milliseconds === undefined) {
      const seconds = now / BigInt(MS_PER_SECOND);
      const timestamp = seconds > parent.timestamp ? seconds : parent.timestamp + 1n;
      return { ...common, timestamp, extraData: '0x' };
    }
    const before = millisecondsOf(parent);
    const milliseconds = now > before ? now : before + 1n;
    const timestamp = milliseconds / BigInt(MS_PER_SECOND);
    return { ...common, timestamp, extraData: millisecondsData(milliseconds) };
  }

  /** @throws what the log or the chain throws: nothing more is promised then */
  async #recover(): Promise<void> {
    const { ledger, orderLog } = this.#options;
    const { begun } = orderLog;
    // It has come into the chain, or nobody was told of it.
    if (begun === undefined || begun.transactions.length === 0) return;
    if (begun.plan.parentHash !== ledger.head.hash) return;
    // Its records stay as they are until the block is in the chain and the next one begins.
    await this.#make(begun.plan, begun.transactions);
  }

  /** Makes the block, whose first transactions are in the log already. */
  async #make(plan: BlockPlan, replayed: readonly Uint8Array[]): Promise<void> {
    const { ledger } = this.#options;
    const making: Making = {
      plan,
      sent: new Map(),
      executed: [],
      position: 0,
      gasLeft: plan.gasLimit,
      later: [],
      logged: Promise.resolve(),
      included: [],
      replayed: replayed.length,
    };
    const { kept } = await ledger.chain.produceBlock(
      {
        timestamp: plan.timestamp,
        extraData: plan.extraData,
        coinbase: plan.coinbase,
        prevRandao: plan.prevRandao,
        gasLimit: plan.gasLimit,
        ...(this.#needsWithdrawals(plan) ? { withdrawals: [] } : {}),
        transactions: await this.#transactions(making, replayed),
        senderOf: (bytes) => making.sent.get(bytes)?.sender,
        onTransaction: (bytes, outcome) => this.#ended(making, bytes, outcome),
      },
      plan.parentHash,
    );
    this.#log(making);
    await making.logged;
    const senders = kept.transactions.map((bytes) => making.sent.get(bytes)?.sender);
    ledger.remember({ ...kept, senders });
    await ledger.setHead(kept.hash);
    this.#refused.clear();
    this.#arrived = [...making.later, ...this.#arrived];
    for (const { hash, sender, position } of making.included) {
      const { number } = plan;
      const told = { kind: 'included', hash, sender, number, position } as const;
      this.preconfirmations.tell({ ...told, blockHash: kept.hash });
    }
  }

  #needsWithdrawals({ parentHash, number, timestamp }: BlockPlan): boolean {
    const { ledger } = this.#options;
    const parent = ledger.chain.known(parentHash) ?? ledger.head;
    return ledger.rulesAfter(parent, { number, timestamp }).is('shanghai');
  }

  /** As they come, or, of other rules, all at once when the block's time is over. */
  async #transactions(
    making: Making,
    replayed: readonly Uint8Array[],
  ): Promise<readonly Uint8Array[] | AsyncIterable<Uint8Array>> {
    if (replayed.length > 0) return replayed;
    const end = performance.now() + this.#options.blockMs;
    if (this.#ordering.streams) return this.#stream(making, end);
    const { transactionsMax = TRANSACTIONS_MAX } = this.#options;
    for (;;) {
      const left = end - performance.now();
      if (left <= 0 || this.#isStopping) break;
      // PERF: ordering takes as long as the pool is large, so it is not done for each that comes.
      const missing = transactionsMax - this.#candidates().length;
      if (missing <= 0) break;
      await this.#wait(missing, left);
    }
    const taken = this.#ordering.order(this.#candidates()).slice(0, transactionsMax);
    for (const each of taken) making.sent.set(each.bytes, each);
    return taken.map(({ bytes }) => bytes);
  }

  async *#stream(making: Making, end: number): AsyncGenerator<Uint8Array> {
    const { transactionsMax = TRANSACTIONS_MAX } = this.#options;
    let count = 0;
    while (count < transactionsMax) {
      const arrived = this.#arrived;
      this.#arrived = [];
      for (const [index, each] of arrived.entries()) {
        if (count === transactionsMax || each.transaction.gasLimit > making.gasLeft) {
          this.#arrived = [...arrived.slice(index), ...this.#arrived];
          return;
        }
        count += 1;
        making.sent.set(each.bytes, each);
        yield each.bytes;
      }
      // What was executed goes to the disk while the next ones come.
      this.#log(making);
      const left = end - performance.now();
      if (left <= 0 || this.#isStopping) return;
      if (this.#arrived.length === 0) await this.#wait(1, left);
    }
  }

  #ended(making: Making, bytes: Uint8Array, outcome: Receipt | InvalidBlock): void {
    const pooled = making.sent.get(bytes);
    const hash = pooled?.hash ?? transactionHash(bytes);
    const sender = pooled?.sender ?? senderOf(bytes) ?? NOBODY;
    if (outcome instanceof InvalidBlock) {
      if (outcome.code === 'block/too large' || LATER.has(outcome.details['reason'])) {
        if (pooled !== undefined && this.#ordering.streams) making.later.push(pooled);
        return;
      }
      this.#refused.add(hash);
      this.preconfirmations.tell({ kind: 'refused', hash, sender, message: outcome.message });
      return;
    }
    const position = making.position++;
    making.gasLeft -= outcome.gasUsed;
    const executed = { hash, sender, bytes, receipt: outcome, position };
    making.included.push(executed);
    making.executed.push(executed);
  }

  /** Has what was executed since the last time put into the log, and told. */
  #log(making: Making): void {
    const { executed, plan, replayed } = making;
    if (executed.length === 0) return;
    making.executed = [];
    const fresh = executed.filter(({ position }) => position >= replayed);
    const appended =
      fresh.length === 0
        ? Promise.resolve()
        : this.#options.orderLog.append(fresh.map(({ bytes }) => bytes));
    const told = appended.then(() => {
      for (const { hash, sender, position, receipt } of executed) {
        const { succeeded, gasUsed } = receipt;
        const { number } = plan;
        const what = { kind: 'executed', hash, sender, number, position } as const;
        this.preconfirmations.tell({ ...what, succeeded, gasUsed });
      }
    });
    making.logged = Promise.all([making.logged, told]).then(() => {});
    // Whoever ends the block waits for it.
    making.logged.catch(() => {});
  }
}
