/**
 * Blocks executed as jobs against the same transactions one after the other: state, gas, statuses,
 * logs. Whose turn it is comes from a seed.
 */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { keccak256 } from '../../src/base/keccak.ts';
import { rulesOf } from '../../src/evm/forks/rules.ts';
import { createCoreEVM } from '../../src/evm/local-evm.ts';
import type { Machine } from '../../src/evm/machine/instance.ts';
import { refusalNumber } from '../../src/evm/machine/refusals.ts';
import * as parallel from '../../src/evm/parallel-layout.ts';
import { plainTransaction } from '../../src/evm/plain-transaction.ts';
import { runPrecompile } from '../../src/evm/precompiles/table.ts';
import type {
  Address,
  BlockEnvironment,
  ExecutionResult,
  RefusalReason,
  Transaction,
  TransactionResult,
} from '../../src/evm/types.ts';
import { MemoryState } from '../../src/state/memory.ts';
import { compileRuntime } from '../runtime-internals.ts';
import {
  executeParallel,
  FILES,
  type ParallelSettings,
  type TaskResult,
} from './parallel-block.ts';
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
/** Counts in a slot or, given an address, destroys itself; and init code that returns it. */
const MORTAL = '5f35600d575f546001015f55005b5f35ff';
const MORTAL_INIT = `70${MORTAL}5f526011600ff3`;
const FACTORY = address('10');
/** Sets a slot and leaves no code. */
const QUIET_INIT = '60015f55';
const QUIET_FACTORY = address('11');
/** Counts in a slot and destroys itself; init code that returns it. */
const PASSER_INIT = '685f546001015f5533ff5f5260096017f3';
const CALLCODER = address('13');
const STINGY = address('14');
/** Creates one at the same address each time, and calls it. */
const PASSING = address('12');
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
  // Creates one that dies, each time at the same address.
  [FACTORY]: `78${MORTAL_INIT}5f525f601960075ff55000`,
  [PASSING]: `70${PASSER_INIT}5f525f6011600f5ff55f5f5f5f5f855af1505000`,
  [QUIET_FACTORY]: `63${QUIET_INIT}5f525f6004601c5ff55000`,
  // Asks for what it has by CALLCODE, and gives it away.
  [CALLCODER]: '5f5f5f5f610fa05f355af23355' + '5f5f5f5f610fa05f355af15000',
  // Has another one destroy itself with too little gas to make a new account.
  [STINGY]: `5f355f525f5f60205f5f73${'09'.repeat(20)}611f40f1335500`,
  // Calls another one; leaves a log; hashes by a precompile.
  [address('0c')]: '5f5f5f5f5f5f355af15000',
  [address('0d')]: '5f355f5260205fa000',
  [address('0e')]: '5f5f60205f60025afa5f545f5500',
};
const BORN_AGAIN = createdBy(FACTORY, MORTAL_INIT);
const QUIET = createdBy(QUIET_FACTORY, QUIET_INIT);
const TARGETS = [...Object.keys(CONTRACTS), ...SENDERS, POOR, COINBASE, NOBODY] as Address[];
/** Those whose transactions meet. */
const DISPUTED = ['01', '01', '01', '04', '05', '0f', '0f', '10', '10'].map(address);
const MORTALS = Array.from({ length: 5 }, () => BORN_AGAIN);
const RICH = 10n ** 20n;
/** Who have more than half of what a balance may be. */
const GIANTS = ['b0', 'b1', 'b2'].map(address);
const HALF = 2n ** 255n;
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

/** Where CREATE2 creates with a salt of zero. */
function createdBy(factory: Address, init: string): Address {
  const codeHash = keccak256(Uint8Array.fromHex(init)).toHex();
  const bytes = Uint8Array.fromHex(`ff${factory.slice(2)}${'00'.repeat(32)}${codeHash}`);
  return `0x${keccak256(bytes).toHex().slice(24)}`;
}

