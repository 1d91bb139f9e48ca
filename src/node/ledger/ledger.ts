/**
 * The chain as a node shows it: which block is latest, safe and finalized, blocks by tag, number
 * and hash, transactions by hash, and news of the head. All reads of one request go through one
 * block's state, whatever happens to the chain meanwhile.
 */

import type { BlockView, ChainBlock, KnownBlock } from '../../chain/block-tree.ts';
import type { BlockHeader } from '../../chain/blocks/header.ts';
import type { Chain } from '../../chain/chain.ts';
import { type BlockRules, type ChainSpec, ForkTimeline } from '../../chain/chain-spec.ts';
import type { Hash, StateChanges } from '../../evm/types.ts';
import { EditedState } from '../../state/edited-state.ts';
import { RpcError } from '../rpc/errors.ts';
import type { BlockId } from '../rpc/values.ts';
import { BlockCache } from './block-cache.ts';
import type { TransactionIndex, TransactionPlace } from './transaction-index.ts';

/** What becomes of the branch when another head is chosen; the oldest first. */
export interface HeadChange {
  /** Blocks that are not of the branch any more, the newest first. */
  readonly removed: readonly ChainBlock[];
  /** Blocks that are now, the oldest first. */
  readonly added: readonly ChainBlock[];
}

export type HeadListener = (change: HeadChange) => void;

/** Changes upon the state of a block that no block holds yet: of a development chain. */
export interface StateEdits {
  readonly upon: Hash;
  /** Other changes have another. */
  readonly version: number;
  /** As they are now; they do not change any more. */
  readonly changes: () => StateChanges;
}

export interface LedgerOptions {
  readonly chain: Chain;
  readonly index: TransactionIndex;
  /**
   * How far behind the head safe and finalized are, in blocks, while nobody says which they are;
   * a development chain has Anvil's 32 and 64. When left out they are unknown until said.
   */
  readonly depths?: { readonly safe: bigint; readonly finalized: bigint };
  /** Of a development chain: who sent which transactions of a block that nobody signed. */
  readonly impersonated?: (block: Hash) => ChainBlock['impersonated'];
}

/** Blocks whose edits are kept, to be traced: the newest. */
const EDITED_BLOCKS_MAX = 4_096;

export class Ledger {
  readonly chain: Chain;
  readonly #index: TransactionIndex;
  readonly #depths: LedgerOptions['depths'];
  readonly #timeline: ForkTimeline;
  readonly #blocks: BlockCache;
  readonly #listeners = new Set<HeadListener>();
  readonly #impersonated: LedgerOptions['impersonated'];
  #edits: StateEdits | undefined;
  readonly #editsIn = new Map<Hash, StateChanges>();
  #safe: Hash | undefined;
  #finalized: Hash | undefined;

  constructor({ chain, index, depths, impersonated }: LedgerOptions) {
    this.chain = chain;
    this.#impersonated = impersonated;
    this.#index = index;
    this.#depths = depths;
    this.#timeline = new ForkTimeline(chain.spec);
    this.#blocks = new BlockCache(async (hash) => this.#withSenders(await chain.block(hash)));
  }

  get chainId(): bigint {
    return this.spec.chainId;
  }

  get spec(): ChainSpec {
    return this.chain.spec;
  }

  get head(): KnownBlock {
    return this.chain.head;
  }

