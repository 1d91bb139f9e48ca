/**
 * `eth_callMany`: bundles of calls, each upon the state that those before it left; behind a block,
 * or in the middle of its transactions.
 */

import { EVMError } from '../../../evm/errors.ts';
import type { StateOverrides } from '../../../evm/execution-options.ts';
import type { ExecutionResult } from '../../../evm/types.ts';
import { AnswerRoom } from '../../execution/answer-room.ts';
import { type CallSetting, callGas, callTransaction, executeCall } from '../../execution/call.ts';
import { failureOf, stopText } from '../../execution/call-failure.ts';
import type { Lease } from '../../execution/call-machines.ts';
import type { CallNode, CallPlace } from '../../execution/call-node.ts';
import {
  type BlockOverrides,
  overrideEnvironment,
  readBlockOverrides,
  readStateOverrides,
} from '../../execution/call-overrides.ts';
import { type CallRequest, readCallRequest } from '../../execution/call-request.ts';
import { OverlayState } from '../../execution/overlay-state.ts';
import { overrideChanges } from '../../execution/simulation/overridden.ts';
import { RpcError } from '../../rpc/errors.ts';
import { type Caller, type MethodTable, method } from '../../rpc/method.ts';
import {
  type BlockId,
  dataHex,
  LATEST,
  listOf,
  objectOf,
  optional,
  type Read,
  readBlockId,
  readU64,
  withDefault,
} from '../../rpc/values.ts';
import { withReplay } from '../../trace/block-replay.ts';
import { TraceBudget } from '../../trace/target.ts';

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

/** -1, or nothing: behind all transactions of the block; else before the one with that index. */
const readIndex: Read<number | undefined> = (value, path) => {
  if (value === undefined || value === null || value === -1 || value === '-1') return undefined;
  return value === 'all' ? undefined : Number(readU64(value, path));
};

interface Context {
  readonly blockNumber: BlockId;
  readonly transactionIndex: number | undefined;
}

const WHOLE_LATEST: Context = { blockNumber: LATEST, transactionIndex: undefined };

const readContext: Read<Context> = objectOf({
  blockNumber: withDefault(readBlockId, LATEST),
  transactionIndex: readIndex,
});

export const callManyMethods: MethodTable<CallNode> = {
  eth_callMany: method(
    [
      listOf(readBundle, BUNDLES_MAX),
      withDefault(readContext, WHOLE_LATEST),
      optional(readStateOverrides),
    ],
    (node: CallNode, [bundles, context, overrides], caller) =>
      callMany(node, bundles, { context, overrides, caller }),
  ),
};

interface Asked {
  readonly context: Context;
  readonly overrides: StateOverrides | undefined;
  readonly caller: Caller;
}

async function callMany(
  node: CallNode,
  bundles: readonly Bundle[],
  asked: Asked,
): Promise<unknown> {
  const { context, overrides, caller } = asked;
  const place = await node.blockState(context.blockNumber);
  const { signal } = caller;
  const { transactionIndex: index } = context;
  if (index !== undefined && index < place.block.transactions.length) {
    const budget = new TraceBudget({ limitMs: node.limits.callMsMax, signal });
    return withReplay(node, place.block, budget, async (replay) => {
      await replay.skipTo(index);
      const { state, lease } = replay;
      if (overrides !== undefined) {
        state.apply(await overrideChanges(state, overrides, place.rules.rules));
        lease.evm.setState(state);
      }
      return runBundles(node, bundles, { place, signal, machine: { evm: lease.evm, state } });
    });
  }
  let lease: Lease | undefined;
  try {
    const standing = { ...place.standing, open: () => openWith(place, overrides) };
    lease = await node.machines.acquireAlone(standing, signal);
    return await runBundles(node, bundles, { place, signal, machine: lease });
  } catch (error) {
    if (error instanceof EVMError) throw stopText(error, node.limits.callMsMax);
    throw error;
  } finally {
    lease?.release();
  }
}

async function runBundles(
  node: CallNode,
  bundles: readonly Bundle[],
  at: {
    readonly place: CallPlace;
    readonly signal: AbortSignal;
    readonly machine: Pick<Lease, 'evm' | 'state'>;
  },
): Promise<unknown> {
  const { place, signal, machine } = at;
  const limitMs = node.limits.callMsMax;
  const base: CallSetting = {
    evm: machine.evm,
    state: machine.state,
    place,
    environment: place.environment,
    overrides: undefined,
    signal,
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
}

async function openWith(
  { standing, rules }: CallPlace,
  overrides: StateOverrides = {},
): Promise<OverlayState> {
  const state = new OverlayState(await standing.open());
  state.apply(await overrideChanges(state, overrides, rules.rules));
  return state;
}

/** What a call gives, or why it failed: one that fails ends nothing but itself. */
async function callOne(
  node: CallNode,
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
