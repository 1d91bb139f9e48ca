/** What a node's chain, pool and workers say for Prometheus. */

import type { HeadChange } from '../ledger/ledger.ts';
import type { Node } from '../node.ts';
import type { Metrics } from './metrics.ts';

/** Shows a node's chain, pool and long calls in its metrics; what it gives ends that. */
export function watchNode(metrics: Metrics, node: Node): () => void {
  showVersion(metrics, node);
  showHead(metrics, node);
  showPool(metrics, node);
  showCalls(metrics, node);
  return countBlocks(metrics, node);
}

function showVersion(metrics: Metrics, { clientVersion, ledger }: Node): void {
  metrics
    .gauge({
      name: 'ironfly_build_info',
      help: 'Always 1; the labels say what runs.',
      labels: ['version', 'chain_id'],
    })
    .set({ version: clientVersion, chain_id: `${ledger.chainId}` }, 1);
}

function showHead(metrics: Metrics, { ledger }: Node): void {
  metrics.gauge({ name: 'ironfly_head_number', help: 'Number of the head.' }, (gauge) =>
    gauge.set(Number(ledger.head.header.number)),
  );
  metrics.gauge(
    { name: 'ironfly_head_timestamp_seconds', help: 'When the head was made, since 1970.' },
    (gauge) => gauge.set(Number(ledger.head.header.timestamp)),
  );
  metrics.gauge({ name: 'ironfly_head_gas_used', help: 'Gas that the head used.' }, (gauge) =>
    gauge.set(Number(ledger.head.header.gasUsed)),
  );
  metrics.gauge({ name: 'ironfly_head_gas_limit', help: 'Gas that the head may use.' }, (gauge) =>
    gauge.set(Number(ledger.head.header.gasLimit)),
  );
  metrics.gauge(
    { name: 'ironfly_head_base_fee_wei', help: 'Base fee of the head; 0 before London.' },
    (gauge) => gauge.set(Number(ledger.head.header.baseFeePerGas ?? 0n)),
  );
  for (const tag of ['safe', 'finalized'] as const) {
    metrics.gauge(
      { name: `ironfly_${tag}_number`, help: `Number of the ${tag} block; -1 without one.` },
      async (gauge) => {
        const block = await ledger.block({ tag });
        gauge.set(Number(block?.header.number ?? -1n));
      },
    );
  }
}

function showPool(metrics: Metrics, { pool }: Node): void {
  const pooled = { name: 'ironfly_pool_transactions', help: 'Transactions that wait.' };
  metrics.gauge({ ...pooled, labels: ['state'] }, (gauge) => {
    const { pending, queued } = pool.content();
    gauge.set({ state: 'pending' }, sizeOf(pending));
    gauge.set({ state: 'queued' }, sizeOf(queued));
  });
}

function showCalls(metrics: Metrics, { callWorkers }: Node): void {
  const calls = { name: 'ironfly_long_calls', help: 'Calls and traces on workers, and waiting.' };
  metrics.gauge({ ...calls, labels: ['state'] }, (gauge) => {
    const { running, waiting } = callWorkers?.load ?? { running: 0, waiting: 0 };
    gauge.set({ state: 'running' }, running);
    gauge.set({ state: 'waiting' }, waiting);
  });
}

function sizeOf(bySender: ReadonlyMap<unknown, readonly unknown[]>): number {
  let size = 0;
  for (const list of bySender.values()) size += list.length;
  return size;
}

function countBlocks(metrics: Metrics, { ledger }: Node): () => void {
  const blocks = metrics.counter({
    name: 'ironfly_blocks_total',
    help: 'Blocks that came to be of the head’s branch.',
  });
  const transactions = metrics.counter({
    name: 'ironfly_transactions_total',
    help: 'Transactions of these blocks.',
  });
  const gas = metrics.counter({ name: 'ironfly_gas_used_total', help: 'Gas of these blocks.' });
  const removed = metrics.counter({
    name: 'ironfly_removed_blocks_total',
    help: 'Blocks that are of the head’s branch no more.',
  });
  const reorganisations = metrics.counter({
    name: 'ironfly_reorganisations_total',
    help: 'Times that the head went to another branch, or back.',
  });
  return ledger.onHead((change: HeadChange) => {
    for (const { header, transactions: list } of change.added) {
      blocks.inc();
      transactions.inc(list.length);
      gas.inc(Number(header.gasUsed));
    }
    if (change.removed.length === 0) return;
    reorganisations.inc();
    removed.inc(change.removed.length);
  });
}
