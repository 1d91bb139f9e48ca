/** debug_trace*: transactions, blocks and calls traced, in geth's forms. */

import type { ChainBlock } from '../../chain/block-tree.ts';
import { readBlock } from '../../chain/blocks/block-rules.ts';
import type { CallNode } from '../execution/call-node.ts';
import { readBlockOverrides, readStateOverrides } from '../execution/call-overrides.ts';
import { readCallRequest } from '../execution/call-request.ts';
import { transactionHash } from '../ledger/transaction-index.ts';
import { invalidParams, RpcError } from '../rpc/errors.ts';
import { type Caller, type MethodTable, method } from '../rpc/method.ts';
import { type Streamed, streamOf, type Write } from '../rpc/streamed.ts';
import {
  type BlockId,
  LATEST,
  listOf,
  membersOf,
  objectOf,
  optional,
  type Read,
  readBlockId,
  readBlockNumber,
  readData,
  readHash,
  readU64,
  withDefault,
} from '../rpc/values.ts';
import { type TracedBlock, withReplay } from '../trace/block-replay.ts';
import { withCalls } from '../trace/call-target.ts';
import { writeStructLog } from '../trace/struct-log.ts';
import { TraceBudget, type TraceTarget } from '../trace/target.ts';
import { readTraceOptions, type TraceOptions } from '../trace/tracers.ts';
import { requirePlace } from '../trace/transaction-place.ts';

/** Bundles, and calls of a bundle, of one request. */
const CALLS_MAX = 1_000;

const OPTIONS: Read<TraceOptions> = (value, path) => readTraceOptions(value ?? {}, path);

/** Of `debug_traceCall`: with what the call pretends. */
const readCallOptions: Read<
  TraceOptions & {
    readonly overrides: ReturnType<typeof readStateOverrides> | undefined;
    readonly blockOverrides: ReturnType<typeof readBlockOverrides> | undefined;
    readonly txIndex: bigint | undefined;
  }
> = (value, path) => {
  const members = value === undefined || value === null ? {} : membersOf(value, path);
  return {
    ...readTraceOptions(members, path),
    overrides: optional(readStateOverrides)(members['stateOverrides'], `${path}.stateOverrides`),
    blockOverrides: optional(readBlockOverrides)(
      members['blockOverrides'],
      `${path}.blockOverrides`,
    ),
    txIndex: optional(readU64)(members['txIndex'], `${path}.txIndex`),
  };
};

const readBundles = listOf(
  objectOf({
    transactions: listOf(readCallRequest, CALLS_MAX),
    blockOverride: optional(readBlockOverrides),
  }),
  CALLS_MAX,
);

const readContext = objectOf({
  blockNumber: withDefault(readBlockId, LATEST),
  transactionIndex: optional((value, path) =>
    // -1 says: upon all of the block.
    value === -1 ? undefined : readU64(value, path),
  ),
});

