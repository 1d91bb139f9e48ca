/**
 * ots_*: what the block explorer Otterscan asks a node, level 8 of its API
 * (https://docs.otterscan.io/api-docs/ots-api).
 */

import type { ChainBlock } from '../../chain/block-tree.ts';
import { blockRewards } from '../../chain/blocks/rewards.ts';
import type { Address } from '../../evm/types.ts';
import { EMPTY_CODE_HASH } from '../../state/memory.ts';
import { withState } from '../execution/block-state.ts';
import { blockAnswer } from '../json/block-answer.ts';
import { receiptAnswers } from '../json/receipt-answer.ts';
import { blockTransactions } from '../json/transaction-answer.ts';
import type { Node } from '../node.ts';
import { RpcError } from '../rpc/errors.ts';
import { type Caller, type MethodTable, method } from '../rpc/method.ts';
import {
  type BlockId,
  dataHex,
  LATEST,
  quantity,
  readAddress,
  readBlockId,
  readBlockNumber,
  readHash,
  readU64,
  withDefault,
} from '../rpc/values.ts';
import { withReplay } from '../trace/block-replay.ts';
import type { CallFrame } from '../trace/call-frames.ts';
import { contractCreator } from '../trace/contract-creator.ts';
import { totalFees } from '../trace/paid-fees.ts';
import { recordCalls } from '../trace/recorded.ts';
import { TraceBudget, type TraceTarget } from '../trace/target.ts';
import { requirePlace } from '../trace/transaction-place.ts';
import { searchTransactions } from '../trace/transaction-search.ts';
import { transactionOf } from './eth/sender-nonce.ts';

const API_LEVEL = 8;
/** Transactions of a page. */
const PAGE_MAX = 1_000n;

const budgetOf = ({ limits }: Node, { signal }: Caller): TraceBudget =>
  new TraceBudget({ limitMs: limits.callMsMax, signal });

function pageSizeOf(size: bigint): number {
  if (size > 0n && size <= PAGE_MAX) return Number(size);
  throw new RpcError('invalid params', `a page of ${size} transactions: from 1 to ${PAGE_MAX}`);
}

/** Traces a transaction of the chain. @throws RpcError */
async function traced<T>(
  node: Node,
  caller: Caller,
  hash: Parameters<typeof requirePlace>[1],
  work: (target: TraceTarget) => Promise<T>,
): Promise<T> {
  const { block, index } = await requirePlace(node, hash);
  return withReplay(node, block, budgetOf(node, caller), async (replay) => {
    await replay.skipTo(index);
    return replay.trace(work);
  });
}

export const otterscanMethods: MethodTable<Node> = {
  ots_getApiLevel: method([], () => API_LEVEL),
  ots_hasCode: method(
    [readAddress, withDefault(readBlockId, LATEST)],
    (node: Node, [address, at]) =>
      withState(node, at, async (state) => {
        const account = await state.getAccount(address);
        return account !== undefined && account.codeHash !== EMPTY_CODE_HASH;
      }),
  ),
  ots_getBlockDetails: method([readBlockNumber], (node: Node, [id]) => blockDetails(node, id)),
  ots_getBlockDetailsByHash: method([readHash], (node: Node, [hash]) =>
    blockDetails(node, { hash, requireCanonical: false }),
  ),
  ots_getBlockTransactions: method(
    [readBlockNumber, readU64, readU64],
    async (node: Node, [id, page, size]) => {
      const block = await node.ledger.block(id);
      return block === undefined ? null : blockPage(node, block, Number(page), pageSizeOf(size));
    },
  ),
  ots_getTransactionError: method([readHash], (node: Node, [hash], caller) =>
    traced(node, caller, hash, async ({ run }) => {
      const { status, output } = await run({});
      return status === 'revert' ? dataHex(output) : '0x';
    }),
  ),
  ots_getInternalOperations: method([readHash], (node: Node, [hash], caller) =>
    traced(node, caller, hash, async (target) =>
      internalOperations((await recordCalls(target)).root),
    ),
  ),
  ots_traceTransaction: method([readHash], (node: Node, [hash], caller) =>
    traced(node, caller, hash, async (target) => plainCalls((await recordCalls(target)).root)),
  ),
  ots_getTransactionBySenderAndNonce: method(
    [readAddress, readU64],
    async (node: Node, [sender, nonce]) => (await transactionOf(node, sender, nonce)) ?? null,
  ),
  ots_getContractCreator: method([readAddress], async (node: Node, [address], caller) =>
    contractCreator(node, address, budgetOf(node, caller)),
  ),
  ots_searchTransactionsBefore: method(
    [readAddress, readU64, readU64],
    (node: Node, [address, number, size], caller) =>
      searchTransactions(
        node,
        { address, number, pageSize: pageSizeOf(size), direction: 'before' },
        budgetOf(node, caller),
      ),
  ),
  ots_searchTransactionsAfter: method(
    [readAddress, readU64, readU64],
    (node: Node, [address, number, size], caller) =>
      searchTransactions(
        node,
        { address, number, pageSize: pageSizeOf(size), direction: 'after' },
        budgetOf(node, caller),
      ),
  ),
};

