/** What a chain stands upon: a tree of valid blocks, the state of each, and the head. */

import type { Account, Address, Hash, StateReader } from '../evm/types.ts';
import type { StateTrie, Touched } from '../state/flat/flat-state.ts';
import type { PendingState } from '../state/pending.ts';
import type { BlockAccessList } from './blocks/access-list.ts';
import type { Block } from './blocks/block.ts';
import type { BlockHeader } from './blocks/header.ts';
import type { Receipt } from './blocks/receipt.ts';
import type { Ancestor } from './blocks/uncles.ts';

/** A block of the tree, as far as it is at hand at once. */
export interface KnownBlock extends Ancestor {
  /** With its own. */
  readonly totalDifficulty: bigint;
}

/** A block of the tree, and what came of it. */
export interface ChainBlock extends Block, KnownBlock {
  readonly receipts: readonly Receipt[];
  /** Amsterdam. */
  readonly accessList?: BlockAccessList | undefined;
  /** Of a development chain: who sent those transactions, by index, that nobody signed. */
  readonly impersonated?: ReadonlyMap<number, Address>;
  /** By index, where whoever made the block knew them; nobody has to recover them then. */
  readonly senders?: readonly (Address | undefined)[];
}

/** Answers BLOCKHASH for a block in the making. */
export type BlockHashes = (number: bigint) => Hash;

/** A block in the making, until it is committed or dropped. One at a time. */
export interface PendingBlock extends PendingState {
  /**
   * The state with what was applied, for the block that comes next: `root` may be asked for while
   * that is executed. Not of trees that have nothing to do for a root.
   */
  ahead?(blockHashes: BlockHashes): StateReader;
  /** Adds the block, and its RLP, to the tree; `settled` says when it is on the disk. */
  commit(block: ChainBlock, bytes: Uint8Array): void;
  /** Takes back what was applied; nothing after a commit. */
  drop(): void;
}

/** The state of a block, good until it is closed, whatever becomes of the tree. */
export interface BlockView extends StateReader {
  close(): void;
}

/** A state with its tries, to be read at once. */
export interface BlockTries {
  readonly accountTrie: StateTrie;
  /** Of an account that exists. */
  storageTrie(address: Address): StateTrie;
  getAccount(address: Address): Account | undefined;
  getStorage(address: Address, slot: bigint): bigint;
  getCode(codeHash: Hash): Uint8Array;
}

export interface BlockTree {
  readonly head: KnownBlock;
  /** A block of the tree, or one of the head's ancestors that left it. */
  known(hash: Hash): KnownBlock | undefined;
  /** The header of a block that `known` knows; of old ones the rest is not looked at. */
  header(hash: Hash): BlockHeader | undefined;
  /** Whether `known` knows it, without looking at it. */
  has(hash: Hash): boolean;
  /** A block of the tree; none that left it. */
  recent(hash: Hash): KnownBlock | undefined;
  /** `known` with its body. */
  block(hash: Hash): Promise<ChainBlock | undefined>;
  /** The block of the head's branch with that number. */
  blockAt(number: bigint): Promise<ChainBlock | undefined>;
  /** Begins a block upon the state of `parent`. @throws DatabaseError `database/no state` */
  begin(parent: Hash, blockHashes: BlockHashes): Promise<PendingBlock>;
  /** What a block will ask of the state, to be read ahead where that pays. */
  readAhead(touched: () => Touched): void;
  /** The state of a block of the tree. @throws DatabaseError `database/no state` */
  openView(hash: Hash, blockHashes: BlockHashes): Promise<BlockView>;
  /** The tries of a block's state, not to be used once another block is begun. */
  triesAt(hash: Hash): Promise<BlockTries>;
  /** @throws DatabaseError `database/no state` for a block that is not in the tree */
  setHead(hash: Hash): void;
  /** Resolves when all that was committed and chosen so far is on the disk. */
  settled(): Promise<void>;
  /** Waits for the disk; everything is refused from then on. */
  close(): Promise<void>;
}
