/**
 * What `eth_getProof` answers of a state (EIP-1186), made of its tries: an account and slots of
 * it, present or absent. What is said beside the nodes is read out of them, as a verifier does, so
 * an answer never claims what it does not prove.
 */

import { type Hex, toHex } from '../base/bytes.ts';
import type { Address } from '../evm/types.ts';
import { accountKey, slotKey } from './account.ts';
import { EMPTY_TRIE_ROOT } from './partial-trie.ts';
import type { StateTries } from './state-prover.ts';
import {
  type AccountProof,
  NO_CODE_HASH,
  type StorageProof,
  verifyAccountProof,
  verifyStorageProof,
} from './verify.ts';

/** @throws TrieError for a trie that is damaged */
export function accountProofOf(
  tries: StateTries,
  given: Address,
  slots: readonly bigint[],
): AccountProof {
  const address = given.toLowerCase() as Address;
  const proof = tries.accountTrie.prove(accountKey(address));
  const account = verifyAccountProof({ stateRoot: tries.accountTrie.root(), address, proof });
  const storageRoot = account?.storageRoot ?? EMPTY_TRIE_ROOT;
  const storage = storageRoot === EMPTY_TRIE_ROOT ? undefined : tries.storageTrie(address);
  return {
    address,
    accountProof: proof.map(toHex),
    balance: quantity(account?.balance ?? 0n),
    codeHash: account?.codeHash ?? NO_CODE_HASH,
    nonce: quantity(account?.nonce ?? 0n),
    storageHash: storageRoot,
    storageProof: slots.map((slot): StorageProof => {
      const nodes = storage?.prove(slotKey(slot)) ?? [];
      const value = verifyStorageProof({ storageRoot, slot, proof: nodes });
      return { key: quantity(slot), value: quantity(value), proof: nodes.map(toHex) };
    }),
  };
}

function quantity(value: bigint): Hex {
  return `0x${value.toString(16)}`;
}
