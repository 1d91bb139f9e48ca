/** `trace_filter`: the calls of a range of blocks that are from, or to, given addresses. */

import type { Address } from '../../evm/types.ts';
import type { ReplayNode } from '../execution/call-node.ts';
import { RpcError } from '../rpc/errors.ts';
import {
  type BlockId,
  listOf,
  objectOf,
  optional,
  type Read,
  readAddress,
  readBlockNumber,
  readString,
  readU64,
} from '../rpc/values.ts';
import { type BlockTrace, blockTraces } from './block-traces.ts';
import type { TraceBudget } from './target.ts';

/** Every block of the range is executed once more. */
const BLOCKS_MAX = 1_000n;
const ADDRESSES_MAX = 1_000;
/** Traces of an answer; `after` and `count` page through more. */
const TRACES_MAX = 50_000;

const readAddresses = optional(listOf(readAddress, ADDRESSES_MAX));

const readFields = objectOf({
  fromBlock: optional(readBlockNumber),
  toBlock: optional(readBlockNumber),
  fromAddress: readAddresses,
  toAddress: readAddresses,
  after: optional(readU64),
  count: optional(readU64),
  mode: optional(readString),
});

export interface TraceFilter {
  readonly fromBlock: BlockId | undefined;
  readonly toBlock: BlockId | undefined;
  readonly fromAddress: readonly Address[] | undefined;
  readonly toAddress: readonly Address[] | undefined;
  readonly after: bigint | undefined;
  readonly count: bigint | undefined;
  /** `union` or, when left out, `intersection`. */
  readonly mode: string | undefined;
}

export const readTraceFilter: Read<TraceFilter> = readFields;

/** @throws RpcError for too many blocks or traces */
export async function filterTraces(
  node: ReplayNode,
  filter: TraceFilter,
  budget: TraceBudget,
): Promise<BlockTrace[]> {
  const from = await numberOf(node, filter.fromBlock ?? { tag: 'earliest' });
  const to = await numberOf(node, filter.toBlock ?? { tag: 'latest' });
  if (from > to) {
    throw new RpcError('invalid params', `invalid block range: from ${from} to ${to}`);
  }
  if (to - from >= BLOCKS_MAX) {
    const message = `a range of ${to - from + 1n} blocks, at most ${BLOCKS_MAX}`;
    throw new RpcError('limit exceeded', message);
  }
  const matches = matcherOf(filter);
  const after = Number(filter.after ?? 0n);
  const count = filter.count === undefined ? Number.POSITIVE_INFINITY : Number(filter.count);
  const found: BlockTrace[] = [];
  let seen = 0;
  for (let number = from; number <= to && found.length < count; number++) {
    budget.check();
    const block = await node.ledger.blockByNumber(number);
    if (block === undefined) break;
    for (const trace of await blockTraces(node, block, budget)) {
      if (!matches(trace)) continue;
      seen += 1;
      if (seen > after && found.length < count) found.push(trace);
    }
    if (found.length > TRACES_MAX) {
      const message = `over ${TRACES_MAX} traces: ask by 'after' and 'count'`;
      throw new RpcError('limit exceeded', message);
    }
  }
  return found;
}

async function numberOf({ ledger }: ReplayNode, id: BlockId): Promise<bigint> {
  if ('number' in id) return id.number;
  return (await ledger.requireBlock(id)).header.number;
}

/** Addresses of both kinds must match; in mode `union` those of one are enough. */
function matcherOf({ fromAddress, toAddress, mode }: TraceFilter): (trace: BlockTrace) => boolean {
  const from = new Set<unknown>(fromAddress ?? []);
  const to = new Set<unknown>(toAddress ?? []);
  return ({ action, result }) => {
    const isFrom = from.has(action['from']) || from.has(action['address']);
    const receivers = [
      action['to'],
      action['refundAddress'],
      action['author'],
      result?.['address'],
    ];
    const isTo = receivers.some((receiver) => to.has(receiver));
    if (from.size > 0 && to.size > 0) return mode === 'union' ? isFrom || isTo : isFrom && isTo;
    return (from.size === 0 || isFrom) && (to.size === 0 || isTo);
  };
}
