/**
 * A chain: a tree of valid blocks, their states, and the head that somebody chose.
 *
 * Import holds a block against every rule and keeps it whole, or refuses it and keeps nothing.
 * Which of several branches counts is not import's to say: that is `setHead`.
 */

import type { Hash } from '../evm/types.ts';
import { type PendingBlock, StateBranches } from '../state/branches.ts';
import type { MemoryState } from '../state/memory.ts';
import { type BlockRequest, type BuiltBlock, buildBlock } from './block-builder.ts';
import type { BlockAccessList } from './blocks/access-list.ts';
import type { Block } from './blocks/block.ts';
import { checkBlock, checkOutcome, readBlock, type SizedBlock } from './blocks/block-rules.ts';
import { InvalidBlock, requireSame } from './blocks/fault.ts';
import { type BlockHeader, headerHash } from './blocks/header.ts';
import { checkHeader } from './blocks/header-rules.ts';
import { outcomeFields } from './blocks/outcome-fields.ts';
import type { Receipt } from './blocks/receipt.ts';
import { checkUncles } from './blocks/uncles.ts';
import { type BlockRules, type ChainSpec, ForkTimeline } from './chain-spec.ts';
import type { BlockSetting } from './executor/block-setting.ts';
import { executeBlock } from './executor/sequential.ts';
import type { Machines } from './machines.ts';

/** BLOCKHASH reaches so far back. */
const BLOCK_HASHES = 256n;

export interface ChainOptions {
  readonly spec: ChainSpec;
  readonly genesis: BlockHeader;
  /** The state of genesis; the chain's own from now on. */
  readonly state: MemoryState;
  readonly machines: Machines;
}

/** A block of the tree. */
export interface ChainBlock extends Block {
  /** With its own. */
  readonly totalDifficulty: bigint;
  readonly receipts: readonly Receipt[];
  /** Amsterdam. */
  readonly accessList?: BlockAccessList | undefined;
}

export class Chain {
  readonly spec: ChainSpec;
  readonly #timeline: ForkTimeline;
  readonly #machines: Machines;
  readonly #blocks = new Map<Hash, ChainBlock>();
  readonly #states: StateBranches;
  #head: ChainBlock;
  /** Resolves when all has ended that was asked for up to now. */
  #turn: Promise<void> = Promise.resolve();

  /** @throws InvalidBlock `block/wrong state root` for a state that is not that of genesis */
  constructor({ spec, genesis, state, machines }: ChainOptions) {
    requireSame('block/wrong state root', 'genesis’ state root', state.root(), genesis.stateRoot);
    const hash = headerHash(genesis);
    const rest = { transactions: [], uncles: [], receipts: [] };
    this.spec = spec;
    this.#timeline = new ForkTimeline(spec);
    this.#machines = machines;
    this.#head = { hash, header: genesis, totalDifficulty: genesis.difficulty, ...rest };
    this.#blocks.set(hash, this.#head);
    this.#states = new StateBranches(state, hash);
  }

  get head(): ChainBlock {
    return this.#head;
  }

  block(hash: Hash): ChainBlock | undefined {
    return this.#blocks.get(hash);
  }

  /**
   * The state of a block, to be read until the chain is used again.
   * @throws Error for a block that the chain does not have, or while one is imported or built
   */
  stateAt(hash: Hash): MemoryState {
    return this.#states.at(hash);
  }

  /** @throws Error for a block that the chain does not have */
  setHead(hash: Hash): void {
    const block = this.#blocks.get(hash);
    if (block === undefined) throw new Error(`chain: there is no block ${hash}`);
    this.#head = block;
  }

  /**
   * Checks and executes a block upon its parent, which may be any block of the tree. Blocks that
   * are imported or built at the same time are so one after another, in the order of the calls.
   * @throws InvalidBlock naming the rule that is broken; nothing is kept then
   */
  importBlock(bytes: Uint8Array): Promise<ChainBlock> {
    return this.#inTurn(() => this.#import(readBlock(bytes)));
  }

