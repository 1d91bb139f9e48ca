/**
 * Methods of a forked chain: what was before the fork, the remote is asked for. A request goes to
 * it whole where it names a block before the fork's, and where there is no such block, transaction
 * or receipt here; logs of a range that begins before it are the remote's, then ours.
 */

import type { Hash } from '../../evm/types.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { RpcError } from '../rpc/errors.ts';
import { type Method, type MethodTable, readArguments } from '../rpc/method.ts';
import { membersOf, quantity, readAny } from '../rpc/values.ts';
import type { Remote } from './remote.ts';

/** What is asked of the chain itself. */
interface ForkedNode {
  readonly ledger: Pick<Ledger, 'head' | 'chain' | 'numberByDepth'>;
}

export interface Forwarding {
  readonly remote: Remote;
  /** Of the block that is forked from. */
  readonly number: bigint;
}

/** Where a method's block is named, by the number of its argument. */
const AT_BLOCK: Readonly<Record<string, number>> = {
  eth_call: 1,
  eth_estimateGas: 1,
  eth_createAccessList: 1,
  eth_getBalance: 1,
  eth_getCode: 1,
  eth_getTransactionCount: 1,
  eth_getStorageAt: 2,
  eth_getProof: 2,
  eth_getBlockByNumber: 0,
  eth_getHeaderByNumber: 0,
  eth_getBlockTransactionCountByNumber: 0,
  eth_getTransactionByBlockNumberAndIndex: 0,
  eth_getUncleByBlockNumberAndIndex: 0,
  eth_getUncleCountByBlockNumber: 0,
  debug_getRawBlock: 0,
  debug_getRawHeader: 0,
  debug_traceCall: 1,
};

/** Those that look into the named block: the fork’s own has its receipts, and its parent, there. */
const WITHIN_BLOCK: Readonly<Record<string, number>> = {
  eth_getBlockReceipts: 0,
  debug_getRawReceipts: 0,
  debug_traceBlockByNumber: 0,
  debug_storageRangeAt: 0,
  debug_accountInfoAt: 0,
  trace_block: 0,
  trace_replayBlockTransactions: 0,
  trace_blockOpcodeGas: 0,
  ots_getBlockDetails: 0,
  ots_getBlockTransactions: 0,
};

/** Asked here first; what is not here, the remote may have. */
const BY_HASH: ReadonlySet<string> = new Set([
  'eth_getBlockByHash',
  'eth_getHeaderByHash',
  'eth_getBlockTransactionCountByHash',
  'eth_getTransactionByBlockHashAndIndex',
  'eth_getTransactionByHash',
  'eth_getTransactionReceipt',
  'eth_getRawTransactionByHash',
  'eth_getUncleByBlockHashAndIndex',
  'eth_getUncleCountByBlockHash',
  'debug_traceTransaction',
  'debug_traceBlockByHash',
  'trace_transaction',
  'trace_get',
  'trace_replayTransaction',
  'trace_transactionOpcodeGas',
  'ots_traceTransaction',
  'ots_getInternalOperations',
  'ots_getTransactionError',
  'ots_getContractCreator',
]);

/** The same tables, with what lies before the fork. */
export function withForwarding<Node extends ForkedNode>(
  tables: readonly MethodTable<Node>[],
  fork: Forwarding,
): MethodTable<Node>[] {
  return tables.map((table) =>
    Object.fromEntries(
      Object.entries(table).map(([name, method]) => [name, forwarded(name, method, fork)]),
    ),
  );
}

