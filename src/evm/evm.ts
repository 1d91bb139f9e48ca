/**
 * The virtual machine as a library: `createEVM` gives an EVM over a state, which executes
 * transactions and calls and says what they changed. The state itself is never written.
 *
 * @example
 * const evm = createEVM({ fork: 'osaka', state });
 * const result = await evm.transact(transaction);
 * if (result.status === 'success') state.apply(result.changes);
 */
import type { ForkName } from './forks/names.ts';
import { forkIndex } from './forks/names.ts';
import { type Rules, rulesOf } from './forks/rules.ts';
import * as layout from './layout.ts';
import { type Arena, attachArena, prepareArena, reserveArena } from './machine/arena.ts';
import { encodeBlock, encodeTransaction } from './machine/encode.ts';
import { createMachine, type Machine } from './machine/instance.ts';
import { createMemory, type MachineMemory } from './machine/memory.ts';
import { serveRequest } from './machine/requests.ts';
import { copyLogs, decodeLogs, readChanges, readOutput } from './machine/results.ts';
import { StepReader, type TraceStep } from './machine/steps.ts';
import { HOT_THRESHOLD, Tiers } from './machine/tiers.ts';
import { readAddress, readWord } from './machine/words.ts';
import type { PrecompileHost } from './precompiles/precompile.ts';
import { runPrecompile } from './precompiles/table.ts';
import type {
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
  /** Replaces the precompiles. */
  readonly precompiles?: PrecompileHost;
}

export type { PrecompileHost } from './precompiles/precompile.ts';

export interface TransactOptions {
  /** Keep the changes for what follows in this block (default), or forget them. */
  readonly commit?: boolean;
  /** Gas that the block has left; its gas limit when left out. */
  readonly blockGasLeft?: bigint;
  /** The frame alone: no checks, no intrinsic gas, no fees, no nonce, no refund. */
  readonly callOnly?: boolean;
  /** Called after each instruction; the interpreter then runs alone. */
  readonly onStep?: (step: TraceStep) => void;
}

/** A call outside any transaction: the frame alone. */
export interface CallRequest {
  readonly from?: Address;
  /** undefined runs `data` as init code. */
  readonly to?: Address;
  readonly data?: Uint8Array;
  readonly value?: bigint;
  readonly gas?: bigint;
}

