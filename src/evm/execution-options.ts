/**
 * What one call may do differently from the chain: pretend another state or block, leave checks
 * out, move limits, have precompiles of its own, and be watched.
 */
import type { CallHooks } from './machine/hooks.ts';
import type { StepReport } from './machine/steps.ts';
import type { Address, BlockEnvironment } from './types.ts';

/** What to pretend of an account; what is left out is as the state has it. */
export interface AccountOverride {
  /** Wei. */
  readonly balance?: bigint;
  readonly nonce?: bigint;
  readonly code?: Uint8Array;
  /** All the storage there is; other slots are zero. Not together with `stateDiff`. */
  readonly state?: ReadonlyMap<bigint, bigint>;
  /** Slots that differ; the others are as the state has them. */
  readonly stateDiff?: ReadonlyMap<bigint, bigint>;
  /** The precompile that stands at this address stands at that one instead. */
  readonly movePrecompileToAddress?: Address;
}

export type StateOverrides = Readonly<Record<Address, AccountOverride>>;

/** Checks of a transaction; each holds unless it is `false`. */
export interface TransactionChecks {
  /** The nonce is the sender's. */
  readonly nonce?: boolean;
  /** The sender can pay: without it, it pays what it has. */
  readonly balance?: boolean;
  /** The fee reaches the base fee and the blob base fee: without it, no tip is paid. */
  readonly baseFee?: boolean;
  /** EIP-3607: the sender has no code. */
  readonly senderCode?: boolean;
}

/** Limits other than the fork's; 0 lifts one. */
export interface Limits {
  /** Bytes of a contract's code (EIP-170). */
  readonly codeSize?: number;
  /** Bytes of init code (EIP-3860). */
  readonly initCodeSize?: number;
  /** Gas of one transaction (EIP-7825). */
  readonly transactionGas?: bigint;
}

/**
 * A precompile of one's own: takes the call's input and gas. `undefined` fails and takes all gas,
 * and so does using more than there is.
 */
export type CustomPrecompile = (
  input: Uint8Array,
  gas: bigint,
) => { readonly gasUsed: bigint; readonly output: Uint8Array } | undefined;

export type CustomPrecompiles = Readonly<Record<Address, CustomPrecompile>>;

/**
 * Ways to end a call before it ends by itself: it then throws EVMError `evm/stopped`, and nothing
 * has changed. A stop is seen within milliseconds, whatever code runs.
 */
export interface StopOptions {
  /**
   * Aborts the call. The event loop gets a turn every two milliseconds while it runs; not in
   * `transactSync`, which sees only what was aborted before.
   */
  readonly signal?: AbortSignal;
  /** Milliseconds that the call may take, from when its turn has come. */
  readonly timeoutMs?: number;
  /** On shared memory: stops as soon as another thread has stored something but 0 at index 0. */
  readonly stopFlag?: Int32Array;
}

export interface ExecutionOptions extends StopOptions {
  /** Pretended for this call alone: only with `commit: false`. */
  readonly overrides?: StateOverrides;
  /** Fields of the block that differ for this call. The fork stays. */
  readonly block?: Partial<BlockEnvironment>;
  readonly limits?: Limits;
  /** Beside the fork's; an address of the fork's is replaced. */
  readonly customPrecompiles?: CustomPrecompiles;
  readonly hooks?: CallHooks;
  /** Collect what the call read and wrote, by field: `result.accesses`. */
  readonly accesses?: boolean;
  /** false: nobody looks at `result.changes`, which is empty then. */
  readonly changes?: boolean;
  /**
   * Called after each instruction (EIP-3155); the interpreter then runs alone. A promise is waited
   * for before the next instruction, so that whoever writes steps down may be slow; not in
   * `transactSync`, and not the last one.
   */
  readonly onStep?: StepReport;
  /** Whether each step holds the memory before it. */
  readonly stepMemory?: boolean;
}
