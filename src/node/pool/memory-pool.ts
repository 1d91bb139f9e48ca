/**
 * The pool of transactions in memory, by the rules of geth: a transaction is taken where it could
 * be in a block at once or behind others of its sender, and refused in geth's words.
 *
 *   add:      checks without state, then beside the sender's account, then beside its others
 *   ready:    by what pays most (or came first), each sender's in the order of their nonces
 *   head:     what was mined goes, what a re-organisation gave back comes back, the rest is looked
 *             at anew where its sender's account says something else
 *   limits:   by sender, by count and by bytes; what pays least goes first
 */

import type { Address, Hash } from '../../evm/types.ts';
import type { HeadChange, Ledger } from '../ledger/ledger.ts';
import { transactionHash } from '../ledger/transaction-index.ts';
import {
  type Checked,
  checkReplacement,
  checkSender,
  checkSent,
  effectiveTip,
  insufficientFunds,
  isSpreadable,
  type KnownSender,
  type NextPrices,
  nextRules,
  pricesAfter,
  type SaidSender,
} from './checks.ts';
import { HeadAccounts } from './head-accounts.ts';
import { Heap } from './heap.ts';
import { POOL_LIMITS, type PoolLimits } from './limits.ts';
import type { PooledTransaction, TransactionPool } from './pool.ts';
import { RecoveredSenders } from './recovered-senders.ts';
import { refusal } from './refusals.ts';
import { type PoolEntry, SenderQueue } from './sender-queue.ts';
import { type BlobSidecar, blobAt, joinSidecar } from './sidecar.ts';

/** What a block takes first: what pays most, or what came first. */
export type PoolOrder = 'fees' | 'fifo';

export interface MemoryPoolOptions {
  readonly ledger: Ledger;
  readonly limits?: Partial<PoolLimits>;
  readonly order?: PoolOrder;
  /** Prices of the next block, where they do not follow from the head (a development chain). */
  readonly prices?: () => NextPrices;
  /** Called with each that was taken, as it was sent. */
  readonly onAdded?: (sent: Uint8Array) => void;
}

/** Sidecars of mined transactions that are kept, should they come back: two blocks full. */
const MINED_SIDECARS_MAX = 42;

/** A transaction that this node's own wallet made. */
export interface OwnTransaction extends SaidSender {
  readonly bytes: Uint8Array;
}

export class MemoryPool implements TransactionPool {
  readonly #ledger: Ledger;
  readonly #accounts: HeadAccounts;
  readonly #onAdded: MemoryPoolOptions['onAdded'];
  readonly #prices: () => NextPrices;
  readonly #byHash = new Map<Hash, PoolEntry>();
  readonly #senders = new Map<Address, SenderQueue>();
  readonly #listeners = new Set<(transaction: PooledTransaction) => void>();
  /** Sidecars by the versioned hash of each of their blobs, the oldest first. */
  readonly #blobs = new Map<Hash, readonly BlobSidecar[]>();
  readonly #minedSidecars = new Map<Hash, BlobSidecar>();
  readonly #recovered = new RecoveredSenders();
  readonly #stop: () => void;
  limits: PoolLimits;
  order: PoolOrder;
  #bytes = 0;
  #sequence = 0;
  /** Resolves when the pool knows of the head. */
  #turn: Promise<void> = Promise.resolve();
  #ready: readonly PoolEntry[] | undefined;
  #all: readonly PoolEntry[] | undefined;
  /** What pays least first; made when the pool is full, and kept until prices change. */
  #cheapest: Heap<PoolEntry> | undefined;

  constructor({ ledger, limits = {}, order = 'fees', prices, onAdded }: MemoryPoolOptions) {
    this.#ledger = ledger;
    this.#accounts = new HeadAccounts(ledger);
    this.#prices = prices ?? (() => pricesAfter(ledger, ledger.head));
    this.#onAdded = onAdded;
    this.limits = { ...POOL_LIMITS, ...limits };
    this.order = order;
    this.#stop = ledger.onHead((change) => this.#headChanged(change));
  }

