/**
 * The witness of a block: what of its parent's state, of the codes and of the chain its execution
 * needs, and nothing else.
 *
 *   state     nodes of the tries of accounts and slots, under the parent's state root
 *   codes     of the accounts that were called or looked at
 *   headers   from the oldest whose hash was asked for up to the parent's
 *
 * Everything in it is known by its hash, so it may come from anybody. State and codes are sorted
 * by their bytes, so that a block has one witness; whoever reads one takes any order.
 *
 * Specification: EIP-8025 (the draft's `ExecutionWitness`), whose fixtures are this shape.
 */

import { toHex } from '../base/bytes.ts';
import { keccak256 } from '../base/keccak.ts';
import { decodeRlp } from '../base/rlp.ts';
import { type BlockHeader, decodeHeader } from '../chain/blocks/header.ts';
import type { Address, Hash } from '../evm/types.ts';
import { NODES_MAX, NodePool, type NodeSource } from './partial-trie.ts';
import { ProofError } from './trie-node.ts';
import { NO_CODE_HASH } from './verify.ts';

export interface Witness {
  /** RLP of nodes. */
  readonly state: readonly Uint8Array[];
  readonly codes: readonly Uint8Array[];
  /** RLP of headers, each the parent of the next. */
  readonly headers: readonly Uint8Array[];
}

/** Where a state's parts come from: a witness, or what one is collected from. */
export interface StateSources {
  readonly accounts: NodeSource;
  storage(address: Address): NodeSource;
  code(hash: Hash): Uint8Array | undefined;
  /** Hash of an ancestor of the block. */
  blockHash(number: bigint): Hash | undefined;
}

export interface Ancestor {
  readonly hash: Hash;
  readonly header: BlockHeader;
}

/** BLOCKHASH reaches so far back. */
const HEADERS_MAX = 256;
/** Extra data has no limit before it is checked; an honest header has some 700 bytes. */
const HEADER_BYTES_MAX = 4096;

/** A witness’ parts by their hashes. */
export class WitnessSources implements StateSources {
  readonly accounts: NodePool;
  readonly #codes: ReadonlyMap<Hash, Uint8Array>;
  readonly #ancestors: ReadonlyMap<bigint, Hash>;

  /** @throws ProofError for more than anything honest has */
  constructor({ state, codes }: Witness, ancestors: readonly Ancestor[]) {
    this.accounts = new NodePool(state);
    if (codes.length > NODES_MAX) {
      throw new ProofError('proof/too large', `there are ${codes.length} codes, over ${NODES_MAX}`);
    }
    this.#codes = new Map(codes.map((code) => [toHex(keccak256(code)), code]));
    this.#ancestors = new Map(ancestors.map(({ hash, header }) => [header.number, hash]));
  }

  storage(): NodePool {
    return this.accounts;
  }

  code(hash: Hash): Uint8Array | undefined {
    return this.#codes.get(hash);
  }

  blockHash(number: bigint): Hash | undefined {
    return this.#ancestors.get(number);
  }
}

/**
 * The headers of a witness, which must lead without a gap to the block with the hash `parent`.
 * @throws ProofError
 */
export function ancestorsOf({ headers }: Witness, parent: Hash): [Ancestor, ...Ancestor[]] {
  if (headers.length > HEADERS_MAX) {
    const message = `the witness has ${headers.length} headers, over ${HEADERS_MAX}`;
    throw new ProofError('proof/too large', message);
  }
  const ancestors: Ancestor[] = [];
  let expected = parent;
  let child: BlockHeader | undefined;
  for (const bytes of headers.toReversed()) {
    const ancestor = ancestorOf(bytes);
    if (ancestor.hash !== expected) {
      const details = { hash: ancestor.hash, expected };
      const message = `the witness has the header ${ancestor.hash} where ${expected} should be`;
      throw new ProofError('proof/wrong hash', message, { details });
    }
    if (child !== undefined && child.number !== ancestor.header.number + 1n) {
      const { number } = child;
      const message = `block ${number} has the parent ${ancestor.header.number}`;
      throw new ProofError('proof/malformed', message);
    }
    ancestors.push(ancestor);
    child = ancestor.header;
    expected = child.parentHash;
  }
  const [first, ...rest] = ancestors;
  if (first !== undefined) return [first, ...rest];
  const details = { hash: parent };
  const message = `the witness lacks the header of the parent ${parent}`;
  throw new ProofError('proof/missing', message, { details });
}

function ancestorOf(bytes: Uint8Array): Ancestor {
  if (bytes.length > HEADER_BYTES_MAX) {
    const message = `a header of ${bytes.length} bytes, over ${HEADER_BYTES_MAX}`;
    throw new ProofError('proof/too large', message);
  }
  const result = decodeRlp(bytes);
  if (!result.ok) throw malformedHeader(result.reason);
  try {
    return { hash: toHex(keccak256(bytes)), header: decodeHeader(result.item) };
  } catch (error) {
    throw malformedHeader((error as Error).message);
  }
}

function malformedHeader(reason: string): ProofError {
  return new ProofError('proof/malformed', `a header of the witness: ${reason}`);
}

/** Hands out another's parts and writes down which. */
export class RecordingSources implements StateSources {
  readonly accounts: NodeSource;
  readonly #sources: StateSources;
  readonly #nodes = new Map<Hash, Uint8Array>();
  readonly #codes = new Map<Hash, Uint8Array>();
  #oldest: bigint | undefined;

  constructor(sources: StateSources) {
    this.#sources = sources;
    this.accounts = this.#recorded(sources.accounts);
  }

  storage(address: Address): NodeSource {
    return this.#recorded(this.#sources.storage(address));
  }

  code(hash: Hash): Uint8Array | undefined {
    const code = this.#sources.code(hash);
    if (code !== undefined && hash !== NO_CODE_HASH) this.#codes.set(hash, code);
    return code;
  }

  blockHash(number: bigint): Hash | undefined {
    if (this.#oldest === undefined || number < this.#oldest) this.#oldest = number;
    return this.#sources.blockHash(number);
  }

  /** Number of the oldest block whose hash was asked for. */
  get oldestBlock(): bigint | undefined {
    return this.#oldest;
  }

  get state(): Uint8Array[] {
    return [...this.#nodes.values()].sort(compareBytes);
  }

  get codes(): Uint8Array[] {
    return [...this.#codes.values()].sort(compareBytes);
  }

  #recorded(source: NodeSource): NodeSource {
    return {
      node: (hash, path) => {
        const node = source.node(hash, path);
        if (node !== undefined) this.#nodes.set(hash, node);
        return node;
      },
    };
  }
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const size = Math.min(a.length, b.length);
  for (let index = 0; index < size; index++) {
    const difference = (a[index] as number) - (b[index] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
