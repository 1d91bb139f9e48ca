/**
 * State roots of blocks that are simulated one upon the other. Only what changes is looked at: the
 * tries of the block below give the nodes on the way, for as long as one root takes.
 */

import { concatBytes, toHex } from '../../../base/bytes.ts';
import { keccak256 } from '../../../base/keccak.ts';
import type { BlockTries } from '../../../chain/block-tree.ts';
import type { Chain } from '../../../chain/chain.ts';
import type { Address, Hash, StateChanges } from '../../../evm/types.ts';
import type { NodeSource } from '../../../proofs/partial-trie.ts';
import { ProvenNodes } from '../../../proofs/state-prover.ts';
import type { StateSources } from '../../../proofs/witness.ts';
import { WitnessState } from '../../../proofs/witness-state.ts';
import { encodeChanges } from '../../../state/change-codec.ts';
import { RpcError } from '../../rpc/errors.ts';

export class RootTracker {
  readonly #chain: Chain;
  readonly #below: Hash;
  readonly #state: WitnessState;
  /** The last one. */
  #root: Hash;
  /** Where nodes come from while a root is made. */
  #nodes: TrieNodes | undefined;

  /** @param below the block upon which the others are, and its state root */
  constructor(chain: Chain, below: { readonly hash: Hash; readonly stateRoot: Hash }) {
    this.#chain = chain;
    this.#below = below.hash;
    this.#root = below.stateRoot;
    this.#state = new WitnessState(below.stateRoot, this.#sources());
  }

  /**
   * The root after another block's changes; of a chain whose state is in part elsewhere (a fork) a
   * hash that stands for it, as its own blocks have it. PERF: O(changes) ways down the tries
   */
  async rootAfter(changes: StateChanges): Promise<Hash> {
    try {
      this.#root = await this.#chain.withTries(this.#below, (tries) => this.#apply(tries, changes));
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      const before = Uint8Array.fromHex(this.#root.slice(2));
      this.#root = toHex(keccak256(concatBytes(before, encodeChanges(changes))));
    }
    return this.#root;
  }

  #apply(tries: BlockTries, changes: StateChanges): Hash {
    this.#nodes = new TrieNodes(tries);
    try {
      this.#state.apply(changes);
      return this.#state.root();
    } finally {
      this.#nodes = undefined;
    }
  }

  #sources(): StateSources {
    return {
      accounts: { node: (hash, path) => this.#nodes?.accounts.node(hash, path) },
      storage: (address) => ({
        node: (hash, path) => this.#nodes?.storage(address).node(hash, path),
      }),
      code: () => undefined,
      blockHash: () => undefined,
    };
  }
}

/** The nodes of one block's tries, good as long as these are. */
class TrieNodes {
  readonly accounts: NodeSource;
  readonly #tries: BlockTries;
  readonly #storages = new Map<Address, NodeSource>();

  constructor(tries: BlockTries) {
    this.#tries = tries;
    this.accounts = new ProvenNodes(tries.accountTrie);
  }

  storage(address: Address): NodeSource {
    let nodes = this.#storages.get(address);
    if (nodes === undefined) {
      nodes = new ProvenNodes(this.#tries.storageTrie(address));
      this.#storages.set(address, nodes);
    }
    return nodes;
  }
}
