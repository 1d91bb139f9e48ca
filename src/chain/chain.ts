/**
 * A chain: a tree of valid blocks, their states, and the head that somebody chose.
 *
 * Import holds a block against every rule and keeps it whole, or refuses it and keeps nothing.
 * Which of several branches counts is not import's to say: that is `setHead`.
 */

import type { EVM } from '../evm/evm.ts';
import type { Hash } from '../evm/types.ts';
import { type PendingBlock, StateBranches } from '../state/branches.ts';
import type { MemoryState } from '../state/memory.ts';
import { type BlockRequest, type BuiltBlock, buildBlock } from './block-builder.ts';
import type { BlockAccessList } from './blocks/access-list.ts';
import { type Block, type BodyRoots, bodyRoots, decodeBlock } from './blocks/block.ts';
import { type BlockFault, InvalidBlock, requireSame } from './blocks/fault.ts';
import { type BlockHeader, headerHash } from './blocks/header.ts';
import { BLOCK_BYTES_MAX, checkHeader } from './blocks/header-rules.ts';
import { type OutcomeFields, outcomeFields } from './blocks/outcome-fields.ts';
import type { Receipt } from './blocks/receipt.ts';
import { checkUncles } from './blocks/uncles.ts';
import { type BlockRules, type ChainSpec, ForkTimeline } from './chain-spec.ts';
import { type BlockOutcome, executeBlock } from './executor/sequential.ts';
import type { Machines } from './machines.ts';

/** No block of any fork is larger; what is longer is not looked at. */
export const INPUT_BYTES_MAX = 134_217_728;
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

  /** The state of a block, to be read until the chain is used again. */
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
   * Checks and executes a block upon its parent, which may be any block of the tree.
   * @throws InvalidBlock naming the rule that is broken; nothing is kept then
   */
  async importBlock(bytes: Uint8Array): Promise<ChainBlock> {
    if (bytes.length > INPUT_BYTES_MAX) throw tooLarge(bytes.length, INPUT_BYTES_MAX);
    const block = decodeBlock(bytes);
    const known = this.#blocks.get(block.hash);
    if (known !== undefined) return known;
    const parent = this.#blocks.get(block.header.parentHash);
    if (parent === undefined) {
      const message = `parent ${block.header.parentHash} is not known`;
      throw new InvalidBlock('block/unknown parent', message);
    }
    const blockRules = this.#rulesAfter(parent, block.header);
    if (blockRules.is('osaka') && bytes.length > BLOCK_BYTES_MAX) {
      throw tooLarge(bytes.length, BLOCK_BYTES_MAX);
    }
    checkHeader(block.header, parent.header, blockRules, this.spec);
    checkBody(block, blockRules);
    checkUncles(
      block.header,
      block.uncles,
      (hash) => this.#blocks.get(hash),
      (uncle, ancestor) => {
        const rules = this.#rulesAfter(ancestor as ChainBlock, uncle);
        checkHeader(uncle, ancestor.header, rules, this.spec);
      },
    );
    const pending = this.#states.begin(parent.hash, (number) => this.#ancestorHash(parent, number));
    try {
      const outcome = await this.#execute(block, blockRules, pending);
      checkOutcome(block.header, outcomeFields(outcome, pending.root(), blockRules));
      pending.commit(block.hash);
      const totalDifficulty = parent.totalDifficulty + block.header.difficulty;
      const { receipts, accessList } = outcome;
      const kept: ChainBlock = { ...block, totalDifficulty, receipts, accessList };
      this.#blocks.set(block.hash, kept);
      return kept;
    } catch (error) {
      pending.drop();
      throw error;
    }
  }

  /**
   * Builds a block upon the head, or another block of the tree, and keeps nothing of it: the
   * block is then imported like any other.
   */
  async buildBlock(request: BlockRequest, parentHash: Hash = this.#head.hash): Promise<BuiltBlock> {
    const parent = this.#blocks.get(parentHash);
    if (parent === undefined) throw new Error(`chain: there is no block ${parentHash}`);
    const number = parent.header.number + 1n;
    const blockRules = this.#rulesAfter(parent, { number, timestamp: request.timestamp });
    const state = this.#states.begin(parent.hash, (wanted) => this.#ancestorHash(parent, wanted));
    const evm = this.#machines.for(blockRules.rules);
    try {
      return await buildBlock({ spec: this.spec, blockRules, evm, state }, parent, request);
    } finally {
      state.drop();
    }
  }

  async #execute(block: Block, blockRules: BlockRules, state: PendingBlock): Promise<BlockOutcome> {
    const evm: EVM = this.#machines.for(blockRules.rules);
    try {
      return await executeBlock({ spec: this.spec, blockRules, evm, state }, block);
    } catch (error) {
      if (!(error instanceof InvalidBlock)) this.#machines.discard(blockRules.rules);
      throw error;
    }
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

export function tooLarge(size: number, limit: number): InvalidBlock {
  return new InvalidBlock('block/too large', `the block has ${size} bytes, at most ${limit}`, {
    size,
    limit,
  });
}

/** What the header says of the body. */
export function checkBody({ header, ...body }: Block, { is, rules }: BlockRules): void {
  if ((body.withdrawals !== undefined) !== is('shanghai')) {
    const fault = is('shanghai') ? 'missing field' : 'field of another fork';
    throw new InvalidBlock(`block/${fault}`, `${rules.fork}: withdrawals`);
  }
  const roots = bodyRoots(body);
  const check = (code: BlockFault, name: keyof BodyRoots, what: string): void =>
    requireSame(code, what, String(header[name]), String(roots[name]));
  check('block/wrong transactions root', 'transactionsRoot', 'the transactions root');
  check('block/wrong uncles hash', 'unclesHash', 'the uncles hash');
  check('block/wrong withdrawals root', 'withdrawalsRoot', 'the withdrawals root');
}

/** What the header says of the execution. */
export function checkOutcome(header: BlockHeader, results: OutcomeFields): void {
  for (const [name, code, what] of OUTCOME_FIELDS) {
    requireSame(code, what, String(header[name]), String(results[name]));
  }
}

const OUTCOME_FIELDS = [
  ['gasUsed', 'block/wrong gas used', 'the gas used'],
  ['receiptsRoot', 'block/wrong receipts root', 'the receipts root'],
  ['logsBloom', 'block/wrong logs bloom', 'the logs bloom'],
  ['blobGasUsed', 'block/wrong blob gas used', 'the blob gas used'],
  ['requestsHash', 'block/wrong requests hash', 'the requests hash'],
  ['blockAccessListHash', 'block/wrong access list hash', 'the hash of the access list'],
  ['stateRoot', 'block/wrong state root', 'the state root'],
] as const satisfies readonly (readonly [keyof OutcomeFields, BlockFault, string])[];
