/**
 * The virtual machine as a library: `createEVM` gives an EVM over a state, which executes
 * transactions and calls and says what they changed. The state itself is never written.
 *
 * @example
 * const evm = createEVM({ fork: 'osaka', state });
 * const result = await evm.transact(transaction);
 * if (result.status === 'success') state.apply(result.changes);
 */
import { type AccessListResult, findAccessList } from './access-list.ts';
import type {
  CustomPrecompiles,
  ExecutionOptions,
  Limits,
  TransactionChecks,
} from './execution-options.ts';
import type { ForkName } from './forks/names.ts';
import { forkIndex } from './forks/names.ts';
import { type Rules, rulesOf } from './forks/rules.ts';
import {
  checkBlock,
  checkGas,
  checkObject,
  checkTransaction,
  checkU64,
  checkWord,
  InputError,
} from './input.ts';
import * as layout from './layout.ts';
import { readAccesses, readWarm, type StateAccesses } from './machine/accesses.ts';
import { type Arena, attachArena, prepareArena, reserveArena } from './machine/arena.ts';
import {
  activePrecompiles,
  CALL_RULES_BYTES,
  encodeCallRules,
  limitRules,
  runActive,
} from './machine/call-rules.ts';
import { encodeBlock, encodeTransaction } from './machine/encode.ts';
import { type CallHooks, HookReader } from './machine/hooks.ts';
import { createMachine, type Machine } from './machine/instance.ts';
import { createMemory, type MachineMemory } from './machine/memory.ts';
import { applyOverrides, checkOverrides, dropOverrides } from './machine/overrides.ts';
import { serveRequest } from './machine/requests.ts';
import { copyLogs, decodeLogs, readChanges, readOutput } from './machine/results.ts';
import { haltReason } from './machine/statuses.ts';
import { StepReader } from './machine/steps.ts';
import { HOT_THRESHOLD, Tiers } from './machine/tiers.ts';
import { VersionUndo } from './machine/undo.ts';
import { readAddress, readWord } from './machine/words.ts';
import type { PrecompileHost } from './precompiles/precompile.ts';
import { runPrecompile } from './precompiles/table.ts';
import type {
  AccessListEntry,
  Address,
  Awaitable,
  BlockEnvironment,
  Engine,
  HaltReason,
  Log,
  RefusalReason,
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
  /** Calls, or jumps to one place, after which `auto` compiles. */
  readonly hotThreshold?: number;
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
}

export type { AccessListResult } from './access-list.ts';
export type * from './execution-options.ts';
export type { ForkName } from './forks/names.ts';
export type { Rules } from './forks/rules.ts';
export type { InputError } from './input.ts';
export type { AccountAccess, SlotAccess, StateAccesses } from './machine/accesses.ts';
export type { CallEnter, CallExit, CallHooks, CallKind } from './machine/hooks.ts';
export type { TraceStep } from './machine/steps.ts';
export type { PrecompileHost } from './precompiles/precompile.ts';
export type * from './types.ts';

export interface TransactOptions extends ExecutionOptions {
  /** Keep the changes for what follows in this block (default), or forget them. */
  readonly commit?: boolean;
  /** Gas that the block has left; its gas limit when left out. */
  readonly blockGasLeft?: bigint;
  /** The frame alone: no checks, no intrinsic gas, no fees, no nonce, no refund. */
  readonly callOnly?: boolean;
  readonly checks?: TransactionChecks;
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
  /** The same for a state that answers at once. @throws TypeError when it gives a promise */
  transactSync(transaction: Transaction, options?: TransactOptions): TransactionResult;
  /** Another state: forgets all changes and all that was cached of the old one. */
  /**
   * The access list that makes the transaction's accesses warm (`eth_createAccessList`); nonce,
   * balance and base fee are not checked, and nothing is kept.
   */
  createAccessList(transaction: Transaction, options?: ExecutionOptions): Promise<AccessListResult>;
  /** A point of the block to go back to; costs nothing until something is committed. */
  snapshot(): EVMSnapshot;
  /** Takes back what was committed since; the snapshot stays good, younger ones do not. */
  revert(snapshot: EVMSnapshot): void;
  setState(state: StateReader): void;
  setBlock(block: BlockEnvironment): void;
  setChainId(chainId: bigint): void;
}

