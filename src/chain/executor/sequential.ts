/**
 * One block executed, transaction after transaction: system calls, transactions, withdrawals,
 * requests, rewards. What a block is checked against and what a builder writes into its header
 * both come from here.
 */

import { maxOf } from '../../base/integers.ts';
import type { TransactionChecks } from '../../evm/execution-options.ts';
import { blobBaseFee } from '../../evm/forks/blob.ts';
import type { CallHooks } from '../../evm/machine/hooks.ts';
import { NO_LOGS } from '../../evm/machine/receipt-logs.ts';
import type { TraceStep } from '../../evm/machine/steps.ts';
import type { JobTransaction } from '../../evm/parallel/job.ts';
import type {
  Address,
  BlockEnvironment,
  ExecutionResult,
  Hash,
  Log,
  Refused,
  StateChanges,
  Transaction,
} from '../../evm/types.ts';
import { ChangeSet } from '../../state/change-set.ts';
import { AccessListBuilder, type BlockAccessList, fitsGasLimit } from '../blocks/access-list.ts';
import type { Block } from '../blocks/block.ts';
import { BLOOM_BYTES, logsBloom, mergeBloom } from '../blocks/bloom.ts';
import { InvalidBlock } from '../blocks/fault.ts';
import { GAS_PER_BLOB } from '../blocks/fees.ts';
import type { BlockHeader } from '../blocks/header.ts';
import { type Receipt, receiptOf } from '../blocks/receipt.ts';
import type { Request } from '../blocks/requests.ts';
import { blockRewards, type Reward } from '../blocks/rewards.ts';
import type { BlockRules } from '../chain-spec.ts';
import { acceptTransaction } from '../transactions/check.ts';
import { typeOf } from '../transactions/sender-of.ts';
import { type KnownSenders, recoverAhead } from '../transactions/senders.ts';
import type { TransactionType } from '../transactions/types.ts';
import type { BlockSetting } from './block-setting.ts';
import { moveDaoEther } from './dao-fork.ts';
import { canSpread, type Offered, transactTogether } from './parallel.ts';
import { collectRequests, recordAncestors, type SystemCall } from './system-calls.ts';

/** Gwei of a withdrawal in wei. */
const GWEI = 1_000_000_000n;
/** No transaction takes less of what counts towards a block's limit. */
const TRANSACTION_GAS_MIN = 21_000n;

/** What of a header execution looks at; the rest comes of it. */
export type ExecutedHeader = Omit<
  BlockHeader,
  | 'unclesHash'
  | 'stateRoot'
  | 'transactionsRoot'
  | 'receiptsRoot'
  | 'logsBloom'
  | 'gasUsed'
  | 'nonce'
  | 'withdrawalsRoot'
  | 'blobGasUsed'
  | 'requestsHash'
  | 'blockAccessListHash'
>;

/** What a block holds behind its transactions. */
export interface BlockEnd extends Pick<Block, 'uncles'>, Required<Pick<Block, 'withdrawals'>> {
  /** Instead of the fork's. */
  readonly rewards?: readonly Reward[];
}

/** What a transaction is watched by: its steps as EIP-3155 has them, and what it came to. */
export interface TransactionWatch {
  readonly hooks?: CallHooks;
  /** What is not asked of it. */
  readonly checks?: TransactionChecks;
  readonly onStep?: (step: TraceStep) => void;
  /** Whether what it looked at and wrote is wanted. */
  readonly accesses?: boolean;
  readonly onEnd?: (result: ExecutionResult) => void;
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
  /** Amsterdam. */
  readonly accessList: BlockAccessList | undefined;
  readonly changes: StateChanges;
}

/**
 * Executes the block upon its parent's state; the changes are applied to `state`, and nothing
 * else is touched. @throws InvalidBlock
 */