export const debugTraceMethods: MethodTable<CallNode> = {
  debug_traceTransaction: method(
    [readHash, OPTIONS],
    async (node: CallNode, [hash, options], caller) => {
      const { block, index } = await requirePlace(node, hash);
      return streamed(node, caller, options, (budget, write) =>
        withReplay(node, block, budget, async (replay) => {
          await replay.skipTo(index);
          await replay.trace((target) => writeTrace(target, options, write));
        }),
      );
    },
  ),
  debug_traceBlockByNumber: method(
    [readBlockNumber, OPTIONS],
    async (node: CallNode, [id, options], caller) =>
      traceBlock(node, await tracedBlock(node, id), options, caller),
  ),
  debug_traceBlockByHash: method(
    [readHash, OPTIONS],
    async (node: CallNode, [hash, options], caller) => {
      const block = await node.ledger.blockByHash(hash);
      if (block === undefined) throw new RpcError('server error', `block ${hash} not found`);
      return traceBlock(node, block, options, caller);
    },
  ),
  debug_traceBlock: method([readData, OPTIONS], (node: CallNode, [bytes, options], caller) =>
    traceBlock(node, givenBlock(bytes), options, caller),
  ),
  debug_traceCall: method(
    [readCallRequest, withDefault(readBlockId, LATEST), readCallOptions],
    (node: CallNode, [request, at, options], caller) => {
      const { overrides, blockOverrides, txIndex } = options;
      const transactionIndex = txIndex === undefined ? undefined : Number(txIndex);
      return streamed(node, caller, options, (budget, write) =>
        withCalls(node, { at, transactionIndex, overrides, budget }, async (calls) => {
          if (blockOverrides !== undefined) calls.overrideBlock(blockOverrides);
          await calls.traceCall(request, (target) => writeTrace(target, options, write));
        }),
      );
    },
  ),
  debug_traceCallMany: method(
    [readBundles, optional(readContext), readCallOptions],
    (node: CallNode, [bundles, context, options], caller) => {
      const at = context?.blockNumber ?? LATEST;
      const index = context?.transactionIndex;
      const transactionIndex = index === undefined ? undefined : Number(index);
      const { overrides } = options;
      return streamed(node, caller, options, (budget, write) =>
        withCalls(node, { at, transactionIndex, overrides, budget }, async (calls) => {
          await writeList(bundles, write, async ({ transactions, blockOverride }) => {
            if (blockOverride !== undefined) calls.overrideBlock(blockOverride);
            await writeList(transactions, write, (request) =>
              calls.traceCall(request, (target) => writeTrace(target, options, write)),
            );
          });
        }),
      );
    },
  ),
};

async function writeList<T>(
  items: readonly T[],
  write: Write,
  each: (item: T) => Promise<void>,
): Promise<void> {
  let before = '[';
  for (const item of items) {
    await write(before);
    before = ',';
    await each(item);
  }
  await write(items.length === 0 ? '[]' : ']');
}

async function writeTrace(
  target: TraceTarget,
  { tracer, structLog }: TraceOptions,
  write: Write,
): Promise<void> {
  if (tracer === undefined) return writeStructLog(target, structLog, write);
  await write(JSON.stringify(await tracer(target)));
}

/** An answer that is written while it is sent, within the time that request and node allow. */
function streamed(
  node: CallNode,
  { signal }: Caller,
  { timeoutMs = Number.POSITIVE_INFINITY }: TraceOptions,
  produce: (budget: TraceBudget, write: Write) => Promise<void>,
): Promise<Streamed> {
  const limitMs = Math.min(timeoutMs, node.limits.callMsMax);
  const budget = new TraceBudget({ limitMs, signal });
  return streamOf((write) => produce(budget, write), signal);
}

function traceBlock(
  node: CallNode,
  block: TracedBlock,
  options: TraceOptions,
  caller: Caller,
): Promise<Streamed> {
  return streamed(node, caller, options, (budget, write) =>
    withReplay(node, block, budget, (replay) =>
      writeList(block.transactions, write, async (bytes) => {
        await write(`{"txHash":"${transactionHash(bytes)}","result":`);
        await replay.trace((target) => writeTrace(target, options, write));
        await write('}');
      }),
    ),
  );
}

async function tracedBlock(node: CallNode, id: BlockId): Promise<ChainBlock> {
  if ('tag' in id && id.tag === 'pending') {
    throw new RpcError('server error', 'tracing on top of pending is not supported');
  }
  const block = await node.ledger.block(id);
  if (block !== undefined) return block;
  const name = 'number' in id ? `#${id.number}` : 'tag' in id ? id.tag : id.hash;
  throw new RpcError('server error', `block ${name} not found`);
}

/** A block that need not be in the chain; its parent must be. */
function givenBlock(bytes: Uint8Array): TracedBlock {
  try {
    return readBlock(bytes).block;
  } catch (error) {
    throw invalidParams(
      `could not decode block: ${error instanceof Error ? error.message : error}`,
    );
  }
}
