/**
 * The chain on the disk: the block log, the store behind it, and the state between them.
 *
 *   commit:      the block, its receipts and changes are appended to the log and synced
 *   checkpoint:  now and then the state is written to the store, in the background
 *   prune:       blocks of the head's branch that are older than the window go to the store, the
 *                log before them goes away, and with it the ways back to their states
 *   opening:     the state of the checkpoint, and from there over the log's blocks to the head
 *
 * The log is what counts: the store never holds what is not in it.
 */

import { minOf } from '../../base/integers.ts';
import type { Hash, StateChanges } from '../../evm/types.ts';
import { decodeChanges, encodeChanges } from '../../state/change-codec.ts';
import { ChangeSet } from '../../state/change-set.ts';
import { FlatState, type FlatStateOptions, type Touched } from '../../state/flat/flat-state.ts';
import { StateView } from '../../state/flat/state-view.ts';
import type { RecordLog } from '../../state/log/record-log.ts';
import type { OrderedStore } from '../../state/store/ordered-store.ts';
import type {
  BlockHashes,
  BlockTree,
  BlockTries,
  ChainBlock,
  KnownBlock,
  PendingBlock,
} from '../block-tree.ts';
import { encodeBlock } from '../blocks/block.ts';
import type { BlockHeader } from '../blocks/header.ts';
import type { ChainSpec } from '../chain-spec.ts';
import { DatabaseError } from './fault.ts';
import {
  chosenRetention,
  DEFAULT_RETENTION,
  keepRetention,
  type Retention,
  readRetention,
} from './kept-retention.ts';
import { checkSpec, keepSpec, readSpec } from './kept-spec.ts';
import { type Node, Nodes } from './nodes.ts';
import { type OldBlock, OldBlocks } from './old-blocks.ts';
import { type Moves, Pending } from './pending.ts';
import { leaveOld, readTree, requireFinished } from './read-tree.ts';
import {
  type BlockRecord,
  decodeRecord,
  encodeBlockRecord,
  encodeHead,
  readStored,
} from './records.ts';

export interface ChainDatabaseOptions extends Omit<FlatStateOptions, 'store'> {
  /** Both are the database's own from now on. */
  readonly store: OrderedStore;
  readonly log: RecordLog;
  /** Kept when the database is made; one that is of another chain is not opened. */
  readonly spec?: ChainSpec;
  /** Blocks before the head whose states are kept; as it was when left out, at first `WINDOW`. */
  readonly window?: number;
  /** Keeps the states of all blocks; as it was when left out. */
  readonly archive?: boolean;
  /** Accounts and slots written before the state goes to the store; 500,000 when left out. */
  readonly checkpointWrites?: number;
  /** Bytes of log before the state goes to the store: what is read again after a crash. */
  readonly checkpointBytes?: number;
  /** Accounts and slots that a view keeps at most; 2,000,000 when left out. */
  readonly viewEntries?: number;
  readonly onClose?: () => Promise<void>;
}

const CHECKPOINT_WRITES = 500_000;
const CHECKPOINT_BYTES = 134_217_728;
const VIEW_ENTRIES = 2_000_000;
/** Blocks whose changes stay at hand. */
const MOVES_KEPT = 16;
/** Accounts and slots that are gathered before the state is moved over them. */
const MOVE_ENTRIES = 100_000;
/** Blocks that go to the store at once. */
const BLOCKS_AT_ONCE = 64;
/**
 * How many checkpoints' worth of changes there may be before a new block waits for the one that is
 * being written: blocks that come faster than the store takes them would fill the memory.
 */
const BACKLOG = 2;

/** What opening found. */
export interface Recovery {
  /** Blocks that were gone over from the checkpoint to the head. */
  readonly blocks: number;
  readonly milliseconds: number;
}

/** What a database stands at when it begins. */
interface Beginning {
  readonly at: Node;
  readonly head: Node;
  readonly retention: Retention;
}

