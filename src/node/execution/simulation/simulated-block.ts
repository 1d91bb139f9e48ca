/**
 * One simulated block, executed upon the state that the ones before it left: overrides, system
 * calls, calls as transactions that nobody signed, withdrawals, requests.
 */

import { maxOf, minOf } from '../../../base/integers.ts';
import type { ChainBlock } from '../../../chain/block-tree.ts';
import { type Block, bodyRoots } from '../../../chain/blocks/block.ts';
import { BLOOM_BYTES, logsBloom, mergeBloom } from '../../../chain/blocks/bloom.ts';
import { GAS_PER_BLOB, nextBaseFee, nextExcessBlobGas } from '../../../chain/blocks/fees.ts';
import { type BlockHeader, headerHash } from '../../../chain/blocks/header.ts';
import { NO_NONCE } from '../../../chain/blocks/header-rules.ts';
import { outcomeFields } from '../../../chain/blocks/outcome-fields.ts';
import type { Receipt } from '../../../chain/blocks/receipt.ts';
import { blockRewards } from '../../../chain/blocks/rewards.ts';
import type { BlockRules } from '../../../chain/chain-spec.ts';
import { blockEnvironment, type ExecutedHeader } from '../../../chain/executor/sequential.ts';
import {
  collectRequests,
  recordAncestors,
  type SystemCall,
} from '../../../chain/executor/system-calls.ts';
import { encodeTransaction } from '../../../chain/transactions/encode.ts';
import type { EVM } from '../../../evm/evm-interface.ts';
import type { StateOverrides } from '../../../evm/execution-options.ts';
import type {
  Address,
  BlockEnvironment,
  ExecutionResult,
  Log,
  StateChanges,
} from '../../../evm/types.ts';
import { ChangeSet } from '../../../state/change-set.ts';
import type { Node } from '../../node.ts';
import { RpcError } from '../../rpc/errors.ts';
import type { AnswerRoom } from '../answer-room.ts';
import type { CallRequest } from '../call-request.ts';
import type { OverlayState } from '../overlay-state.ts';
import { overrideChanges, precompileOverrides } from './overridden.ts';
import type { SimulatedPlace } from './requests.ts';
import { executeSimulated } from './simulated-call.ts';
import { splitLogs } from './simulation-rules.ts';

/** What the blocks of a simulation share. */
export interface Simulation {
  readonly node: Node;
  readonly state: OverlayState;
  readonly validation: boolean;
  readonly traceTransfers: boolean;
  readonly signal: AbortSignal;
  /** Of `performance.now()`. */
  readonly deadlineMs: number;
  readonly room: AnswerRoom;
  /** Gas that is left for all calls together. */
  gasLeft: bigint;
}

export interface SimulatedCall {
  readonly result: ExecutionResult;
  /** With those of transfers, where they are asked for. */
  readonly logs: readonly Log[];
  /** Index of the first of them in the block: those that were undone are counted, too. */
  readonly firstLog: number;
}

export interface SimulatedBlock {
  readonly block: ChainBlock;
  readonly calls: readonly SimulatedCall[];
}

export interface SimulatedSetting {
  readonly evm: EVM;
  readonly rules: BlockRules;
  readonly parent: ChainBlock;
  readonly rootAfter: (changes: StateChanges) => Promise<`0x${string}`>;
}

const ZERO_HASH = `0x${'00'.repeat(32)}` as const;
/** Gwei of a withdrawal in wei. */
const GWEI = 1_000_000_000n;

export async function simulateBlock(
  simulation: Simulation,
  setting: SimulatedSetting,
  place: SimulatedPlace,
): Promise<SimulatedBlock> {
  const header = startHeader(simulation, setting, place);
  const run = new SimulatedRun(simulation, setting, place, header);
  await run.begin();
  for (const call of place.calls) await run.call(call);
  return run.finish();
}