  get count(): number {
    return this.#byHash.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Resolves when all is as the head's state has it. */
  settled(): Promise<void> {
    return this.#turn;
  }

  prepare(sent: readonly Uint8Array[]): void {
    this.#recovered.prepare(sent);
  }

  async add(sent: Uint8Array): Promise<Hash> {
    const sender = this.#recovered.take(sent);
    const said = sender && { sender, isImpersonated: false };
    const checked = checkSent(sent, this.#ledger, this.limits, said);
    return this.#add(checked, sent);
  }

  /** Takes a transaction whose sender is known, or said where nobody signed. @throws RpcError */
  async addOf({ bytes, ...said }: OwnTransaction): Promise<Hash> {
    const checked = checkSent(bytes, this.#ledger, this.limits, said);
    return this.#add(checked, said.isImpersonated ? undefined : bytes);
  }

  async #add(checked: Checked, sent: Uint8Array | undefined): Promise<Hash> {
    if (this.#byHash.has(checked.hash)) throw refusal('already known');
    await this.#turn;
    const { limits } = this;
    checkDelegations(checked, this.#senders, limits);
    const { baseFee } = this.#prices();
    const { maxFeePerGas } = checked.transaction;
    if (limits.refusesBelowBaseFee && maxFeePerGas < baseFee) {
      const prices = `maxFeePerGas: ${maxFeePerGas}, baseFee: ${baseFee}`;
      throw refusal(`max fee per gas less than block base fee: ${prices}`);
    }
    for (;;) {
      const version = this.#accounts.version;
      const sender = await this.#accounts.get(checked.sender);
      // The head may have changed while it was read.
      if (version !== this.#accounts.version) continue;
      this.#put(checked, sender);
      break;
    }
    if (sent !== undefined) this.#onAdded?.(sent);
    return checked.hash;
  }

  /** Without waiting for anything: nothing comes in between. @throws RpcError */
  #put(checked: Checked, sender: KnownSender): void {
    if (this.#byHash.has(checked.hash)) throw refusal('already known');
    checkSender(checked, sender);
    const queue = this.#senders.get(checked.sender) ?? new SenderQueue(sender);
    queue.state = sender;
    const old = queue.get(checked.transaction.nonce);
    if (old !== undefined) checkReplacement(checked.transaction, old.transaction, this.limits);
    else this.#checkRoom(checked, queue, sender);
    const queued = queue.cost - (old?.cost ?? 0n);
    if (queued + checked.cost > sender.balance) {
      throw insufficientFunds(sender.balance, checked.cost, queued);
    }
    this.#makeRoom(checked, old);
    if (old !== undefined) this.#drop(old);
    this.#insert({ ...checked, timeMs: Date.now(), sequence: this.#sequence++ }, queue);
  }

  #insert(entry: PoolEntry, queue: SenderQueue): void {
    this.#senders.set(entry.sender, queue);
    queue.put(entry);
    this.#byHash.set(entry.hash, entry);
    this.#all = undefined;
    this.#bytes += entry.size;
    const { sidecar } = entry;
    for (const hash of sidecar === undefined ? [] : entry.transaction.blobVersionedHashes) {
      this.#blobs.set(hash, [...(this.#blobs.get(hash) ?? []), sidecar as BlobSidecar]);
    }
    this.#ready = undefined;
    this.#cheapest?.push(entry);
    this.#announce(queue);
  }

  #checkRoom({ transaction }: Checked, queue: SenderQueue, { code }: KnownSender): void {
    const { perSenderMax, delegatedMax } = this.limits;
    if (queue.count >= perSenderMax) {
      throw refusal(`account limit exceeded: ${queue.count} transactions of ${transaction.sender}`);
    }
    if (code !== 'delegation') return;
    const next = queue.state.nonce + BigInt(queue.count);
    if (queue.count >= delegatedMax) {
      throw refusal('in-flight transaction limit reached for delegated accounts');
    }
    if (transaction.nonce !== next && delegatedMax === 1) {
      throw refusal('gapped-nonce tx from delegated accounts');
    }
  }

  /** Lets go of what pays less, where there is no room. @throws RpcError */
  #makeRoom(checked: Checked, old: PoolEntry | undefined): void {
    const { countMax, bytesMax } = this.limits;
    if (checked.size > bytesMax) throw refusal('txpool is full');
    const isFull = () =>
      this.#byHash.size + (old === undefined ? 1 : 0) > countMax ||
      this.#bytes + checked.size - (old?.size ?? 0) > bytesMax;
    if (!isFull()) return;
    const { baseFee } = this.#prices();
    const tip = effectiveTip(checked.transaction, baseFee);
    const heap = this.#heapOfCheapest(baseFee);
    const victims: PoolEntry[] = [];
    let [count, bytes] = [this.#byHash.size + (old === undefined ? 1 : 0), this.#bytes];
    bytes += checked.size - (old?.size ?? 0);
    while (count > countMax || bytes > bytesMax) {
      const entry = heap.pop();
      if (entry === undefined) break;
      // One that has gone meanwhile; or what goes anyway.
      if (this.#byHash.get(entry.hash) !== entry) continue;
      victims.push(entry);
      if (entry === old) continue;
      if (effectiveTip(entry.transaction, baseFee) >= tip) {
        for (const each of victims) heap.push(each);
        throw refusal('transaction underpriced: the pool is full of transactions that pay more');
      }
      count -= 1;
      bytes -= entry.size;
    }
    for (const victim of victims) if (victim !== old) this.#drop(victim);
  }

  /** Of equal ones the one that came last goes first. */
  #heapOfCheapest(baseFee: bigint): Heap<PoolEntry> {
    this.#cheapest ??= new Heap<PoolEntry>((a, b) => {
      const [tip, other] = [a, b].map(({ transaction }) => effectiveTip(transaction, baseFee));
      if (tip !== other) return (tip as bigint) < (other as bigint);
      return a.sequence > b.sequence;
    }, this.#byHash.values());
    return this.#cheapest;
  }

  #drop({ hash, sender, transaction, size, sidecar }: PoolEntry): void {
    if (!this.#byHash.delete(hash)) return;
    this.#all = undefined;
    this.#bytes -= size;
    for (const blob of transaction.blobVersionedHashes) {
      const others = this.#blobs.get(blob)?.filter((each) => each !== sidecar) ?? [];
      if (others.length === 0) this.#blobs.delete(blob);
      else this.#blobs.set(blob, others);
    }
    this.#ready = undefined;
    const queue = this.#senders.get(sender);
    queue?.remove(transaction.nonce);
    if (queue?.count === 0) this.#senders.delete(sender);
  }

  #announce(queue: SenderQueue): void {
    for (const entry of queue.pending) {
      if (queue.announced.has(entry.hash)) continue;
      queue.announced.add(entry.hash);
      for (const listener of this.#listeners) listener(entry);
    }
  }

  get(hash: Hash): PoolEntry | undefined {
    return this.#byHash.get(hash);
  }

  /** The blobs of a transaction that waits, or was mined not long ago. */
  sidecar(hash: Hash): BlobSidecar | undefined {
    return this.#byHash.get(hash)?.sidecar ?? this.#minedSidecars.get(hash);
  }

  /** One blob by its versioned hash, of a transaction that waits, with what proves it. */
  blob(versionedHash: Hash): ReturnType<typeof blobAt> | undefined {
    const sidecar = this.#blobs.get(versionedHash)?.[0];
    return sidecar && blobAt(sidecar, versionedHash);
  }

  ready(): readonly PoolEntry[] {
    this.#ready ??= this.#inOrder();
    return this.#ready;
  }

  /** PERF: O(n log senders). */
  #inOrder(): PoolEntry[] {
    const { baseFee, blobBaseFee } = this.#prices();
    const isPayable = ({ transaction }: PoolEntry) =>
      transaction.maxFeePerGas >= baseFee &&
      (transaction.type !== 3 || transaction.maxFeePerBlobGas >= blobBaseFee);
    type Turn = { entry: PoolEntry; tip: bigint; rest: Iterator<PoolEntry> };
    const turnOf = (rest: Iterator<PoolEntry>): Turn | undefined => {
      const { value, done } = rest.next();
      if (done === true || !isPayable(value)) return undefined;
      return { entry: value, tip: effectiveTip(value.transaction, baseFee), rest };
    };
    const byFees = (a: Turn, b: Turn) =>
      a.tip === b.tip ? a.entry.sequence < b.entry.sequence : a.tip > b.tip;
    const byTime = (a: Turn, b: Turn) => a.entry.sequence < b.entry.sequence;
    const turns = [...this.#senders.values()]
      .map((queue) => turnOf(queue.pending.values()))
      .filter((turn) => turn !== undefined);
    const heap = new Heap<Turn>(this.order === 'fees' ? byFees : byTime, turns);
    const found: PoolEntry[] = [];
    for (let turn = heap.pop(); turn !== undefined; turn = heap.pop()) {
      found.push(turn.entry);
      const next = turnOf(turn.rest);
      if (next !== undefined) heap.push(next);
    }
    return found;
  }

  content(): ReturnType<TransactionPool['content']> {
    const pending = new Map<Address, readonly PoolEntry[]>();
    const queued = new Map<Address, readonly PoolEntry[]>();
    for (const [address, queue] of this.#senders) {
      const now = queue.pending;
      if (now.length > 0) pending.set(address, now);
      if (now.length < queue.count) queued.set(address, queue.all.slice(now.length));
    }
    return { pending, queued };
  }

  async nextNonce(sender: Address): Promise<bigint> {
    await this.#turn;
    const queue = this.#senders.get(sender);
    const { nonce } = queue?.state ?? (await this.#accounts.get(sender));
    return nonce + BigInt(queue?.pending.length ?? 0);
  }

  onReady(listener: (transaction: PooledTransaction) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** All that is in the pool, in the order of coming, as `restore` takes it. */
  all(): readonly PoolEntry[] {
    this.#all ??= [...this.#byHash.values()];
    return this.#all;
  }

  /** As they were sent, in the order of coming: those that somebody signed. */
  *sent(): Generator<Uint8Array> {
    for (const { bytes, sidecar, isImpersonated } of this.#byHash.values()) {
      if (!isImpersonated) yield joinSidecar(bytes, sidecar);
    }
  }

  /** Puts what `all` gave in the place of what there is; what cannot be any more is left out. */
  async restore(entries: readonly PoolEntry[]): Promise<void> {
    await this.#turn;
    this.clear();
    for (const entry of entries) {
      const state = await this.#accounts.get(entry.sender);
      if (entry.transaction.nonce < state.nonce) continue;
      this.#insert(entry, this.#senders.get(entry.sender) ?? new SenderQueue(state));
    }
  }

  /** Takes one out; whether it was there. */
  remove(hash: Hash): boolean {
    const entry = this.#byHash.get(hash);
    if (entry !== undefined) this.#drop(entry);
    return entry !== undefined;
  }

  removeOf(sender: Address): void {
    for (const entry of this.#senders.get(sender)?.all ?? []) this.#drop(entry);
  }

  clear(): void {
    this.#byHash.clear();
    this.#all = undefined;
    this.#senders.clear();
    this.#blobs.clear();
    this.#bytes = 0;
    this.#ready = undefined;
    this.#cheapest = undefined;
  }

  /** The state of the head, or the next block's prices, were set by hand. */
  stateChanged(): Promise<void> {
    this.#forget();
    return this.#inTurn(() => this.#lookAnew());
  }

  close(): void {
    this.#stop();
    this.#accounts.close();
  }

  #forget(): void {
    this.#accounts.forget();
    this.#ready = undefined;
    this.#cheapest = undefined;
  }

  #headChanged({ removed, added }: HeadChange): void {
    this.#forget();
    const mined = new Set<Hash>();
    for (const { transactions } of added) {
      for (const bytes of transactions) {
        const hash = transactionHash(bytes);
        mined.add(hash);
        this.#leave(hash);
      }
    }
    const back = removed
      .toReversed()
      .flatMap(({ transactions }) => transactions)
      .filter((bytes) => !mined.has(transactionHash(bytes)));
    this.#inTurn(async () => {
      await this.#lookAnew();
      for (const bytes of back) await this.#takeBack(bytes);
    });
  }

  #leave(hash: Hash): void {
    const entry = this.#byHash.get(hash);
    if (entry === undefined) return;
    this.#drop(entry);
    if (entry.sidecar === undefined) return;
    this.#minedSidecars.set(hash, entry.sidecar);
    for (const oldest of this.#minedSidecars.keys()) {
      if (this.#minedSidecars.size <= MINED_SIDECARS_MAX) break;
      this.#minedSidecars.delete(oldest);
    }
  }

  /** Of a block that is of the chain no more; one that cannot wait is gone. */
  async #takeBack(bytes: Uint8Array): Promise<void> {
    const sidecar = this.#minedSidecars.get(transactionHash(bytes));
    try {
      const sent = joinSidecar(bytes, sidecar);
      const checked = checkSent(sent, this.#ledger, this.limits);
      this.#put(checked, await this.#accounts.get(checked.sender));
    } catch {
      // What another block made impossible: its sender sees no receipt of it.
    }
  }

  /** Holds all against the head's state. PERF: O(senders) reads. */
  async #lookAnew(): Promise<void> {
    const { gasLimit } = this.#ledger.head.header;
    const rules = nextRules(this.#ledger);
    for (const [address, queue] of this.#senders) {
      const state = await this.#accounts.get(address);
      queue.state = state;
      for (const entry of queue.all) {
        const { nonce, gasLimit: gas } = entry.transaction;
        const isPossible = nonce >= state.nonce && entry.cost <= state.balance && gas <= gasLimit;
        // One that no block takes any more would hold up all that come after it.
        const isKept = isPossible && isSpreadable(entry.sidecar, rules, this.limits);
        if (!isKept) this.#drop(entry);
      }
      this.#announce(queue);
    }
    this.#ready = undefined;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    // What fails is a view that the next change of the head has closed.
    this.#turn = this.#turn.then(work).catch(() => {});
    return this.#turn;
  }
}

/** EIP-7702: who is named by an authorisation that waits could be emptied by others. */
function checkDelegations(
  { transaction }: Checked,
  senders: ReadonlyMap<Address, SenderQueue>,
  { delegatedMax }: PoolLimits,
): void {
  for (const { authority } of transaction.authorizationList) {
    if (authority === undefined || authority === transaction.sender) continue;
    if ((senders.get(authority)?.count ?? 0) > delegatedMax) {
      throw refusal(`authority already reserved: ${authority}`);
    }
  }
}
