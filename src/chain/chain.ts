/**
 * A chain: a tree of valid blocks, their states, and the head that somebody chose.
 *
 * Import holds a block against every rule and keeps it whole, or refuses it and keeps nothing.
 * Which of several branches counts is not import's to say: that is `setHead`.
 */

import type { Hash, StateReader } from '../evm/types.ts';
import { ancestorHashes } from './ancestor-hashes.ts';
import { BlockAhead, sealBeside } from './block-ahead.ts';
import { type BlockRequest, type BuiltBlock, buildBlock } from './block-builder.ts';
import { BlockLine, type WaitingBlock } from './block-line.ts';
import type {
  BlockTree,
  BlockTries,
  BlockView,
  ChainBlock,
  KnownBlock,
  PendingBlock,
} from './block-tree.ts';
import { type BlockAccessList, decodeAccessList, orderListed } from './blocks/access-list.ts';
import type { Block } from './blocks/block.ts';
import {
  checkAccessList,
  checkBlock,
  checkOutcome,
  type ReadBlock,
  readBlock,
} from './blocks/block-rules.ts';
import { InvalidBlock } from './blocks/fault.ts';
import type { BlockHeader } from './blocks/header.ts';
import { checkHeader } from './blocks/header-rules.ts';
import { outcomeFields } from './blocks/outcome-fields.ts';
import { checkUncles } from './blocks/uncles.ts';
import { type BlockRules, type ChainSpec, ForkTimeline } from './chain-spec.ts';
import type { BlockSetting } from './executor/block-setting.ts';
import { canSpread, failedTogether, type Spreading } from './executor/parallel.ts';
import { executeBlock } from './executor/sequential.ts';
import type { Machines } from './machines.ts';
import { checkLanes } from './sequencing.ts';
import { type KnownSenders, NO_SENDERS, recoverAhead } from './transactions/senders.ts';
import { recipientsOf, touchedBy, touchedByBlock } from './transactions/touched.ts';

export interface ChainOptions {
  readonly spec: ChainSpec;
  /** The chain's own from now on. */
  readonly tree: BlockTree;
  readonly machines: Machines;
}

/** What comes beside a block, and need not. */
export interface ImportHints {
  /**
   * Its access list (EIP-7928, Amsterdam), as the Engine API sends it: what it names is read ahead
   * where reads wait for the disk, and transactions that change the same slot are executed in
   * advance one after the other. It must be the one whose hash is in the header.
   */
  readonly accessList?: Uint8Array;
  /** What `buildBlock` gave of this very block: then it is not executed again. */
  readonly built?: BuiltBlock | undefined;
}

/** Of the transactions that are offered for a block: more than it has room for. */
const OFFERED_MAX = 4_096;

/** Where a block that was executed, and has no root yet, gives way to the next one. */
interface Parting {
  readonly setting: BlockSetting;
  readonly parent: KnownBlock;
  /** The parent's state. */
  readonly state: StateReader;
  /** Makes the root. */
  readonly meanwhile: () => void;
}

export interface ProducedBlock extends BuiltBlock {
  /** As the tree has it from now on. */
  readonly kept: ChainBlock;
}

interface ExecutedBlock extends Pick<BuiltBlock, 'block' | 'receipts' | 'accessList' | 'bytes'> {
  readonly parent: KnownBlock;
}

export class Chain {
  readonly spec: ChainSpec;
  readonly #timeline: ForkTimeline;
  readonly #machines: Machines;
  readonly #tree: BlockTree;
  readonly #line = new BlockLine();

  constructor({ spec, tree, machines }: ChainOptions) {
    this.spec = spec;
    this.#timeline = new ForkTimeline(spec);
    this.#machines = machines;
    this.#tree = tree;
  }

  get head(): KnownBlock {
    return this.#tree.head;
  }

  /** A block that was imported, as far as it is at hand at once. */
  known(hash: Hash): KnownBlock | undefined {
    return this.#tree.known(hash);
  }

  /** Whether a block was imported; what costs least to say. */
  has(hash: Hash): boolean {
    return this.#tree.has(hash);
  }

  /** A block whose state can be had. */
  recent(hash: Hash): KnownBlock | undefined {
    return this.#tree.recent(hash);
  }

