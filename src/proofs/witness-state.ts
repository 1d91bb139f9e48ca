/**
 * The state of a block in the making, of which just the parts of a witness are known. What the
 * execution needs and the witness has not is an error that names it, so a result is never one of
 * an incomplete state.
 */

import type { Account, AccountChange, Address, Hash, StateChanges } from '../evm/types.ts';
import type { PendingState } from '../state/pending.ts';
import {
  type AccountLeaf,
  accountKey,
  decodeAccount,
  decodeSlot,
  encodeAccount,
  encodeSlot,
  slotKey,
} from './account.ts';
import { EMPTY_TRIE_ROOT, PartialTrie, type PartialTrieEntry } from './partial-trie.ts';
import { ProofError } from './trie-node.ts';
import { NO_CODE_HASH } from './verify.ts';
import type { StateSources } from './witness.ts';

export class WitnessState implements PendingState {
  readonly #sources: StateSources;
  readonly #accounts: PartialTrie;
  readonly #storages = new Map<Address, PartialTrie>();
  /** What was decoded or written; null for an account that does not exist. */
  readonly #leaves = new Map<Address, AccountLeaf | null>();
  /** That came into being in this block. */
  readonly #codes = new Map<Hash, Uint8Array>();

  constructor(stateRoot: Hash, sources: StateSources) {
    this.#sources = sources;
    this.#accounts = new PartialTrie(stateRoot, sources.accounts, { name: 'the trie of accounts' });
  }

  /** @throws ProofError `proof/missing` */
  getAccount(address: Address): Account | undefined {
    return this.#leafOf(address) ?? undefined;
  }

  /** @throws ProofError `proof/missing` */
  getStorage(address: Address, slot: bigint): bigint {
    const value = this.#storageOf(address).get(slotKey(slot));
    return value === undefined ? 0n : decodeSlot(value);
  }

  /** @throws ProofError `proof/missing` */
  getCode(codeHash: Hash): Uint8Array {
    if (codeHash === NO_CODE_HASH) return new Uint8Array(0);
    const code = this.#codes.get(codeHash) ?? this.#sources.code(codeHash);
    if (code !== undefined) return code;
    const details = { codeHash };
    throw new ProofError('proof/missing', `the code with hash ${codeHash} is missing`, { details });
  }

  /** @throws ProofError `proof/missing` */
  hasStorage(address: Address): boolean {
    return this.#storageOf(address).root() !== EMPTY_TRIE_ROOT;
  }

  /** @throws ProofError `proof/missing` */
  getBlockHash(number: bigint): Hash {
    const hash = this.#sources.blockHash(number);
    if (hash !== undefined) return hash;
    const details = { number };
    throw new ProofError('proof/missing', `the header of block ${number} is missing`, { details });
  }

  /** @throws ProofError `proof/missing`: the state is broken then */
  apply(changes: StateChanges): void {
    for (const [hash, code] of changes.codes) this.#codes.set(hash, code);
    const entries: PartialTrieEntry[] = [];
    for (const [address, change] of changes.accounts) {
      const leaf = change === null ? null : this.#changed(address, change);
      if (leaf === null) this.#storages.delete(address);
      this.#leaves.set(address, leaf);
      const value = leaf === null ? undefined : encodeAccount(leaf);
      entries.push({ key: accountKey(address), value });
    }
    this.#accounts.update(entries);
  }

  root(): Hash {
    return this.#accounts.root();
  }

  #changed(address: Address, change: AccountChange): AccountLeaf {
    const { nonce, balance, codeHash } = change;
    if (change.storageWiped) this.#storages.set(address, this.#openStorage(address));
    const storage = this.#storageOf(address);
    storage.update(
      Array.from(change.storage, ([slot, value]) => ({
        key: slotKey(slot),
        value: value === 0n ? undefined : encodeSlot(value),
      })),
    );
    return { nonce, balance, codeHash, storageRoot: storage.root() };
  }

  #leafOf(address: Address): AccountLeaf | null {
    const known = this.#leaves.get(address);
    if (known !== undefined) return known;
    const value = this.#accounts.get(accountKey(address));
    const leaf = value === undefined ? null : decodeAccount(value);
    this.#leaves.set(address, leaf);
    return leaf;
  }

  #storageOf(address: Address): PartialTrie {
    let storage = this.#storages.get(address);
    if (storage === undefined) {
      storage = this.#openStorage(address, this.#leafOf(address)?.storageRoot);
      this.#storages.set(address, storage);
    }
    return storage;
  }

  #openStorage(address: Address, root: Hash = EMPTY_TRIE_ROOT): PartialTrie {
    return new PartialTrie(root, this.#sources.storage(address), {
      name: `the storage of ${address}`,
    });
  }
}