/** The header before anything is executed; what nobody overrides is as the block before has it. */
function startHeader(
  { validation }: Simulation,
  { parent, rules }: SimulatedSetting,
  { number, timestamp, overrides }: SimulatedPlace,
): ExecutedHeader {
  const before = parent.header;
  const { is, blobs } = rules;
  const baseFee = overrides.baseFeePerGas ?? (validation ? nextBaseFee(before) : 0n);
  return {
    parentHash: parent.hash,
    coinbase: overrides.feeRecipient ?? before.coinbase,
    difficulty: overrides.difficulty ?? (is('paris') ? 0n : before.difficulty),
    number,
    gasLimit: overrides.gasLimit ?? before.gasLimit,
    timestamp,
    extraData: '0x',
    mixHash: overrides.prevRandao ?? ZERO_HASH,
    ...(is('london') ? { baseFeePerGas: baseFee } : {}),
    ...(blobs && { excessBlobGas: nextExcessBlobGas(before, rules, blobs) }),
    ...(is('cancun') ? { parentBeaconBlockRoot: overrides.beaconRoot ?? ZERO_HASH } : {}),
    ...(is('amsterdam') ? { slotNumber: (before.slotNumber ?? 0n) + 1n } : {}),
  };
}

class SimulatedRun {
  readonly #simulation: Simulation;
  readonly #setting: SimulatedSetting;
  readonly #place: SimulatedPlace;
  readonly #header: ExecutedHeader;
  readonly #environment: BlockEnvironment;
  /** Since the last root. */
  #changes = new ChangeSet();
  readonly #receipts: Receipt[] = [];
  readonly #calls: SimulatedCall[] = [];
  readonly #transactions: Uint8Array[] = [];
  readonly #senders = new Map<number, Address>();
  readonly #bloom = new Uint8Array(BLOOM_BYTES);
  #precompiles: StateOverrides | undefined;
  #logsSeen = 0;
  #gasPaid = 0n;
  /** What counts towards the limit: of execution, and of the state's growth (EIP-8037). */
  #gasUsed = 0n;
  #stateGasUsed = 0n;
  #blobGasUsed = 0n;

  constructor(
    simulation: Simulation,
    setting: SimulatedSetting,
    place: SimulatedPlace,
    header: ExecutedHeader,
  ) {
    this.#simulation = simulation;
    this.#setting = setting;
    this.#place = place;
    this.#header = header;
    const { blobBaseFee } = place.overrides;
    const environment = blockEnvironment(header, setting.rules);
    this.#environment = blobBaseFee === undefined ? environment : { ...environment, blobBaseFee };
  }

