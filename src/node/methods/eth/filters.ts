/** Filters: who has no connection that stays asks now and then what is new. */

import { randomBytes } from 'node:crypto';
import type { Hash } from '../../../evm/types.ts';
import type { LogAnswer } from '../../json/log-answer.ts';
import { pooledTransaction } from '../../json/transaction-answer.ts';
import { FoundLogs } from '../../ledger/found-logs.ts';
import { type BranchStep, RecentItems } from '../../ledger/head-history.ts';
import { logIndexOf } from '../../ledger/log-index.ts';
import type { Node } from '../../node.ts';
import { perNode } from '../../per-node.ts';
import type { PooledTransaction } from '../../pool/pool.ts';
import { RpcError } from '../../rpc/errors.ts';
import { type MethodTable, method } from '../../rpc/method.ts';
import { readBoolean, readString, withDefault } from '../../rpc/values.ts';
import { findLogs, type LogRequest, readLogRequest } from './logs.ts';

/** Filters of a node; each costs some hundred bytes. */
const FILTERS_MAX = 10_000;
/** Milliseconds after which one that nobody asked is gone. */
const IDLE_MS_MAX = 5 * 60_000;
/** Steps of the branch, and transactions, that one may be behind. */
const STEPS_MAX = 32_768;
const TRANSACTIONS_MAX = 32_768;
const ID_BYTES = 16;

type Wanted =
  | { readonly kind: 'blocks' }
  | { readonly kind: 'transactions'; readonly full: boolean }
  | { readonly kind: 'logs'; readonly request: LogRequest };

interface Filter {
  readonly wanted: Wanted;
  /** Up to where it was asked. */
  position: number;
  askedAtMs: number;
}

class Filters {
  readonly #node: Node;
  /** The one asked longest ago first. */
  readonly #filters = new Map<string, Filter>();
  readonly #steps = new RecentItems<BranchStep>(STEPS_MAX);
  readonly #transactions = new RecentItems<PooledTransaction>(TRANSACTIONS_MAX);

  constructor(node: Node) {
    this.#node = node;
    node.ledger.onHead(({ removed, added }) => {
      for (const { hash } of removed) this.#steps.push({ hash, removed: true });
      for (const { hash } of added) this.#steps.push({ hash, removed: false });
    });
    node.pool.onReady((transaction) => this.#transactions.push(transaction));
  }

  add(wanted: Wanted): string {
    this.#dropIdle();
    if (this.#filters.size >= FILTERS_MAX) {
      const message = `there are ${FILTERS_MAX} filters: uninstall some`;
      throw new RpcError('limit exceeded', message);
    }
    const id = `0x${randomBytes(ID_BYTES).toString('hex')}`;
    const position = wanted.kind === 'transactions' ? this.#transactions.end : this.#steps.end;
    this.#filters.set(id, { wanted, position, askedAtMs: performance.now() });
    return id;
  }

  remove(id: string): boolean {
    return this.#filters.delete(id);
  }

  /** @throws RpcError for one that is not there, or that is too far behind */
  async changes(id: string): Promise<unknown[]> {
    const filter = this.#ask(id);
    const { wanted, position } = filter;
    if (wanted.kind === 'transactions') {
      const items = this.#transactions.since(position) ?? this.#tooLate(id);
      filter.position = this.#transactions.end;
      const show = ({ hash, bytes, sender }: PooledTransaction) =>
        wanted.full ? pooledTransaction(bytes, sender) : hash;
      return items.map(show);
    }
    const steps = this.#steps.since(position) ?? this.#tooLate(id);
    filter.position = this.#steps.end;
    if (wanted.kind === 'blocks') {
      return steps.flatMap(({ hash, removed }): Hash[] => (removed ? [] : [hash]));
    }
    return this.#logsOf(steps, wanted.request);
  }

  async #logsOf(steps: readonly BranchStep[], { filter }: LogRequest): Promise<LogAnswer[]> {
    const index = logIndexOf(this.#node.ledger);
    const { logsMax } = this.#node.limits;
    const found = new FoundLogs(logsMax);
    for (const { hash, removed } of steps) {
      for (const log of await index.logsOf(hash)) {
        if (filter.matches(log)) found.add(removed ? { ...log, removed } : log);
      }
    }
    return found.logs;
  }

  /** What a filter of logs is of. @throws RpcError */
  logRequest(id: string): LogRequest {
    const { wanted } = this.#ask(id);
    if (wanted.kind === 'logs') return wanted.request;
    throw new RpcError('server error', 'filter not found');
  }

  #ask(id: string): Filter {
    const filter = this.#filters.get(id);
    const now = performance.now();
    if (filter === undefined || now - filter.askedAtMs > IDLE_MS_MAX) {
      this.#filters.delete(id);
      throw new RpcError('server error', 'filter not found');
    }
    filter.askedAtMs = now;
    this.#filters.delete(id);
    this.#filters.set(id, filter);
    return filter;
  }

  #tooLate(id: string): never {
    this.#filters.delete(id);
    throw new RpcError(
      'server error',
      'filter not found: too much has happened since the last time',
    );
  }

  #dropIdle(): void {
    const now = performance.now();
    for (const [id, { askedAtMs }] of this.#filters) {
      if (now - askedAtMs <= IDLE_MS_MAX) return;
      this.#filters.delete(id);
    }
  }
}

const filters = perNode((node) => new Filters(node));

export const filterMethods: MethodTable<Node> = {
  eth_newFilter: method([readLogRequest], (node: Node, [request]) => {
    // It follows the head from now on, so that each block is looked at as it comes.
    logIndexOf(node.ledger);
    return filters(node).add({ kind: 'logs', request });
  }),
  eth_newBlockFilter: method([], (node: Node) => filters(node).add({ kind: 'blocks' })),
  eth_newPendingTransactionFilter: method([withDefault(readBoolean, false)], (node: Node, [full]) =>
    filters(node).add({ kind: 'transactions', full }),
  ),
  eth_getFilterChanges: method([readString], (node: Node, [id]) => filters(node).changes(id)),
  eth_getFilterLogs: method([readString], (node: Node, [id], { signal }) =>
    findLogs(node, filters(node).logRequest(id), signal),
  ),
  eth_uninstallFilter: method([readString], (node: Node, [id]) => filters(node).remove(id)),
};
