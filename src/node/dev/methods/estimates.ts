/**
 * Estimates of a development chain are for the block that comes, as Anvil's and Hardhat's are:
 * their clients send what was estimated and not a unit more, and what a transaction needs may
 * follow from its block's number or time. A checkpoint of votes, say, is a new slot in a new block.
 */

import { movable } from '../../execution/workers/movable.ts';
import { callMethods } from '../../methods/eth/calls.ts';
import type { Node } from '../../node.ts';
import type { Method, MethodTable } from '../../rpc/method.ts';
import type { DevNode } from '../dev-node.ts';

const estimate = movable(callMethods)['eth_estimateGas'] as Method<Node>;

export const devEstimateMethods: MethodTable<DevNode> = {
  eth_estimateGas: {
    ...estimate,
    // Its arguments are as they came, since it may be begun on a worker.
    run: (node, [request, block, ...rest], caller) =>
      estimate.run(node, [request, block ?? 'pending', ...rest], caller),
  },
};
