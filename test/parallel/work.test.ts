/**
 * Blocks executed as jobs against the same transactions one after the other: state, gas, statuses,
 * logs. Whose turn it is comes from a seed.
 */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { rulesOf } from '../../src/evm/forks/rules.ts';
import { createCoreEVM } from '../../src/evm/local-evm.ts';
import type { Machine } from '../../src/evm/machine/instance.ts';
import * as parallel from '../../src/evm/parallel-layout.ts';
import { plainTransaction } from '../../src/evm/plain-transaction.ts';
import { runPrecompile } from '../../src/evm/precompiles/table.ts';
import type {
  Address,
  BlockEnvironment,
  ExecutionResult,
  Transaction,
} from '../../src/evm/types.ts';
import { MemoryState } from '../../src/state/memory.ts';
import { compileRuntime } from '../runtime-internals.ts';
import { executeParallel, FILES } from './parallel-block.ts';
import { changedIn } from './versions.ts';

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await compileRuntime(FILES, { parallel: true });
});

const address = (digits: string): Address => `0x${digits.repeat(20)}`;
const SENDERS = ['a0', 'a1', 'a2', 'a3', 'a4'].map(address);
/** Has what one transaction costs, if somebody gives it more. */
const POOR = address('a5');
const COINBASE = address('c0');
const NOBODY = address('ee');
const NO_DELEGATE = address('00');
/** Init code that sets a slot and returns one byte of code. */
const INIT = '60015f5560005f5360015ff3';
const CONTRACTS: Readonly<Record<Address, string>> = {
  // Counts in one slot, and in one of each caller.
  [address('01')]: '5f546001015f5500',
  [address('02')]: '3354600101335500',
  // Gives what it was given, and half of what it has, to whom the data names.
  [address('03')]: '5f5f5f5f345f355af15f5500',
  [address('04')]: '5f5f5f5f600247045f355af15000',
  // Gives away more than the half of what it has, and keeps for each caller whether it could.
  [address('0f')]: '5f5f5f5f610fa05f355af1335500',
  // Keeps the balance, and the code's hash, of whom the data names.
  [address('05')]: '5f35315f355500',
  [address('06')]: '5f353f5f355500',
  // Creates, by its nonce and by a salt.
  [address('07')]: `6b${INIT}5f52600c60145ff05f5500`,
  [address('08')]: `6b${INIT}5f525f35600c60145ff55f355500`,
  // Destroys itself; reverts after it has set a slot; runs out of gas.
  [address('09')]: '5f35ff',
  [address('0a')]: '60015f555f5ffd',
  [address('0b')]: '60015f555b600556',
  // Calls another one; leaves a log; hashes by a precompile.
  [address('0c')]: '5f5f5f5f5f5f355af15000',
  [address('0d')]: '5f355f5260205fa000',
  [address('0e')]: '5f5f60205f60025afa5f545f5500',
};
const TARGETS = [...Object.keys(CONTRACTS), ...SENDERS, POOR, COINBASE, NOBODY] as Address[];
/** Those whose transactions meet. */
const DISPUTED = ['01', '01', '01', '04', '05', '0f', '0f'].map(address);
const RICH = 10n ** 20n;
const GAS = 120_000n;
const FEE = 1_000n;

const BLOCK: BlockEnvironment = {
  number: 5n,
  timestamp: 1_000n,
  coinbase: COINBASE,
  gasLimit: 30_000_000n,
  prevRandao: 7n,
  difficulty: 0n,
  baseFee: 10n,
  blobBaseFee: 1n,
};

function makeState(): MemoryState {
  const state = new MemoryState();
  const put = (at: Address, balance: bigint, code = '', nonce = 0n) => {
    const bytes = Uint8Array.fromHex(code);
    state.setAccount(at, { nonce, balance, code: bytes, storage: [] });
  };
  for (const sender of SENDERS) put(sender, RICH);
  put(POOR, GAS * FEE);
  put(COINBASE, 1n);
  for (const [at, code] of Object.entries(CONTRACTS)) put(at as Address, 5_000n, code, 1n);
  return state;
}

const sent = fc.record({
  sender: fc.constantFrom(...SENDERS, POOR),
  to: fc.option(fc.constantFrom(...TARGETS, ...DISPUTED), { nil: undefined, freq: 12 }),
  data: fc.constantFrom(...TARGETS),
  value: fc.constantFrom(0n, 0n, 1n, 777n, 10n ** 18n),
  tip: fc.constantFrom(0n, 1n, 900n),
  /** EIP-7702, on a fork that has it. */
  authority: fc.option(fc.constantFrom(...SENDERS, NOBODY), { nil: undefined, freq: 3 }),
  delegate: fc.constantFrom(...(Object.keys(CONTRACTS) as Address[]), NO_DELEGATE),
  nonce: fc.constantFrom(0n, 1n, 2n),
});

