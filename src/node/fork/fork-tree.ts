/**
 * Blocks upon a remote chain's block: what they changed is here, the rest is the remote's.
 *
 * Nobody knows the root of a state of which a part is elsewhere: a block's is a hash of its
 * parent's and of its changes, and proofs there are none. All is in memory.
 */

import { concatBytes, toHex } from '../../base/bytes.ts';
import { keccak256 } from '../../base/keccak.ts';
import type {
  BlockHashes,
  BlockTree,
  BlockTries,
  BlockView,
  ChainBlock,
  KnownBlock,
  PendingBlock,
} from '../../chain/block-tree.ts';
import type { BlockHeader } from '../../chain/blocks/header.ts';
import type { Account, Address, Awaitable, Hash, StateChanges } from '../../evm/types.ts';
import { encodeChanges } from '../../state/change-codec.ts';
import type { Touched } from '../../state/flat/flat-state.ts';
import { RpcError } from '../rpc/errors.ts';
import { LayeredState } from './layered-state.ts';
import type { RemoteState } from './remote-state.ts';

interface ForkNode {
  readonly block: ChainBlock;
  readonly parent: ForkNode | undefined;
  readonly state: LayeredState;
}

export interface ForkTreeOptions {
  /** The remote's block, with its total difficulty. */
  readonly block: ChainBlock;
  readonly state: RemoteState;
}

export class ForkTree implements BlockTree {
  readonly #remote: RemoteState;
  readonly #root: ForkNode;
  readonly #nodes = new Map<Hash, ForkNode>();
  /** By number from the first on, of the head's branch. */
  readonly #branch: ForkNode[];
  #head: ForkNode;

  constructor({ block, state }: ForkTreeOptions) {
    this.#remote = state;
    this.#root = { block, parent: undefined, state: new LayeredState(state) };
    this.#nodes.set(block.hash, this.#root);
    this.#head = this.#root;
    this.#branch = [this.#root];
  }

  get head(): KnownBlock {
    return this.#head.block;
  }

  known(hash: Hash): KnownBlock | undefined {
    return this.#nodes.get(hash)?.block;
  }

  header(hash: Hash): BlockHeader | undefined {
    return this.#nodes.get(hash)?.block.header;
  }

  has(hash: Hash): boolean {
    return this.#nodes.has(hash);
  }

  recent(hash: Hash): KnownBlock | undefined {
    return this.known(hash);
  }

  async block(hash: Hash): Promise<ChainBlock | undefined> {
    return this.#nodes.get(hash)?.block;
  }

  async blockAt(number: bigint): Promise<ChainBlock | undefined> {
    return this.#branch[Number(number - this.#root.block.header.number)]?.block;
  }

  async begin(parent: Hash, blockHashes: BlockHashes): Promise<PendingBlock> {
    const node = this.#node(parent);
    const { stateRoot } = node.block.header;
    const blockHash = this.#blockHashes(blockHashes);
    return new ForkPending(node.state, blockHash, stateRoot, (block, state) => {
      this.#nodes.set(block.hash, { block, parent: node, state });
    });
  }

  readAhead(touched: () => Touched): void {
    this.#remote.readAhead(touched().accounts);
  }

  async openView(hash: Hash, blockHashes: BlockHashes): Promise<BlockView> {
    return new ForkReader(this.#node(hash).state, this.#blockHashes(blockHashes));
  }

  async triesAt(): Promise<BlockTries> {
    const message = 'the state of a forked chain is in part elsewhere: there are no proofs of it';
    throw new RpcError('method not supported', message);
  }

  setHead(hash: Hash): void {
    this.#head = this.#node(hash);
    const first = this.#root.block.header.number;
    const place = ({ block }: ForkNode) => Number(block.header.number - first);
    this.#branch.length = place(this.#head) + 1;
    for (let node: ForkNode | undefined = this.#head; node !== undefined; node = node.parent) {
      if (this.#branch[place(node)] === node) break;
      this.#branch[place(node)] = node;
    }
  }

  async settled(): Promise<void> {}

  async close(): Promise<void> {}

  #node(hash: Hash): ForkNode {
    const node = this.#nodes.get(hash);
    if (node !== undefined) return node;
    throw new RpcError('resource not found', `the fork has no block ${hash}`);
  }

  /** A block before the first of ours is the remote's. */
  #blockHashes(blockHashes: BlockHashes): (number: bigint) => Awaitable<Hash> {
    const { hash, header } = this.#root.block;
    return (number) => {
      if (number > header.number) return blockHashes(number);
      return number === header.number ? hash : this.#remote.getBlockHash(number);
    };
  }
}

class ForkReader implements BlockView {
  protected state: LayeredState;
  readonly #blockHash: (number: bigint) => Awaitable<Hash>;

  constructor(state: LayeredState, blockHash: (number: bigint) => Awaitable<Hash>) {
    this.state = state;
    this.#blockHash = blockHash;
  }

  getAccount(address: Address): Account | undefined {
    // Amsterdam and the DAO fork alone want it at once, and no fork of a chain is of these.
    return this.state.getAccount(address) as Account | undefined;
  }

  getStorage(address: Address, slot: bigint): Awaitable<bigint> {
    return this.state.getStorage(address, slot);
  }

  getCode(codeHash: Hash): Awaitable<Uint8Array> {
    return this.state.getCode(codeHash);
  }

  hasStorage(address: Address): Awaitable<boolean> {
    return this.state.hasStorage(address);
  }

  getBlockHash(number: bigint): Awaitable<Hash> {
    return this.#blockHash(number);
  }

  close(): void {}
}

class ForkPending extends ForkReader implements PendingBlock {
  readonly #keep: (block: ChainBlock, state: LayeredState) => void;
  #root: Hash;

  constructor(
    state: LayeredState,
    blockHash: (number: bigint) => Awaitable<Hash>,
    parentRoot: Hash,
    keep: (block: ChainBlock, state: LayeredState) => void,
  ) {
    super(state, blockHash);
    this.#root = parentRoot;
    this.#keep = keep;
  }

  apply(changes: StateChanges): void {
    this.state = this.state.with(changes);
    const before = Uint8Array.fromHex(this.#root.slice(2));
    this.#root = toHex(keccak256(concatBytes(before, encodeChanges(changes))));
  }

  root(): Hash {
    return this.#root;
  }

  commit(block: ChainBlock): void {
    this.#keep(block, this.state);
  }

  drop(): void {}
}
