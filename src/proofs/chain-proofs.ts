/**
 * Proofs of the state at a block of a chain, as a library: of an account and its slots, and of
 * ranges of accounts or of one account's slots. Whoever gets one verifies it with
 * `ironfly/proofs/verify` and `ironfly/proofs/range`, which need neither chain nor state.
 *
 * @example
 * const { hash, header } = chain.head;
 * const proof = await proveAccount(chain, { block: hash, address, slots: [0n] });
 * verifyProof({ stateRoot: header.stateRoot, address, proof });
 */

import type { BlockTries } from '../chain/block-tree.ts';
import type { Address, Hash } from '../evm/types.ts';
import { accountKey } from './account.ts';
import { accountProofOf } from './account-proof.ts';
import { EMPTY_TRIE_ROOT } from './partial-trie.ts';
import { proveRange, type RangeProof, wrongStart } from './range-proof.ts';
import { ProvenNodes, type ProvingTrie } from './state-prover.ts';
import { leavesFrom } from './trie-leaves.ts';
import { type AccountProof, verifyAccountProof } from './verify.ts';

export type { RangeEntry, RangeProof } from './range-proof.ts';
export type { AccountProof, StorageProof } from './verify.ts';

/** What proofs are made of: a `Chain` of `ironfly/chain` is such. */
export interface ProvableChain {
  /** Gives the tries of a block's state to the work. */
  withTries<Result>(
    block: Hash,
    work: (tries: BlockTries) => Result | Promise<Result>,
  ): Promise<Result>;
}

export interface AccountProofRequest {
  readonly block: Hash;
  readonly address: Address;
  readonly slots?: readonly bigint[];
}

export interface RangeRequest {
  readonly block: Hash;
  /** Keccak-256 of an address or slot, or any 32 bytes; zeros, before all, when left out. */
  readonly start?: Uint8Array;
  readonly countMax: number;
}

/** A range with the root that it is proven by. */
export interface ProvenRange extends RangeProof {
  readonly root: Hash;
}

/**
 * What `eth_getProof` answers: the account and the slots, present or absent.
 * @throws DatabaseError `database/no state` for a block that is not there, or too old
 */
export function proveAccount(
  chain: ProvableChain,
  { block, address, slots = [] }: AccountProofRequest,
): Promise<AccountProof> {
  return chain.withTries(block, (tries) => accountProofOf(tries, address, slots));
}

/**
 * The accounts that follow `start` in the order of their keys (Keccak-256 of the address), up to
 * `countMax`, and the nodes that prove them. PERF: O(countMax).
 * @throws DatabaseError; RangeError for a start of another size, or a count that is none
 */
export function proveAccountRange(
  chain: ProvableChain,
  { block, ...range }: RangeRequest,
): Promise<ProvenRange> {
  return chain.withTries(block, ({ accountTrie }) => rangeOf(accountTrie, range));
}

/** The same of one account's slots; none where there is no such account. @throws DatabaseError */
export function proveStorageRange(
  chain: ProvableChain,
  { block, address, ...range }: RangeRequest & { readonly address: Address },
): Promise<ProvenRange> {
  return chain.withTries(block, (tries) => {
    const { accountTrie } = tries;
    const account = verifyAccountProof({
      stateRoot: accountTrie.root(),
      address,
      proof: accountTrie.prove(accountKey(address)),
    });
    const { storageRoot = EMPTY_TRIE_ROOT } = account ?? {};
    if (storageRoot === EMPTY_TRIE_ROOT) return { root: storageRoot, entries: [], proof: [] };
    return rangeOf(tries.storageTrie(address.toLowerCase() as Address), range);
  });
}

const KEY_BYTES = 32;

function rangeOf(trie: ProvingTrie, { start, countMax }: Omit<RangeRequest, 'block'>): ProvenRange {
  const from = start ?? new Uint8Array(KEY_BYTES);
  if (from.length !== KEY_BYTES) throw wrongStart(from, KEY_BYTES);
  const root = trie.root();
  const leaves = leavesFrom(root, new ProvenNodes(trie), from);
  return { root, ...proveRange(trie, leaves, { start: from, countMax }) };
}