const NO_STATE: StateReader = {
  getAccount: () => undefined,
  getStorage: () => 0n,
  getCode: () => new Uint8Array(),
  hasStorage: () => false,
  getBlockHash: () => `0x${'00'.repeat(32)}`,
};

const DEFAULT_BLOCK: BlockEnvironment = {
  number: 1n,
  timestamp: 1n,
  coinbase: `0x${'00'.repeat(20)}`,
  gasLimit: 1_000_000_000n,
  prevRandao: 0n,
  difficulty: 0n,
  baseFee: 0n,
  blobBaseFee: 1n,
};

const REFUSALS: readonly RefusalReason[] = [
  'type not supported',
  'nonce too low',
  'nonce too high',
  'nonce overflow',
  'sender has code',
  'insufficient funds',
  'intrinsic gas too low',
  'floor gas too low',
  'gas limit exceeds block',
  'gas limit exceeds maximum',
  'fee below base fee',
  'priority fee above fee',
  'init code too large',
  'blob fee below base',
  'no blobs',
  'too many blobs',
  'invalid blob hash version',
  'blob creates contract',
  'empty authorization list',
  'set code creates contract',
  'gas price overflow',
];

const ZERO_ADDRESS: Address = `0x${'00'.repeat(20)}`;
/** Gas of a call that names none. */
const CALL_GAS = 1_000_000_000n;

/** Bytes of the heap for code and tables. */
const HEAP_BYTES = 0x6000_0000;

export function createEVM(options: EVMOptions = {}): EVM {
  const rules = options.rules ?? rulesOf(options.fork ?? 'osaka');
  const memory = createMemory({ shared: true });
  const arena = reserveArena(memory);
  memory.startHeap(HEAP_BYTES);
  const machine = createMachine(memory, rules);
  if (machine.runtime.codesInit() === 0) throw new RangeError('no memory is left for code');
  prepareArena(machine, arena);
  attachArena(machine, arena);
  return new LocalEVM(machine, arena, options);
}

/** An EVM whose machine lives in this thread. */
class LocalEVM implements EVM {
  readonly rules: Rules;
  readonly #machine: Machine;
  readonly #memory: MachineMemory;
  readonly #arena: Arena;
  readonly #precompiles: PrecompileHost;
  readonly #tiers: Tiers;
  #state: StateReader;
  #block: BlockEnvironment;
  #chainId: bigint;
  #steps: StepReader | undefined;
  #hooks: HookReader | undefined;
  /** Rules and overrides of one call: their places in memory, made when first needed. */
  #callRules = 0;
  #overrides = 0;
  #activePrecompiles: PrecompileHost;
  #running = false;
  readonly #limits: Limits;
  readonly #custom: CustomPrecompiles;
  readonly #undo = new VersionUndo();