  async begin(): Promise<void> {
    const { state, node } = this.#simulation;
    const { evm, rules } = this.#setting;
    const { stateOverrides } = this.#place;
    this.#precompiles = precompileOverrides(stateOverrides, rules.rules);
    this.#keep(await overrideChanges(state, stateOverrides, rules.rules));
    evm.setState(state);
    evm.setChainId(node.ledger.chainId);
    evm.setBlock(this.#environment);
    this.#keepCalls(await recordAncestors(this.#systemSetting(), this.#header));
  }

  async call(request: CallRequest): Promise<void> {
    const simulation = this.#simulation;
    const { state } = simulation;
    const { evm, rules } = this.#setting;
    const { gasLimit } = this.#header;
    const blockGasLeft = gasLimit - this.#gasUsed;
    const blockStateGasLeft = gasLimit - this.#stateGasUsed;
    const asked = request.gas ?? minOf(blockGasLeft, blockStateGasLeft);
    if (asked > blockGasLeft) {
      const message = `block gas limit reached: ${this.#gasUsed} >= ${gasLimit}`;
      throw new RpcError('block gas limit reached', message);
    }
    const { transaction, signed, result, logsSeen } = await executeSimulated(request, {
      evm,
      rules: rules.rules,
      state,
      environment: this.#environment,
      chainId: simulation.node.ledger.chainId,
      hasFees: rules.is('london'),
      gasLimit: minOf(asked, simulation.gasLeft),
      blockGasLeft,
      blockStateGasLeft,
      validation: simulation.validation,
      traceTransfers: simulation.traceTransfers,
      precompiles: this.#precompiles,
      signal: simulation.signal,
      deadlineMs: simulation.deadlineMs,
    });
    simulation.room.take(result);
    this.#keep(result.changes);
    // What was not committed, since precompiles were moved, is seen as part of the state.
    if (this.#precompiles !== undefined) evm.setState(state);
    simulation.gasLeft -= result.gasUsed;
    this.#gasPaid += result.gasUsed;
    this.#gasUsed += result.blockGasUsed;
    if (rules.rules.metersStateGas) this.#stateGasUsed += result.stateGasUsed;
    this.#blobGasUsed += BigInt(transaction.blobVersionedHashes.length) * GAS_PER_BLOB;
    this.#senders.set(this.#transactions.length, transaction.sender);
    this.#transactions.push(encodeTransaction(signed));
    await this.#take(signed.type, result);
    this.#logsSeen += logsSeen;
  }

  async #take(type: Receipt['type'], result: ExecutionResult): Promise<void> {
    const { rules, rootAfter } = this.#setting;
    const { logs, own } = splitLogs(result.logs, this.#simulation.traceTransfers);
    const bloom = logsBloom(own);
    mergeBloom(this.#bloom, bloom);
    // Before Byzantium a receipt has the root of the state after it.
    const stateRoot = rules.is('byzantium') ? undefined : await rootAfter(this.#takeChanges());
    this.#receipts.push({
      type,
      succeeded: result.status === 'success',
      stateRoot,
      cumulativeGasUsed: this.#gasPaid,
      gasUsed: result.gasUsed,
      bloom,
      logs: own,
      contractAddress: result.created,
    });
    this.#calls.push({ result, logs, firstLog: this.#logsSeen });
  }

  async finish(): Promise<SimulatedBlock> {
    const { rules, parent, rootAfter, evm } = this.#setting;
    const { withdrawals } = this.#place;
    for (const { address, amount } of withdrawals) {
      this.#keep(await evm.credit(address, amount * GWEI));
    }
    const collected = await collectRequests(this.#systemSetting(), this.#receipts);
    this.#keepCalls(collected.calls);
    for (const { address, amount } of blockRewards(this.#header, [], rules)) {
      this.#keep(await evm.credit(address, amount));
    }
    const outcome = {
      receipts: this.#receipts,
      gasUsed: maxOf(this.#gasUsed, this.#stateGasUsed),
      blobGasUsed: this.#blobGasUsed,
      bloom: this.#bloom,
      requests: collected.requests,
      accessList: undefined,
      changes: this.#changes,
    };
    const body = {
      transactions: this.#transactions,
      uncles: [],
      ...(rules.is('shanghai') ? { withdrawals } : {}),
    };
    const header: BlockHeader = {
      ...this.#header,
      nonce: NO_NONCE,
      ...bodyRoots(body),
      ...outcomeFields(outcome, await rootAfter(this.#takeChanges()), rules),
    };
    const block: Block = { hash: headerHash(header), header, ...body };
    const totalDifficulty = parent.totalDifficulty + header.difficulty;
    const { state } = this.#simulation;
    state.setBlockHash(header.number, block.hash);
    return {
      block: { ...block, totalDifficulty, receipts: this.#receipts, impersonated: this.#senders },
      calls: this.#calls,
    };
  }

  #systemSetting() {
    const { evm, rules } = this.#setting;
    const { state, node } = this.#simulation;
    return { evm, state, blockRules: rules, spec: node.ledger.chain.spec };
  }

  #keep(changes: StateChanges): void {
    this.#changes.add(changes);
    this.#simulation.state.apply(changes);
  }

  #keepCalls(calls: readonly SystemCall[]): void {
    for (const { changes } of calls) if (changes !== undefined) this.#keep(changes);
  }

  #takeChanges(): StateChanges {
    const taken = this.#changes;
    this.#changes = new ChangeSet();
    return taken;
  }
}