export class ChainDatabase implements BlockTree {
  readonly #options: ChainDatabaseOptions;
  readonly #retention: Retention;
  readonly #state: FlatState;
  readonly #nodes: Nodes;
  readonly #old: OldBlocks;
  readonly #views = new Set<StateView>();
  /** Of the blocks that came last, the oldest first. */
  readonly #moves = new Map<Hash, Moves>();
  /** Whose state `#state` is, the pending block's changes aside. */
  #at: Node;
  #isMoving = false;
  /** Blocks that somebody is on the way to: they do not leave the tree meanwhile. */
  readonly #kept = new Set<readonly Node[]>();
  #head: Node;
  #pending: Pending | undefined;
  #settled: Promise<void> = Promise.resolve();
  #upkeep: Promise<void> | undefined;
  #bytesSinceCheckpoint = 0;
  #failure: unknown;
  #closing: Promise<void> | undefined;
  recovery: Recovery = { blocks: 0, milliseconds: 0 };

  private constructor(
    options: ChainDatabaseOptions,
    state: FlatState,
    nodes: Nodes,
    { at, head, retention }: Beginning,
  ) {
    this.#options = options;
    this.#retention = retention;
    this.#state = state;
    this.#nodes = nodes;
    this.#old = new OldBlocks(options.store);
    this.#at = at;
    this.#head = head;
  }

  /**
   * Begins a chain with a block and its state, in a store and a log that are empty; and with blocks
   * before it, the first one first, which BLOCKHASH asks for.
   * @throws DatabaseError `database/exists`; InvalidBlock never: the root is the caller's to check
   */
  static async create(
    options: ChainDatabaseOptions,
    block: ChainBlock,
    state: StateChanges,
    ancestors: readonly OldBlock[] = [],
  ): Promise<ChainDatabase> {
    const { store, log } = options;
    const retention = chosenRetention(DEFAULT_RETENTION, options);
    const flat = new FlatState(options);
    if (flat.checkpointed !== undefined || log.last > 0n) {
      flat.free();
      throw new DatabaseError('database/exists', 'there is a chain already: open it instead');
    }
    const { root } = flat.apply(state);
    const { hash, header, uncles, totalDifficulty } = block;
    if (root !== header.stateRoot) {
      flat.free();
      const message = `the state has the root ${root}, its block says ${header.stateRoot}`;
      throw new DatabaseError('database/damaged', message);
    }
    if (options.spec !== undefined) await keepSpec(store, options.spec);
    await keepRetention(store, retention);
    await flat.checkpoint({ block: hash, number: header.number, record: 1n });
    // Without a record there is no chain yet: an abrupt end here leaves one that is refused.
    if (ancestors.length > 0) await new OldBlocks(store).put(ancestors);
    const none = new Uint8Array(0);
    await log.append([
      encodeBlockRecord(block, encodeBlock(block), { forward: none, reverse: none }),
    ]);
    const node = { hash, header, uncles, totalDifficulty, parent: undefined, record: 1n };
    return new ChainDatabase({ ...options, store }, flat, new Nodes(node), {
      at: node,
      head: node,
      retention,
    });
  }