export async function executeBlock(
  setting: BlockSetting,
  { header, transactions, uncles, withdrawals }: Omit<Block, 'hash'>,
  senders: KnownSenders = recoverAhead(transactions),
  after?: Offered['after'],
): Promise<BlockOutcome> {
  const run = new BlockRun(setting, header);
  await run.begin();
  const together = await run.transactAll(transactions, (index) => senders.of(index), { after });
  for (const [index, bytes] of together === undefined ? transactions.entries() : []) {
    await run.transact(bytes, senders.of(index));
  }
  for (const each of together ?? []) if (each instanceof InvalidBlock) throw each;
  return run.finish({ uncles, withdrawals: withdrawals ?? [] });
}

/** The environment that a header makes. */
export function blockEnvironment(header: ExecutedHeader, { blobs }: BlockRules): BlockEnvironment {
  const { number, timestamp, coinbase, gasLimit, difficulty, mixHash } = header;
  const { baseFeePerGas = 0n, excessBlobGas = 0n, slotNumber = 0n } = header;
  return {
    number,
    timestamp,
    coinbase,
    gasLimit,
    difficulty,
    prevRandao: BigInt(mixHash),
    baseFee: baseFeePerGas,
    blobBaseFee: blobs === undefined ? 0n : blobBaseFee(excessBlobGas, blobs.baseFeeUpdateFraction),
    slotNumber,
  };
}

/** What a receipt is made of. */
type Ended = Pick<
  ExecutionResult,
  'gasUsed' | 'blockGasUsed' | 'stateGasUsed' | 'receiptLogs' | 'created'
> & {
  readonly status: ExecutionResult['status'] | 'failed';
  readonly logs?: readonly Log[];
};

/** A block in the middle of its execution: `begin`, `transact` for each, `finish`. */
export class BlockRun {
  readonly #setting: BlockSetting;
  readonly #header: ExecutedHeader;
  readonly #receipts: Receipt[] = [];
  readonly #changes = new ChangeSet();
  readonly #bloom = new Uint8Array(BLOOM_BYTES);
  /** Before Byzantium each receipt holds a state root, so changes are applied at once. */
  readonly #appliesEach: boolean;
  /** From Amsterdam on. */
  readonly #accessList: AccessListBuilder | undefined;
  /** What the transactions paid for. */
  #gasPaid = 0n;
  /** What counts towards the limit: of execution, and of the state's growth (EIP-8037). */
  #gasUsed = 0n;
  #stateGasUsed = 0n;
  #blobGasUsed = 0n;

  constructor(setting: BlockSetting, header: ExecutedHeader) {
    this.#setting = setting;
    this.#header = header;
    this.#appliesEach = !setting.blockRules.is('byzantium');
    if (setting.blockRules.is('amsterdam')) {
      this.#accessList = new AccessListBuilder((address) => setting.state.getAccount(address));
    }
  }

  /** Gas for the state's growth (EIP-8037) may be used up: a transfer takes none. */
  get mayTakeAnother(): boolean {
    return this.#header.gasLimit - this.#gasUsed >= TRANSACTION_GAS_MIN;
  }

