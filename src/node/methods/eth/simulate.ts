/** `eth_simulateV1`: blocks that nobody made, upon one of the chain. */

import { EVMError } from '../../../evm/errors.ts';
import type { Rules } from '../../../evm/forks/rules.ts';
import { AnswerRoom } from '../../execution/answer-room.ts';
import { type BlockState, blockState } from '../../execution/block-state.ts';
import { haltText, revertText, stopText } from '../../execution/call-failure.ts';
import type { Lease } from '../../execution/call-machines.ts';
import { OverlayState } from '../../execution/overlay-state.ts';
import {
  placesOf,
  readSimulation,
  type SimulationRequest,
} from '../../execution/simulation/requests.ts';
import { RootTracker } from '../../execution/simulation/root-tracker.ts';
import {
  type SimulatedBlock,
  type SimulatedCall,
  type Simulation,
  simulateBlock,
} from '../../execution/simulation/simulated-block.ts';
import { simulationRules } from '../../execution/simulation/simulation-rules.ts';
import { blockAnswer } from '../../json/block-answer.ts';
import { type LogPlace, logAnswer } from '../../json/log-answer.ts';
import { transactionHash } from '../../ledger/transaction-index.ts';
import type { Node } from '../../node.ts';
import { RPC_CODES } from '../../rpc/errors.ts';
import { type Caller, type MethodTable, method } from '../../rpc/method.ts';
import {
  type BlockId,
  dataHex,
  LATEST,
  quantity,
  readBlockId,
  withDefault,
} from '../../rpc/values.ts';

export const simulationMethods: MethodTable<Node> = {
  eth_simulateV1: method(
    [readSimulation, withDefault(readBlockId, LATEST)],
    (node: Node, [request, at], caller) => simulate(node, request, { at, caller }),
  ),
};

async function simulate(
  node: Node,
  request: SimulationRequest,
  { at, caller }: { readonly at: BlockId; readonly caller: Caller },
): Promise<unknown> {
  const { ledger, limits } = node;
  const base = await blockState(node, at);
  const places = placesOf(request.blockStateCalls, base.block.header);
  const below = await base.standing.open();
  const machine = new Machine(node, caller.signal);
  try {
    const state = new OverlayState(below);
    const simulation: Simulation = {
      node,
      state,
      validation: request.validation,
      traceTransfers: request.traceTransfers,
      signal: caller.signal,
      deadlineMs: performance.now() + limits.callMsMax,
      room: new AnswerRoom(),
      gasLeft: limits.callGasMax,
    };
    const roots = await rootsUpon(node, base);
    let parent = base.block;
    const answers: object[] = [];
    for (const place of places) {
      const rules = ledger.rulesAfter(parent, place);
      const evm = await machine.of(simulationRules(rules.rules, request), state);
      const setting = {
        evm,
        rules,
        parent,
        rootAfter: (changes: Parameters<typeof roots.rootAfter>[0]) => roots.rootAfter(changes),
      };
      const simulated = await simulateBlock(simulation, setting, place);
      answers.push(answerOf(simulated, request.returnFullTransactions));
      parent = simulated.block;
    }
    return answers;
  } catch (error) {
    if (error instanceof EVMError) throw stopText(error, limits.callMsMax);
    throw error;
  } finally {
    machine.release();
    below.close();
  }
}

/** What is pending has no tries: its changes are taken upon its parent's. */
async function rootsUpon({ ledger }: Node, { block, pending }: BlockState): Promise<RootTracker> {
  const { hash, header } = pending?.parent ?? block;
  const roots = new RootTracker(ledger.chain, { hash, stateRoot: header.stateRoot });
  if (pending !== undefined) await roots.rootAfter(pending.changes);
  return roots;
}

/** A machine of the simulation's own, by the rules of the block that it executes. */
class Machine {
  readonly #node: Node;
  readonly #signal: AbortSignal;
  #rules: Rules | undefined;
  #lease: Lease | undefined;

  constructor(node: Node, signal: AbortSignal) {
    this.#node = node;
    this.#signal = signal;
  }

  async of(rules: Rules, state: OverlayState): Promise<Lease['evm']> {
    if (this.#lease !== undefined && this.#rules === rules) return this.#lease.evm;
    this.release();
    const { machines, ledger } = this.#node;
    // The simulation itself closes what lies below.
    const open = async () => ({
      getAccount: state.getAccount.bind(state),
      getStorage: state.getStorage.bind(state),
      getCode: state.getCode.bind(state),
      hasStorage: state.hasStorage.bind(state),
      getBlockHash: state.getBlockHash.bind(state),
      close: () => {},
    });
    const standing = { rules, chainId: ledger.chainId, open };
    this.#lease = await machines.acquireAlone(standing, this.#signal);
    this.#rules = rules;
    return this.#lease.evm;
  }

  release(): void {
    this.#lease?.release();
    this.#lease = undefined;
  }
}

function answerOf({ block, calls }: SimulatedBlock, full: boolean): object {
  const place = {
    blockHash: block.hash,
    blockNumber: quantity(block.header.number),
    blockTimestamp: quantity(block.header.timestamp),
  };
  const answers = calls.map((call, index) =>
    callAnswer(call, {
      ...place,
      transactionHash: transactionHash(block.transactions[index] as Uint8Array),
      transactionIndex: quantity(index),
    }),
  );
  return { ...blockAnswer(block, full), calls: answers };
}

function callAnswer({ result, logs, firstLog }: SimulatedCall, place: LogPlace): object {
  const succeeded = result.status === 'success';
  return {
    returnData: succeeded ? dataHex(result.output) : '0x',
    logs: logs.map((log, index) => logAnswer(log, place, firstLog + index)),
    gasUsed: quantity(result.gasUsed),
    maxUsedGas: quantity(result.gasUsed + result.gasRefunded),
    status: succeeded ? '0x1' : '0x0',
    ...(succeeded ? {} : { error: callError(result) }),
  };
}

function callError(result: SimulatedCall['result']): object {
  if (result.status === 'revert') {
    const { output } = result;
    const code = RPC_CODES['execution reverted'];
    return { message: revertText(output), code, data: dataHex(output) };
  }
  const message = result.status === 'halt' ? haltText(result.reason) : '';
  return { message, code: RPC_CODES['vm error'] };
}