  /** A block that was imported, with its body and its receipts. */
  block(hash: Hash): Promise<ChainBlock | undefined> {
    return this.#tree.block(hash);
  }

  /**
   * The state of a block, to be read until it is closed, whatever is imported meanwhile.
   * @throws DatabaseError `database/no state` for a block that is not there, or too old
   */
  openView(hash: Hash): Promise<BlockView> {
    const block = this.#tree.known(hash);
    return this.#tree.openView(hash, ancestorHashes(this.#tree, block));
  }

  /**
   * Gives the tries of a block's state to the work, behind all that was asked for before; they are
   * good until it ends. @throws DatabaseError `database/no state`
   */
  withTries<Result>(
    hash: Hash,
    work: (tries: BlockTries) => Result | Promise<Result>,
  ): Promise<Result> {
    return this.#line.take(async () => work(await this.#tree.triesAt(hash)));
  }

  /** The block of the head's branch with that number. */
  blockAt(number: bigint): Promise<ChainBlock | undefined> {
    return this.#tree.blockAt(number);
  }

  /** Resolves when the choice is on the disk. @throws DatabaseError `database/no state` */
  async setHead(hash: Hash): Promise<void> {
    this.#tree.setHead(hash);
    await this.#tree.settled();
  }

  /**
   * Checks and executes a block upon its parent, which may be any block of the tree. Blocks that
   * are imported or built at the same time are so one after another, in the order of the calls.
   * Resolves when the block is on the disk; the next one is executed meanwhile.
   * @throws InvalidBlock naming the rule that is broken; nothing is kept then
   */
  async importBlock(
    bytes: Uint8Array,
    { accessList, built: given }: ImportHints = {},
  ): Promise<ChainBlock> {
    const read = readBlock(bytes);
    const built = given?.block.hash === read.block.hash ? given : undefined;
    if (accessList !== undefined) checkAccessList(read.block.header, accessList);
    const { transactions } = read.block;
    const list = accessList && decodeAccessList(accessList);
    const isExecuted = built !== undefined || this.#isKnown(read);
    const senders = isExecuted ? NO_SENDERS : this.#prepare(transactions, list);
    // A block's own access list names all slots.
    const callers = list === undefined && !isExecuted ? transactions : [];
    const after = list && orderListed(list, transactions.length);
    const waiting: WaitingBlock = { read, senders, callers, after, built };
    const block = await this.#line.take(() => this.#import(waiting), waiting);
    await this.#tree.settled();
    return block;
  }

