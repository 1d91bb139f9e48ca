/**
 * The tries of a state, to make proofs of: of an account and its slots, of ranges, and the nodes
 * that a witness is collected from. Here of a state that is held in memory. PERF: the trie of
 * accounts is built when the prover is, O(accounts); an account's when it is first asked for.
 */

import { type Hex, toHex } from '../base/bytes.ts';
import { keccak256 } from '../base/keccak.ts';
import type { Address } from '../evm/types.ts';
import type { MemoryState } from '../state/memory.ts';
import { PathTrie } from '../state/path-trie.ts';
import { TrieMemory } from '../state/trie-memory.ts';
import { type AccountLeaf, accountKey, encodeAccount, encodeSlot, slotKey } from './account.ts';
import { EMPTY_TRIE_ROOT, type NodeSource } from './partial-trie.ts';
import type { Nibbles } from './trie-node.ts';

/** A trie that proofs are made of: `PathTrie` is one. */
export interface ProvingTrie {
  root(): Hex;
  /** The nodes on the way of a key, from the root down. */
  prove(key: Uint8Array): readonly Uint8Array[];
}

/** The tries of a state, wherever they lie: those of a chain's block are such. */
export interface StateTries {
  readonly accountTrie: ProvingTrie;
  /** Of an account that exists. */
  storageTrie(address: Address): ProvingTrie;
}

/** A state's tries, good until the state changes; `free` gives their memory back. */
export class StateProver implements StateTries {
  readonly accountTrie: PathTrie;
  readonly #state: MemoryState;
  readonly #memory: TrieMemory;
  readonly #storages = new Map<Address, PathTrie>();

  /** @throws TrieError without memory */
  constructor(state: MemoryState, memory: TrieMemory = new TrieMemory()) {
    this.#state = state;
    this.#memory = memory;
    this.accountTrie = new PathTrie(memory);
    this.accountTrie.update(this.accountEntries());
  }

  free(): void {
    for (const trie of [this.accountTrie, ...this.#storages.values()]) trie.free();
    this.#storages.clear();
  }

  storageTrie(address: Address): PathTrie {
    let trie = this.#storages.get(address);
    if (trie === undefined) {
      trie = new PathTrie(this.#memory);
      trie.update(this.storageEntries(address));
      this.#storages.set(address, trie);
    }
    return trie;
  }

  /** The leaves of the trie of accounts, in no order. */
  accountEntries(): { readonly key: Uint8Array; readonly value: Uint8Array }[] {
    return Array.from(this.#state.addresses(), (address) => ({
      key: accountKey(address),
      value: encodeAccount(this.#leafOf(address) as AccountLeaf),
    }));
  }

  /** The leaves of an account's trie, in no order. */
  storageEntries(address: Address): { readonly key: Uint8Array; readonly value: Uint8Array }[] {
    return Array.from(this.#state.storageOf(address), ([slot, value]) => ({
      key: slotKey(slot),
      value: encodeSlot(value),
    }));
  }

  #leafOf(address: Address): AccountLeaf | undefined {
    const account = this.#state.getAccount(address);
    if (account === undefined) return undefined;
    const { nonce, balance, codeHash } = account;
    const hasStorage = this.#state.hasStorage(address);
    const storageRoot = hasStorage ? this.storageTrie(address).root() : EMPTY_TRIE_ROOT;
    return { nonce, balance, codeHash, storageRoot };
  }
}

/** A trie's nodes, found by where they stand. */
export class ProvenNodes implements NodeSource {
  readonly #trie: ProvingTrie;
  readonly #keyBytes: number;
  readonly #known = new Map<Hex, Uint8Array>();

  constructor(trie: ProvingTrie, keyBytes = 32) {
    this.#trie = trie;
    this.#keyBytes = keyBytes;
  }

  // PERF: nodes on the way are hashed once, when a key below them is asked for first; then those
  // above the first that is known are known, too.
  node(hash: Hex, path: Nibbles): Uint8Array | undefined {
    const known = this.#known.get(hash);
    if (known !== undefined) return known;
    const nodes = this.#trie.prove(keyBelow(path, this.#keyBytes)).toReversed();
    const end = nodes.findIndex((node) => !this.#learn(node));
    const found = this.#known.get(hash);
    if (found !== undefined || end < 0) return found;
    // Two places with the same node: that one is known does not mean that the way to it is.
    for (const node of nodes.slice(end + 1)) this.#learn(node);
    return this.#known.get(hash);
  }

  /** False for a node that was known. */
  #learn(node: Uint8Array): boolean {
    const hash = toHex(keccak256(node));
    if (this.#known.has(hash)) return false;
    this.#known.set(hash, node);
    return true;
  }
}

function keyBelow(path: Nibbles, keyBytes: number): Uint8Array {
  const key = new Uint8Array(keyBytes);
  for (const [index, nibble] of path.entries()) {
    key[index >> 1] = (key[index >> 1] as number) | (index % 2 === 0 ? nibble << 4 : nibble);
  }
  return key;
}
