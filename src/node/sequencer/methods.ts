/**
 * Methods of a sequencer: what became of a transaction, and news of it as it happens. Over
 * connections that take notifications (WebSocket, IPC) a subscription tells of all transactions, or
 * of those of some senders; over HTTP one asks.
 */

import { RpcError } from '../rpc/errors.ts';
import { type Caller, type MethodTable, method } from '../rpc/method.ts';
import {
  listOf,
  objectOf,
  optional,
  quantity,
  readAddress,
  readHash,
  readString,
} from '../rpc/values.ts';
import type { Preconfirmation, Preconfirmations } from './preconfirmation.ts';

/** A node that sequences. */
export interface SequencingNode {
  readonly preconfirmations: Preconfirmations;
}

const SENDERS_MAX = 1_024;
const SUBSCRIPTIONS_MAX = 64;

/** By connection: what ends each subscription, by its id. */
const subscriptions = new WeakMap<object, Map<string, () => void>>();
let subscriptionsMade = 0;

const readFilter = optional(objectOf({ senders: optional(listOf(readAddress, SENDERS_MAX)) }));

export const sequencerMethods: MethodTable<SequencingNode> = {
  ironfly_getPreconfirmation: method([readHash], ({ preconfirmations }: SequencingNode, [hash]) => {
    const told = preconfirmations.last(hash);
    return told === undefined ? null : preconfirmationAnswer(told);
  }),
  ironfly_subscribePreconfirmations: method(
    [readFilter],
    ({ preconfirmations }: SequencingNode, [filter], caller) => {
      const senders = filter?.senders === undefined ? undefined : new Set(filter.senders);
      return subscribe(preconfirmations, caller, senders);
    },
  ),
  ironfly_unsubscribe: method([readString], (_: SequencingNode, [id], { connection }) => {
    const ofConnection = subscriptions.get(connection);
    const end = ofConnection?.get(id);
    if (end === undefined) throw new RpcError('server error', `there is no subscription ${id}`);
    end();
    ofConnection?.delete(id);
    return true;
  }),
};

function subscribe(
  preconfirmations: Preconfirmations,
  { notify, connection, onClose }: Caller,
  senders: ReadonlySet<string> | undefined,
): string {
  if (notify === undefined) {
    const how = 'connect by WebSocket or IPC, or ask ironfly_getPreconfirmation';
    throw new RpcError('method not supported', `this connection takes no notifications: ${how}`);
  }
  const known = subscriptions.get(connection);
  const ofConnection = known ?? new Map<string, () => void>();
  if (ofConnection.size >= SUBSCRIPTIONS_MAX) {
    throw new RpcError('limit exceeded', `at most ${SUBSCRIPTIONS_MAX} subscriptions a connection`);
  }
  const id = quantity(++subscriptionsMade);
  const end = preconfirmations.listen((told) => {
    if (senders !== undefined && !senders.has(told.sender)) return;
    notify('ironfly_subscription', { subscription: id, result: preconfirmationAnswer(told) });
  });
  ofConnection.set(id, end);
  if (known === undefined) {
    subscriptions.set(connection, ofConnection);
    onClose(() => {
      for (const each of ofConnection.values()) each();
    });
  }
  return id;
}

/** As JSON-RPC answers. */
export function preconfirmationAnswer(told: Preconfirmation): Record<string, unknown> {
  const { kind, hash, sender } = told;
  const common = { status: kind, transactionHash: hash, from: sender };
  if (kind === 'accepted') return common;
  if (kind === 'refused') return { ...common, message: told.message };
  const place = {
    ...common,
    blockNumber: quantity(told.number),
    transactionIndex: quantity(told.position),
  };
  if (kind === 'included') return { ...place, blockHash: told.blockHash };
  const { succeeded, gasUsed } = told;
  return { ...place, succeeded, gasUsed: quantity(gasUsed) };
}