function forwarded<Node extends ForkedNode>(
  name: string,
  method: Method<Node>,
  fork: Forwarding,
): Method<Node> {
  const within = WITHIN_BLOCK[name];
  const at = within ?? AT_BLOCK[name];
  const first = within === undefined ? fork.number : fork.number + 1n;
  const local = (node: Node, given: readonly unknown[], caller: Parameters<typeof method.run>[2]) =>
    method.run(node, readArguments(method as Method<never>, given), caller);
  const there = (given: readonly unknown[]) => fork.remote.request(name, trimmed(given));
  if (name === 'eth_getLogs') {
    return raw(method, (node, given, caller) =>
      logs(given, fork, node.ledger.head.header.number, (part) => local(node, part, caller)),
    );
  }
  if (name === 'eth_feeHistory') {
    return raw(method, (node, [count, ...rest], caller) => {
      const most = node.ledger.head.header.number - fork.number + 1n;
      const isMore = /^0x[0-9a-f]+$/i.test(String(count)) && BigInt(String(count)) > most;
      // As nodes do that do not have the older blocks.
      return local(node, [isMore ? quantity(most) : count, ...rest], caller);
    });
  }
  if (at !== undefined) {
    return raw(method, (node, given, caller) => {
      const block = blockThere(node, given[at], first);
      if (block === undefined) return local(node, given, caller);
      return there(given.with(at, block));
    });
  }
  if (!BY_HASH.has(name)) return method;
  return raw(method, async (node, given, caller) => {
    try {
      const found = await local(node, given, caller);
      if (found !== null && found !== undefined) return found;
    } catch (error) {
      // What is wrong with the arguments, the remote need not say.
      const isWrong = error instanceof RpcError && error.code === -32602;
      if (isWrong || !/race|^ots_/.test(name)) throw error;
    }
    return there(given);
  });
}

/** The arguments as they came. */
function raw<Node>(method: Method<Node>, run: Method<Node>['run']): Method<Node> {
  return { ...method, params: method.params.map(() => readAny), run };
}

/** Arguments that were left out at the end are left out. */
function trimmed(given: readonly unknown[]): readonly unknown[] {
  const last = given.findLastIndex((each) => each !== undefined);
  return given.slice(0, last + 1);
}

const HASH = /^0x[0-9a-fA-F]{64}$/;

/** How the remote knows the block that is named, where it is one before `first`, or not here. */
function blockThere({ ledger }: ForkedNode, named: unknown, first: bigint): unknown {
  if (isBefore(named, first)) return named;
  const isMembers = typeof named === 'object' && named !== null;
  const hash = isMembers ? (named as Record<string, unknown>)['blockHash'] : named;
  if (typeof hash === 'string' && HASH.test(hash)) {
    const known = ledger.chain.known(hash.toLowerCase() as Hash);
    return known === undefined || known.header.number < first ? named : undefined;
  }
  // What a tag names here is an old block there by now.
  const number =
    named === 'safe' || named === 'finalized'
      ? ledger.numberByDepth(named)
      : named === 'latest'
        ? ledger.head.header.number
        : undefined;
  return number !== undefined && number < first ? quantity(number) : undefined;
}

/** Whether a block is named by a number below the fork's. */
function isBefore(block: unknown, number: bigint): boolean {
  if (block === 'earliest') return number > 0n;
  const named =
    typeof block === 'object' && block !== null
      ? (block as Record<string, unknown>)['blockNumber']
      : block;
  const isNumber = typeof named === 'string' && /^0x[0-9a-fA-F]{1,16}$/.test(named);
  return isNumber && BigInt(named) < number;
}

async function logs(
  given: readonly unknown[],
  { remote, number }: Forwarding,
  head: bigint,
  local: (given: readonly unknown[]) => unknown,
): Promise<unknown> {
  const filter = membersOf(given[0], '0');
  const { fromBlock, toBlock = 'latest' } = filter;
  if (filter['blockHash'] !== undefined || !isBefore(fromBlock, number + 1n)) return local(given);
  const endsBefore = isBefore(toBlock, number + 1n);
  const before = { ...filter, toBlock: endsBefore ? toBlock : quantity(number) };
  const old = await remote.request('eth_getLogs', [before]);
  // A range may not begin above the head, so one that nothing is in yet is not asked for.
  if (endsBefore || head === number) return old;
  const young = await local([{ ...filter, fromBlock: quantity(number + 1n) }]);
  return [...(old as unknown[]), ...(young as unknown[])];
}
