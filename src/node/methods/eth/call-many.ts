/**
 * `eth_callMany`: bundles of calls, each upon the state that those before it left. Upon the whole
 * of a block: not in the middle of its transactions.
 */

import { EVMError } from '../../../evm/errors.ts';
import type { StateOverrides } from '../../../evm/execution-options.ts';
import type { ExecutionResult } from '../../../evm/types.ts';
import { AnswerRoom } from '../../execution/answer-room.ts';
import { type BlockState, blockState } from '../../execution/block-state.ts';
import { type CallSetting, callGas, callTransaction, executeCall } from '../../execution/call.ts';
import { failureOf, stopText } from '../../execution/call-failure.ts';
import type { Lease } from '../../execution/call-machines.ts';
import {
  type BlockOverrides,
  overrideEnvironment,
  readBlockOverrides,
  readStateOverrides,
} from '../../execution/call-overrides.ts';
import { type CallRequest, readCallRequest } from '../../execution/call-request.ts';
import { OverlayState } from '../../execution/overlay-state.ts';
import { overrideChanges } from '../../execution/simulation/overridden.ts';
import type { Node } from '../../node.ts';
import { invalidParams, RpcError } from '../../rpc/errors.ts';
import { type Caller, type MethodTable, method } from '../../rpc/method.ts';
import {
  type BlockId,
  dataHex,
  kindOf,
  LATEST,
  listOf,
  objectOf,
  optional,
  type Read,
  readBlockId,
  withDefault,
} from '../../rpc/values.ts';

const BUNDLES_MAX = 1_000;
const CALLS_MAX = 10_000;

interface Bundle {
  readonly transactions: readonly CallRequest[];
  readonly blockOverride: BlockOverrides | undefined;
}

const readBundle: Read<Bundle> = objectOf({
  transactions: withDefault(listOf(readCallRequest, CALLS_MAX), []),
  blockOverride: optional(readBlockOverrides),
});

/** -1, or nothing: behind all transactions of the block. */
const readIndex: Read<undefined> = (value, path) => {
  if (value === undefined || value === null || value === -1 || value === '-1') return undefined;
  if (value === 'all') return undefined;
  throw invalidParams(`invalid argument ${path}: ${kindOf(value)} where only -1 is supported`);
};

const readContext: Read<{ readonly blockNumber: BlockId }> = objectOf({
  blockNumber: withDefault(readBlockId, LATEST),
  transactionIndex: readIndex,
});

export const callManyMethods: MethodTable<Node> = {
  eth_callMany: method(
    [
      listOf(readBundle, BUNDLES_MAX),
      withDefault(readContext, { blockNumber: LATEST }),
      optional(readStateOverrides),
    ],
    (node: Node, [bundles, context, overrides], caller) =>
      callMany(node, bundles, { at: context.blockNumber, overrides, caller }),
  ),
};

async function callMany(
  node: Node,
  bundles: readonly Bundle[],
  asked: {
    readonly at: BlockId;
    readonly overrides: StateOverrides | undefined;
    readonly caller: Caller;
  },
): Promise<unknown> {
  const place = await blockState(node, asked.at);
  const limitMs = node.limits.callMsMax;
  let lease: Lease | undefined;
  try {
    lease = await node.machines.acquireAlone(
      { ...place.standing, open: () => openWith(place, asked.overrides) },
      asked.caller.signal,
    );
    const base: CallSetting = {
      evm: lease.evm,
      state: lease.state,
      place,
      environment: place.environment,
      overrides: undefined,
      signal: asked.caller.signal,
      deadlineMs: performance.now() + limitMs,
      limitMs,
    };
    const room = new AnswerRoom();
    const answers: unknown[][] = [];
    for (const { transactions, blockOverride } of bundles) {
      const environment =
        blockOverride === undefined
          ? place.environment
          : overrideEnvironment(place.environment, blockOverride);
      const results: unknown[] = [];
      for (const request of transactions) {
        results.push(await callOne(node, { ...base, environment }, { request, room }));
      }
      answers.push(results);
    }
    return answers;
  } catch (error) {
    if (error instanceof EVMError) throw stopText(error, limitMs);
    throw error;
  } finally {
    lease?.release();
  }
}

async function openWith(
  { standing, rules }: BlockState,
  overrides: StateOverrides = {},
): Promise<OverlayState> {
  const state = new OverlayState(await standing.open());
  state.apply(await overrideChanges(state, overrides, rules.rules));
  return state;
}

/** What a call gives, or why it failed: one that fails ends nothing but itself. */
async function callOne(
  node: Node,
  setting: CallSetting,
  { request, room }: { readonly request: CallRequest; readonly room: AnswerRoom },
): Promise<object> {
  const gasLimit = callGas(request, node.limits.callGasMax);
  let result: ExecutionResult;
  try {
    const transaction = callTransaction(request, node.ledger.chainId, { gasLimit });
    result = await executeCall(setting, transaction, { commit: true });
  } catch (error) {
    if (error instanceof RpcError) return { error: error.message };
    throw error;
  }
  room.take(result);
  const failure = failureOf(result);
  return failure === undefined ? { value: dataHex(result.output) } : { error: failure.message };
}
