/**
 * The machine's vocabulary as users and hosts see it: addresses and hashes are lower-case hex
 * strings, amounts and slots are bigints, bytes are Uint8Array. Nothing here is on the hot path:
 * inside the machine everything is words in linear memory (layout.ts).
 */

import type { StateAccesses } from './machine/accesses.ts';
import type { ReceiptLogs } from './machine/receipt-logs.ts';

export type Hex = `0x${string}`;
/** 20 bytes, lower case. */
export type Address = Hex;
/** 32 bytes, lower case. */
export type Hash = Hex;

/** What a state holds of one account. `codeHash` of an account without code is KECCAK_EMPTY. */
export interface Account {
  readonly nonce: bigint;
  readonly balance: bigint;
  readonly codeHash: Hash;
}

/**
 * What lies behind the machine: one view of the state (a block's parent). It is asked only for
 * what its caches lack. Answers may come synchronously or as promises; a synchronous machine call
 * (`transactSync`) refuses promises.
 */
export interface StateReader {
  getAccount(address: Address): Awaitable<Account | undefined>;
  getStorage(address: Address, slot: bigint): Awaitable<bigint>;
  getCode(codeHash: Hash): Awaitable<Uint8Array>;
  /** Whether the account's storage holds any non-zero slot (EIP-7610). */
  hasStorage(address: Address): Awaitable<boolean>;
  /** Hash of the block `number`, one of the 256 before the current one. */
  getBlockHash(number: bigint): Awaitable<Hash>;
}

export type Awaitable<T> = T | Promise<T>;

/** What a transaction (or a run of them) changed; `null` for an account that no longer exists. */
export interface StateChanges {
  readonly accounts: ReadonlyMap<Address, AccountChange | null>;
  /** Code that came into being, by hash. */
  readonly codes: ReadonlyMap<Hash, Uint8Array>;
}

export interface AccountChange extends Account {
  /** The storage there was before is gone; `storage` holds all there is. */
  readonly storageWiped: boolean;
  /** Slots that differ from before; zero means deleted. A message takes `new Map(storage)`. */
  readonly storage: ReadonlyMap<bigint, bigint>;
}

export interface Log {
  readonly address: Address;
  readonly topics: readonly Hash[];
  readonly data: Uint8Array;
}

/** The block that calls and transactions run in. */
export interface BlockEnvironment {
  readonly number: bigint;
  readonly timestamp: bigint;
  readonly coinbase: Address;
  readonly gasLimit: bigint;
  /** PREVRANDAO from Paris on. */
  readonly prevRandao: bigint;
  /** DIFFICULTY before Paris. */
  readonly difficulty: bigint;
  readonly baseFee: bigint;
  /** Price of blob gas (from excess blob gas, by the fork's schedule). */
  readonly blobBaseFee: bigint;
  /** EIP-7843, Amsterdam; 0 when left out. */
  readonly slotNumber?: bigint;
}

export interface AccessListEntry {
  readonly address: Address;
  readonly storageKeys: readonly Hash[];
}

export interface Authorization {
  readonly chainId: bigint;
  readonly address: Address;
  readonly nonce: bigint;
  /** Recovered signer; undefined when the signature recovers nobody (the entry is then skipped). */
  readonly authority: Address | undefined;
}

/** A transaction ready to be executed: decoded, its sender known. */
export interface Transaction {
  readonly type: 0 | 1 | 2 | 3 | 4;
  readonly sender: Address;
  readonly nonce: bigint;
  readonly gasLimit: bigint;
  /** undefined creates a contract. */
  readonly to: Address | undefined;
  readonly value: bigint;
  readonly data: Uint8Array;
  /** Gas price of types 0 and 1, max fee per gas of the others. */
  readonly maxFeePerGas: bigint;
  /** Equals maxFeePerGas for types 0 and 1. */
  readonly maxPriorityFeePerGas: bigint;
  readonly accessList: readonly AccessListEntry[];
  readonly maxFeePerBlobGas: bigint;
  readonly blobVersionedHashes: readonly Hash[];
  readonly authorizationList: readonly Authorization[];
}

export type Engine = 'interpreter' | 'compiler' | 'auto';

/** How a frame ended. The names of exceptional halts are those of layout.ts, STATUS_*. */
export type HaltReason =
  | 'out of gas'
  | 'invalid opcode'
  | 'stack underflow'
  | 'stack overflow'
  | 'bad jump destination'
  | 'static state change'
  | 'return data out of bounds'
  | 'create collision'
  | 'code too large'
  | 'invalid code prefix'
  | 'init code too large'
  | 'nonce overflow'
  | 'precompile failure';

export type ExecutionResult =
  | ({ readonly status: 'success' } & Executed)
  | ({ readonly status: 'revert' } & Executed)
  | ({ readonly status: 'halt'; readonly reason: HaltReason } & Executed);

interface Executed {
  /** Gas used after refunds (of a call: by the frame). */
  readonly gasUsed: bigint;
  readonly gasRefunded: bigint;
  /** Part of the gas used that paid for the state's growth (EIP-8037); 0 before Amsterdam. */
  readonly stateGasUsed: bigint;
  /**
   * Gas that counts towards the block's limit, state gas apart: what was used, from Amsterdam on
   * before refunds (EIP-7778).
   */
  readonly blockGasUsed: bigint;
  readonly output: Uint8Array;
  readonly logs: readonly Log[];
  /**
   * The logs as a receipt holds them; undefined unless they were asked for, and where they take
   * more than the machine's staging region, 1 or 16 MiB: then they are to be made of `logs`.
   */
  readonly receiptLogs: ReceiptLogs | undefined;
  /** Address of the contract that a creating transaction made. */
  readonly created: Address | undefined;
  readonly changes: StateChanges;
  /** What was read and written, by field; undefined unless `accesses` was asked for. */
  readonly accesses: StateAccesses | undefined;
}

/** A transaction that may not be in a block; nothing changed. */
export interface Refused {
  readonly status: 'refused';
  readonly reason: RefusalReason;
  /** Names the values. */
  readonly message: string;
}

export type TransactionResult = ExecutionResult | Refused;

/** Why a transaction is refused; one name a rule. */
export type RefusalReason =
  | 'type not supported'
  | 'nonce too low'
  | 'nonce too high'
  | 'nonce overflow'
  | 'sender has code'
  | 'insufficient funds'
  | 'intrinsic gas too low'
  | 'floor gas too low'
  | 'gas limit exceeds block'
  | 'gas limit exceeds maximum'
  | 'fee below base fee'
  | 'priority fee above fee'
  | 'init code too large'
  | 'blob fee below base'
  | 'no blobs'
  | 'too many blobs'
  | 'invalid blob hash version'
  | 'blob creates contract'
  | 'empty authorization list'
  | 'set code creates contract'
  | 'gas price overflow';
