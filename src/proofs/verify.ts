/**
 * Verification of Merkle proofs as `eth_getProof` gives them (EIP-1186). It stands alone: no
 * node, no database, nothing but hashing, so it runs in a browser.
 *
 *   stateRoot -> accountProof -> account { storageRoot } -> storageProof -> slot
 *
 * A proof is the nodes from the root down to the key's leaf, or to where the key would be, each
 * named by the one before; nodes inside their parents are not listed again. Exactly those: a node
 * too many, or in another order, is refused.
 */

import { fromHex, type Hex, toHex } from '../base/bytes.ts';
import { keccak256 } from '../base/keccak.ts';
import { WordMap } from '../base/word-map.ts';
import { type AccountLeaf, accountKey, decodeAccount, decodeSlot, slotKey } from './account.ts';
import { EMPTY_TRIE_ROOT, type NodeSource, PartialTrie } from './partial-trie.ts';
import { type Nibbles, ProofError, type ProofFault, shownPath } from './trie-node.ts';

/** Keccak-256 of nothing: the code hash of an account without code. */
export const NO_CODE_HASH: Hex =
  '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470';

/** What `eth_getProof` answers. */
export interface AccountProof {
  readonly address: Hex;
  readonly accountProof: readonly Hex[];
  /** Quantities: hexadecimal without zeros in front. */
  readonly balance: Hex;
  readonly nonce: Hex;
  readonly codeHash: Hex;
  readonly storageHash: Hex;
  readonly storageProof: readonly StorageProof[];
}

export interface StorageProof {
  /** The slot, as a quantity or of 32 bytes. */
  readonly key: Hex;
  readonly value: Hex;
  readonly proof: readonly Hex[];
}

/** What a proof proves. */
export interface ProvenAccount {
  /** Undefined where it proves that there is no such account. */
  readonly account: AccountLeaf | undefined;
  /** A value for each slot of the proof; zero for those that are not there. */
  readonly storage: ReadonlyMap<bigint, bigint>;
}

export interface MerkleProof {
  readonly root: Hex;
  readonly key: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/**
 * Holds an answer of `eth_getProof` against a state root, and the address against the one asked
 * for. @throws ProofError for an answer that claims anything its nodes do not prove
 *
 * @example
 * const params = [address, ['0x0'], block];
 * const proof = await client.request({ method: 'eth_getProof', params });
 * const { account, storage } = verifyProof({ stateRoot, address, proof });
 */
export function verifyProof(request: {
  readonly stateRoot: Hex;
  readonly address: Hex;
  readonly proof: AccountProof;
}): ProvenAccount {
  const { stateRoot, address, proof } = request;
  if (proof.address.toLowerCase() !== address.toLowerCase()) {
    throw claimed('address', proof.address, address);
  }
  const nodes = proof.accountProof.map(bytesOf);
  const account = verifyAccountProof({ stateRoot, address, proof: nodes });
  checkClaims(proof, account);
  const storageRoot = account?.storageRoot ?? EMPTY_TRIE_ROOT;
  const storage = new WordMap<bigint>();
  for (const { key, value, proof: hex } of proof.storageProof) {
    const slot = integerOf('key', key);
    const proven = verifyStorageProof({ storageRoot, slot, proof: hex.map(bytesOf) });
    if (integerOf('value', value) !== proven) throw claimed(`slot ${key}`, value, `${proven}`);
    storage.set(slot, proven);
  }
  return { account, storage };
}

/** The account at an address, or undefined where the proof shows that there is none. */
export function verifyAccountProof(request: {
  readonly stateRoot: Hex;
  readonly address: Hex;
  readonly proof: readonly Uint8Array[];
}): AccountLeaf | undefined {
  const { stateRoot, address, proof } = request;
  const value = verifyMerkleProof({ root: stateRoot, key: accountKey(address), proof });
  return value === undefined ? undefined : decodeAccount(value);
}

/** The value of a slot; zero where the proof shows that there is none. */
export function verifyStorageProof(request: {
  readonly storageRoot: Hex;
  readonly slot: bigint;
  readonly proof: readonly Uint8Array[];
}): bigint {
  const { storageRoot, slot, proof } = request;
  const value = verifyMerkleProof({ root: storageRoot, key: slotKey(slot), proof });
  return value === undefined ? 0n : decodeSlot(value);
}

/**
 * The value of a key in the trie with that root, or undefined for none.
 * @throws ProofError unless the nodes are those on the key's way, in order, and no others
 */
export function verifyMerkleProof({ root, key, proof }: MerkleProof): Uint8Array | undefined {
  if (root === EMPTY_TRIE_ROOT) return verifyEmpty(proof);
  const nodes = new OrderedNodes(proof);
  const value = new PartialTrie(root, nodes, { keyBytes: key.length, name: 'the proof' }).get(key);
  nodes.finish();
  return value;
}

/** Gives out a proof's nodes in their order. */
class OrderedNodes implements NodeSource {
  readonly #proof: readonly Uint8Array[];
  #next = 0;