  constructor(machine: Machine, arena: Arena, options: EVMOptions) {
    this.rules = machine.rules;
    this.#machine = machine;
    this.#memory = machine.memory;
    this.#arena = arena;
    this.#precompiles = options.precompiles ?? runPrecompile;
    this.#activePrecompiles = this.#precompiles;
    this.#limits = options.limits ?? {};
    this.#custom = options.customPrecompiles ?? {};
    const threshold = options.hotThreshold ?? HOT_THRESHOLD;
    this.#tiers = new Tiers(machine, arena, options.engine ?? 'auto', threshold);
    this.#state = options.state ?? NO_STATE;
    this.#chainId = checkWord('chainId', options.chainId ?? 1n);
    this.#block = checkBlock({ ...DEFAULT_BLOCK, ...options.block });
    this.setBlock(this.#block);
  }

  setState(state: StateReader): void {
    this.#state = state;
    this.#undo.clear();
    this.#machine.runtime.layerClear(this.#arena.versions);
    this.#machine.runtime.layerClear(this.#arena.view);
  }

  setBlock(block: BlockEnvironment): void {
    this.#block = checkBlock(block);
    this.#writeBlock(this.#block);
  }

  #writeBlock(block: BlockEnvironment): void {
    encodeBlock(this.#memory, this.#arena, block, {
      chainId: this.#chainId,
      merged: forkIndex(this.rules.fork) >= forkIndex('paris'),
    });
  }

  setChainId(chainId: bigint): void {
    this.#chainId = checkWord('chainId', chainId);
    this.setBlock(this.#block);
  }

  call(request: CallRequest): Promise<TransactionResult> {
    checkObject('request', request);
    const { from, to, data, value, gas, gasPrice, accessList, ...options } = request;
    const transaction: Transaction = {
      type: 0,
      sender: from ?? ZERO_ADDRESS,
      nonce: 0n,
      gasLimit: checkGas('gas', gas ?? CALL_GAS),
      to,
      value: value ?? 0n,
      data: data ?? new Uint8Array(),
      maxFeePerGas: gasPrice ?? 0n,
      maxPriorityFeePerGas: gasPrice ?? 0n,
      accessList: accessList ?? [],
      maxFeePerBlobGas: 0n,
      blobVersionedHashes: [],
      authorizationList: [],
    };
    return this.transact(transaction, { ...options, callOnly: true, commit: false });
  }

  async transact(
    transaction: Transaction,
    options: TransactOptions = {},
  ): Promise<TransactionResult> {
    const checked = this.#enter(transaction, options);
    try {
      await this.#prepare(options);
      let status = this.#begin(checked, options);
      for (;;) {
        const waits = this.#serve(status);
        if (waits === 'ended') return this.#result(checked, status, options);
        if (waits instanceof Promise) await waits;
        status = this.#machine.runtime.resume(this.#arena.ctx);
      }
    } finally {
      this.#leave(options);
    }
  }

  transactSync(transaction: Transaction, options: TransactOptions = {}): TransactionResult {
    const checked = this.#enter(transaction, options);
    try {
      refusePromise(this.#prepare(options));
      let status = this.#begin(checked, options);
      for (;;) {
        const waits = this.#serve(status);
        if (waits === 'ended') return this.#result(checked, status, options);
        refusePromise(waits);
        status = this.#machine.runtime.resume(this.#arena.ctx);
      }
    } finally {
      this.#leave(options);
    }
  }

  async createAccessList(
    transaction: Transaction,
    options: ExecutionOptions = {},
  ): Promise<AccessListResult> {
    const checked = checkTransaction(transaction);
    const { ctx } = this.#arena;
    const run = async (accessList: Transaction['accessList'], hooks: CallHooks) => {
      let warm: ReadonlySet<Address> = new Set();
      let accesses: StateAccesses | undefined;
      const watched: CallHooks = {
        onEnter: (call) => {
          if (call.depth === 0) warm = readWarm(this.#machine, ctx);
          hooks.onEnter?.(call);
        },
        onExit: ({ depth }) => {
          if (depth === 0) accesses = readAccesses(this.#machine, ctx);
        },
      };
      const { type } = checked;
      const listed: Transaction = { ...checked, accessList, type: type === 0 ? 1 : type };
      const checks = { nonce: false, balance: false, baseFee: false };
      const result = await this.transact(listed, {
        ...options,
        hooks: watched,
        checks,
        commit: false,
      });
      return { result, accesses, warm, created: new Set<Address>() };
    };
    const precompiles = activePrecompiles(this.rules, [], {
      ...this.#custom,
      ...options.customPrecompiles,
    });
    return findAccessList(run, {
      given: checked.accessList,
      isPrecompile: (address) => precompiles.has(BigInt(address)),
      hasWarmth: this.rules.warmth,
    });
  }

  snapshot(): EVMSnapshot {
    return this.#undo.snapshot();
  }

  revert(snapshot: EVMSnapshot): void {
    if (this.#undo.revert(this.#machine, snapshot)) return;
    throw new InputError('snapshot', snapshot, 'what snapshot() gave, since the last setState');
  }

  /** Checks what was passed and takes the machine, which has one context. */
  #enter(transaction: Transaction, options: TransactOptions): Transaction {
    const checked = checkTransaction(transaction);
    checkObject('options', options);
    if (options.overrides !== undefined && options.commit !== false) {
      throw new InputError('commit', options.commit, 'false: overrides are pretended');
    }
    if (options.blockGasLeft !== undefined) checkU64('blockGasLeft', options.blockGasLeft);
    if (this.#running) {
      throw new InputError('transact', 'called while another call runs', 'one call at a time');
    }
    this.#running = true;
    return checked;
  }

  /** Puts in place what this call has of its own: block, rules, overrides, watchers. */
  #prepare(options: TransactOptions): Awaitable<void> {
    const { ctx } = this.#arena;
    if (options.block !== undefined) {
      this.#writeBlock(checkBlock({ ...this.#block, ...options.block }));
    }
    const overrides = options.overrides === undefined ? [] : checkOverrides(options.overrides);
    this.#prepareRules(options, overrides);
    const { onStep, hooks } = options;
    this.#steps = onStep && new StepReader(this.#memory, this.#arena, this.rules, onStep);
    if (hooks !== undefined) this.#hooks = new HookReader(this.#memory, ctx, [hooks]);
    if (overrides.length === 0) return;
    const { runtime } = this.#machine;
    if (this.#overrides === 0) {
      const layer = runtime.allocate(layout.LAYER_BYTES) >>> 0;
      if (layer !== 0) this.#memory.bytes().fill(0, layer, layer + layout.LAYER_BYTES);
      if (layer === 0 || !runtime.layerInit(layer)) {
        throw new RangeError('no memory is left for the overrides of a call');
      }
      this.#overrides = layer;
    }
    const settings = { overrides, state: this.#state };
    return applyOverrides(this.#machine, this.#arena, this.#overrides, settings);
  }

  #prepareRules(options: TransactOptions, overrides: ReturnType<typeof checkOverrides>): void {
    const limits = { ...this.#limits, ...options.limits };
    const custom = { ...this.#custom, ...options.customPrecompiles };
    const moves = overrides
      .filter(([address, { movePrecompileToAddress }]) => {
        const number = BigInt(address);
        return movePrecompileToAddress !== undefined || number <= 0x1ffn;
      })
      .map(([address, { movePrecompileToAddress }]) => [address, movePrecompileToAddress] as const);
    const special = moves.length > 0 || Object.keys(custom).length > 0;
    if (!special && Object.keys(limits).length === 0) return;
    const rules = limitRules(this.rules, limits);
    const precompiles = special ? activePrecompiles(this.rules, moves, custom) : undefined;
    if (this.#callRules === 0) {
      this.#callRules = this.#machine.runtime.allocate(CALL_RULES_BYTES) >>> 0;
      if (this.#callRules === 0) throw new RangeError('no memory is left for the rules of a call');
    }
    encodeCallRules(this.#machine, this.#callRules, { rules, precompiles });
    if (precompiles !== undefined) {
      this.#activePrecompiles = runActive(precompiles, this.#precompiles);
    }
    this.#memory.view().setUint32(this.#arena.ctx + layout.C_RULES, this.#callRules, true);
  }

  /** Takes away what the call had of its own, however it ended. */
  #leave(options: TransactOptions): void {
    this.#steps?.stop();
    this.#steps = undefined;
    this.#hooks?.stop();
    this.#hooks = undefined;
    this.#activePrecompiles = this.#precompiles;
    this.#tiers.endTransaction();
    dropOverrides(this.#machine, this.#arena);
    const { rulesAddress } = this.#machine;
    this.#memory.view().setUint32(this.#arena.ctx + layout.C_RULES, rulesAddress, true);
    if (options.block !== undefined) this.#writeBlock(this.#block);
    this.#running = false;
  }

  #begin(transaction: Transaction, options: TransactOptions): number {
    encodeTransaction(this.#memory, this.#arena, transaction, {
      flags: flagsOf(options),
      blockGasLeft: options.blockGasLeft ?? options.block?.gasLimit ?? this.#block.gasLimit,
    });
    return this.#machine.runtime.transact(this.#arena.ctx);
  }

  /** Does what a status asks of the host; `ended` when it asks nothing. */
  #serve(status: number): Awaitable<void> | 'ended' {
    if (status === layout.STATUS_NEED_STATE) {
      return serveRequest(this.#machine, this.#arena, this.#state);
    }
    if (status === layout.STATUS_NEED_PRECOMPILE) return this.#runPrecompile();
    if (status === layout.STATUS_STEP) return this.#steps?.observe();
    if (status === layout.STATUS_HOOK) return this.#hooks?.observe();
    if (status === layout.STATUS_HOT) return this.#tiers.compileReported();
    if (status <= layout.STATUS_LAST_HALT) return 'ended';
    if (status === layout.STATUS_HOST_LIMIT) {
      throw new RangeError(
        'the transaction needs more memory, logs or state than the limits allow',
      );
    }
    throw new RangeError(`the machine returned the unknown status ${status}`);
  }

  #runPrecompile(): void {
    const { ctx, inputsEnd } = this.#arena;
    const view = this.#memory.view();
    const fp = view.getUint32(ctx + layout.C_FRAME, true);
    const address = readWord(view, fp + layout.F_CODE_ADDRESS);
    const start = view.getUint32(fp + layout.F_INPUT, true);
    const size = view.getUint32(fp + layout.F_INPUT_SIZE, true);
    const gas = view.getBigInt64(fp + layout.F_GAS, true);
    const input = Uint8Array.from(this.#memory.bytes().subarray(start, start + size));
    const answer = this.#activePrecompiles(address, input, gas, this.rules);
    const { runtime } = this.#machine;
    if (answer === undefined) {
      runtime.completePrecompile(ctx, 0, gas, 0, 0);
      return;
    }
    const output = inputsEnd - Math.ceil(answer.output.length / 64) * 64;
    this.#memory.bytes().set(answer.output, output);
    runtime.completePrecompile(ctx, 1, answer.gasUsed, output, answer.output.length);
  }

  #result(transaction: Transaction, status: number, options: TransactOptions): TransactionResult {
    this.#steps?.stop();
    const { ctx } = this.#arena;
    const view = this.#memory.view();
    const tx = ctx + layout.C_TX;
    const refused = view.getUint32(tx + layout.TX_REFUSED, true);
    if (refused !== 0) {
      const reason = REFUSALS[refused - 1] as RefusalReason;
      return { status: 'refused', reason, message: describeRefusal(reason, transaction) };
    }
    if (options.commit !== false) this.#undo.beforeCommit(this.#machine, this.#arena);
    if (options.commit !== false && this.#machine.runtime.commitTransaction(ctx) === 0) {
      throw new RangeError('no memory is left for the changes of the block');
    }
    const succeeded =
      status === layout.STATUS_STOP ||
      status === layout.STATUS_RETURN ||
      status === layout.STATUS_SELFDESTRUCT;
    const creates = transaction.to === undefined && succeeded;
    const created: Address | undefined = creates
      ? readAddress(view, tx + layout.TX_CREATED)
      : undefined;
    const logs = copyLogs(this.#machine, this.#arena);
    let decoded: readonly Log[] | undefined;
    return {
      ...outcomeOf(status),
      gasUsed: view.getBigUint64(tx + layout.TX_GAS_USED, true),
      gasRefunded: view.getBigUint64(tx + layout.TX_GAS_REFUNDED, true),
      output: readOutput(this.#machine, this.#arena),
      // PERF: five thousand logs take longer to decode than to make; most callers never look.
      get logs() {
        decoded ??= decodeLogs(logs);
        return decoded;
      },
      created,
      changes: readChanges(this.#machine, this.#arena),
      accesses: options.accesses === true ? readAccesses(this.#machine, ctx) : undefined,
    };
  }
}

type Outcome =
  | { readonly status: 'success' }
  | { readonly status: 'revert' }
  | { readonly status: 'halt'; readonly reason: HaltReason };

function flagsOf({ callOnly, checks = {} }: TransactOptions): number {
  const skipped = (check: boolean | undefined, flag: number) => (check === false ? flag : 0);
  return (
    (callOnly === true ? layout.TX_FLAG_CALL_ONLY : 0) |
    skipped(checks.nonce, layout.TX_FLAG_SKIP_NONCE) |
    skipped(checks.balance, layout.TX_FLAG_SKIP_BALANCE) |
    skipped(checks.baseFee, layout.TX_FLAG_SKIP_BASE_FEE) |
    skipped(checks.senderCode, layout.TX_FLAG_SKIP_SENDER_CODE)
  );
}

function refusePromise(answer: Awaitable<void>): void {
  if (!(answer instanceof Promise)) return;
  // Whatever comes of it, nobody waits for it any more.
  answer.catch(() => {});
  throw new TypeError('the state answered by a promise: use transact, not transactSync');
}

/** What a final status of the machine means. */
function outcomeOf(status: number): Outcome {
  if (status === layout.STATUS_REVERT) return { status: 'revert' };
  const reason = haltReason(status);
  return reason === undefined ? { status: 'success' } : { status: 'halt', reason };
}

function describeRefusal(reason: RefusalReason, transaction: Transaction): string {
  const { sender, nonce, gasLimit, maxFeePerGas, value } = transaction;
  return (
    `${reason}: sender ${sender}, nonce ${nonce}, gas limit ${gasLimit}, ` +
    `max fee ${maxFeePerGas}, value ${value}`
  );
}
