/** trace_*: transactions, blocks and calls traced, in Parity's forms, as block explorers ask. */

import type { ChainBlock } from '../../chain/block-tree.ts';
import { acceptTransaction } from '../../chain/transactions/check.ts';
import type { Transaction } from '../../evm/types.ts';
import type { CallNode } from '../execution/call-node.ts';
import { readBlockOverrides, readStateOverrides } from '../execution/call-overrides.ts';
import { type CallRequest, readCallRequest } from '../execution/call-request.ts';
import { transactionHash } from '../ledger/transaction-index.ts';
import { invalidParams, RpcError } from '../rpc/errors.ts';
import { type Caller, type MethodTable, method } from '../rpc/method.ts';
import {
  type BlockId,
  LATEST,
  listOf,
  optional,
  type Read,
  readBlockId,
  readData,
  readHash,
  readU64,
  withDefault,
} from '../rpc/values.ts';
import { withReplay } from '../trace/block-replay.ts';
import { blockTraces, transactionTraces } from '../trace/block-traces.ts';
import { withCalls } from '../trace/call-target.ts';
import { type OpcodeGas, opcodeGasOf } from '../trace/opcode-gas.ts';
import {
  type ParityTrace,
  parityTrace,
  readTraceTypes,
  type TraceType,
} from '../trace/parity-trace.ts';
import { TraceBudget, type TraceTarget } from '../trace/target.ts';
import { filterTraces, readTraceFilter } from '../trace/trace-filter.ts';
import { findPlace, requirePlace } from '../trace/transaction-place.ts';

/** Calls of one request, and positions of a trace. */
const CALLS_MAX = 1_000;

const AT_BLOCK = withDefault(readBlockId, LATEST);

type ManyCall = readonly [CallRequest, ReadonlySet<TraceType>];

const readManyCall: Read<ManyCall> = (value, path) => {
  if (Array.isArray(value) && value.length === 2) {
    return [readCallRequest(value[0], `${path}[0]`), readTraceTypes(value[1], `${path}[1]`)];
  }
  throw invalidParams(`invalid argument ${path}: a pair of a call and its trace types`);
};

const budgetOf = ({ limits }: CallNode, { signal }: Caller): TraceBudget =>
  new TraceBudget({ limitMs: limits.callMsMax, signal });

export const parityTraceMethods: MethodTable<CallNode> = {
  trace_transaction: method([readHash], async (node: CallNode, [hash], caller) => {
    const place = await findPlace(node, hash);
    return place === undefined ? null : transactionTraces(node, place, budgetOf(node, caller));
  }),
  trace_get: method(
    [readHash, listOf(readU64, CALLS_MAX)],
    async (node: CallNode, [hash, positions], caller) => {
      const place = await findPlace(node, hash);
      // As the others, who know of one position alone.
      if (place === undefined || positions.length !== 1) return null;
      const traces = await transactionTraces(node, place, budgetOf(node, caller));
      return traces[Number(positions[0])] ?? null;
    },
  ),
  trace_block: method([AT_BLOCK], async (node: CallNode, [id], caller) => {
    const block = await node.ledger.block(id);
    return block === undefined ? null : blockTraces(node, block, budgetOf(node, caller));
  }),
  trace_filter: method([readTraceFilter], (node: CallNode, [filter], caller) =>
    filterTraces(node, filter, budgetOf(node, caller)),
  ),
  trace_call: method(
    [
      readCallRequest,
      readTraceTypes,
      AT_BLOCK,
      optional(readStateOverrides),
      optional(readBlockOverrides),
    ],
    (node: CallNode, [request, types, at, overrides, blockOverrides], caller) =>
      withCalls(node, { at, overrides, budget: budgetOf(node, caller) }, (calls) => {
        if (blockOverrides !== undefined) calls.overrideBlock(blockOverrides);
        return calls.traceCall(request, (target) => parityTrace(target, types));
      }),
  ),
  trace_callMany: method(
    [listOf(readManyCall, CALLS_MAX), AT_BLOCK],
    (node: CallNode, [requests, at], caller) =>
      withCalls(node, { at, budget: budgetOf(node, caller) }, async (calls) => {
        const traces: ParityTrace[] = [];
        for (const [request, types] of requests) {
          traces.push(await calls.traceCall(request, (target) => parityTrace(target, types)));
        }
        return traces;
      }),
  ),
  trace_rawTransaction: method(
    [readData, readTraceTypes, AT_BLOCK],
    (node: CallNode, [bytes, types, at], caller) =>
      withCalls(node, { at, budget: budgetOf(node, caller) }, async (calls) => {
        const transaction = await givenTransaction(node, bytes, at);
        return calls.trace(transaction, {}, (target) => parityTrace(target, types));
      }),
  ),
  trace_replayTransaction: method(
    [readHash, readTraceTypes],
    async (node: CallNode, [hash, types], caller) => {
      const { block, index } = await requirePlace(node, hash);
      return withReplay(node, block, budgetOf(node, caller), async (replay) => {
        await replay.skipTo(index);
        return replay.trace((target) => parityTrace(target, types));
      });
    },
  ),
  trace_replayBlockTransactions: method(
    [readBlockId, readTraceTypes],
    async (node: CallNode, [id, types], caller) =>
      eachOf(node, await node.ledger.requireBlock(id), caller, async (target) => ({
        ...(await parityTrace(target, types)),
        transactionHash: target.place?.transactionHash,
      })),
  ),
  trace_transactionOpcodeGas: method([readHash], async (node: CallNode, [hash], caller) => {
    const place = await findPlace(node, hash);
    if (place === undefined) return null;
    return withReplay(node, place.block, budgetOf(node, caller), async (replay) => {
      await replay.skipTo(place.index);
      return replay.trace(transactionOpcodeGas);
    });
  }),
  trace_blockOpcodeGas: method([AT_BLOCK], async (node: CallNode, [id], caller) => {
    const block = await node.ledger.block(id);
    if (block === undefined) return null;
    const transactions = await eachOf(node, block, caller, transactionOpcodeGas);
    return { blockHash: block.hash, blockNumber: Number(block.header.number), transactions };
  }),
};

async function transactionOpcodeGas(
  target: TraceTarget,
): Promise<{ transactionHash: string | undefined; opcodeGas: OpcodeGas[] }> {
  const opcodeGas = await opcodeGasOf(target);
  return { transactionHash: target.place?.transactionHash, opcodeGas };
}

/** The work's answers for each transaction of a block; none for the first block. */
async function eachOf<T>(
  node: CallNode,
  block: ChainBlock,
  caller: Caller,
  work: (target: TraceTarget) => Promise<T>,
): Promise<T[]> {
  if (block.transactions.length === 0) return [];
  return withReplay(node, block, budgetOf(node, caller), async (replay) => {
    const answers: T[] = [];
    for (const _ of block.transactions) answers.push(await replay.trace(work));
    return answers;
  });
}

/** @throws RpcError for bytes that are no transaction, or none of the block's rules */
async function givenTransaction(
  node: CallNode,
  bytes: Uint8Array,
  at: BlockId,
): Promise<Transaction> {
  const { ledger } = node;
  const rules = ledger.rulesOf(await ledger.requireBlock(at)).rules;
  const accepted = acceptTransaction(bytes, { chainId: ledger.chainId, rules });
  if (accepted.ok) return accepted.transaction;
  const hash = transactionHash(bytes);
  throw new RpcError('invalid params', `transaction ${hash}: ${accepted.message}`);
}
