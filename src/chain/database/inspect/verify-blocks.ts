/**
 * The blocks of a database against themselves: each record of the log is read, decoded, and its
 * block held against its own header; old blocks likewise, and as the chain that they are.
 *
 * PERF: a pass over the log and one over the old blocks, the roots of each block among them.
 */

import { toHex } from '../../../base/bytes.ts';
import type { Hash } from '../../../evm/types.ts';
import { decodeChanges } from '../../../state/change-codec.ts';
import type { RecordLog } from '../../../state/log/record-log.ts';
import { type OrderedStore, prefixEnd } from '../../../state/store/ordered-store.ts';
import type { ChainBlock, KnownBlock } from '../../block-tree.ts';
import { blockDifferences } from '../../blocks/header-vouches.ts';
import { blockKey, numberIn, numberKey, oldBlocksPrefix, oldHashesPrefix } from '../old-blocks.ts';
import { decodeRecord, decodeStored, readStored } from '../records.ts';
import type { OnFault } from './verify-state.ts';

/** Records that were looked at. */
export async function checkRecords(
  log: RecordLog,
  onFault: OnFault,
  onRecords: (count: number) => void,
): Promise<number> {
  let looked = 0;
  for (let record = log.first; record <= log.last; record += 1n) {
    const place = `record ${record} of the log`;
    try {
      const content = decodeRecord(await log.read(record));
      if (content.kind === 'block') {
        for (const changes of Object.values(content.moves)) {
          // The first block of a chain has none.
          if (changes.length > 0) decodeChanges(changes);
        }
        checkBlock(readStored(content.stored), place, onFault);
      }
    } catch (error) {
      onFault(place, (error as Error).message);
    }
    looked += 1;
    onRecords(looked);
  }
  return looked;
}

/**
 * Old blocks that were looked at.
 * @param root the oldest block of the log, which the last of those before it leads to
 */
export function checkOldBlocks(
  store: OrderedStore,
  root: KnownBlock | undefined,
  onFault: OnFault,
): number {
  const hashes = new Set<Hash>();
  let before: ChainBlock | undefined;
  let looked = 0;
  for (const { key, value } of store.range(oldBlocksPrefix, prefixEnd(oldBlocksPrefix))) {
    looked += 1;
    const number = numberIn(key.subarray(1)) ?? -1n;
    const place = `old block ${number}`;
    const block = orFault(place, onFault, () => readStored(decodeStored(value)));
    if (block === undefined) {
      before = undefined;
      continue;
    }
    checkBlock(block, place, onFault);
    const { header, hash } = block;
    if (header.number !== number)
      onFault(place, `the block there says that it is ${header.number}`);
    const index = store.get(numberKey(hash));
    if (index === undefined || numberIn(index) !== number) {
      onFault(place, `its hash ${hash} does not lead to it`);
    }
    // From the log's first block on, the log counts: what is here may be of a branch that ended.
    const isOld = root === undefined || number < root.header.number;
    if (isOld && before !== undefined) checkLink(before, block, place, onFault);
    if (isOld) before = block;
    hashes.add(hash);
  }
  if (root !== undefined && before !== undefined) {
    checkLink(before, root, `block ${root.header.number} of the log`, onFault);
  }
  for (const { key, value } of store.range(oldHashesPrefix, prefixEnd(oldHashesPrefix))) {
    if (hashes.has(toHex(key.subarray(1)))) continue;
    // Of two branches that were old once, the later's block is there.
    const number = numberIn(value);
    const isThere = number !== undefined && store.get(blockKey(number)) !== undefined;
    if (!isThere) onFault(`hash ${toHex(key.subarray(1))}`, 'it leads to no old block');
  }
  return looked;
}

function checkLink(before: KnownBlock, block: KnownBlock, place: string, onFault: OnFault): void {
  const { number, parentHash } = block.header;
  if (before.header.number + 1n !== number) {
    onFault(place, `before it comes block ${before.header.number}, not ${number - 1n}`);
  } else if (before.hash !== parentHash) {
    onFault(place, `its parent is ${parentHash}, the block before it ${before.hash}`);
  } else {
    checkDifficulty(before, block, place, onFault);
  }
}

/** What no hash vouches for. */
export function checkDifficulty(
  { totalDifficulty }: KnownBlock,
  block: KnownBlock,
  place: string,
  onFault: OnFault,
): void {
  const expected = totalDifficulty + block.header.difficulty;
  if (block.totalDifficulty === expected) return;
  onFault(place, `its total difficulty is ${block.totalDifficulty}, not ${expected}`);
}

/** What of a block follows from the rest of it. */
function checkBlock(block: ChainBlock, place: string, onFault: OnFault): void {
  for (const { name, says, found } of blockDifferences(block)) {
    onFault(place, `its ${name} is ${found}, its header says ${says}`);
  }
}

function orFault<Result>(place: string, onFault: OnFault, work: () => Result): Result | undefined {
  try {
    return work();
  } catch (error) {
    onFault(place, (error as Error).message);
    return undefined;
  }
}
