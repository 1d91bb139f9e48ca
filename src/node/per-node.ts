/** What belongs to a node without being one of its parts: made when it is first asked for. */

import type { Node } from './node.ts';

/** A function that gives each node its own, made once and gone with the node. */
export function perNode<T extends object>(make: (node: Node) => T): (node: Node) => T {
  const made = new WeakMap<Node, T>();
  return (node) => {
    let own = made.get(node);
    if (own === undefined) {
      own = make(node);
      made.set(node, own);
    }
    return own;
  };
}
