/** One method under the names by which the clients of several development nodes know it. */

import type { Method, MethodTable } from '../../rpc/method.ts';
import type { DevNode } from '../dev-node.ts';

type Prefix = 'anvil' | 'hardhat' | 'evm';

/** `anvil_mine` and `hardhat_mine` of `mine`. */
export function named(
  prefixes: readonly Prefix[],
  methods: Readonly<Record<string, Method<DevNode>>>,
): MethodTable<DevNode> {
  return Object.fromEntries(
    prefixes.flatMap((prefix) =>
      Object.entries(methods).map(([name, each]) => [`${prefix}_${name}`, each]),
    ),
  );
}