  /**
   * Opens what there is, and brings the state to the head. PERF: O(log since the checkpoint).
   * @throws DatabaseError `database/incomplete`, `database/damaged`, `database/another chain`,
   *   StateError
   */
  static async open(given: ChainDatabaseOptions): Promise<ChainDatabase> {
    const started = performance.now();
    requireFinished(given.log);
    const spec = readSpec(given.store);
    if (given.spec !== undefined) checkSpec(spec, given.spec);
    const options = spec === undefined ? given : { ...given, spec };
    const retention = chosenRetention(readRetention(given.store), given);
    const flat = new FlatState(options);
    try {
      const tree = await readTree(options.log, flat.checkpointed);
      leaveOld(tree, new OldBlocks(options.store), retention);
      const database = new ChainDatabase(options, flat, tree.nodes, { ...tree, retention });
      const { back, forward } = tree.nodes.path(tree.at, tree.head);
      await database.#moveTo(tree.head);
      const milliseconds = performance.now() - started;
      database.recovery = { blocks: back.length + forward.length, milliseconds };
      await keepRetention(options.store, retention);
      // Who opens it for a few blocks each time would else never come to a checkpoint.
      database.#bytesSinceCheckpoint = tree.bytesBehind;
      if (database.#upkeepsDue() >= 1) database.#startUpkeep();
      return database;
    } catch (error) {
      flat.free();
      throw error;
    }
  }

  get head(): KnownBlock {
    return this.#head;
  }

  /** The oldest block whose state can be had. */
  get oldest(): KnownBlock {
    return this.#nodes.root;
  }

  get state(): FlatState {
    return this.#state;
  }

  /** Which states are kept. */
  get retention(): Retention {
    return this.#retention;
  }

  /** The chain that it is of, where it was made with one. */
  get spec(): ChainSpec | undefined {
    return this.#options.spec;
  }

  /** Whether the state of a block can be had. */
  hasState(hash: Hash): boolean {
    return this.recent(hash) !== undefined;
  }

  known(hash: Hash): KnownBlock | undefined {
    return this.#nodes.get(hash) ?? this.#old.block(hash);
  }

  header(hash: Hash): BlockHeader | undefined {
    return this.#nodes.get(hash)?.header ?? this.#old.header(hash);
  }

  has(hash: Hash): boolean {
    return this.#nodes.get(hash) !== undefined || this.#old.has(hash);
  }

  recent(hash: Hash): KnownBlock | undefined {
    return this.#nodes.get(hash);
  }

  async block(hash: Hash): Promise<ChainBlock | undefined> {
    this.#checkUsable();
    const node = this.#nodes.get(hash);
    if (node === undefined) return this.#old.block(hash);
    await this.#settled;
    try {
      return readStored((await this.#record(node)).stored);
    } catch (error) {
      if (this.#nodes.get(hash) === node) throw error;
      // It has left the window meanwhile, and its record the log.
      return this.#old.block(hash);
    }
  }

  /** A block of the head's branch. */
  async blockAt(number: bigint): Promise<ChainBlock | undefined> {
    if (number < this.#nodes.root.header.number) return this.#old.blockAt(number);
    const node = this.#nodes.ancestor(this.#head, number);
    return node && this.block(node.hash);
  }

  async begin(parent: Hash, blockHashes: BlockHashes): Promise<PendingBlock> {
    const node = this.#node(parent);
    if (this.#pending !== undefined) {
      throw new DatabaseError('database/busy', 'another block is in the making');
    }
    await this.#moveTo(node, this.#upkeepsDue() >= BACKLOG ? this.#upkeep : undefined);
    const pending = new Pending({
      state: this.#state,
      blockHashes,
      moved: (before) => this.#keep(before),
      commit: (block, bytes, moves) => this.#commit(node, block, bytes, moves),
      end: () => {
        this.#pending = undefined;
      },
    });
    this.#pending = pending;
    return pending;
  }

  readAhead(touched: () => Touched): void {
    this.#checkUsable();
    this.#state.readAhead(touched);
  }

  async openView(hash: Hash, blockHash: BlockHashes): Promise<StateView> {
    const node = this.#node(hash);
    const view = new StateView({
      state: this.#state,
      blockHash,
      entriesMax: this.#options.viewEntries ?? VIEW_ENTRIES,
      onClose: (closed) => this.#views.delete(closed),
    });
    // From here on it keeps what it shows now, wherever the state goes while the log is read.
    this.#views.add(view);
    const pending = this.#pending?.reverses ?? [];
    const { back, forward } = this.#nodes.path(this.#at, node);
    try {
      for (const changes of pending) view.put(changes);
      await this.#keeping([this.#at, node], async () => {
        // One after another: a record is let go of once it is put.
        for (const over of back) view.put((await this.#movesOf(over)).reverse);
        for (const over of forward) view.put((await this.#movesOf(over)).forward);
      });
      return view;
    } catch (error) {
      view.close();
      throw error;
    }
  }

  async triesAt(hash: Hash): Promise<BlockTries> {
    if (this.#pending !== undefined) {
      throw new DatabaseError('database/busy', 'a block is in the making');
    }
    await this.#moveTo(this.#node(hash));
    this.#state.beginProofs();
    return this.#state;
  }

  setHead(hash: Hash): void {
    const node = this.#node(hash);
    if (node === this.#head) return;
    this.#head = node;
    this.#append(encodeHead(hash));
  }

  async settled(): Promise<void> {
    await this.#settled;
    this.#checkUsable();
  }

  /** Writes the state to the store, and lets go of what is older than the window. */
  async checkpoint(): Promise<void> {
    await this.#upkeep;
    if (this.#pending !== undefined) {
      throw new DatabaseError('database/busy', 'a block is in the making');
    }
    this.#checkUsable();
    this.#startUpkeep();
    await this.#upkeep;
    this.#checkUsable();
  }

  /**
   * The store at a block's state, to be read until another block is begun, or upkeep starts.
   * @throws DatabaseError `database/no state`, `database/busy`
   */
  async storeAt(hash: Hash): Promise<OrderedStore> {
    await this.#upkeep;
    await this.triesAt(hash);
    const isThere = this.#state.gathered === 0 && this.#state.checkpointed?.block === hash;
    if (!isThere) await this.checkpoint();
    return this.#options.store;
  }

  /** Waits for all that is on its way to the disk, and closes log and store; once. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#settled;
    await this.#upkeep;
    this.#failure ??= new DatabaseError('database/failed', 'the database was closed');
    for (const view of this.#views) view.close();
    this.#state.free();
    const { log, store, onClose } = this.#options;
    try {
      await log.close();
    } finally {
      try {
        await store.close();
      } finally {
        await onClose?.();
      }
    }
  }

  #node(hash: Hash): Node {
    this.#checkUsable();
    const node = this.#nodes.get(hash);
    if (node !== undefined) return node;
    const { number } = this.#nodes.root.header;
    const old = this.#old.block(hash);
    const message =
      old === undefined
        ? `there is no block ${hash}`
        : `the state of block ${old.header.number} is gone: states are kept from ${number} on`;
    throw new DatabaseError('database/no state', message);
  }

  #commit(parent: Node, block: ChainBlock, bytes: Uint8Array, moves: Moves): void {
    const { hash, header, uncles, totalDifficulty } = block;
    const payload = encodeBlockRecord(block, bytes, {
      forward: encodeChanges(moves.forward),
      reverse: encodeChanges(moves.reverse),
    });
    const record = this.#append(payload);
    const node = { hash, header, uncles, totalDifficulty, parent, record };
    this.#nodes.add(node);
    this.#at = node;
    this.#moves.set(hash, moves);
    for (const old of this.#moves.keys()) {
      if (this.#moves.size <= MOVES_KEPT) break;
      this.#moves.delete(old);
    }
    if (this.#upkeepsDue() >= 1) this.#startUpkeep();
  }

  /** How many checkpoints there could have been since the last began. */
  #upkeepsDue(): number {
    const { checkpointWrites, checkpointBytes } = this.#options;
    return Math.max(
      this.#state.gathered / (checkpointWrites ?? CHECKPOINT_WRITES),
      this.#bytesSinceCheckpoint / (checkpointBytes ?? CHECKPOINT_BYTES),
    );
  }

  /** Hands a record to the log; its number. */
  #append(payload: Uint8Array): bigint {
    const { log } = this.#options;
    const record = log.next;
    const appended = log.append([payload]);
    this.#bytesSinceCheckpoint += payload.length;
    this.#settled = Promise.all([this.#settled, appended]).then(
      () => {},
      (error: unknown) => this.#fail(error),
    );
    return record;
  }

  #startUpkeep(): void {
    if (this.#upkeep !== undefined) return;
    const { hash: block, header, record } = this.#at;
    const settled = this.#settled;
    const ready = async (): Promise<void> => {
      await settled;
      this.#checkUsable();
    };
    this.#bytesSinceCheckpoint = 0;
    this.#upkeep = this.#state
      .checkpoint({ block, number: header.number, record }, ready)
      .then(() => this.#prune())
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#upkeep = undefined;
      });
  }

  /** Moves blocks that are older than the window from the log to the store. */
  async #prune(): Promise<void> {
    const { archive, window } = this.#retention;
    const { log } = this.#options;
    const checkpoint = this.#nodes.get(this.#state.checkpointed?.block as Hash) as Node;
    const [lowest] = this.#nodes.path(this.#head, checkpoint).back.slice(-1);
    const common = lowest?.parent ?? this.#head;
    const number = minOf(common.header.number, this.#head.header.number - BigInt(window));
    const root = this.#nodes.ancestor(this.#head, number);
    if (archive || root === undefined || root === this.#nodes.root) return;
    const { forward } = this.#nodes.path(this.#nodes.root, root);
    const leaving = [this.#nodes.root, ...forward.slice(0, -1)];
    for (let from = 0; from < leaving.length; from += BLOCKS_AT_ONCE) {
      const blocks = await Promise.all(
        leaving.slice(from, from + BLOCKS_AT_ONCE).map(async (node) => {
          const { stored } = await this.#record(node);
          return { hash: node.hash, number: node.header.number, stored };
        }),
      );
      await this.#old.put(blocks);
    }
    // The head, the state, or where it is going may be on another branch by now.
    const stay = [this.#head, this.#at, ...[...this.#kept].flat()];
    if (stay.some((node) => this.#nodes.ancestor(node, number) !== root)) return;
    this.#nodes.prune(root);
    await log.prune(root.record);
  }

  /** Moves the state to that of a block, once something else is done. */
  async #moveTo(target: Node, first?: Promise<void>): Promise<void> {
    if (this.#isMoving) {
      throw new DatabaseError('database/busy', 'the state is on its way to another block');
    }
    this.#isMoving = true;
    try {
      await this.#keeping([target], async () => {
        await first;
        this.#checkUsable();
        await this.#moveAlong(target);
      });
    } finally {
      this.#isMoving = false;
    }
  }

  /** Does work for which blocks must stay in the tree. */
  async #keeping(nodes: readonly Node[], work: () => Promise<void>): Promise<void> {
    this.#kept.add(nodes);
    try {
      await work();
    } finally {
      this.#kept.delete(nodes);
    }
  }

  async #moveAlong(target: Node): Promise<void> {
    const { back, forward } = this.#nodes.path(this.#at, target);
    const steps = [
      ...back.map((over) => ({ over, to: over.parent as Node, way: 'reverse' }) as const),
      ...forward.map((to) => ({ over: to, to, way: 'forward' }) as const),
    ];
    let gathered = new ChangeSet();
    let entries = 0;
    for (const [index, { over, to, way }] of steps.entries()) {
      const changes = (await this.#movesOf(over))[way];
      gathered.add(changes);
      entries += changes.accounts.size;
      for (const change of changes.accounts.values()) entries += change?.storage.size ?? 0;
      if (entries < MOVE_ENTRIES && index < steps.length - 1) continue;
      this.#apply(gathered, to);
      gathered = new ChangeSet();
      entries = 0;
    }
  }

  #apply(changes: StateChanges, to: Node): void {
    const { root, reverse } = this.#state.apply(changes);
    this.#keep(reverse.changes);
    this.#at = to;
    if (root === to.header.stateRoot) return;
    const message = `the log’s changes led to the root ${root} at block ${to.header.number}`;
    const expected = `its header says ${to.header.stateRoot}: restore the database from a copy`;
    this.#fail(new DatabaseError('database/damaged', `${message}, ${expected}`));
    this.#checkUsable();
  }

  async #movesOf(node: Node): Promise<Moves> {
    const known = this.#moves.get(node.hash);
    if (known !== undefined) return known;
    await this.#settled;
    const { moves } = await this.#record(node);
    return { forward: decodeChanges(moves.forward), reverse: decodeChanges(moves.reverse) };
  }

  async #record({ record, hash }: Node): Promise<BlockRecord> {
    const content = decodeRecord(await this.#options.log.read(record));
    if (content.kind !== 'head') return content;
    const message = `record ${record} of the log is not that of block ${hash}`;
    throw new DatabaseError('database/damaged', message);
  }

  #keep(before: StateChanges): void {
    for (const view of this.#views) view.keep(before);
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
  }

  #checkUsable(): void {
    if (this.#failure === undefined) return;
    const reason = this.#failure instanceof Error ? this.#failure.message : this.#failure;
    const message = `the database failed and must be opened anew: ${reason}`;
    throw new DatabaseError('database/failed', message, { cause: this.#failure });
  }
}
