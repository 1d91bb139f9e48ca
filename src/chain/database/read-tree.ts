/** The tree of blocks that a log holds, as it is found on opening. */

import type { Hash } from '../../evm/types.ts';
import type { Checkpoint } from '../../state/flat/values.ts';
import type { RecordLog } from '../../state/log/record-log.ts';
import { DatabaseError } from './fault.ts';
import type { Retention } from './kept-retention.ts';
import { type Node, Nodes } from './nodes.ts';
import type { OldBlocks } from './old-blocks.ts';
import { decodeRecord, readStored } from './records.ts';

export interface FoundTree {
  readonly nodes: Nodes;
  /** What the store is at. */
  readonly at: Node;
  readonly head: Node;
  /** Of the records behind that of the store's block: what an opening goes over again. */
  readonly bytesBehind: number;
}

/**
 * PERF: reads the whole log, O(window + blocks since the checkpoint).
 * @throws DatabaseError `database/incomplete`, `database/damaged`; LogError
 */
export async function readTree(
  log: RecordLog,
  checkpoint: Checkpoint | undefined,
): Promise<FoundTree> {
  requireFinished(log);
  if (checkpoint === undefined) throw lostStore(log);
  let bytesBehind = 0;
  const found = new Map<Hash, Node>();
  let headHash: Hash | undefined;
  for (let record = log.first; record <= log.last; record += 1n) {
    const payload = await log.read(record);
    if (record > checkpoint.record) bytesBehind += payload.length;
    const content = decodeRecord(payload);
    if (content.kind === 'head') {
      headHash = content.hash;
      continue;
    }
    const { hash, header, uncles, totalDifficulty } = readStored(content.stored);
    const parent = found.get(header.parentHash);
    found.set(hash, { hash, header, uncles, totalDifficulty, parent, record });
    headHash ??= hash;
  }
  const head = found.get(headHash as Hash);
  if (head === undefined) throw lacks(`the head, block ${headHash}`);
  let root = head;
  while (root.parent !== undefined) root = root.parent;
  const nodes = new Nodes(root);
  // A block comes behind its parent.
  for (const node of found.values()) {
    if (node.parent !== undefined && nodes.get(node.parent.hash) !== undefined) nodes.add(node);
  }
  const at = nodes.get(checkpoint.block);
  if (at === undefined) throw lacks(`the store’s block ${checkpoint.number}, ${checkpoint.block}`);
  return { nodes, at, head, bytesBehind };
}

/**
 * Lets go of blocks that have left the window, and lie in the store: the log holds them on as long
 * as the segment that they are in. PERF: a look at the store for each of them.
 */
export function leaveOld({ nodes, at, head }: FoundTree, old: OldBlocks, kept: Retention): void {
  if (kept.archive) return;
  const [lowest] = nodes.path(head, at).back.slice(-1);
  const common = lowest?.parent ?? head;
  const oldest = head.header.number - BigInt(kept.window);
  const line: Node[] = [];
  for (let node: Node | undefined = common; node !== undefined; node = node.parent) line.push(node);
  let root = line.pop() as Node;
  while (line.length > 0 && root.header.number < oldest && old.has(root.hash)) {
    root = line.pop() as Node;
  }
  if (root !== nodes.root) nodes.prune(root);
}

/**
 * Whoever makes a database begins its log when all else is there.
 * @throws DatabaseError `database/incomplete`
 */
export function requireFinished(log: RecordLog): void {
  if (log.last >= log.first) return;
  const message =
    'the database was not finished when it was made: a restore goes on by the same command, ' +
    'else remove its folder and make it anew';
  throw new DatabaseError('database/incomplete', message);
}

/** What is in the log was answered: nobody must be told to remove it. */
function lostStore(log: RecordLog): DatabaseError {
  const has = `the block log has the records ${log.first} to ${log.last}, the store no state`;
  const advice =
    'the store was lost, the blocks were not: keep the log, restore the store from a copy';
  return new DatabaseError('database/damaged', `${has}: ${advice}`);
}

function lacks(what: string): DatabaseError {
  const message = `the block log lacks ${what}: log and store are not of one database`;
  return new DatabaseError('database/damaged', message);
}
