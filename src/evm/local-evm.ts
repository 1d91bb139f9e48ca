/**
 * An EVM whose machine lives in this thread, without precompiles of its own: the library's core,
 * which depends on nothing. `evm.ts` adds the precompiles.
 */
import { type AccessListResult, findAccessList } from './access-list.ts';
import type { TierStatistics } from './compilation-options.ts';
import { EVMError } from './errors.ts';
import type {
  CallRequest,
  EVM,
  EVMOptions,
  EVMSnapshot,
  TransactOptions,
} from './evm-interface.ts';
import type { ExecutionOptions } from './execution-options.ts';
import { forkIndex } from './forks/names.ts';
import { type Rules, rulesOf } from './forks/rules.ts';
import {
  checkAddress,
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
import { type Arena, attachArena, prepareLayers, prepareOverlay } from './machine/arena.ts';
import { type Call, checkSystemCall, flagsOf, needOf, outcomeOf } from './machine/call.ts';
import { activePrecompiles } from './machine/call-rules.ts';
import { CallSettings } from './machine/call-settings.ts';
import { CodeHeap } from './machine/code-heap.ts';
import { type Context, ContextPool } from './machine/contexts.ts';
import { encodeBlock, encodeTransaction } from './machine/encode.ts';
import type { CallHooks } from './machine/hooks.ts';
import { createMachine, type Machine } from './machine/instance.ts';
import { canShareMemory, createMemory, HEAP_BYTES, type MachineMemory } from './machine/memory.ts';
import { completePrecompile, readPrecompileCall } from './machine/precompile-calls.ts';
import { readReceiptLogs } from './machine/receipt-logs.ts';
import { refusalOf } from './machine/refusals.ts';
import { serveRequest } from './machine/requests.ts';
import { copyLogs, decodeLogs, readChanges, readOutput } from './machine/results.ts';
import { isSuccess } from './machine/statuses.ts';
import { Tiers } from './machine/tiers.ts';
import { describeTrap, isTrap, requireStack } from './machine/traps.ts';
import { VersionUndo } from './machine/undo.ts';
import { Watch } from './machine/watch.ts';
import { readAddress } from './machine/words.ts';
import type { JobExecutor, JobReport, JobTransactions } from './parallel/job.ts';
import { plainTransaction } from './plain-transaction.ts';
import type { PrecompileHost } from './precompiles/precompile.ts';
import type {
  Address,
  Awaitable,
  BlockEnvironment,
  ExecutionResult,
  Log,
  StateChanges,
  StateReader,
  Transaction,
  TransactionResult,
} from './types.ts';

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

const NO_CHANGES: StateChanges = { accounts: new Map(), codes: new Map() };
const ZERO_ADDRESS: Address = `0x${'00'.repeat(20)}`;
/** Accounts and slots written since the state was set; some 40 MiB. */
const KEPT_ENTRIES_MAX = 200_000;
/** Gas of a call that names none. */
const CALL_GAS = 1_000_000_000n;

/** What `createEVM` takes, with precompiles that are given. */
export type CoreOptions = EVMOptions & {
  readonly precompiles: PrecompileHost;
  /** Sees the machine as it is made: tests break it on purpose. */
  readonly onMachine?: (machine: Machine) => void;
};

/** @throws InputError for values that are none; EVMError when there is no memory */
export function createCoreEVM(options: CoreOptions): EVM {
  const rules = options.rules ?? rulesOf(options.fork ?? 'osaka');
  const memory = createMemory({ shared: options.sharedMemory ?? canShareMemory() });
  const contexts = new ContextPool(memory);
  memory.startHeap(HEAP_BYTES);
  const machine = createMachine(memory, rules);
  if (machine.runtime.codesInit() === 0) {
    throw new EVMError('evm/host limit', 'no memory is left for code');
  }
  options.onMachine?.(machine);
  return new LocalEVM(machine, contexts, options);
}

class LocalEVM implements EVM {
  readonly rules: Rules;
  readonly #machine: Machine;
  readonly #memory: MachineMemory;
  readonly #contexts: ContextPool;
  /** The tables that the contexts share. */
  readonly #layers: Arena;
  readonly #settings: CallSettings;
  readonly #tiers: Tiers;
  readonly #undo = new VersionUndo();
  readonly #codeHeap: CodeHeap;
  readonly #customPrecompiles: NonNullable<EVMOptions['customPrecompiles']>;
  #state: StateReader;
  #block: BlockEnvironment;
  #chainId: bigint;
  /** What the last frozen block that a call named came to. */
  #given:
    | {
        readonly given: Partial<BlockEnvironment>;
        readonly upon: BlockEnvironment;
        readonly block: BlockEnvironment;
      }
    | undefined;
  /** The context that was served last: whoever is called back finds its call in it. */
  #running = 0;

  constructor(machine: Machine, contexts: ContextPool, options: CoreOptions) {
    this.rules = machine.rules;
    this.#machine = machine;
    this.#memory = machine.memory;
    this.#contexts = contexts;
    this.#layers = contexts.first.arena;
    prepareLayers(machine, this.#layers);
    this.#customPrecompiles = options.customPrecompiles ?? {};
    this.#settings = new CallSettings(machine, this.#layers.versions, options);
    const { engine = 'auto', hotThreshold, compilation } = options;
    this.#tiers = new Tiers(machine, { engine, hotThreshold, compilation }, () =>
      contexts.framesOf(machine.memory),
    );
    const users = { contexts, tiers: this.#tiers, undo: this.#undo };
    this.#codeHeap = new CodeHeap(machine, users, compilation?.codeBytesMax);
    this.#state = options.state ?? NO_STATE;
    this.#chainId = checkWord('chainId', options.chainId ?? 1n);
    this.#block = checkBlock({ ...DEFAULT_BLOCK, ...options.block });
  }

  continueOn(state: StateReader): void {
    const { versions } = this.#layers;
    this.#contexts.whenIdle(() => {
      const entries = this.#machine.runtime.layerEntries(versions);
      const hasMuchCode = this.#codeHeap.isHalfFull;
      if (entries > KEPT_ENTRIES_MAX || hasMuchCode) this.#forget();
      if (hasMuchCode) this.#codeHeap.empty();
      this.#readFrom(state);
    });
  }

  setState(state: StateReader): void {
    this.#contexts.whenIdle(() => {
      this.#forget();
      this.#readFrom(state);
    });
  }

  #forget(): void {
    this.#machine.runtime.layerClear(this.#layers.versions);
    this.#machine.runtime.layerClear(this.#layers.view);
  }

  #readFrom(state: StateReader): void {
    this.#state = state;
    this.#undo.clear();
    // The hashes of earlier blocks are the old state's.
    for (const context of this.#contexts.all) context.block = undefined;
  }

  tierStatistics(): TierStatistics {
    this.#tiers.collect(undefined);
    return { ...this.#tiers.statistics, codeBytes: this.#codeHeap.bytes };
  }

  setBlock(block: BlockEnvironment): void {
    this.#block = checkBlock(block);
  }

  setChainId(chainId: bigint): void {
    this.#chainId = checkWord('chainId', chainId);
    // A block of its own identity: contexts write it anew.
    this.#block = { ...this.#block };
  }

  async call(request: CallRequest): Promise<TransactionResult> {
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
    return this.#transact(this.#callOf(transaction, options));
  }

  transactSync(transaction: Transaction, options: TransactOptions = {}): TransactionResult {
    requireStack();
    const call = this.#callOf(transaction, options);
    const context = this.#contexts.tryAcquire({ ...needOf(options), large: true });
    if (context === undefined) {
      throw new EVMError(
        'evm/not synchronous',
        'transactSync while other calls of this EVM are suspended: await them, or use transact',
      );
    }
    try {
      context.watch = new Watch(this.#tiers, options, false);
      refusePromise(this.#prepare(context, call));
      let status = this.#begin(context, call);
      for (;;) {
        const waits = this.#serve(context, status);
        if (waits === 'ended') return this.#result(context, call, status);
        refusePromise(waits);
        status = this.#execute(context, 'resume');
      }
    } finally {
      this.#end(context);
    }
  }

  async credit(address: Address, amount: bigint): Promise<StateChanges> {
    const to = checkAddress('address', address);
    const value = checkWord('amount', amount);
    const transaction = plainTransaction({ sender: ZERO_ADDRESS, gasLimit: 0n, to, value });
    const call = { ...this.#callOf(transaction, {}), isCredit: true };
    const result = await this.#transact(call);
    return (result as ExecutionResult).changes;
  }

  async createAccessList(
    transaction: Transaction,
    options: ExecutionOptions = {},
  ): Promise<AccessListResult> {
    const checked = checkTransaction(transaction);
    const run = async (accessList: Transaction['accessList'], hooks: CallHooks) => {
      let warm: ReadonlySet<Address> = new Set();
      let accesses: StateAccesses | undefined;
      const watched: CallHooks = {
        onEnter: (call) => {
          if (call.depth === 0) warm = readWarm(this.#machine, this.#running);
          hooks.onEnter?.(call);
        },
        onExit: ({ depth }) => {
          if (depth === 0) accesses = readAccesses(this.#machine, this.#running);
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
      ...this.#customPrecompiles,
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
    if (!this.#contexts.idle) {
      throw new EVMError('evm/not synchronous', 'revert while calls run: await them first');
    }
    if (this.#undo.revert(this.#machine, snapshot)) return;
    throw new InputError('snapshot', snapshot, 'what snapshot() gave, since the last setState');
  }

  async #transact(call: Call): Promise<TransactionResult> {
    requireStack();
    const need = needOf(call.options);
    const begun = this.#contexts.acquire(need);
    const context = begun instanceof Promise ? await begun : begun;
    const result = await this.#run(context, call);
    if (result !== 'context too small') return result;
    // Nothing was committed: the same again, with all the room that the limits promise.
    const large = await this.#contexts.acquire({ ...need, large: true });
    return (await this.#run(large, call)) as TransactionResult;
  }

  /** Runs a call in a context that it has, and gives the context back. */
  async #run(context: Context, call: Call): Promise<TransactionResult | 'context too small'> {
    try {
      const watch = new Watch(this.#tiers, call.options, true);
      context.watch = watch;
      const ready = this.#prepare(context, call);
      if (ready instanceof Promise) await ready;
      let status = this.#begin(context, call);
      for (;;) {
        if (status === layout.STATUS_HOST_LIMIT && !context.large) return 'context too small';
        const waits = this.#serve(context, status);
        if (waits === 'ended') return this.#result(context, call, status);
        if (waits instanceof Promise) await watch.wait(waits);
        status = this.#execute(context, 'resume');
      }
    } catch (error) {
      if (!context.large && isHostLimit(error)) return 'context too small';
      throw error;
    } finally {
      this.#end(context);
    }
  }

  async transactAll(
    transactions: JobTransactions,
    crew: JobExecutor,
  ): Promise<JobReport | undefined> {
    if (!this.#canShareWork || !crew.isFree) return undefined;
    requireStack();
    const begun = this.#contexts.acquire({ alone: true, large: true });
    const context = begun instanceof Promise ? await begun : begun;
    try {
      // Another EVM may have had the crew while this one's turn came.
      if (this.#undo.isOpen || !crew.isFree) return undefined;
      const contexts = this.#contexts.all.slice(0, crew.workers);
      for (const each of contexts) this.#makeReady(each, this.#block, this.#chainId);
      const report = await crew.execute(
        {
          machine: this.#machine,
          arenas: contexts.map(({ arena }) => arena),
          tiers: this.#tiers,
          state: this.#state,
          precompiles: this.#settings.precompiles,
          coinbase: this.#block.coinbase,
          gasLimit: this.#block.gasLimit,
        },
        transactions,
      );
      return report;
    } finally {
      this.#end(context);
    }
  }

  /** Others can work on its memory, and know all of its rules. */
  get #canShareWork(): boolean {
    return this.#memory.shared && this.#settings.isPlain;
  }

  /** Checks what was passed. @throws InputError */
  #callOf(transaction: Transaction, options: TransactOptions): Call {
    const checked = checkTransaction(transaction);
    checkObject('options', options);
    if (options.overrides !== undefined && options.commit !== false) {
      throw new InputError('commit', options.commit, 'false: overrides are pretended');
    }
    // A frame alone is not held against the block's gas, where too much would be refused.
    if (options.callOnly === true) checkGas('transaction.gasLimit', checked.gasLimit);
    if (options.systemCall === true) checkSystemCall(checked, options);
    if (options.blockGasLeft !== undefined) checkU64('blockGasLeft', options.blockGasLeft);
    const { blockStateGasLeft } = options;
    if (blockStateGasLeft !== undefined) checkU64('blockStateGasLeft', blockStateGasLeft);
    const block = options.block === undefined ? this.#block : this.#blockWith(options.block);
    return { transaction: checked, options, block, chainId: this.#chainId, isCredit: false };
  }

  /** PERF: one that is frozen is looked at once; contexts in which it is written keep it. */
  #blockWith(given: Partial<BlockEnvironment>): BlockEnvironment {
    const last = this.#given;
    if (last?.given === given && last.upon === this.#block) return last.block;
    const block = checkBlock({ ...this.#block, ...given });
    if (Object.isFrozen(given)) this.#given = { given, upon: this.#block, block };
    return block;
  }

  /** Makes the context ready, and puts in place what this call has of its own. */
  #prepare(context: Context, { options, block, chainId }: Call): Awaitable<void> {
    this.#makeReady(context, block, chainId);
    return this.#settings.apply(context, options, this.#state);
  }

  #makeReady(context: Context, block: BlockEnvironment, chainId: bigint): void {
    const { arena } = context;
    if (!context.prepared) {
      prepareOverlay(this.#machine, arena);
      attachArena(this.#machine, arena);
      this.#tiers.prepare(arena);
      context.prepared = true;
    }
    if (context.block !== block) {
      const merged = forkIndex(this.rules.fork) >= forkIndex('paris');
      encodeBlock(this.#memory, arena, block, {
        chainId,
        merged,
        metersStateGas: this.rules.metersStateGas,
      });
      context.block = block;
    }
  }

  #begin(context: Context, call: Call): number {
    const { transaction, options, block } = call;
    const { arena } = context;
    encodeTransaction(this.#memory, arena, transaction, {
      flags: flagsOf(call),
      blockGasLeft: options.blockGasLeft ?? block.gasLimit,
      blockStateGasLeft: options.blockStateGasLeft ?? block.gasLimit,
    });
    this.#memory.view().setUint32(arena.ctx + layout.C_STOP, 0, true);
    this.#tiers.collect(arena);
    return this.#execute(context, 'transact');
  }

  /** Runs the machine until the call ends or asks for something. @throws EVMError for a trap */
  #execute({ arena, watch }: Context, run: 'transact' | 'resume'): number {
    watch?.arm(this.#memory, arena);
    if (watch !== undefined) this.#machine.lookout.look = watch.look;
    try {
      return this.#machine.runtime[run](arena.ctx);
    } catch (thrown) {
      const trap = describeTrap(this.#machine, arena, thrown);
      if (!isTrap(trap)) throw trap;
      if (trap.codeHash !== undefined) this.#tiers.distrust(trap.codeHash);
      throw trap.error;
    }
  }

  /** Gives the context back, however the call ended. */
  #end(context: Context): void {
    this.#settings.drop(context);
    context.watch = undefined;
    this.#tiers.endTransaction(context.arena);
    this.#contexts.release(context);
    this.#codeHeap.bound();
  }

  /** Does what a status asks of the host; `ended` when it asks nothing. */
  #serve(context: Context, status: number): Awaitable<void> | 'ended' {
    const { arena } = context;
    this.#running = arena.ctx;
    if (status === layout.STATUS_NEED_STATE) {
      const { watch } = context;
      return serveRequest(this.#machine, arena, this.#state, () => context.watch === watch);
    }
    if (status === layout.STATUS_NEED_PRECOMPILE) return this.#runPrecompile(context);
    if (status === layout.STATUS_STEP) return context.steps?.observe();
    if (status === layout.STATUS_HOOK) return context.hooks?.observe();
    if (status === layout.STATUS_HOT) return this.#tiers.report(arena);
    if (status === layout.STATUS_POLL) return context.watch?.answer(arena);
    if (status === layout.STATUS_STOPPED) {
      context.watch?.check();
      throw context.watch?.stopped();
    }
    if (status <= layout.STATUS_LAST_HALT) return 'ended';
    if (status === layout.STATUS_HOST_LIMIT) {
      throw new EVMError(
        'evm/host limit',
        'the transaction needs more memory, logs or state than the limits allow',
      );
    }
    throw new EVMError('evm/internal', `the machine returned the unknown status ${status}`);
  }

  #runPrecompile(context: Context): Awaitable<void> {
    const { arena, watch } = context;
    const { address, input, gas } = readPrecompileCall(this.#machine, arena);
    const pause = (): Awaitable<void> => watch?.answer(arena);
    const run = context.precompiles ?? this.#settings.precompiles;
    const answer = run(address, input, gas, this.rules, pause);
    if (!(answer instanceof Promise)) {
      return completePrecompile(this.#machine, arena, gas, answer);
    }
    return answer.then((kept) => {
      // A call that was stopped has given its context back.
      if (context.watch === watch) completePrecompile(this.#machine, arena, gas, kept);
    });
  }

  #result({ arena, steps }: Context, call: Call, status: number): TransactionResult {
    steps?.stop();
    const { transaction, options } = call;
    const { ctx } = arena;
    const view = this.#memory.view();
    const tx = ctx + layout.C_TX;
    const refused = view.getUint32(tx + layout.TX_REFUSED, true);
    if (refused !== 0) return refusalOf(refused, transaction);
    if (options.commit !== false) this.#commit(ctx);
    const creates = transaction.to === undefined && isSuccess(status);
    const created: Address | undefined = creates
      ? readAddress(view, tx + layout.TX_CREATED)
      : undefined;
    // A precompile's output lies where the receipt's logs are made.
    const output = readOutput(this.#machine, arena);
    const receiptLogs =
      options.receiptLogs === true ? readReceiptLogs(this.#machine, arena) : undefined;
    const logs = copyLogs(this.#machine, arena);
    let decoded: readonly Log[] | undefined;
    return {
      ...outcomeOf(status),
      gasUsed: view.getBigUint64(tx + layout.TX_GAS_USED, true),
      gasRefunded: view.getBigUint64(tx + layout.TX_GAS_REFUNDED, true),
      stateGasUsed: view.getBigUint64(tx + layout.TX_STATE_GAS_USED, true),
      blockGasUsed: view.getBigUint64(tx + layout.TX_BLOCK_GAS_USED, true),
      output,
      // PERF: five thousand logs take longer to decode than to make; most callers never look.
      get logs() {
        decoded ??= decodeLogs(logs);
        return decoded;
      },
      receiptLogs,
      created,
      changes: options.changes === false ? NO_CHANGES : readChanges(this.#machine, arena),
      accesses: options.accesses === true ? readAccesses(this.#machine, ctx) : undefined,
    };
  }

  #commit(ctx: number): void {
    this.#undo.beforeCommit(this.#machine, { ctx, versions: this.#layers.versions });
    if (this.#machine.runtime.commitTransaction(ctx) !== 0) return;
    throw new EVMError('evm/host limit', 'no memory is left for the changes of the block');
  }
}

function isHostLimit(error: unknown): boolean {
  return error instanceof EVMError && error.code === 'evm/host limit';
}

function refusePromise(answer: Awaitable<void>): void {
  if (!(answer instanceof Promise)) return;
  // Whatever comes of it, nobody waits for it any more.
  answer.catch(() => {});
  throw new EVMError(
    'evm/not synchronous',
    'the state or a precompile answered by a promise: use transact, not transactSync',
  );
}
