/** EthereumJS as the machine that all others are compared with. */
import { createBlock } from '@ethereumjs/block';
import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import type { InterpreterStep } from '@ethereumjs/evm';
import {
  createAccessList2930Tx,
  createBlob4844Tx,
  createEOACode7702Tx,
  createFeeMarket1559Tx,
  createLegacyTx,
  type TypedTransaction,
} from '@ethereumjs/tx';
import { type Address, createAddressFromString, type PrefixedHexString } from '@ethereumjs/util';
import { createVM, runTx, type VM } from '@ethereumjs/vm';
import { FORKS, type ForkName, forkIndex } from '../../src/evm/forks/names.ts';
import type { Hash, Address as HexAddress, Log } from '../../src/evm/types.ts';
import { blockHashOf, type Case, type CaseTransaction } from './case.ts';
import { rootOf } from './ethereumjs-root.ts';
import { PeerState } from './ethereumjs-state.ts';
import { corrected } from './known-bugs.ts';
import { isKept, type Outcome, STACK_KEPT, type Step } from './outcome.ts';

/** A fork that EthereumJS has. */
type PeerFork = Exclude<ForkName, 'amsterdam'>;

/** Amsterdam is a draft, and EthereumJS has none that goes by the same tests. */
export const PEER_FORKS: readonly PeerFork[] = FORKS.filter((fork) => fork !== 'amsterdam');

const HARDFORKS: Readonly<Record<PeerFork, Hardfork>> = {
  frontier: Hardfork.Chainstart,
  homestead: Hardfork.Homestead,
  tangerineWhistle: Hardfork.TangerineWhistle,
  spuriousDragon: Hardfork.SpuriousDragon,
  byzantium: Hardfork.Byzantium,
  constantinople: Hardfork.Constantinople,
  petersburg: Hardfork.Petersburg,
  istanbul: Hardfork.Istanbul,
  berlin: Hardfork.Berlin,
  london: Hardfork.London,
  paris: Hardfork.Paris,
  shanghai: Hardfork.Shanghai,
  cancun: Hardfork.Cancun,
  prague: Hardfork.Prague,
  osaka: Hardfork.Osaka,
};

/** Common of a fork, as EthereumJS calls its rules; never copied: nothing here changes it. */
export function commonOf(fork: ForkName): Common {
  const hardfork: Hardfork | undefined = HARDFORKS[fork as PeerFork];
  if (hardfork === undefined) throw new RangeError(`EthereumJS has no fork ${fork}`);
  const common = new Common({ chain: Mainnet, hardfork });
  common.copy = () => common;
  // Every transaction brings the same parameters again.
  const [known, update] = [new Set<unknown>(), common.updateParams.bind(common)];
  common.updateParams = (params) => {
    if (known.has(params)) return;
    known.add(params);
    update(params);
  };
  // Asked for by blob transactions, used by the point evaluation: which finds no proof good here.
  const kzg = { verifyProof: () => false };
  common.customCrypto.kzg = kzg as unknown as NonNullable<Common['customCrypto']['kzg']>;
  return common;
}

/** A machine that runs the transactions of one case after the other. */
export interface Peer {
  open(test: Case): void;
  run(transaction: CaseTransaction, options?: { readonly steps?: boolean }): Promise<Outcome>;
  /** The state root after what has run. */
  root(): Promise<Hash>;
}

export async function createPeer(fork: ForkName): Promise<Peer> {
  const common = commonOf(fork);
  const state = new PeerState();
  const blockchain = {
    getBlock: async (number: number) => ({
      hash: () => Uint8Array.fromHex(blockHashOf(BigInt(number)).slice(2)),
    }),
    putBlock: async () => {},
    shallowCopy: () => blockchain,
  };
  const options = { common, stateManager: state, blockchain } as unknown;
  const vm = await createVM(options as Parameters<typeof createVM>[0]);
  let block = createBlock({}, { common, skipConsensusFormatValidation: true });
  let test: Case | undefined;
  return {
    open: (next) => {
      test = next;
      state.reset(next.accounts);
      block = createBlock(
        { header: headerOf(next) },
        { common, skipConsensusFormatValidation: true },
      );
    },
    run: async (transaction, { steps = false } = {}) => {
      if (test === undefined) throw new Error('no case is open');
      const taken: Step[] = [];
      const listener = (step: InterpreterStep): void => {
        if (isKept(step.opcode.code, step.stack.length, taken)) taken.push(readStep(step));
      };
      if (steps) vm.evm.events?.on('step', listener);
      try {
        const outcome = await execute(vm, state, { block, transaction, common, taken });
        return corrected(outcome, transaction, test);
      } finally {
        vm.evm.events?.off('step', listener);
      }
    },
    root: () => rootOf(state.dump()),
  };
}

interface Run {
  readonly block: ReturnType<typeof createBlock>;
  readonly transaction: CaseTransaction;
  readonly common: Common;
  readonly taken: Step[];
}