  /** What comes before the transactions. */
  async begin(): Promise<void> {
    const { spec, blockRules, evm, isAtParent, state } = this.#setting;
    const movesEther = spec.daoFork === this.#header.number;
    if (movesEther) this.#keep(moveDaoEther(state));
    if (isAtParent === true && !movesEther) evm.continueOn(state);
    else evm.setState(state);
    evm.setChainId(spec.chainId);
    evm.setBlock(blockEnvironment(this.#header, blockRules));
    this.#keepCalls(await recordAncestors(this.#setting, this.#header));
  }

  /**
   * Executes all transactions on several threads, at the beginning of a block: of each the receipt,
   * or why it is refused and has changed nothing. Each counts when it is asked for, so none may be
   * left but those that are refused. undefined: nothing was executed, and they are to be given to
   * `transact`, one after another. `after` and `meanwhile`: see JobTransactions.
   */
  async transactAll(
    transactions: readonly Uint8Array[],
    senderOf: (index: number) => Address | undefined,
    { after, meanwhile }: Pick<Offered, 'after' | 'meanwhile'> = {},
  ): Promise<IteratorObject<Receipt | InvalidBlock> | undefined> {
    const { spreading, evm, blockRules } = this.#setting;
    if (!canSpread(blockRules, transactions.length, spreading)) return undefined;
    /** Of those that have any. */
    const blobGas = new Map<number, bigint>();
    const accept = (index: number, sender: Address | undefined): Transaction => {
      const { transaction, blobGasUsed } = this.#accept(transactions[index] as Uint8Array, sender);
      if (transaction.type === 3) blobGas.set(index, blobGasUsed - this.#blobGasUsed);
      this.#blobGasUsed = blobGasUsed;
      return transaction;
    };
    const { length } = transactions;
    const listsAccesses = this.#accessList !== undefined;
    const offered = {
      ...{ length, after, listsAccesses, meanwhile },
      [Symbol.iterator]: () => made(),
    };
    function* made(): Generator<JobTransaction> {
      for (const [index, raw] of transactions.entries()) {
        const sender = senderOf(index);
        if (sender === undefined) yield accept(index, sender);
        else yield { raw, sender, decode: () => accept(index, sender) };
      }
    }
    const report = await transactTogether(evm, offered, spreading);
    this.#blobGasUsed = 0n;
    if (report === undefined) return undefined;
    this.#keep(report.changes);
    return report.results.values().map((result, index) => {
      const bytes = transactions[index] as Uint8Array;
      if (result.status === 'refused') return this.#refusedBy(result, bytes, senderOf(index));
      this.#blobGasUsed += blobGas.get(index) ?? 0n;
      if (result.accesses !== undefined) {
        this.#accessList?.next();
        this.#accessList?.addJob(result.accesses);
      }
      return this.#take(typeOf(bytes) as TransactionType, result);
    });
  }

  /**
   * Executes the next transaction, given as a block holds it.
   * @throws InvalidBlock `block/invalid transaction`; the block is as it was before
   */
  async transact(bytes: Uint8Array, sender?: Address, watch?: TransactionWatch): Promise<Receipt> {
    const { evm, state } = this.#setting;
    const { transaction, blobGasUsed } = this.#accept(bytes, sender);
    const { gasLimit } = this.#header;
    const result = await evm.transact(transaction, {
      blockGasLeft: gasLimit - this.#gasUsed,
      blockStateGasLeft: gasLimit - this.#stateGasUsed,
      accesses: this.#accessList !== undefined || watch?.accesses === true,
      receiptLogs: true,
      ...(watch?.onStep && { onStep: watch.onStep }),
      ...(watch?.hooks && { hooks: watch.hooks }),
      ...(watch?.checks && { checks: watch.checks }),
    });
    if (result.status === 'refused') throw this.#invalid(result.reason, result.message);
    watch?.onEnd?.(result);
    this.#keep(result.changes);
    this.#accessList?.next();
    this.#accessList?.add(result.accesses, result.changes);
    this.#blobGasUsed = blobGasUsed;
    return this.#take(transaction.type, result, this.#appliesEach ? state.root() : undefined);
  }

  /** As one after another says it: what needs no state comes first. */
  #refusedBy(refused: Refused, bytes: Uint8Array, sender: Address | undefined): InvalidBlock {
    try {
      this.#accept(bytes, sender);
    } catch (error) {
      if (error instanceof InvalidBlock) return error;
      throw error;
    }
    return this.#invalid(refused.reason, refused.message);
  }

  /** Checks what needs no state. @throws InvalidBlock */
  #accept(bytes: Uint8Array, sender: Address | undefined) {
    const { spec, blockRules } = this.#setting;
    const { rules } = blockRules;
    const accepted = acceptTransaction(bytes, { chainId: spec.chainId, rules }, sender);
    if (!accepted.ok) throw this.#invalid(accepted.fault, accepted.message);
    const { transaction } = accepted;
    return { transaction, blobGasUsed: this.#blobGasWith(transaction) };
  }

  /** The next transaction has ended. */
  #take(type: TransactionType, ended: Ended, stateRoot?: Hash): Receipt {
    this.#gasPaid += ended.gasUsed;
    this.#gasUsed += ended.blockGasUsed;
    if (this.#setting.blockRules.rules.metersStateGas) this.#stateGasUsed += ended.stateGasUsed;
    const receipt = this.#receiptOf(type, ended, stateRoot);
    this.#receipts.push(receipt);
    return receipt;
  }

  /** What comes after the transactions. @throws InvalidBlock */
  async finish({ uncles, withdrawals, ...end }: BlockEnd): Promise<BlockOutcome> {
    this.#accessList?.next();
    for (const { address, amount } of withdrawals) await this.#credit(address, amount * GWEI);
    const collected = await collectRequests(this.#setting, this.#receipts);
    this.#keepCalls(collected.calls);
    const { blockRules, state } = this.#setting;
    const rewards = end.rewards ?? blockRewards(this.#header, uncles, blockRules);
    for (const { address, amount } of rewards) {
      await this.#credit(address, amount);
    }
    const accessList = this.#accessList?.build();
    if (accessList !== undefined && !fitsGasLimit(accessList, this.#header.gasLimit)) {
      const message = `the access list is too long for ${this.#header.gasLimit} gas`;
      throw new InvalidBlock('block/access list too long', message);
    }
    if (!this.#appliesEach) state.apply(this.#changes);
    return {
      receipts: this.#receipts,
      gasUsed: maxOf(this.#gasUsed, this.#stateGasUsed),
      blobGasUsed: this.#blobGasUsed,
      bloom: this.#bloom,
      requests: collected.requests,
      accessList,
      changes: this.#changes,
    };
  }

  #keep(changes: StateChanges): void {
    this.#changes.add(changes);
    if (this.#appliesEach) this.#setting.state.apply(changes);
  }

  async #credit(address: Address, amount: bigint): Promise<void> {
    const changes = await this.#setting.evm.credit(address, amount);
    this.#accessList?.touch(address);
    this.#accessList?.add(undefined, changes);
    this.#keep(changes);
  }

  #keepCalls(calls: readonly SystemCall[]): void {
    for (const { address, accesses, changes } of calls) {
      this.#accessList?.touch(address);
      if (changes === undefined) continue;
      this.#accessList?.add(accesses, changes);
      this.#keep(changes);
    }
  }

  #blobGasWith({ blobVersionedHashes }: Transaction): bigint {
    const sum = this.#blobGasUsed + BigInt(blobVersionedHashes.length) * GAS_PER_BLOB;
    const limit = BigInt(this.#setting.blockRules.blobs?.max ?? 0) * GAS_PER_BLOB;
    if (sum <= limit) return sum;
    throw this.#invalid('too many blobs', `${sum} blob gas up to here, at most ${limit}`);
  }

  #receiptOf(type: TransactionType, ended: Ended, stateRoot: Hash | undefined): Receipt {
    const { gasUsed, receiptLogs, created } = ended;
    const fields = {
      type,
      succeeded: ended.status === 'success',
      stateRoot,
      cumulativeGasUsed: this.#gasPaid,
      gasUsed,
      contractAddress: created,
    };
    if (receiptLogs !== undefined) {
      if (receiptLogs !== NO_LOGS) mergeBloom(this.#bloom, receiptLogs.bytes);
      return receiptOf(fields, receiptLogs);
    }
    const { logs = [] } = ended;
    const bloom = logsBloom(logs);
    mergeBloom(this.#bloom, bloom);
    return { ...fields, bloom, logs };
  }

  #invalid(reason: string, message: string): InvalidBlock {
    const index = this.#receipts.length;
    const text = `transaction ${index}: ${message}`;
    return new InvalidBlock('block/invalid transaction', text, { index, reason, message });
  }
}
