/** Subscriptions: what is new is sent as it comes, on connections that stay. */

import { randomBytes } from 'node:crypto';
import { headerAnswer } from '../../json/block-answer.ts';
import { blockLogs } from '../../json/log-answer.ts';
import { pooledTransaction } from '../../json/transaction-answer.ts';
import type { HeadChange } from '../../ledger/ledger.ts';
import type { LogFilter } from '../../ledger/log-filter.ts';
import type { Node } from '../../node.ts';
import { invalidParams, RpcError } from '../../rpc/errors.ts';
import { type Caller, type MethodTable, method } from '../../rpc/method.ts';
import { readAny, readString } from '../../rpc/values.ts';
import { readLogRequest } from './logs.ts';

/** Of one connection. */
const SUBSCRIPTIONS_MAX = 1_000;
const ID_BYTES = 16;

type Send = (result: unknown) => void;
type End = () => void;

/** Starts what a kind of subscription sends; what it gives ends that. */
type Kind = (node: Node, options: unknown, send: Send) => End;

const newHeads: Kind = ({ ledger }, _, send) =>
  ledger.onHead(({ added }) => {
    for (const { header, hash } of added) send(headerAnswer(header, hash));
  });

const logs: Kind = ({ ledger }, options, send) => {
  const { filter } = readLogRequest(options ?? {}, '1');
  return ledger.onHead((change) => sendLogs(change, filter, send));
};

function sendLogs({ removed, added }: HeadChange, filter: LogFilter, send: Send): void {
  for (const block of removed) {
    for (const log of blockLogs(block)) if (filter.matches(log)) send({ ...log, removed: true });
  }
  for (const block of added) {
    const bloom = Uint8Array.fromHex(block.header.logsBloom.slice(2));
    if (!filter.mayBeIn(bloom, 0)) continue;
    for (const log of blockLogs(block)) if (filter.matches(log)) send(log);
  }
}

const newPendingTransactions: Kind = ({ pool }, options, send) => {
  if (options !== undefined && options !== null && typeof options !== 'boolean') {
    throw invalidParams('invalid argument 1: true or false: whether transactions are sent whole');
  }
  return pool.onReady(({ hash, bytes, sender }) =>
    send(options === true ? pooledTransaction(bytes, sender) : hash),
  );
};

/** Blocks come from who orders them: there is never anything to catch up with. */
const syncing: Kind = () => () => {};

const KINDS: ReadonlyMap<string, Kind> = new Map([
  ['newHeads', newHeads],
  ['logs', logs],
  ['newPendingTransactions', newPendingTransactions],
  ['syncing', syncing],
]);

/** Of each connection, by id. */
const subscriptions = new WeakMap<object, Map<string, End>>();

function subscribe(node: Node, caller: Caller, asked: { name: string; options: unknown }): string {
  const { notify, connection, onClose } = caller;
  if (notify === undefined) {
    throw new RpcError('method not found', 'notifications not supported');
  }
  const kind = KINDS.get(asked.name);
  if (kind === undefined) {
    const name = JSON.stringify(asked.name.slice(0, 80));
    throw new RpcError('method not found', `no ${name} subscription in eth namespace`);
  }
  let own = subscriptions.get(connection);
  if (own === undefined) {
    own = new Map();
    subscriptions.set(connection, own);
    const all = own;
    onClose(() => {
      for (const end of all.values()) end();
      all.clear();
    });
  }
  if (own.size >= SUBSCRIPTIONS_MAX) {
    const message = `a connection has at most ${SUBSCRIPTIONS_MAX} subscriptions`;
    throw new RpcError('limit exceeded', message);
  }
  const id = `0x${randomBytes(ID_BYTES).toString('hex')}`;
  const send: Send = (result) => notify('eth_subscription', { subscription: id, result });
  own.set(id, kind(node, asked.options, afterTheAnswer(send)));
  return id;
}

/** Whoever subscribes learns the name of the subscription before anything comes by it. */
function afterTheAnswer(send: Send): Send {
  let early: unknown[] | undefined = [];
  setImmediate(() => {
    for (const result of early ?? []) send(result);
    early = undefined;
  });
  return (result) => {
    if (early === undefined) send(result);
    else early.push(result);
  };
}

function unsubscribe({ connection }: Caller, id: string): boolean {
  const own = subscriptions.get(connection);
  const end = own?.get(id);
  if (end === undefined) throw new RpcError('server error', 'subscription not found');
  end();
  own?.delete(id);
  return true;
}

export const subscriptionMethods: MethodTable<Node> = {
  eth_subscribe: method([readString, readAny], (node: Node, [name, options], caller) =>
    subscribe(node, caller, { name, options }),
  ),
  eth_unsubscribe: method([readString], (_: Node, [id], caller) => unsubscribe(caller, id)),
};
