/**
 * Which transaction of a sender has a nonce: of the pool, or of the block in which the sender's
 * nonce went past it, found by halving. PERF: O(log blocks) states, as far as they are kept.
 */

import type { Address, Hash } from '../../../evm/types.ts';
import { blockTransactions } from '../../json/transaction-answer.ts';
import type { Node } from '../../node.ts';
import { quantity } from '../../rpc/values.ts';

export async function transactionOf(
  node: Node,
  sender: Address,
  nonce: bigint,
): Promise<Hash | undefined> {
  const { pending, queued } = node.pool.content();
  const waiting = [...(pending.get(sender) ?? []), ...(queued.get(sender) ?? [])];
  const pooled = waiting.find(({ transaction }) => transaction.nonce === nonce);
  if (pooled !== undefined) return pooled.hash;
  let high = node.ledger.head.header.number;
  if ((await nonceAt(node, sender, high)) <= nonce) return undefined;
  let low = -1n;
  while (low + 1n < high) {
    const middle = (low + high) / 2n;
    if ((await nonceAt(node, sender, middle)) > nonce) high = middle;
    else low = middle;
  }
  const block = await node.ledger.blockByNumber(high);
  if (block === undefined) return undefined;
  const wanted = quantity(nonce);
  return blockTransactions(block).find((each) => each.from === sender && each.nonce === wanted)
    ?.hash;
}

/** Below all, where the state of that block cannot be had. */
async function nonceAt({ ledger }: Node, sender: Address, number: bigint): Promise<bigint> {
  const block = await ledger.blockByNumber(number);
  if (block === undefined || ledger.chain.recent(block.hash) === undefined) return -1n;
  const view = await ledger.openView(block.hash);
  try {
    return (await view.getAccount(sender))?.nonce ?? 0n;
  } finally {
    view.close();
  }
}
