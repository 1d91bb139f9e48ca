/** The leaves of a trie in the order of their keys, from any key on, by the nodes on the way. */

import { type Hex, toHex } from '../base/bytes.ts';
import { EMPTY_TRIE_ROOT, type NodeSource } from './partial-trie.ts';
import type { RangeEntry } from './range-proof.ts';
import {
  comparePaths,
  decodeNode,
  joinPaths,
  type Nibbles,
  nibblesOf,
  ProofError,
  shownPath,
  type TrieNode,
} from './trie-node.ts';

/** @throws ProofError `proof/missing` for a node that the source lacks */
export function* leavesFrom(
  root: Hex,
  nodes: NodeSource,
  start: Uint8Array,
): Generator<RangeEntry, void> {
  if (root === EMPTY_TRIE_ROOT) return;
  const first = nibblesOf(start);
  const hash = { kind: 'hash', reference: Uint8Array.fromHex(root.slice(2)) } as const;
  // What is still to be visited, the next one last: keys of 32 bytes make it 64 branches deep.
  const ahead: [TrieNode, Nibbles][] = [[hash, new Uint8Array(0)]];
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    const [node, path] = next;
    if (comparePaths(path, first) < 0) continue;
    switch (node.kind) {
      case 'hash':
        ahead.push([fetched(nodes, node.reference, path, first.length), path]);
        break;
      case 'extension':
        ahead.push([node.child, joinPaths(path, node.path)]);
        break;
      case 'leaf': {
        const key = joinPaths(path, node.path);
        if (comparePaths(key, first) >= 0) yield { key: bytesOf(key), value: node.value };
        break;
      }
      case 'branch':
        for (let nibble = 15; nibble >= 0; nibble--) {
          const child = node.children[nibble];
          if (child !== undefined) ahead.push([child, joinPaths(path, [nibble])]);
        }
    }
  }
}

function fetched(
  nodes: NodeSource,
  reference: Uint8Array,
  path: Nibbles,
  keyNibbles: number,
): TrieNode {
  const hash = toHex(reference);
  const bytes = nodes.node(hash, path);
  if (bytes !== undefined) return decodeNode(bytes, { path, keyNibbles });
  const details = { path: shownPath(path), hash };
  const message = `the trie lacks the node ${hash} at path ${details.path}`;
  throw new ProofError('proof/missing', message, { details });
}

function bytesOf(nibbles: Nibbles): Uint8Array {
  return Uint8Array.from({ length: nibbles.length / 2 }, (_, index) => {
    return ((nibbles[2 * index] as number) << 4) | (nibbles[2 * index + 1] as number);
  });
}