  /** What consensus said last. */
  get finality(): { readonly safe?: Hash; readonly finalized?: Hash } {
    const [safe, finalized] = [this.#safe, this.#finalized];
    return { ...(safe && { safe }), ...(finalized && { finalized }) };
  }

  /** What consensus says of two blocks (Engine API); undefined leaves one as it is. */
  setFinality({ safe, finalized }: { readonly safe?: Hash; readonly finalized?: Hash }): void {
    this.#safe = safe ?? this.#safe;
    this.#finalized = finalized ?? this.#finalized;
  }

  /** The rules of a block that follows `parent`. */
  rulesAfter(parent: KnownBlock, header: Pick<BlockHeader, 'number' | 'timestamp'>): BlockRules {
    return this.#timeline.after(parent, header);
  }

  /** The rules that hold in a block of the tree. */
  rulesOf(block: KnownBlock): BlockRules {
    return this.#timeline.of(block);
  }

  /**
   * Chooses a head that was imported; resolves when the choice is on the disk and everybody was
   * told. @throws DatabaseError `database/no state`
   */
  async setHead(hash: Hash): Promise<void> {
    const before = this.chain.head;
    if (before.hash === hash) return;
    const change = await this.#changeTo(before, hash);
    const chosen = this.chain.setHead(hash);
    for (const block of change.removed) this.#index.remove(block);
    for (const block of change.added) this.#index.add(block);
    for (const listener of this.#listeners) listener(change);
    await chosen;
  }

  /** Called at each change of the head, in order; what it gives ends that. */
  onHead(listener: HeadListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #changeTo(before: KnownBlock, hash: Hash): Promise<HeadChange> {
    const removed: ChainBlock[] = [];
    const added: ChainBlock[] = [];
    let [old, young] = [before.hash, hash];
    while (old !== young) {
      const [left, right] = await Promise.all([this.#require(old), this.#require(young)]);
      if (left.header.number >= right.header.number) {
        removed.push(left);
        old = left.header.parentHash;
      }
      if (right.header.number >= left.header.number) {
        added.push(right);
        young = right.header.parentHash;
      }
    }
    return { removed, added: added.reverse() };
  }

  async #require(hash: Hash): Promise<ChainBlock> {
    const block = await this.blockByHash(hash);
    if (block === undefined) throw new RpcError('resource not found', `unknown block ${hash}`);
    return block;
  }

  /** A block that was made here and is in the tree: it need not be read from there. */
  remember(block: ChainBlock): void {
    this.#blocks.put(this.#withSenders(block));
  }

  /** A block that was imported, of whatever branch. */
  blockByHash(hash: Hash): Promise<ChainBlock | undefined> {
    return this.#blocks.get(hash);
  }

  /** A block that others stand upon; those before a fork's are elsewhere. */
  async parentBlock(hash: Hash): Promise<KnownBlock | undefined> {
    return this.chain.known(hash) ?? (await this.blockByHash(hash));
  }

  /** The block of the head's branch with that number. */
  async blockByNumber(number: bigint): Promise<ChainBlock | undefined> {
    const { head } = this.chain;
    if (number > head.header.number) return undefined;
    if (number === head.header.number) return this.blockByHash(head.hash);
    return this.#withSenders(await this.chain.blockAt(number));
  }

  #withSenders<Block extends ChainBlock | undefined>(block: Block): Block {
    const impersonated = block && this.#impersonated?.(block.hash);
    return impersonated === undefined ? block : { ...block, impersonated };
  }

  /**
   * The block that is named; 'pending' is the latest here: whoever shows what is pending asks
   * for it (`PendingBlocks`). undefined: there is none.
   */
  async block(id: BlockId): Promise<ChainBlock | undefined> {
    if ('number' in id) return this.blockByNumber(id.number);
    if ('hash' in id) {
      const block = await this.blockByHash(id.hash);
      if (block === undefined || !id.requireCanonical) return block;
      const canonical = await this.blockByNumber(block.header.number);
      if (canonical?.hash === id.hash) return block;
      throw new RpcError('server error', `hash ${id.hash} is not currently canonical`);
    }
    switch (id.tag) {
      case 'earliest':
        return this.blockByNumber(0n);
      case 'safe':
        return this.#said(this.#safe, this.#depths?.safe);
      case 'finalized':
        return this.#said(this.#finalized, this.#depths?.finalized);
      default:
        return this.blockByHash(this.chain.head.hash);
    }
  }

  async #said(hash: Hash | undefined, depth: bigint | undefined): Promise<ChainBlock | undefined> {
    if (hash !== undefined) return this.blockByHash(hash);
    const number = this.#numberAtDepth(depth);
    return number === undefined ? undefined : this.blockByNumber(number);
  }

  /** Of a block that is safe or final by its depth alone: a forked chain may not have it itself. */
  numberByDepth(tag: 'safe' | 'finalized'): bigint | undefined {
    const said = tag === 'safe' ? this.#safe : this.#finalized;
    return said === undefined ? this.#numberAtDepth(this.#depths?.[tag]) : undefined;
  }

  #numberAtDepth(depth: bigint | undefined): bigint | undefined {
    if (depth === undefined) return undefined;
    const { number } = this.chain.head.header;
    return number > depth ? number - depth : 0n;
  }

  /** `block`, or the error that clients expect. @throws RpcError */
  async requireBlock(id: BlockId): Promise<ChainBlock> {
    const block = await this.block(id);
    if (block !== undefined) return block;
    const isTag = 'tag' in id;
    throw new RpcError('server error', isTag ? `${id.tag} block not found` : 'header not found');
  }

  /** Where a transaction of the head's branch stands. */
  transactionPlace(hash: Hash): TransactionPlace | undefined {
    return this.#index.get(hash);
  }

  /** What users of a development chain set since the head; undefined for nothing. */
  setEdits(edits: StateEdits | undefined): void {
    this.#edits = edits;
  }

  /** Whoever made a block upon edits says so: who executes it once more needs them. */
  keepEdits(block: Hash, changes: StateChanges): void {
    this.#editsIn.set(block, changes);
    for (const oldest of this.#editsIn.keys()) {
      if (this.#editsIn.size <= EDITED_BLOCKS_MAX) return;
      this.#editsIn.delete(oldest);
    }
  }

  /** What was set by hand upon the parent's state before the block; undefined for nothing. */
  editsIn(block: Hash): StateChanges | undefined {
    return this.#editsIn.get(block);
  }

  /**
   * A block's state, with what was set upon it by hand; to be closed.
   * @throws RpcError where it is too old
   */
  async openView(hash: Hash): Promise<BlockView> {
    const changes = this.#edits?.upon === hash ? this.#edits.changes() : undefined;
    const view = await this.openBlock(hash);
    if (changes === undefined) return view;
    return Object.assign(new EditedState(view, changes), { close: () => view.close() });
  }

  /**
   * A block's state as the block left it; to be closed.
   * @throws RpcError where it is too old
   */
  async openBlock(hash: Hash): Promise<BlockView> {
    try {
      return await this.chain.openView(hash);
    } catch (error) {
      throw noState(hash, error);
    }
  }

  /** Names what `openView` shows: machines that stand there are the same (`Standing.key`). */
  stateKey(hash: Hash): string {
    return this.#edits?.upon === hash ? `${hash}+${this.#edits.version}` : hash;
  }
}

/** In the words that clients of geth look for. */
function noState(hash: Hash, error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new RpcError('server error', `missing trie node: no state of block ${hash}: ${message}`);
}
