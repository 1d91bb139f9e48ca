/**
 * Estimates of a development chain are for the block that comes, as Anvil's and Hardhat's are:
 * their clients send what was estimated and not a unit more, and what a transaction needs may
 * follow from its block's number or time. A checkpoint of votes, say, is a new slot in a new block.
 */

import { callMethods } from '../../methods/eth/calls.ts';
import type { MethodTable } from '../../rpc/method.ts';
import { type BlockId, readBlockId, withDefault } from '../../rpc/values.ts';
import type { DevNode } from '../dev-node.ts';

const PENDING: BlockId = { tag: 'pending' };
/** Where `eth_estimateGas` has its block. */
const BLOCK_INDEX = 1;

export const devEstimateMethods: MethodTable<DevNode> = Object.fromEntries(
  Object.entries(callMethods)
    .filter(([name]) => name === 'eth_estimateGas')
    .map(([name, { params, ...method }]) => [
      name,
      { ...method, params: params.with(BLOCK_INDEX, withDefault(readBlockId, PENDING)) },
    ]),
);