function makeState(): MemoryState {
  const state = new MemoryState();
  const put = (at: Address, balance: bigint, code = '', nonce = 0n) => {
    const bytes = Uint8Array.fromHex(code);
    state.setAccount(at, { nonce, balance, code: bytes, storage: [] });
  };
  for (const sender of SENDERS) put(sender, RICH);
  put(POOR, GAS * FEE);
  put(COINBASE, 1n);
  for (const giant of GIANTS) put(giant, HALF + RICH);
  for (const [at, code] of Object.entries(CONTRACTS)) put(at as Address, 5_000n, code, 1n);
  return state;
}

const sentTo = (targets: readonly Address[]) =>
  fc.record({
    sender: fc.constantFrom(...SENDERS, POOR),
    to: fc.option(fc.constantFrom(...targets), { nil: undefined, freq: 20 }),
    data: fc.constantFrom(...TARGETS, ...Array.from({ length: 8 }, () => NO_DELEGATE)),
    value: fc.constantFrom(0n, 0n, 1n, 777n, 10n ** 18n),
    tip: fc.constantFrom(0n, 1n, 900n),
    /** EIP-7702, on a fork that has it. */
    authority: fc.option(fc.constantFrom(...SENDERS, NOBODY), { nil: undefined, freq: 3 }),
    delegate: fc.constantFrom(...(Object.keys(CONTRACTS) as Address[]), NO_DELEGATE),
    nonce: fc.constantFrom(0n, 1n, 2n),
  });

type Fork = 'byzantium' | 'shanghai' | 'osaka';

const blocksOf = (forks: readonly Fork[], targets: readonly Address[]) =>
  fc.record({
    fork: fc.constantFrom(...forks),
    sent: fc.array(sentTo(targets), { minLength: 1, maxLength: 24 }),
    workers: fc.integer({ min: 1, max: 4 }),
    window: fc.integer({ min: 0, max: 24 }),
    turns: fc.infiniteStream(fc.nat(1_000)),
  });

interface Sequential {
  readonly transactions: Transaction[];
  readonly results: TransactionResult[];
  readonly machine: Machine;
}

/** One after the other; those that are refused change nothing. */
function executeSequentially(fork: Fork, given: readonly Sent[]): Sequential {
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
  const results: TransactionResult[] = [];
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
    transactions.push(transaction);
    results.push(result);
    if (result.status === 'refused') continue;
    gasLeft -= result.gasUsed;
    nonces.set(sender, nonceOf(result, sender) ?? nonce + 1n);
    const moved = authority && nonceOf(result, authority);
    if (moved !== undefined) nonces.set(authority as Address, moved);
  }
  return { transactions, results, machine: machine as unknown as Machine };
}

const nonceOf = ({ changes }: ExecutionResult, of: Address): bigint | undefined =>
  changes.accounts.get(of)?.nonce;

type Sent = ReturnType<typeof sentTo> extends fc.Arbitrary<infer T> ? T : never;

function executeBoth(given: {
  readonly fork: Fork;
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

const outcomeOfTask = ({ refused, gasUsed, logs }: TaskResult) =>
  refused === 0 ? { gasUsed, logs } : refused;

const outcomeOf = (result: TransactionResult) => {
  if (result.status === 'refused') return refusalNumber(result.reason);
  const { gasUsed, receiptLogs } = result;
  return { gasUsed, logs: `${receiptLogs?.bloom.toHex()}${receiptLogs?.encoded.toHex()}` };
};

/** Holds both against each other; how many counted as executed in advance, and had to be again. */
function compare(blocks: ReturnType<typeof blocksOf>, numRuns: number) {
  let [kept, again] = [0, 0];
  fc.assert(
    fc.property(blocks, (given) => {
      const { expected, actual } = executeBoth(given);
      expect(actual.status).toBe(parallel.JOB_DONE);
      expect(actual.results.map(outcomeOfTask)).toEqual(expected.results.map(outcomeOf));
      const state = makeState();
      expect(changedIn(actual.machine, state)).toEqual(changedIn(expected.machine, state));
      kept += actual.kept;
      again += actual.again;
    }),
    { numRuns },
  );
  return { kept, again };
}

test('whoever executes what when, it is what one after the other gives', () => {
  const targets = [...TARGETS, ...DISPUTED, ...MORTALS];
  const { kept, again } = compare(blocksOf(['byzantium', 'shanghai', 'osaka'], targets), 600);
  // Both ways were gone.
  expect(kept).toBeGreaterThan(300);
  expect(again).toBeGreaterThan(20);
});

test('so it is where an account is destroyed and made again', () => {
  compare(blocksOf(['shanghai'], [FACTORY, BORN_AGAIN, BORN_AGAIN, BORN_AGAIN]), 300);
});

test('so it is where what is there to be given away comes and goes', () => {
  compare(blocksOf(['osaka'], [address('0f')]), 150);
});

test('so it is where ether lies at an address before anybody creates there', () => {
  compare(blocksOf(['shanghai'], [QUIET_FACTORY, QUIET]), 60);
});

test('a balance that would pass 2^256 does not', () => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat(1_000)), (turns) => {
      const plain = { data: NOBODY, authority: undefined, delegate: NOBODY };
      const sent = GIANTS.map((sender): Sent => {
        return { ...plain, sender, to: POOR, value: HALF, tip: 0n, nonce: 0n };
      });
      const { expected, actual } = executeBoth({
        fork: 'osaka',
        sent,
        workers: 3,
        window: 8,
        turns,
      });
      const state = makeState();
      expect(changedIn(actual.machine, state)).toEqual(changedIn(expected.machine, state));
    }),
    { numRuns: 30 },
  );
});

