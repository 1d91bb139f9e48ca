/**
 * The blocks before a snapshot's: BLOCKHASH and the rules of uncles ask for them, so a chain that
 * goes on from the snapshot without them would execute wrongly.
 *
 * Each is the one whose hash its child names. What no hash vouches for is the total difficulty: it
 * is held against the child's, so that one number is left, the oldest's, and none where the oldest
 * is the chain's first.
 */

import { decodeRlp, type RlpItem } from '../../base/rlp.ts';
import type { Hash } from '../../evm/types.ts';
import type { ChainBlock } from '../block-tree.ts';
import type { OldBlock, OldBlocks } from '../database/old-blocks.ts';
import { readStored, type StoredBlock } from '../database/records.ts';
import { SnapshotError } from './fault.ts';
import { checkBody, type SnapshotHead } from './head.ts';

/** BLOCKHASH reaches so far back. */
export const ANCESTORS_MAX = 256;

const ZERO_HASH: Hash = `0x${'00'.repeat(32)}`;

/** Takes ancestors, the parent first, each the one that its child names. */
export class AncestorChain {
  readonly #count: bigint;
  #next: Hash;
  #number: bigint;
  /** What the one that was taken last says of all blocks before it. */
  #difficultyBefore: bigint;
  #taken = 0n;

  constructor({ block, counts }: SnapshotHead) {
    this.#count = counts.ancestors;
    this.#next = block.header.parentHash;
    this.#number = block.header.number;
    this.#difficultyBefore = difficultyBefore(block);
  }

  /** The blocks of a chunk. @throws SnapshotError */
  take(content: Uint8Array): OldBlock[] {
    return blockItems(content).map((item) => this.#takeBlock(item));
  }

  /** @throws SnapshotError when ancestors are missing */
  end(): void {
    if (this.#taken !== this.#count) {
      throw wrong(`are ${this.#taken}, and the head says ${this.#count}`);
    }
    const isFirst = this.#number === 0n || this.#next === ZERO_HASH;
    if (isFirst && this.#difficultyBefore !== 0n) {
      throw wrong(
        `end at the first, and say that the difficulty before was ${this.#difficultyBefore}`,
      );
    }
    if (isFirst || this.#taken === BigInt(ANCESTORS_MAX)) return;
    throw wrong(`end at block ${this.#number}, before there are ${ANCESTORS_MAX}`);
  }

  #takeBlock(item: RlpItem): OldBlock {
    const stored = storedOf(item);
    const block = read(stored);
    const { hash, header, totalDifficulty } = block;
    if (hash !== this.#next || header.number !== this.#number - 1n) {
      throw wrong(`hold block ${hash} where ${this.#next} should be`);
    }
    if (totalDifficulty !== this.#difficultyBefore) {
      const said = `the total difficulty ${totalDifficulty}, its child ${this.#difficultyBefore}`;
      throw wrong(`say of block ${header.number} ${said}`);
    }
    this.#taken += 1n;
    if (this.#taken > this.#count) throw wrong(`are more than the ${this.#count} of the head`);
    this.#number = header.number;
    this.#next = header.parentHash;
    this.#difficultyBefore = difficultyBefore(block);
    return { hash, number: header.number, stored };
  }
}

function difficultyBefore({ totalDifficulty, header }: ChainBlock): bigint {
  return totalDifficulty - header.difficulty;
}

/** The blocks of a chunk, each encoded as it is stored. @throws SnapshotError */
export function blockItems(content: Uint8Array): readonly RlpItem[] {
  const result = decodeRlp(content);
  if (!result.ok || result.item instanceof Uint8Array) throw wrong('are no list');
  return result.item;
}

/** Puts what is sorted from the parent down. */
export function putAncestors(old: OldBlocks, blocks: readonly OldBlock[]): Promise<void> {
  return old.put(blocks.toReversed());
}

function storedOf(item: RlpItem): StoredBlock {
  const result = item instanceof Uint8Array ? decodeRlp(item) : undefined;
  if (result?.ok === true && !(result.item instanceof Uint8Array)) return result.item;
  throw wrong('hold what is none');
}

function read(item: StoredBlock): ChainBlock {
  try {
    const block = readStored(item);
    checkBody(block);
    return block;
  } catch (error) {
    if (error instanceof SnapshotError) throw error;
    throw wrong(`hold what is none: ${(error as Error).message}`);
  }
}

function wrong(why: string): SnapshotError {
  return new SnapshotError('snapshot/damaged', `the snapshot’s blocks before its own ${why}`);
}