/** A block without its transactions, as Otterscan lists it. */
function listedBlock(block: ChainBlock): Record<string, unknown> {
  const { transactions: _, ...answer } = blockAnswer(block, false);
  return { ...answer, transactionCount: block.transactions.length };
}

async function blockDetails(node: Node, id: BlockId): Promise<Record<string, unknown> | null> {
  const block = await node.ledger.block(id);
  if (block === undefined) return null;
  const rules = node.ledger.rulesOf(block);
  const rewards = block.header.number === 0n ? [] : blockRewards(block.header, block.uncles, rules);
  const sum = (amounts: readonly { readonly amount: bigint }[]): bigint =>
    amounts.reduce((total, { amount }) => total + amount, 0n);
  const [blockReward, uncleReward] = [sum(rewards.slice(-1)), sum(rewards.slice(0, -1))];
  return {
    block: listedBlock(block),
    issuance: {
      blockReward: quantity(blockReward),
      uncleReward: quantity(uncleReward),
      issuance: quantity(blockReward + uncleReward),
    },
    totalFees: quantity(totalFees(block)),
  };
}

/** Pages are counted from the block's end. */
function blockPage(node: Node, block: ChainBlock, page: number, size: number): object {
  const end = Math.max(0, block.transactions.length - page * size);
  const start = Math.max(0, end - size);
  const transactions = blockTransactions(block)
    .slice(start, end)
    .map((transaction) => ({
      ...transaction,
      // Four bytes are what the list shows.
      input: String(transaction['input']).slice(0, SELECTOR_DIGITS),
    }));
  const receipts = receiptAnswers(block, node.ledger.rulesOf(block))
    .slice(start, end)
    .map((receipt) => ({ ...receipt, logs: null, logsBloom: null }));
  return { fullblock: { ...listedBlock(block), transactions }, receipts };
}

const SELECTOR_DIGITS = 10;

interface InternalOperation {
  /** 0 transfer, 1 self-destruct, 2 CREATE, 3 CREATE2. */
  readonly type: 0 | 1 | 2 | 3;
  readonly from: Address;
  readonly to: Address;
  readonly value: string;
}

/** What moved ether or made contracts within the transaction, of all that was not undone. */
function internalOperations(root: CallFrame): InternalOperation[] {
  const operations: InternalOperation[] = [];
  const walk = (frame: CallFrame): void => {
    if (frame.error !== undefined) return;
    const { depth, from, to, value } = frame;
    const type = depth === 0 ? undefined : operationType(frame);
    if (type !== undefined) operations.push({ type, from, to, value: quantity(value) });
    for (const call of frame.calls) walk(call);
  };
  walk(root);
  return operations;
}

function operationType({ kind, value }: CallFrame): InternalOperation['type'] | undefined {
  if (kind === 'selfdestruct') return 1;
  if (kind === 'create') return 2;
  if (kind === 'create2') return 3;
  return kind === 'call' && value > 0n ? 0 : undefined;
}

/** All calls but those of precompiles, one after another; a call that cannot pay has no value. */
function plainCalls(root: CallFrame): object[] {
  const calls: object[] = [];
  const walk = (frame: CallFrame): void => {
    const { kind, depth, from, to, value, input, output, precompile } = frame;
    if (precompile && depth > 0) return;
    const pays = kind !== 'delegatecall' && kind !== 'staticcall';
    calls.push({
      type: kind.toUpperCase(),
      depth,
      from,
      to,
      value: pays ? quantity(value) : null,
      input: dataHex(input),
      output: dataHex(output),
    });
    for (const call of frame.calls) walk(call);
  };
  walk(root);
  return calls;
}
