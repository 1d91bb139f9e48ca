/** What an EVM takes and offers: options, requests, methods. */
import type { AccessListResult } from './access-list.ts';
import type { CompilationOptions, TierStatistics } from './compilation-options.ts';
import type {
  CustomPrecompiles,
  ExecutionOptions,
  Limits,
  TransactionChecks,
} from './execution-options.ts';
import type { ForkName } from './forks/names.ts';
import type { Rules } from './forks/rules.ts';
import type { JobExecutor, JobReport, JobTransactions } from './parallel/job.ts';
import type { PrecompileHost } from './precompiles/precompile.ts';
import type {
  AccessListEntry,
  Address,
  BlockEnvironment,
  Engine,
  StateChanges,
  StateReader,
  Transaction,
  TransactionResult,
} from './types.ts';

export interface EVMOptions {
  /** Osaka when left out. */
  readonly fork?: ForkName;
  /** Rules of one's own; they name the fork whose opcodes they use. */
  readonly rules?: Rules;
  /** `auto` when left out: what is hot is compiled. */
  readonly engine?: Engine;
  /**
   * Calls, or jumps to one place, after which `auto` compiles: 5,000, in a worker. With one given
   * it compiles in the calling thread, so that the same calls move over at the same places.
   */
  readonly hotThreshold?: number;
  readonly compilation?: CompilationOptions;
  /**
   * Whether the memory can be shared between threads. When left out, wherever it is allowed: in
   * Node.js, and in pages that are isolated from other origins.
   */
  readonly sharedMemory?: boolean;
  /** Empty when left out. */
  readonly state?: StateReader;
  readonly chainId?: bigint;
  readonly block?: Partial<BlockEnvironment>;
  /** Runs the fork's precompiles; the ones of this package when left out. */
  readonly precompiles?: PrecompileHost;
  /** Beside the fork's, for all calls. */
  readonly customPrecompiles?: CustomPrecompiles;
  /** Other limits than the fork's, for all calls. */
  readonly limits?: Limits;
  /**
   * Asks the state for an account's code, too, that was found in a frame which was undone: for
   * whoever writes down what is asked. Slower by two returns to the host for each call.
   */
  readonly forgetsUndoneCodes?: boolean;
}

export interface TransactOptions extends ExecutionOptions {
  /** Keep the changes for what follows in this block (default), or forget them. */
  readonly commit?: boolean;
  /** Gas that the block has left; its gas limit when left out. */
  readonly blockGasLeft?: bigint;
  /** State gas left in the block (EIP-8037); the block's gas limit when left out. */
  readonly blockStateGasLeft?: bigint;
  /** The frame alone: no checks, no intrinsic gas, no fees, no nonce, no refund. */
  readonly callOnly?: boolean;
  /**
   * With `callOnly`: a call by the chain itself, of no value (EIP-4788). Neither the sender nor the
   * coinbase is looked at before it begins, and neither is warm.
   */
  readonly systemCall?: boolean;
  readonly checks?: TransactionChecks;
  /** For whoever makes receipts: bloom and RLP of the logs, as `result.receiptLogs`. */
  readonly receiptLogs?: boolean;
}

/** A call outside any transaction: the frame alone. */
export interface CallRequest extends ExecutionOptions {
  readonly from?: Address;
  /** undefined runs `data` as init code. */
  readonly to?: Address;
  readonly data?: Uint8Array;
  /** Wei; the sender must have it, unless `checks.balance` is false. */
  readonly value?: bigint;
  /** A thousand million when left out. */
  readonly gas?: bigint;
  /** What GASPRICE gives; nobody pays it. */
  readonly gasPrice?: bigint;
  /** Warm from the start, at no price. */
  readonly accessList?: readonly AccessListEntry[];
  readonly checks?: Pick<TransactionChecks, 'balance'>;
}

/** How many commits came before; good until an older one is reverted to or `setState`. */
export type EVMSnapshot = number;

export interface EVM {
  readonly rules: Rules;
  /** Executes a call and forgets what it changed; gas used is the frame's. */
  call(request: CallRequest): Promise<TransactionResult>;
  /** Executes a transaction, waiting for the state where it answers by promises. */
  transact(transaction: Transaction, options?: TransactOptions): Promise<TransactionResult>;
  /** The same for a state that answers at once. @throws EVMError when it gives a promise */
  transactSync(transaction: Transaction, options?: TransactOptions): TransactionResult;
  /**
   * Executes the transactions of a block on several threads, as if they were executed and
   * committed one after another; those that are refused change nothing. undefined: this EVM, or
   * these transactions, can only be executed one after another; nothing has changed.
   * @throws EVMError 'evm/worker lost': the EVM is not to be used again; what the state throws
   */
  transactAll(transactions: JobTransactions, crew: JobExecutor): Promise<JobReport | undefined>;
  /**
   * Adds wei that come from nobody (a withdrawal, a reward) to an account, for what follows in
   * this block; an account that is empty then is cleared by the fork's rules.
   */
  credit(address: Address, amount: bigint): Promise<StateChanges>;
  /**
   * The access list that makes the transaction's accesses warm (`eth_createAccessList`); nonce,
   * balance and base fee are not checked, and nothing is kept.
   */
  createAccessList(transaction: Transaction, options?: ExecutionOptions): Promise<AccessListResult>;
  /** A point of the block to go back to; costs nothing until something is committed. */
  snapshot(): EVMSnapshot;
  /** Takes back what was committed since; the snapshot stays good, younger ones do not. */
  revert(snapshot: EVMSnapshot): void;
  /** Another state: forgets all changes and all that was cached of the old one. */
  setState(state: StateReader): void;
  /**
   * The same state, read elsewhere from now on: `state` is what the EVM's was with all that was
   * committed since. What the EVM knows of it stays, unless it has become too much.
   */
  continueOn(state: StateReader): void;
  /** What is compiled now. */
  tierStatistics(): TierStatistics;
  setBlock(block: BlockEnvironment): void;
  setChainId(chainId: bigint): void;
}
