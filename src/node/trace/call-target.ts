/** Calls as what is traced: upon the state of a block, one alone or several in a row. */

import { EVMError } from '../../evm/errors.ts';
import type { EVMSnapshot } from '../../evm/evm-interface.ts';
import type { StateOverrides } from '../../evm/execution-options.ts';
import type { ExecutionResult, Transaction } from '../../evm/types.ts';
import {
  type CallSetting,
  callGas,
  callOptions,
  callTransaction,
  refusedCall,
} from '../execution/call.ts';
import { stopText } from '../execution/call-failure.ts';
import type { Lease } from '../execution/call-machines.ts';
import type { CallNode } from '../execution/call-node.ts';
import { type BlockOverrides, overrideEnvironment } from '../execution/call-overrides.ts';
import type { CallRequest } from '../execution/call-request.ts';
import { OverlayState } from '../execution/overlay-state.ts';
import { invalidParams } from '../rpc/errors.ts';
import type { BlockId } from '../rpc/values.ts';
import { withReplay } from './block-replay.ts';
import { overridesAsChanges } from './overridden.ts';
import type { RunWatch, TraceBudget, TraceTarget } from './target.ts';

/** Where calls stand. */
export interface CallsPlace {
  readonly at: BlockId;
  /** Upon the block's transactions before this one, rather than upon all. */
  readonly transactionIndex?: number | undefined;
  readonly overrides?: StateOverrides | undefined;
  readonly budget: TraceBudget;
}

/** Gives a run of calls to the work, each upon what those before did. @throws RpcError */
export async function withCalls<T>(
  node: CallNode,
  place: CallsPlace,
  work: (calls: CallRun) => Promise<T>,
): Promise<T> {
  const { at, budget, overrides = {}, transactionIndex } = place;
  const moves = Object.values(overrides).some(
    ({ movePrecompileToAddress }) => movePrecompileToAddress !== undefined,
  );
  if (moves) throw invalidParams('movePrecompileToAddress is not supported in traces');
  if (transactionIndex !== undefined) {
    const block = await node.ledger.requireBlock(at);
    return withReplay(node, block, budget, async (replay) => {
      await replay.skipTo(Math.min(transactionIndex, replay.length));
      return work(await callRun(node, place, replay.lease, replay.state));
    });
  }
  const { standing } = await node.blockState(at);
  let lease: Lease | undefined;
  try {
    lease = await budget.pause(node.machines.acquireAlone(standing, budget.signal));
    return await work(await callRun(node, place, lease, new OverlayState(lease.state)));
  } catch (error) {
    if (error instanceof EVMError) throw stopText(error, budget.limitMs);
    throw error;
  } finally {
    lease?.release();
  }
}

async function callRun(
  node: CallNode,
  { at, overrides, budget }: CallsPlace,
  lease: Lease,
  state: OverlayState,
): Promise<CallRun> {
  if (overrides !== undefined) state.apply(await overridesAsChanges(state, overrides));
  lease.evm.setState(state);
  const place = await node.blockState(at);
  const setting: CallSetting = {
    evm: lease.evm,
    state,
    place,
    environment: place.environment,
    overrides: undefined,
    signal: budget.signal,
    deadlineMs: performance.now() + budget.leftMs,
    limitMs: budget.limitMs,
  };
  return new CallRun(node, setting, state, budget);
}

export class CallRun {
  readonly #node: CallNode;
  readonly #state: OverlayState;
  readonly #budget: TraceBudget;
  #setting: CallSetting;

  constructor(node: CallNode, setting: CallSetting, state: OverlayState, budget: TraceBudget) {
    this.#node = node;
    this.#setting = setting;
    this.#state = state;
    this.#budget = budget;
  }

  /** Fields of the block that differ from now on. @throws RpcError for what cannot be pretended */
  overrideBlock(overrides: BlockOverrides): void {
    const environment = overrideEnvironment(this.#setting.environment, overrides);
    this.#setting = { ...this.#setting, environment };
  }

  /** Gives a request's call to the work. @throws RpcError */
  traceCall<T>(request: CallRequest, work: (target: TraceTarget) => Promise<T>): Promise<T> {
    const gasLimit = callGas(request, this.#node.limits.callGasMax);
    const transaction = callTransaction(request, this.#node.ledger.chainId, { gasLimit });
    return this.trace(transaction, callOptions(this.#setting, transaction).checks, work);
  }

  /** Gives a transaction to the work; `checks` are those that it need not pass. */
  async trace<T>(
    transaction: Transaction,
    checks: ReturnType<typeof callOptions>['checks'],
    work: (target: TraceTarget) => Promise<T>,
  ): Promise<T> {
    const { evm, environment, place } = this.#setting;
    let before: EVMSnapshot | undefined;
    let last: ExecutionResult | undefined;
    const run = async (watch: RunWatch): Promise<ExecutionResult> => {
      if (before !== undefined) evm.revert(before);
      before = evm.snapshot();
      last = undefined;
      const { overrides: _, ...options } = callOptions(this.#setting, transaction);
      const result = await evm.transact(transaction, {
        ...options,
        timeoutMs: this.#budget.leftMs,
        ...watch,
        commit: true,
        ...(checks === undefined ? {} : { checks }),
      });
      if (result.status === 'refused') throw await refusedCall(this.#setting, transaction, result);
      last = result;
      return result;
    };
    const traced = await work({
      transaction,
      rules: place.rules,
      environment,
      state: this.#state,
      place: undefined,
      budget: this.#budget,
      run,
    });
    const result = last ?? (await run({}));
    this.#state.apply(result.changes);
    return traced;
  }
}