async function execute(vm: VM, state: PeerState, run: Run): Promise<Outcome> {
  const { transaction, block, common, taken } = run;
  const refused = (reason: string): Outcome => ({
    ...NOTHING_DONE,
    status: 'refused',
    reason,
    state: state.dump(),
  });
  let result: Awaited<ReturnType<typeof runTx>>;
  try {
    result = await runTx(vm, { tx: typedTransaction(transaction, common), block });
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw error;
    return refused((error as Error).message);
  }
  const { exceptionError, returnValue, logs = [] } = result.execResult;
  const reason = exceptionError?.error;
  const status = reason === undefined ? 'success' : reason === 'revert' ? 'revert' : 'halt';
  const created = status === 'success' && transaction.to === undefined;
  // Frontier: a contract whose code nobody paid for comes into being all the same.
  const paid = reason === 'code store out of gas';
  return {
    status: paid ? 'success' : status,
    reason,
    gasUsed: result.totalGasSpent,
    output: status === 'halt' ? new Uint8Array() : returnValue,
    logs: logs.map(readLog),
    created: created || paid ? (result.createdAddress?.toString() as HexAddress) : undefined,
    state: state.dump(),
    steps: taken,
  };
}

const NOTHING_DONE = {
  gasUsed: 0n,
  output: new Uint8Array(),
  logs: [],
  created: undefined,
  steps: [],
};

function headerOf({ fork, block }: Case): Record<string, unknown> {
  const since = (first: ForkName) => forkIndex(fork) >= forkIndex(first);
  return {
    number: block.number,
    timestamp: block.timestamp,
    coinbase: createAddressFromString(block.coinbase),
    gasLimit: block.gasLimit,
    ...(since('paris')
      ? { mixHash: `0x${block.prevRandao.toString(16).padStart(64, '0')}` }
      : { difficulty: block.difficulty }),
    ...(since('london') ? { baseFeePerGas: block.baseFee } : {}),
    ...(since('cancun') ? { excessBlobGas: block.excessBlobGas } : {}),
  };
}

function typedTransaction(transaction: CaseTransaction, common: Common): TypedTransaction {
  const { type, sender, nonce, gasLimit, value, data, accessList } = transaction;
  const to: Address | undefined =
    transaction.to === undefined ? undefined : createAddressFromString(transaction.to);
  const base = { nonce, gasLimit, value, data, ...(to === undefined ? {} : { to }) };
  const fees = {
    maxFeePerGas: transaction.maxFeePerGas,
    maxPriorityFeePerGas: transaction.maxPriorityFeePerGas,
    accessList: accessList.map(({ address, storageKeys }) => ({
      address,
      storageKeys: [...storageKeys],
    })),
  };
  const gasPrice = transaction.maxFeePerGas;
  const options = { common, freeze: false };
  const make = (): TypedTransaction => {
    switch (type) {
      case 0:
        return createLegacyTx({ ...base, gasPrice }, options);
      case 1:
        return createAccessList2930Tx({ ...base, gasPrice, accessList: fees.accessList }, options);
      case 2:
        return createFeeMarket1559Tx({ ...base, ...fees }, options);
      case 3: {
        const { maxFeePerBlobGas, blobVersionedHashes } = transaction;
        const blobs = { maxFeePerBlobGas, blobVersionedHashes: [...blobVersionedHashes] };
        return createBlob4844Tx({ ...base, ...fees, ...blobs } as never, options);
      }
      case 4:
        return createEOACode7702Tx(
          { ...base, ...fees, authorizationList: authorizations(transaction) } as never,
          options,
        );
    }
  };
  const made = make();
  const from = createAddressFromString(sender);
  made.getSenderAddress = () => from;
  return made;
}

function authorizations({ authorizationList }: CaseTransaction): unknown[] {
  const hex = (value: bigint): PrefixedHexString =>
    value === 0n ? '0x' : `0x${even(value.toString(16))}`;
  return authorizationList.map((entry) => ({
    chainId: hex(entry.chainId),
    address: entry.address,
    nonce: hex(entry.nonce),
    yParity: hex(entry.yParity),
    r: hex(entry.r),
    s: hex(entry.s),
  }));
}

function even(digits: string): string {
  return digits.length % 2 === 0 ? digits : `0${digits}`;
}

function readLog([address, topics, data]: readonly unknown[]): Log {
  return {
    address: `0x${(address as Uint8Array).toHex()}`,
    topics: (topics as Uint8Array[]).map((topic) => `0x${topic.toHex()}` as const),
    data: data as Uint8Array,
  };
}

function readStep(step: InterpreterStep): Step {
  return {
    pc: step.pc,
    op: step.opcode.code,
    gas: step.gasLeft,
    depth: step.depth + 1,
    memSize: Number(step.memoryWordCount) * 32,
    height: step.stack.length,
    stack: step.stack.slice(-STACK_KEPT),
    refund: step.gasRefund,
  };
}
