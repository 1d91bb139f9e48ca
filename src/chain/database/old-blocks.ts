/**
 * Blocks that are older than the window: they lie in the store, without the way back to their
 * states.
 *
 *   06 ‖ number   block, as records.ts has it
 *   07 ‖ hash     number
 */

import { concatBytes, toHex } from '../../base/bytes.ts';
import type { Hash } from '../../evm/types.ts';
import type { OrderedStore, StoreChange } from '../../state/store/ordered-store.ts';
import type { ChainBlock } from '../block-tree.ts';
import { type BlockHeader, headerHash } from '../blocks/header.ts';
import { decodeStored, encodeStored, headerOf, readStored, type StoredBlock } from './records.ts';

const BLOCK = 6;
const NUMBER = 7;

/** What all old blocks, and all their hashes, begin with. */
export const oldBlocksPrefix: Uint8Array = Uint8Array.of(BLOCK);
export const oldHashesPrefix: Uint8Array = Uint8Array.of(NUMBER);

export interface OldBlock {
  readonly hash: Hash;
  readonly number: bigint;
  readonly stored: StoredBlock;
}

export class OldBlocks {
  readonly #store: OrderedStore;

  constructor(store: OrderedStore) {
    this.#store = store;
  }

  block(hash: Hash): ChainBlock | undefined {
    const number = this.#number(hash);
    if (number === undefined) return undefined;
    const block = this.#read(blockKey(number));
    // Of two branches that were old once, the later stays.
    return block?.hash === hash ? block : undefined;
  }

  /** The header of such a block. PERF: nothing else of the block is decoded. */
  header(hash: Hash): BlockHeader | undefined {
    const number = this.#number(hash);
    const bytes = number === undefined ? undefined : this.#store.get(blockKey(number));
    const header = bytes && headerOf(bytes.slice());
    return header !== undefined && headerHash(header) === hash ? header : undefined;
  }

  /** Whether there is such a block, or was in a branch that ended. */
  has(hash: Hash): boolean {
    return this.#number(hash) !== undefined;
  }

  blockAt(number: bigint): ChainBlock | undefined {
    return this.#read(blockKey(number));
  }

  /** In the order of their numbers. @throws StoreError `store/failed`: nothing was written */
  put(blocks: readonly OldBlock[]): Promise<void> {
    const bodies = blocks.map(
      ({ number, stored }): StoreChange => ({ key: blockKey(number), value: encodeStored(stored) }),
    );
    const numbers = [...blocks]
      .sort((a, b) => (a.hash < b.hash ? -1 : 1))
      .map(
        ({ hash, number }): StoreChange => ({
          key: numberKey(hash),
          value: numberBytes(number),
        }),
      );
    return this.#store.write([...bodies, ...numbers]);
  }

  #number(hash: Hash): bigint | undefined {
    const bytes = this.#store.get(numberKey(hash));
    return bytes && numberIn(bytes);
  }

  #read(key: Uint8Array): ChainBlock | undefined {
    const bytes = this.#store.get(key);
    return bytes && readStored(decodeStored(bytes.slice()));
  }
}

/** Key of the block with a number. */
export function blockKey(number: bigint): Uint8Array {
  return concatBytes(oldBlocksPrefix, numberBytes(number));
}

/** Key of a hash, under which the number is. */
export function numberKey(hash: Hash): Uint8Array {
  return concatBytes(oldHashesPrefix, Uint8Array.fromHex(hash.slice(2)));
}

function numberBytes(number: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, number);
  return bytes;
}

/** The number in eight bytes; undefined for any others. */
export function numberIn(bytes: Uint8Array): bigint | undefined {
  return bytes.length === 8 ? BigInt(toHex(bytes)) : undefined;
}
