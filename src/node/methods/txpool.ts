/** What waits in the pool, by sender and nonce. */

import type { Address } from '../../evm/types.ts';
import { withChecksum } from '../json/checksum.ts';
import { pooledTransaction } from '../json/transaction-answer.ts';
import type { Node } from '../node.ts';
import type { PooledTransaction } from '../pool/pool.ts';
import { type MethodTable, method } from '../rpc/method.ts';
import { quantity, readAddress } from '../rpc/values.ts';

type BySender = ReadonlyMap<Address, readonly PooledTransaction[]>;

/** Of each transaction something, by its nonce. */
function byNonce(
  transactions: readonly PooledTransaction[],
  show: (each: PooledTransaction) => unknown,
): object {
  return Object.fromEntries(
    transactions.map((each) => [String(each.transaction.nonce), show(each)]),
  );
}

function bySender(senders: BySender, show: (each: PooledTransaction) => unknown): object {
  return Object.fromEntries(
    [...senders].map(([sender, list]) => [withChecksum(sender), byNonce(list, show)]),
  );
}

const whole = ({ bytes, sender }: PooledTransaction) => pooledTransaction(bytes, sender);

/** One line that people read. */
function line({ transaction }: PooledTransaction): string {
  const { to, value, gasLimit, maxFeePerGas } = transaction;
  const recipient = to === undefined ? 'contract creation' : withChecksum(to);
  return `${recipient}: ${value} wei + ${gasLimit} gas × ${maxFeePerGas} wei`;
}

function countOf(senders: BySender): number {
  let count = 0;
  for (const list of senders.values()) count += list.length;
  return count;
}

export const txpoolMethods: MethodTable<Node> = {
  txpool_status: method([], ({ pool }: Node) => {
    const { pending, queued } = pool.content();
    return { pending: quantity(countOf(pending)), queued: quantity(countOf(queued)) };
  }),
  txpool_content: method([], ({ pool }: Node) => {
    const { pending, queued } = pool.content();
    return { pending: bySender(pending, whole), queued: bySender(queued, whole) };
  }),
  txpool_contentFrom: method([readAddress], ({ pool }: Node, [sender]) => {
    const { pending, queued } = pool.content();
    return {
      pending: byNonce(pending.get(sender) ?? [], whole),
      queued: byNonce(queued.get(sender) ?? [], whole),
    };
  }),
  txpool_inspect: method([], ({ pool }: Node) => {
    const { pending, queued } = pool.content();
    return { pending: bySender(pending, line), queued: bySender(queued, line) };
  }),
};