test('so it is where CALLCODE asks for what comes and goes', () => {
  compare(blocksOf(['osaka'], [CALLCODER, CALLCODER, address('03')]), 150);
});

test('so it is where a destruction has no gas for what there is to be left', () => {
  compare(blocksOf(['shanghai', 'osaka'], [STINGY, STINGY, address('09')]), 200);
});

test('an account that comes and goes within a transaction leaves nothing to the next one', () => {
  compare(blocksOf(['shanghai'], [PASSING]), 60);
});

test('what is refused at its turn is refused, and changes nothing', () => {
  const transaction = plainTransaction({
    sender: SENDERS[0] as Address,
    gasLimit: GAS,
    to: address('01'),
    maxFeePerGas: FEE,
  });
  const settings = {
    rules: rulesOf('osaka'),
    chainId: 1n,
    state: makeState(),
    workers: 2,
    window: 8,
  };
  const run = (transactions: readonly Transaction[], given: Partial<ParallelSettings> = {}) => {
    let turns = 0;
    const turn = () => turns++;
    const all = { ...settings, block: BLOCK, turn, ...given };
    const { status, results } = executeParallel(module, transactions, all);
    return { status, refused: results.map(({ refused }) => refused) };
  };
  const done = (...refused: number[]) => ({ status: parallel.JOB_DONE, refused });
  const next = { ...transaction, nonce: 1n, to: NOBODY };
  expect(run([transaction, next])).toEqual(done(0, 0));
  // A nonce that is missing, one that comes twice; more gas than the block has left.
  const [high, low, gas] = ['nonce too high', 'nonce too low', 'gas limit exceeds block'].map(
    (reason) => refusalNumber(reason as RefusalReason),
  ) as [number, number, number];
  expect(run([next])).toEqual(done(high));
  expect(run([transaction, transaction, next])).toEqual(done(0, low, 0));
  const block = { ...BLOCK, gasLimit: GAS + GAS / 4n };
  expect(run([transaction], { block })).toEqual(done(0));
  expect(run([transaction, next], { block })).toEqual(done(0, gas));
  // The same where the second was executed in advance: the first worker begins, the second goes on.
  const inAdvance = [0, 1, 1, 1, 1, 1][Symbol.iterator]();
  const turn = () => inAdvance.next().value ?? 0;
  expect(run([transaction, next], { block, turn })).toEqual(done(0, gas));
});

test('a job whose region is full is given up', () => {
  const transaction = plainTransaction({
    sender: SENDERS[0] as Address,
    gasLimit: GAS,
    to: NOBODY,
  });
  const settings = { rules: rulesOf('osaka'), chainId: 1n, state: makeState(), window: 8 };
  const { status } = executeParallel(module, [{ ...transaction, maxFeePerGas: FEE }], {
    ...settings,
    block: BLOCK,
    workers: 1,
    turn: () => 0,
    regionBytes: 256,
  });
  expect(status).toBe(parallel.JOB_GIVEN_UP);
});