export interface EVM {
  readonly rules: Rules;
  /** Executes a call and forgets what it changed; gas used is the frame's. */
  call(request: CallRequest): Promise<TransactionResult>;
  /** Executes a transaction, waiting for the state where it answers by promises. */
  transact(transaction: Transaction, options?: TransactOptions): Promise<TransactionResult>;
  /** The same for a state that answers at once. @throws TypeError when it gives a promise */
  transactSync(transaction: Transaction, options?: TransactOptions): TransactionResult;
  /** Another state: forgets all changes and all that was cached of the old one. */
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

const HALTS: Readonly<Record<number, HaltReason>> = {
  [layout.STATUS_OUT_OF_GAS]: 'out of gas',
  [layout.STATUS_INVALID_OPCODE]: 'invalid opcode',
  [layout.STATUS_STACK_UNDERFLOW]: 'stack underflow',
  [layout.STATUS_STACK_OVERFLOW]: 'stack overflow',
  [layout.STATUS_BAD_JUMP]: 'bad jump destination',
  [layout.STATUS_STATIC_VIOLATION]: 'static state change',
  [layout.STATUS_RETURN_DATA_OUT_OF_BOUNDS]: 'return data out of bounds',
  [layout.STATUS_CREATE_COLLISION]: 'create collision',
  [layout.STATUS_CODE_TOO_LARGE]: 'code too large',
  [layout.STATUS_INVALID_CODE_PREFIX]: 'invalid code prefix',
  [layout.STATUS_INIT_CODE_TOO_LARGE]: 'init code too large',
  [layout.STATUS_NONCE_OVERFLOW]: 'nonce overflow',
  [layout.STATUS_PRECOMPILE_FAILURE]: 'precompile failure',
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

  constructor(machine: Machine, arena: Arena, options: EVMOptions) {
    this.rules = machine.rules;
    this.#machine = machine;
    this.#memory = machine.memory;
    this.#arena = arena;
    this.#precompiles = options.precompiles ?? runPrecompile;
    const threshold = options.hotThreshold ?? HOT_THRESHOLD;
    this.#tiers = new Tiers(machine, arena, options.engine ?? 'auto', threshold);
    this.#state = options.state ?? NO_STATE;
    this.#chainId = options.chainId ?? 1n;
    this.#block = { ...DEFAULT_BLOCK, ...options.block };
    this.setBlock(this.#block);
  }

  setState(state: StateReader): void {
    this.#state = state;
    this.#machine.runtime.layerClear(this.#arena.versions);
    this.#machine.runtime.layerClear(this.#arena.view);
  }

  setBlock(block: BlockEnvironment): void {
    this.#block = block;
    encodeBlock(this.#memory, this.#arena, block, {
      chainId: this.#chainId,
      merged: forkIndex(this.rules.fork) >= forkIndex('paris'),
    });
  }

  setChainId(chainId: bigint): void {
    this.#chainId = chainId;
    this.setBlock(this.#block);
  }

  call(request: CallRequest): Promise<TransactionResult> {
    const transaction: Transaction = {
      type: 0,
      sender: request.from ?? ZERO_ADDRESS,
      nonce: 0n,
      gasLimit: request.gas ?? CALL_GAS,
      to: request.to,
      value: request.value ?? 0n,
      data: request.data ?? new Uint8Array(),
      maxFeePerGas: 0n,
      maxPriorityFeePerGas: 0n,
      accessList: [],
      maxFeePerBlobGas: 0n,
      blobVersionedHashes: [],
      authorizationList: [],
    };
    return this.transact(transaction, { callOnly: true, commit: false });
  }

  async transact(
    transaction: Transaction,
    options: TransactOptions = {},
  ): Promise<TransactionResult> {
    let status = this.#begin(transaction, options);
    for (;;) {
      const waits = this.#serve(status);
      if (waits === 'ended') return this.#result(transaction, status, options);
      if (waits instanceof Promise) await waits;
      status = this.#machine.runtime.resume(this.#arena.ctx);
    }
  }

  transactSync(transaction: Transaction, options: TransactOptions = {}): TransactionResult {
    let status = this.#begin(transaction, options);
    for (;;) {
      const waits = this.#serve(status);
      if (waits === 'ended') return this.#result(transaction, status, options);
      if (waits instanceof Promise) {
        throw new TypeError('the state answered by a promise: use transact, not transactSync');
      }
      status = this.#machine.runtime.resume(this.#arena.ctx);
    }
  }

  #begin(transaction: Transaction, options: TransactOptions): number {
    this.#steps?.stop();
    this.#steps =
      options.onStep && new StepReader(this.#memory, this.#arena, this.rules, options.onStep);
    encodeTransaction(this.#memory, this.#arena, transaction, {
      flags: options.callOnly === true ? layout.TX_FLAG_CALL_ONLY : 0,
      blockGasLeft: options.blockGasLeft ?? this.#block.gasLimit,
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
    const answer = this.#precompiles(address, input, gas, this.rules);
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
    this.#tiers.endTransaction();
    this.#steps?.stop();
    this.#steps = undefined;
    const { ctx } = this.#arena;
    const view = this.#memory.view();
    const tx = ctx + layout.C_TX;
    const refused = view.getUint32(tx + layout.TX_REFUSED, true);
    if (refused !== 0) {
      const reason = REFUSALS[refused - 1] as RefusalReason;
      return { status: 'refused', reason, message: describeRefusal(reason, transaction) };
    }
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
    };
  }
}

type Outcome =
  | { readonly status: 'success' }
  | { readonly status: 'revert' }
  | { readonly status: 'halt'; readonly reason: HaltReason };

/** What a final status of the machine means. */
function outcomeOf(status: number): Outcome {
  if (status === layout.STATUS_REVERT) return { status: 'revert' };
  const reason = HALTS[status];
  return reason === undefined ? { status: 'success' } : { status: 'halt', reason };
}

function describeRefusal(reason: RefusalReason, transaction: Transaction): string {
  const { sender, nonce, gasLimit, maxFeePerGas, value } = transaction;
  return (
    `${reason}: sender ${sender}, nonce ${nonce}, gas limit ${gasLimit}, ` +
    `max fee ${maxFeePerGas}, value ${value}`
  );
}
