/**
 * One block executed, transaction after transaction: system calls, transactions, withdrawals,
 * requests, rewards. What a block is checked against and what a builder writes into its header
 * both come from here.
 */

import type { EVM } from '../../evm/evm.ts';
import { blobBaseFee } from '../../evm/forks/blob.ts';
import type {
  Address,
  BlockEnvironment,
  ExecutionResult,
  StateChanges,
  Transaction,
} from '../../evm/types.ts';
import { ChangeSet } from '../../state/change-set.ts';
import type { PendingState } from '../../state/pending.ts';
import type { Block } from '../blocks/block.ts';
import { BLOOM_BYTES, logsBloom, mergeBloom } from '../blocks/bloom.ts';
import { InvalidBlock } from '../blocks/fault.ts';
import { GAS_PER_BLOB } from '../blocks/fees.ts';
import type { BlockHeader } from '../blocks/header.ts';
import type { Receipt } from '../blocks/receipt.ts';
import type { Request } from '../blocks/requests.ts';
import { blockRewards } from '../blocks/rewards.ts';
import type { BlockRules, ChainSpec } from '../chain-spec.ts';
import { acceptTransaction } from '../transactions/check.ts';
import type { TransactionType } from '../transactions/types.ts';
import { moveDaoEther } from './dao-fork.ts';
import { collectRequests, recordAncestors } from './system-calls.ts';

/** Gwei of a withdrawal in wei. */
const GWEI = 1_000_000_000n;

/** A block to be executed, with all that its execution depends on. */
export interface BlockExecution {
  readonly spec: ChainSpec;
  readonly blockRules: BlockRules;
  /** Set up for the rules of the block. */
  readonly evm: EVM;
  /** The parent's state, and where the changes go. */
  readonly state: PendingState;
  readonly block: Omit<Block, 'hash'>;
}

/** What came of a block. */
export interface BlockOutcome {
  readonly receipts: readonly Receipt[];
  readonly gasUsed: bigint;
  readonly blobGasUsed: bigint;
  /** 256 bytes. */
  readonly bloom: Uint8Array;
  /** Prague. */
  readonly requests: readonly Request[];
  readonly changes: StateChanges;
}

/**
 * Executes the block upon its parent's state; the changes are applied to `state`, and nothing
 * else is touched. @throws InvalidBlock
 */
export async function executeBlock(execution: BlockExecution): Promise<BlockOutcome> {
  const { spec, blockRules, evm, state, block } = execution;
  const { header } = block;
  const run = new BlockRun(execution);
  if (spec.daoFork === header.number) run.keep(moveDaoEther(state));
  evm.setState(state);
  evm.setChainId(spec.chainId);
  evm.setBlock(blockEnvironment(header, blockRules));
  await recordAncestors(evm, state, header, blockRules, (changes) => run.keep(changes));
  for (const [index, bytes] of block.transactions.entries()) await run.transact(index, bytes);
  for (const { address, amount } of block.withdrawals ?? []) {
    await run.credit(address, amount * GWEI);
  }
  const requests = await collectRequests(evm, state, run.receipts, execution, (changes) =>
    run.keep(changes),
  );
  for (const { address, amount } of blockRewards(header, block.uncles, blockRules)) {
    await run.credit(address, amount);
  }
  return run.outcome(requests);
}

/** The environment that a header makes. */
export function blockEnvironment(header: BlockHeader, { blobs }: BlockRules): BlockEnvironment {
  const { number, timestamp, coinbase, gasLimit, difficulty, mixHash } = header;
  const { baseFeePerGas = 0n, excessBlobGas = 0n } = header;
  return {
    number,
    timestamp,
    coinbase,
    gasLimit,
    difficulty,
    prevRandao: BigInt(mixHash),
    baseFee: baseFeePerGas,
    blobBaseFee: blobs === undefined ? 0n : blobBaseFee(excessBlobGas, blobs.baseFeeUpdateFraction),
  };
}

/** A block in the middle of its execution. */
class BlockRun {
  readonly receipts: Receipt[] = [];
  readonly #execution: BlockExecution;
  readonly #changes = new ChangeSet();
  readonly #bloom = new Uint8Array(BLOOM_BYTES);
  /** Before Byzantium each receipt holds a state root, so changes are applied at once. */
  readonly #appliesEach: boolean;
  #gasUsed = 0n;
  #blobGasUsed = 0n;

  constructor(execution: BlockExecution) {
    this.#execution = execution;
    this.#appliesEach = !execution.blockRules.is('byzantium');
  }

  keep(changes: StateChanges): void {
    this.#changes.add(changes);
    if (this.#appliesEach) this.#execution.state.apply(changes);
  }

  /** Executes the transaction at a place of the block. */
  async transact(index: number, bytes: Uint8Array): Promise<void> {
    const { spec, blockRules, evm, block, state } = this.#execution;
    const { rules } = blockRules;
    const accepted = acceptTransaction(bytes, { chainId: spec.chainId, rules });
    if (!accepted.ok) throw invalidTransaction(index, accepted.fault, accepted.message);
    const { transaction } = accepted;
    this.#countBlobs(index, transaction);
    const blockGasLeft = block.header.gasLimit - this.#gasUsed;
    const result = await evm.transact(transaction, { blockGasLeft });
    if (result.status === 'refused') throw invalidTransaction(index, result.reason, result.message);
    this.keep(result.changes);
    this.#gasUsed += result.gasUsed;
    const receipt = this.#receiptOf(transaction.type, result);
    mergeBloom(this.#bloom, receipt.bloom);
    this.receipts.push(this.#appliesEach ? { ...receipt, stateRoot: state.root() } : receipt);
  }

  /** Adds wei that come from nobody. */
  async credit(address: Address, amount: bigint): Promise<void> {
    const result = await this.#execution.evm.credit(address, amount);
    this.keep(result);
  }

  outcome(requests: readonly Request[]): BlockOutcome {
    if (!this.#appliesEach) this.#execution.state.apply(this.#changes);
    return {
      receipts: this.receipts,
      gasUsed: this.#gasUsed,
      blobGasUsed: this.#blobGasUsed,
      bloom: this.#bloom,
      requests,
      changes: this.#changes,
    };
  }

  #countBlobs(index: number, { blobVersionedHashes }: Transaction): void {
    this.#blobGasUsed += BigInt(blobVersionedHashes.length) * GAS_PER_BLOB;
    const limit = BigInt(this.#execution.blockRules.blobs?.max ?? 0) * GAS_PER_BLOB;
    if (this.#blobGasUsed <= limit) return;
    const message = `${this.#blobGasUsed} blob gas up to here, at most ${limit}`;
    throw invalidTransaction(index, 'too many blobs', message);
  }

  #receiptOf(type: TransactionType, result: ExecutionResult): Receipt {
    const { gasUsed, logs, created } = result;
    return {
      type,
      succeeded: result.status === 'success',
      stateRoot: undefined,
      cumulativeGasUsed: this.#gasUsed,
      gasUsed,
      bloom: logsBloom(logs),
      logs,
      contractAddress: created,
    };
  }
}

function invalidTransaction(index: number, reason: string, message: string): InvalidBlock {
  const text = `transaction ${index}: ${message}`;
  return new InvalidBlock('block/invalid transaction', text, { index, reason });
}
