/** `eth_getLogs`, and what filters and subscriptions ask of logs. */

import type { Address, Hash } from '../../../evm/types.ts';
import type { LogAnswer } from '../../json/log-answer.ts';
import { LogFilter } from '../../ledger/log-filter.ts';
import { logIndexOf } from '../../ledger/log-index.ts';
import type { Node } from '../../node.ts';
import { invalidParams, RpcError } from '../../rpc/errors.ts';
import { type MethodTable, method } from '../../rpc/method.ts';
import {
  type BlockId,
  listOf,
  membersOf,
  optional,
  type Read,
  readAddress,
  readBlockNumber,
  readHash,
} from '../../rpc/values.ts';

/** Addresses, and values of one topic, that one filter may name. */
const VALUES_MAX = 1_000;
/** EVM: a log has no more. */
const TOPICS_MAX = 4;

export interface LogRequest {
  readonly filter: LogFilter;
  readonly blockHash: Hash | undefined;
  readonly fromBlock: BlockId | undefined;
  readonly toBlock: BlockId | undefined;
}

/** One value, or a list of them; null is any, and so is a list with nothing of what it reads. */
function readValues<T>(
  read: Read<T>,
  readItem: Read<T | undefined>,
): Read<ReadonlySet<T> | undefined> {
  const list = listOf(readItem, VALUES_MAX);
  return (value, path) => {
    if (value === undefined || value === null) return undefined;
    if (!Array.isArray(value)) return new Set([read(value, path)]);
    const values = new Set<T>();
    for (const each of list(value, path)) {
      if (each === undefined) return undefined;
      values.add(each);
    }
    return values.size === 0 ? undefined : values;
  };
}

const readAddresses: Read<ReadonlySet<Address> | undefined> = readValues(readAddress, readAddress);
const readTopics = optional(listOf(readValues(readHash, optional(readHash)), TOPICS_MAX));

export const readLogRequest: Read<LogRequest> = (value, path) => {
  const given = membersOf(value, path);
  const blockHash = optional(readHash)(given['blockHash'], path);
  const fromBlock = optional(readBlockNumber)(given['fromBlock'], path);
  const toBlock = optional(readBlockNumber)(given['toBlock'], path);
  if (blockHash !== undefined && (fromBlock ?? toBlock) !== undefined) {
    const message = 'cannot specify both BlockHash and FromBlock/ToBlock';
    throw invalidParams(`invalid argument ${path}: ${message}, choose one or the other`);
  }
  const addresses = readAddresses(given['address'], `${path}.address`);
  const topics = readTopics(given['topics'], `${path}.topics`) ?? [];
  return { filter: new LogFilter({ addresses, topics }), blockHash, fromBlock, toBlock };
};

/** The logs that are asked for. @throws RpcError */
export async function findLogs(
  node: Node,
  { filter, blockHash, fromBlock, toBlock }: LogRequest,
  signal: AbortSignal,
): Promise<LogAnswer[]> {
  const index = logIndexOf(node.ledger);
  if (blockHash !== undefined) {
    return (await index.logsOf(blockHash)).filter((log) => filter.matches(log));
  }
  const { logsMax, logBlocksMax } = node.limits;
  const from = await numberOf(node, fromBlock);
  const to = await numberOf(node, toBlock);
  if (from > to) throw invalidParams('invalid block range params');
  if (to > node.ledger.head.header.number) {
    throw invalidParams('block range extends beyond current head block');
  }
  if (to - from >= logBlocksMax) {
    const message = `block range of ${to - from + 1n} blocks, at most ${logBlocksMax}`;
    throw new RpcError('limit exceeded', message);
  }
  return index.search({ filter, from, to, logsMax, signal });
}

/** What is pending has no logs yet. */
async function numberOf({ ledger }: Node, id: BlockId | undefined): Promise<bigint> {
  if (id === undefined) return ledger.head.header.number;
  if ('number' in id) return id.number;
  const { header } = await ledger.requireBlock(id);
  return header.number;
}

export const logMethods: MethodTable<Node> = {
  eth_getLogs: method([readLogRequest], (node: Node, [request], { signal }) =>
    findLogs(node, request, signal),
  ),
};