  constructor(proof: readonly Uint8Array[]) {
    this.#proof = proof;
  }

  node(hash: Hex, path: Nibbles): Uint8Array | undefined {
    const bytes = this.#proof[this.#next];
    if (bytes === undefined) return undefined;
    const found = toHex(keccak256(bytes));
    if (found !== hash) {
      const details = { index: this.#next, path: shownPath(path), hash: found, expected: hash };
      const message = `node ${this.#next} of the proof has the hash ${found}, not ${hash}`;
      throw new ProofError('proof/wrong hash', message, { details });
    }
    this.#next += 1;
    return bytes;
  }

  finish(): void {
    const extra = this.#proof.length - this.#next;
    if (extra > 0) throw unproven(`the proof has ${extra} nodes behind its last`, { extra });
  }
}

/** Of an empty trie there is no node; some clients give the empty string that its hash is of. */
function verifyEmpty(proof: readonly Uint8Array[]): undefined {
  const [first] = proof;
  if (first === undefined) return undefined;
  if (proof.length === 1 && first.length === 1 && first[0] === 0x80) return undefined;
  throw unproven(`a proof of ${proof.length} nodes of a trie that is empty`, {});
}

/** What the answer says beside its nodes. */
function checkClaims(proof: AccountProof, account: AccountLeaf | undefined): void {
  const nonce = integerOf('nonce', proof.nonce);
  if (nonce !== (account?.nonce ?? 0n)) throw claimed('nonce', proof.nonce, `${account?.nonce}`);
  const balance = integerOf('balance', proof.balance);
  if (balance !== (account?.balance ?? 0n)) {
    throw claimed('balance', proof.balance, `${account?.balance}`);
  }
  checkHash('codeHash', proof.codeHash, account?.codeHash, NO_CODE_HASH);
  checkHash('storageHash', proof.storageHash, account?.storageRoot, EMPTY_TRIE_ROOT);
}

const ZERO_HASH: Hex = `0x${'00'.repeat(32)}`;

/** Of an account that does not exist some clients give the hash of nothing, others zero. */
function checkHash(name: string, given: Hex, proven: Hex | undefined, nothing: Hex): void {
  const allowed = proven === undefined ? [nothing, ZERO_HASH] : [proven];
  if (!allowed.includes(given.toLowerCase() as Hex)) throw claimed(name, given, `${allowed[0]}`);
}

function bytesOf(hex: Hex): Uint8Array {
  try {
    return fromHex(hex);
  } catch (cause) {
    throw new ProofError('proof/malformed', `a node of the proof: ${(cause as Error).message}`);
  }
}

function integerOf(name: string, hex: Hex): bigint {
  if (/^0x[0-9a-fA-F]{1,64}$/.test(hex)) return BigInt(hex);
  const details = { name };
  throw new ProofError('proof/malformed', `${name} is no integer below 2^256`, { details });
}

function claimed(name: string, given: string, proven: string): ProofError {
  const details = { name, given, proven };
  return unproven(`the answer’s ${name} is ${given}, proven is ${proven}`, details);
}

function unproven(message: string, details: Record<string, string | number>): ProofError {
  const code: ProofFault = 'proof/not proven';
  return new ProofError(code, message, { details });
}