  /**
   * Builds a block upon the head, or another block of the tree, and keeps nothing of it: the
   * block is then imported like any other.
   */
  buildBlock(request: BlockRequest, parentHash?: Hash): Promise<BuiltBlock> {
    return this.#inTurn(() => {
      const hash = parentHash ?? this.#head.hash;
      const parent = this.#blocks.get(hash);
      if (parent === undefined) throw new Error(`chain: there is no block ${hash}`);
      const number = parent.header.number + 1n;
      const blockRules = this.#rulesAfter(parent, { number, timestamp: request.timestamp });
      return this.#upon(parent, blockRules, (setting) => buildBlock(setting, parent, request));
    });
  }

  async #import(sized: SizedBlock): Promise<ChainBlock> {
    const { block } = sized;
    const known = this.#blocks.get(block.hash);
    if (known !== undefined) return known;
    const parent = this.#blocks.get(block.header.parentHash);
    if (parent === undefined) {
      const message = `parent ${block.header.parentHash} is not known`;
      throw new InvalidBlock('block/unknown parent', message);
    }
    const blockRules = this.#rulesAfter(parent, block.header);
    checkBlock(sized, parent.header, blockRules, this.spec);
    checkUncles(
      block.header,
      block.uncles,
      (hash) => this.#blocks.get(hash),
      (uncle, ancestor) => {
        const rules = this.#rulesAfter(ancestor as ChainBlock, uncle);
        checkHeader(uncle, ancestor.header, rules, this.spec);
      },
    );
    return this.#upon(parent, blockRules, async (setting, pending) => {
      const outcome = await executeBlock(setting, block);
      checkOutcome(block.header, outcomeFields(outcome, pending.root(), blockRules));
      pending.commit(block.hash);
      const totalDifficulty = parent.totalDifficulty + block.header.difficulty;
      const { receipts, accessList } = outcome;
      const kept: ChainBlock = { ...block, totalDifficulty, receipts, accessList };
      this.#blocks.set(block.hash, kept);
      return kept;
    });
  }

  /** Works upon the state of a block, of which nothing is kept but what the work commits. */
  async #upon<Result>(
    parent: ChainBlock,
    blockRules: BlockRules,
    work: (setting: BlockSetting, pending: PendingBlock) => Promise<Result>,
  ): Promise<Result> {
    const { rules } = blockRules;
    const evm = this.#machines.for(rules);
    const state = this.#states.begin(parent.hash, (number) => this.#ancestorHash(parent, number));
    try {
      return await work({ spec: this.spec, blockRules, evm, state }, state);
    } catch (error) {
      // Whatever state a machine is in that fails, it is not used again.
      if (!(error instanceof InvalidBlock)) this.#machines.discard(rules);
      throw error;
    } finally {
      state.drop();
    }
  }

  /** Does the work when all that was asked for before has ended. */
  #inTurn<Result>(work: () => Result | Promise<Result>): Promise<Result> {
    const done = this.#turn.then(work);
    this.#turn = done.then(
      () => {},
      () => {},
    );
    return done;
  }

  #rulesAfter(
    parent: ChainBlock,
    { number, timestamp }: Pick<BlockHeader, 'number' | 'timestamp'>,
  ): BlockRules {
    const parentTotalDifficulty = parent.totalDifficulty;
    return this.#timeline.at({ number, timestamp, parentTotalDifficulty });
  }

  /** Hash of an ancestor, counted from the parent of the block in the making; 0 for none. */
  #ancestorHash(parent: ChainBlock, number: bigint): Hash {
    let at: ChainBlock | undefined = parent;
    const last = parent.header.number + 1n - BLOCK_HASHES;
    while (at !== undefined && at.header.number > number && at.header.number >= last) {
      at = this.#blocks.get(at.header.parentHash);
    }
    return at?.header.number === number ? at.hash : `0x${'00'.repeat(32)}`;
  }
}
