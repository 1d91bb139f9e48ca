/** The calls of a block's transactions as `trace_` methods list them, and what was paid for it. */

import type { ChainBlock } from '../../chain/block-tree.ts';
import { blockRewards } from '../../chain/blocks/rewards.ts';
import type { ReplayNode } from '../execution/call-node.ts';
import { quantity } from '../rpc/values.ts';
import { withReplay } from './block-replay.ts';
import { type PlacedFlatCall, parityCalls, placed } from './flat-calls.ts';
import { recordCalls } from './recorded.ts';
import type { TraceBudget, TraceTarget } from './target.ts';
import type { FoundTransaction } from './transaction-place.ts';

/** One that nobody called. */
export interface RewardTrace extends Omit<PlacedFlatCall, 'type'> {
  readonly type: 'reward';
}

export type BlockTrace = PlacedFlatCall | RewardTrace;

async function tracesOf(target: TraceTarget): Promise<PlacedFlatCall[]> {
  const { root } = await recordCalls(target);
  return parityCalls(root).map((call) => placed(call, target.place));
}

export function transactionTraces(
  node: ReplayNode,
  { block, index }: FoundTransaction,
  budget: TraceBudget,
): Promise<PlacedFlatCall[]> {
  return withReplay(node, block, budget, async (replay) => {
    await replay.skipTo(index);
    return replay.trace(tracesOf);
  });
}

/** Transactions first, then rewards, which the merge ended. */
export async function blockTraces(
  node: ReplayNode,
  block: ChainBlock,
  budget: TraceBudget,
): Promise<BlockTrace[]> {
  const traces: BlockTrace[] = [];
  if (block.transactions.length > 0) {
    await withReplay(node, block, budget, async (replay) => {
      for (const _ of block.transactions) {
        for (const trace of await replay.trace(tracesOf)) traces.push(trace);
      }
    });
  }
  for (const reward of rewardTraces(node, block)) traces.push(reward);
  return traces;
}

function rewardTraces({ ledger }: ReplayNode, block: ChainBlock): RewardTrace[] {
  const { header, hash, uncles } = block;
  if (header.number === 0n) return [];
  const rewards = blockRewards(header, uncles, ledger.rulesOf(block));
  // Uncles are paid first; the block's own stands first in traces.
  const own = rewards.slice(-1).map((reward) => ({ ...reward, kind: 'block' }));
  const others = rewards.slice(0, -1).map((reward) => ({ ...reward, kind: 'uncle' }));
  return [...own, ...others].map(({ address, amount, kind }) => ({
    action: { author: address, rewardType: kind, value: quantity(amount) },
    blockHash: hash,
    blockNumber: Number(header.number),
    result: null,
    subtraces: 0,
    traceAddress: [],
    transactionHash: null,
    transactionPosition: null,
    type: 'reward',
  }));
}