  /**
   * Builds a block upon the head, or another block of the tree, and keeps nothing of it: the
   * block is then imported like any other.
   */
  async buildBlock(request: BlockRequest, parentHash?: Hash): Promise<BuiltBlock> {
    const offered = this.#prepareOffer(request);
    return this.#line.take(() => {
      const { parent, blockRules } = this.#beforeNext(request, parentHash);
      this.#readAheadOfCodes(offered);
      return this.#upon(parent, blockRules, (setting) => buildBlock(setting, parent, request));
    });
  }

  /**
   * Builds a block upon the head, or another block of the tree, and keeps it as if it had been
   * imported, without executing it again. Resolves when it is on the disk.
   * @throws InvalidBlock for a request of which no valid block can be made; nothing is kept then
   */
  async produceBlock(request: BlockRequest, parentHash?: Hash): Promise<ProducedBlock> {
    const offered = this.#prepareOffer(request);
    const produced = await this.#line.take(() => {
      const { parent, blockRules } = this.#beforeNext(request, parentHash);
      this.#readAheadOfCodes(offered);
      return this.#upon(parent, blockRules, async (setting, pending) => {
        const built = await buildBlock(setting, parent, request);
        const { block } = built;
        if (request.development === undefined) {
          checkHeader(block.header, parent.header, blockRules, this.spec);
          checkLanes(block.transactions, this.spec.sequencing?.lanes ?? []);
        }
        const executed = { parent, ...built };
        const kept = this.#tree.has(block.hash)
          ? chainBlockOf(executed)
          : this.#reached(setting, this.#keep(pending, executed));
        return { ...built, kept };
      });
    });
    await this.#tree.settled();
    return produced;
  }

  /** Waits for all that was asked for, and closes what the chain stands upon. */
  close(): Promise<void> {
    return this.#line.take(() => this.#tree.close());
  }

  /** Begins what a block takes and that needs not wait for those before it. */
  #prepare(
    transactions: readonly Uint8Array[],
    accessList: BlockAccessList | undefined,
  ): KnownSenders {
    this.#tree.readAhead(() =>
      accessList === undefined ? touchedBy(transactions) : touchedByBlock(accessList),
    );
    return recoverAhead(transactions);
  }

  /** The same for a block that is to be made, of whose senders whoever offers them has read. */
  #prepareOffer({ transactions }: BlockRequest): readonly Uint8Array[] {
    // What is no list may be gone through once only.
    if (!Array.isArray(transactions)) return [];
    const offered: readonly Uint8Array[] = transactions.slice(0, OFFERED_MAX);
    this.#tree.readAhead(() => touchedBy(offered));
    return offered;
  }

  /**
   * Reads senders ahead, and the slots that the codes of recipients name. Not before the block's
   * turn: recipients, which are looked at for it, have been read ahead by then.
   */
  #readAheadOfCodes(transactions: readonly Uint8Array[], senders: KnownSenders = NO_SENDERS): void {
    this.#tree.readAhead(() => ({
      accounts: senders.known(),
      slots: [],
      called: recipientsOf(transactions),
    }));
  }

  #isKnown({ block }: ReadBlock): boolean {
    return this.#tree.known(block.hash) !== undefined;
  }

  async #import(waiting: WaitingBlock): Promise<ChainBlock> {
    const { read, senders, callers, after, built } = waiting;
    const { block } = read;
    let ahead = await waiting.ahead;
    const imported = await this.#tree.block(block.hash);
    if (imported !== undefined) return imported;
    const parent = this.#tree.known(block.header.parentHash);
    if (parent === undefined) {
      const message = `parent ${block.header.parentHash} is not known`;
      throw new InvalidBlock('block/unknown parent', message);
    }
    const blockRules = this.#rulesAfter(parent, block.header);
    if (ahead === undefined) {
      this.#check(read, parent, blockRules);
      this.#readAheadOfCodes(callers, senders);
    }
    return this.#upon(parent, blockRules, async (setting, pending) => {
      if (built !== undefined) return keepBuilt(pending, parent, built);
      // What was begun is good for one try, and upon the machine that has it.
      const begun = ahead?.evm === setting.evm ? ahead : undefined;
      ahead = undefined;
      const outcome = await (begun?.finish(pending) ??
        executeBlock(setting, block, senders, after));
      const executed = { parent, block, ...outcome, bytes: read.bytes };
      const seal = (): ChainBlock => {
        checkOutcome(block.header, outcomeFields(outcome, pending.root(), blockRules));
        return this.#keep(pending, executed);
      };
      const next = this.#nextUpon(block, setting);
      if (next === undefined || pending.ahead === undefined) return this.#reached(setting, seal());
      const known = chainBlockOf(executed);
      const state = pending.ahead(ancestorHashes(this.#tree, known));
      return sealBeside(seal, (meanwhile) => {
        next.ahead = this.#beginAhead(next, { setting, parent: known, state, meanwhile });
        return next.ahead;
      });
    });
  }

  /** The block that has the next turn, if it may be begun upon this one, which has no root yet. */
  #nextUpon({ hash }: Block, { blockRules, spreading }: BlockSetting): WaitingBlock | undefined {
    const { next } = this.#line;
    if (next === undefined || next.built !== undefined) return undefined;
    const { header, transactions, uncles } = next.read.block;
    if (header.parentHash !== hash || uncles.length > 0) return undefined;
    return canSpread(blockRules, transactions.length, spreading) ? next : undefined;
  }

  /**
   * Begins the block that comes next while the root of its parent, which has been executed, is
   * still to come. undefined: it is to be executed in its turn.
   */
  async #beginAhead(
    next: WaitingBlock,
    { setting, parent, state, meanwhile }: Parting,
  ): Promise<BlockAhead | undefined> {
    const { read, senders, callers } = next;
    const { rules } = setting.blockRules;
    const blockRules = this.#rulesAfter(parent, read.block.header);
    if (blockRules.rules !== rules) return undefined;
    try {
      this.#check(read, parent, blockRules);
      this.#readAheadOfCodes(callers, senders);
      return await BlockAhead.begin(next, { ...setting, blockRules }, state, meanwhile);
    } catch (error) {
      if (error instanceof InvalidBlock) return undefined;
      this.#machines.discard(rules);
      if (failedTogether(error)) await this.#machines.loseCrew();
      return undefined;
    }
  }

  /** All that needs no execution. @throws InvalidBlock */
  #check(read: ReadBlock, parent: KnownBlock, blockRules: BlockRules): void {
    const { header, uncles } = read.block;
    checkBlock(read, parent.header, blockRules, this.spec);
    checkUncles(
      header,
      uncles,
      (hash) => this.#tree.known(hash),
      (uncle, ancestor) => {
        const rules = this.#rulesAfter(ancestor as KnownBlock, uncle);
        checkHeader(uncle, ancestor.header, rules, this.spec);
      },
    );
  }

  /** Works upon the state of a block, of which nothing is kept but what the work commits. */
  async #upon<Result>(
    parent: KnownBlock,
    blockRules: BlockRules,
    work: (setting: BlockSetting, pending: PendingBlock) => Promise<Result>,
  ): Promise<Result> {
    const { spreading } = this.#machines;
    try {
      return await this.#tryUpon(parent, blockRules, work, spreading);
    } catch (error) {
      if (spreading === undefined || !failedTogether(error)) throw error;
      await this.#machines.loseCrew();
      return this.#tryUpon(parent, blockRules, work, undefined);
    }
  }

  async #tryUpon<Result>(
    parent: KnownBlock,
    blockRules: BlockRules,
    work: (setting: BlockSetting, pending: PendingBlock) => Promise<Result>,
    spreading: Spreading | undefined,
  ): Promise<Result> {
    const { rules } = blockRules;
    const { evm, isAtParent } = this.#machines.upon(parent.hash, rules);
    const state = await this.#tree.begin(parent.hash, ancestorHashes(this.#tree, parent));
    try {
      const setting = { spec: this.spec, blockRules, evm, isAtParent, state, spreading };
      return await work(setting, state);
    } catch (error) {
      // Whatever state a machine is in that fails, it is not used again.
      if (!(error instanceof InvalidBlock)) this.#machines.discard(rules);
      throw error;
    } finally {
      state.drop();
    }
  }

  /** Commits a block that was executed, and whose state is pending. */
  #keep(pending: PendingBlock, executed: ExecutedBlock): ChainBlock {
    const kept = chainBlockOf(executed);
    pending.commit(kept, executed.bytes);
    return kept;
  }

  /** The machine has this block's state, and goes on from there. */
  #reached({ evm }: BlockSetting, block: ChainBlock): ChainBlock {
    this.#machines.reached(block.hash, evm);
    return block;
  }

  /** What the next block stands upon. @throws Error for a parent that is not there */
  #beforeNext(
    { timestamp }: BlockRequest,
    parentHash: Hash | undefined,
  ): { readonly parent: KnownBlock; readonly blockRules: BlockRules } {
    const parent = parentHash === undefined ? this.head : this.#tree.known(parentHash);
    if (parent === undefined) throw new Error(`chain: there is no block ${parentHash}`);
    const number = parent.header.number + 1n;
    return { parent, blockRules: this.#rulesAfter(parent, { number, timestamp }) };
  }

  #rulesAfter(
    parent: KnownBlock,
    { number, timestamp }: Pick<BlockHeader, 'number' | 'timestamp'>,
  ): BlockRules {
    const parentTotalDifficulty = parent.totalDifficulty;
    return this.#timeline.at({ number, timestamp, parentTotalDifficulty });
  }
}

function chainBlockOf({ parent, block, receipts, accessList }: ExecutedBlock): ChainBlock {
  const totalDifficulty = parent.totalDifficulty + block.header.difficulty;
  return { ...block, totalDifficulty, receipts, accessList };
}

/** All that its header says of it was found when it was built; whether it still leads there. */
function keepBuilt(pending: PendingBlock, parent: KnownBlock, built: BuiltBlock): ChainBlock {
  const { block, changes, bytes } = built;
  pending.apply(changes);
  const stateRoot = pending.root();
  checkOutcome(block.header, { ...block.header, stateRoot });
  const kept = chainBlockOf({ parent, ...built });
  // No machine stands where it ends.
  pending.commit(kept, bytes);
  return kept;
}