const blocks = fc.record({
  fork: fc.constantFrom('byzantium' as const, 'shanghai' as const, 'osaka' as const),
  sent: fc.array(sent, { minLength: 1, maxLength: 24 }),
  workers: fc.integer({ min: 1, max: 4 }),
  window: fc.integer({ min: 0, max: 24 }),
  turns: fc.infiniteStream(fc.nat(1_000)),
});

interface Sequential {
  readonly transactions: Transaction[];
  readonly results: ExecutionResult[];
  readonly machine: Machine;
}

/** One after the other; those that are refused are left out. */
function executeSequentially(
  fork: 'byzantium' | 'shanghai' | 'osaka',
  given: readonly Sent[],
): Sequential {
  let machine: Machine | undefined;
  const evm = createCoreEVM({
    rules: rulesOf(fork),
    state: makeState(),
    block: BLOCK,
    engine: 'interpreter',
    precompiles: runPrecompile,
    sharedMemory: false,
    onMachine: (made) => {
      machine = made;
    },
  });
  const nonces = new Map<Address, bigint>();
  const transactions: Transaction[] = [];
  const results: ExecutionResult[] = [];
  let gasLeft = BLOCK.gasLimit;
  for (const { sender, to, data, value, tip, authority, delegate, ...authorization } of given) {
    const nonce = nonces.get(sender) ?? 0n;
    const isLate = fork !== 'byzantium';
    const delegates = fork === 'osaka' && to !== undefined && authority !== undefined;
    const transaction = plainTransaction({
      type: delegates ? 4 : isLate ? 2 : 0,
      authorizationList: delegates
        ? [{ chainId: 1n, address: delegate, authority, ...authorization }]
        : [],
      sender,
      nonce,
      gasLimit: GAS,
      to,
      value,
      data: Uint8Array.fromHex(to === undefined ? INIT : data.slice(2).padStart(64, '0')),
      maxFeePerGas: FEE,
      maxPriorityFeePerGas: isLate ? tip : FEE,
    });
    const result = evm.transactSync(transaction, { blockGasLeft: gasLeft, receiptLogs: true });
    if (result.status === 'refused') continue;
    gasLeft -= result.gasUsed;
    nonces.set(sender, nonceOf(result, sender) ?? nonce + 1n);
    const moved = authority && nonceOf(result, authority);
    if (moved !== undefined) nonces.set(authority as Address, moved);
    transactions.push(transaction);
    results.push(result);
  }
  return { transactions, results, machine: machine as unknown as Machine };
}

const nonceOf = ({ changes }: ExecutionResult, of: Address): bigint | undefined =>
  changes.accounts.get(of)?.nonce;

type Sent = typeof sent extends fc.Arbitrary<infer T> ? T : never;

function executeBoth(given: {
  readonly fork: 'byzantium' | 'shanghai' | 'osaka';
  readonly sent: readonly Sent[];
  readonly workers: number;
  readonly window: number;
  readonly turns: Iterator<number>;
}) {
  const { fork, workers, window, turns } = given;
  const expected = executeSequentially(fork, given.sent);
  const state = makeState();
  const turn = () => turns.next().value as number;
  const rules = rulesOf(fork);
  const settings = { rules, chainId: 1n, block: BLOCK, state, workers, window, turn };
  const actual = executeParallel(module, expected.transactions, settings);
  return { expected, actual };
}

test('whoever executes what when, it is what one after the other gives', () => {
  let [kept, again] = [0, 0];
  fc.assert(
    fc.property(blocks, (given) => {
      const { expected, actual } = executeBoth(given);
      expect(actual.status).toBe(parallel.JOB_DONE);
      expect(actual.results.map(({ gasUsed, logs }) => ({ gasUsed, logs }))).toEqual(
        expected.results.map(({ gasUsed, receiptLogs }) => ({
          gasUsed,
          logs: `${receiptLogs?.bloom.toHex()}${receiptLogs?.encoded.toHex()}`,
        })),
      );
      const state = makeState();
      expect(changedIn(actual.machine, state)).toEqual(changedIn(expected.machine, state));
      kept += actual.kept;
      again += actual.again;
    }),
    { numRuns: 600 },
  );
  // Both ways were gone.
  expect(kept).toBeGreaterThan(300);
  expect(again).toBeGreaterThan(20);
});
