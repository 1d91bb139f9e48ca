/**
 * The changes in the log: the state is led over them from the checkpoint to every block and back,
 * and must have the root of each block on the way.
 *
 * PERF: O(changes in the log), and memory for each account and slot that they name.
 */

import { decodeChanges } from '../../../state/change-codec.ts';
import { FlatState } from '../../../state/flat/flat-state.ts';
import type { RecordLog } from '../../../state/log/record-log.ts';
import type { OrderedStore } from '../../../state/store/ordered-store.ts';
import type { Node } from '../nodes.ts';
import type { FoundTree } from '../read-tree.ts';
import { decodeRecord } from '../records.ts';

/** @throws the first fault: from there on no state is right */
export async function checkMoves(
  store: OrderedStore,
  log: RecordLog,
  tree: FoundTree,
  onBlocks: (count: number) => void,
): Promise<number> {
  const state = new FlatState({ store });
  let looked = 0;
  let at = tree.at;
  const move = async (over: Node, to: Node, way: 'forward' | 'reverse'): Promise<void> => {
    const record = decodeRecord(await log.read(over.record));
    if (record.kind !== 'block') throw new Error(`record ${over.record} is no block`);
    const { root } = state.apply(decodeChanges(record.moves[way]));
    looked += 1;
    onBlocks(looked);
    const { number, stateRoot } = to.header;
    if (root === stateRoot) return;
    const what = way === 'forward' ? 'changes' : 'way back';
    const message = `the ${what} in record ${over.record} leads to the root ${root}`;
    throw new Error(`${message}; the header of block ${number} says ${stateRoot}`);
  };
  try {
    for (const target of targets(tree)) {
      const { back, forward } = tree.nodes.path(at, target);
      for (const over of back) await move(over, over.parent as Node, 'reverse');
      for (const over of forward) await move(over, over, 'forward');
      at = target;
    }
    return looked;
  } finally {
    state.free();
  }
}

/** Ends of all branches, the head's last; then back to the oldest block, and to the head. */
function targets({ nodes, head }: FoundTree): Node[] {
  const parents = new Set([...nodes].map(({ parent }) => parent));
  const ends = [...nodes].filter((node) => !parents.has(node));
  return [...ends, head, nodes.root, head];
}
