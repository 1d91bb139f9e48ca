/** Stops: by signal, deadline and flag, within long instructions and while the state is awaited. */
import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { MemoryState } from '../../state/memory.ts';
import { createEVM } from '../evm.ts';
import type { EVM, TransactOptions } from '../evm-interface.ts';
import type { ForkName } from '../forks/names.ts';
import { plainTransaction } from '../plain-transaction.ts';
import type {
  Account,
  Address,
  Engine,
  StateReader,
  Transaction,
  TransactionResult,
} from '../types.ts';

const SENDER: Address = `0x${'aa'.repeat(20)}`;
const A: Address = `0x${'a1'.repeat(20)}`;
const B: Address = `0x${'b1'.repeat(20)}`;
const ENGINES: readonly Engine[] = ['interpreter', 'compiler', 'auto'];
const hex = (code: string) => Uint8Array.fromHex(code);

function stateWith(code: string, other = ''): MemoryState {
  const state = new MemoryState();
  const put = (address: Address, bytes: string) =>
    state.setAccount(address, { nonce: 0n, balance: 10n ** 18n, code: hex(bytes), storage: [] });
  put(SENDER, '');
  put(A, code);
  put(B, other);
  return state;
}

function transaction(to: Address): Transaction {
  return plainTransaction({
    sender: SENDER,
    gasLimit: 10n ** 15n,
    to,
  });
}

const call = (evm: EVM, options: TransactOptions = {}) =>
  evm.transact(transaction(A), { callOnly: true, commit: false, ...options });
const stopped = (reason: string) =>
  expect.objectContaining({ code: 'evm/stopped', details: { reason } });

/** SSTORE(0, 7), then one of the endless loops below. */
const STORE = '60075f55';
const ENDLESS: Readonly<Record<string, string>> = {
  jumps: `${STORE}5b600456`,
  'calls of an empty account': `${STORE}5b5f5f5f5f5f73${'cc'.repeat(20)}5af150600456`,
  'calls of itself until it is too deep': `${STORE}5b5f5f5f5f5f305af150600456`,
  creations: `${STORE}5b5f5f5ff050600456`,
  'multiplications modulo': `${STORE}5b5f195f195f19095f195f195f190950600456`.replace('50', '5050'),
};

describe.each(ENGINES)('an endless loop (%s)', (engine) => {
  it.each(Object.entries(ENDLESS))(
    'of %s ends at its deadline, signal and flag',
    async (_, code) => {
      const evm = createEVM({ state: stateWith(code), engine, hotThreshold: 50 });
      await expect(call(evm, { timeoutMs: 15 })).rejects.toEqual(stopped('timeout'));
      const sync = () => evm.transactSync(transaction(A), { callOnly: true, timeoutMs: 5 });
      expect(sync).toThrow(stopped('timeout'));
      const controller = new AbortController();
      setTimeout(() => controller.abort(new Error('enough')), 5);
      await expect(call(evm, { signal: controller.signal })).rejects.toMatchObject({
        code: 'evm/stopped',
        cause: new Error('enough'),
      });
      const stopFlag = new Int32Array(new SharedArrayBuffer(4));
      const setter = `const { workerData } = require('node:worker_threads');
      setTimeout(() => Atomics.store(workerData, 0, 1), 5);`;
      const worker = new Worker(setter, { eval: true, workerData: stopFlag });
      await expect(call(evm, { stopFlag })).rejects.toEqual(stopped('flag'));
      await worker.terminate();
      // Nothing was kept, and the machine goes on.
      const overrides = { [A]: { code: hex('5f545f5260205ff3') } };
      expect(await call(evm, { overrides })).toMatchObject({ output: new Uint8Array(32) });
    },
  );
});

/** A signal that is aborted at its nth look. */
function countedSignal(stopAt: number): { signal: AbortSignal; looks: () => number } {
  let looks = 0;
  const signal: AbortSignal = Object.create(AbortSignal.prototype, {
    aborted: {
      get: () => {
        looks += 1;
        return looks >= stopAt;
      },
    },
    reason: { value: 'counted' },
  });
  return { signal, looks: () => looks };
}

// 6 MiB of memory; MSTOREs of its middle and end, so that copies are not all zeros.
const SIZE = '62600000';
const HALF = '62300000';
const FILL = `7f${'ab'.repeat(32)}${HALF}527f${'cd'.repeat(32)}${SIZE}52`;
const RETURN_HASH = '6040355f5260205ff3';
/** KECCAK256 of 6 MiB into the memory's first word, which is returned. */
const HASH = `${SIZE}5f205f5260205ff3`;
/** Returns 6 MiB. */
const BIG_OUTPUT = `${FILL}${SIZE}5ff3`;
const CALL_B = `5f5f5f5f5f73${B.slice(2)}5af150`;

const RETURN_WORD = '5f5260205ff3';

/** A body for each number from 40,000 down, which lies on the stack. */
function eachOf40000(body: string): string {
  return `62009c405b${body}600190038060045750`;
}

interface Long {
  readonly code: string;
  readonly other?: string;
  readonly fork?: ForkName;
  /** Looks within the work that is meant. */
  readonly looks: number;
}

const LONG: Readonly<Record<string, Long>> = {
  'memory that grows': { code: `5f${SIZE}53${RETURN_HASH}`, looks: 6 },
  KECCAK256: { code: `${FILL}${HASH}`, looks: 6 + 20 },
  'MCOPY upwards': { code: `${FILL}${HALF}5f62100000` + `5e${HASH}`, looks: 6 + 3 + 20 },
  'MCOPY downwards': { code: `${FILL}${HALF}621000005f` + `5e${HASH}`, looks: 6 + 3 + 20 },
  CALLDATACOPY: { code: `${FILL}${HALF}5f5f37${HASH}`, looks: 6 + 3 + 20 },
  CODECOPY: { code: `${FILL}${HALF}5f5f39${HASH}`, looks: 6 + 3 + 20 },
  EXTCODECOPY: { code: `${FILL}${HALF}5f5f303c${HASH}`, looks: 6 + 3 + 20 },
  'return data': { code: `${CALL_B}${RETURN_HASH}`, other: BIG_OUTPUT, looks: 6 + 6 },
  RETURNDATACOPY: {
    code: `${CALL_B}${SIZE}5f5f3e${HASH}`,
    other: BIG_OUTPUT,
    looks: 6 + 6 + 6 + 6 + 20,
  },
  LOG0: { code: `${FILL}${SIZE}5fa0${RETURN_HASH}`, looks: 6 + 6 },
  // The init code starts with STOP.
  CREATE2: {
    code: `${FILL}5f${SIZE}5f5ff55f5260205ff3`.replaceAll('5f', '6000'),
    fork: 'constantinople',
    looks: 6 + 20,
  },
  // So does this one, where there is no limit to its length: memory that grows twice, bytes copied,
  // the map cleared, JUMPDESTs marked, blocks filled.
  'CREATE, long init code': {
    code: `${FILL}${SIZE}5f5ff05f5260205ff3`.replaceAll('5f', '6000'),
    fork: 'constantinople',
    looks: 2 * 12 + 24 + 6 + 24 + 96,
  },
  // Init code that returns 6 MiB: hashed; they are known from the run before.
  'CREATE, long code': {
    code: `66${SIZE}6000f360005260076019${'6000f0600052602060'}00f3`,
    fork: 'homestead',
    looks: 6 + 20 + 20,
  },
  // 100,000 rounds.
  BLAKE2F: {
    code: `63000186a060e01b5f5260205f60d55f5f60095af150${RETURN_HASH}`,
    looks: 6,
  },
};

describe('long work', () => {
  it.each(Object.entries(LONG))(
    '%s is the same when watched, and stops wherever it is',
    async (_, work) => {
      const { code, other = '', fork = 'osaka', looks } = work;
      const evm = createEVM({ state: stateWith(code, other), fork, engine: 'interpreter' });
      const run = (stopAt: number) => {
        const counted = countedSignal(stopAt);
        const options = { callOnly: true, commit: false, signal: counted.signal };
        const result = () => evm.transactSync(transaction(A), options);
        return { result, looks: counted.looks };
      };
      const plain = () => evm.transactSync(transaction(A), { callOnly: true, commit: false });
      const alone = essence(plain());
      expect(alone).toContain('success');
      const { result, looks: counted } = run(Number.POSITIVE_INFINITY);
      expect(essence(result())).toBe(alone);
      expect(counted()).toBeGreaterThanOrEqual(looks);
      const step = Math.ceil(counted() / 8);
      for (let stopAt = counted(); stopAt > 0; stopAt -= step) {
        expect(run(stopAt).result).toThrow(stopped('signal'));
      }
      expect(essence(plain())).toBe(alone);
    },
  );
});

// 40,000 entries, whose tables' index doubles nine times.
it.each([
  ['written', `${eachOf40000('80805d')}60055c${RETURN_WORD}`, 60],
  ['read', `${eachOf40000('805450')}6005${RETURN_WORD}`, 40_075],
] as const)('a call stops wherever it is while many slots are %s', (_, code, looks) => {
  const run = (stopAt: number) => {
    // Tables keep their size from call to call.
    const evm = createEVM({ state: stateWith(code), engine: 'interpreter' });
    const counted = countedSignal(stopAt);
    const options = { callOnly: true, commit: false, signal: counted.signal };
    const result = () => evm.transactSync(transaction(A), options);
    return { evm, result, looks: counted.looks };
  };
  const whole = run(Number.POSITIVE_INFINITY);
  const alone = essence(whole.result());
  expect(alone).toContain('success');
  expect(whole.looks()).toBeGreaterThanOrEqual(looks);
  // The last looks are those of the largest index.
  const count = whole.looks();
  for (const stopAt of [1, 5, 20, 40, 60, count - 20, count - 5, count]) {
    const { evm, result } = run(stopAt);
    expect(result).toThrow(stopped('signal'));
    const again = evm.transactSync(transaction(A), { callOnly: true, commit: false });
    expect(essence(again)).toBe(alone);
  }
});

it.each(ENGINES)('a dear instruction buys no long run without a look (%s)', (engine) => {
  // 76 million gas for 6 MiB, and then a loop of 26 million, 130 slices.
  const rounds = (1_000_000).toString(16).padStart(8, '0');
  const code = `5f${SIZE}5363${rounds}5b6001900380600b57`;
  const evm = createEVM({ state: stateWith(`${code}00`), engine, hotThreshold: 50 });
  const counted = countedSignal(Number.POSITIVE_INFINITY);
  const options = { callOnly: true, commit: false, signal: counted.signal };
  expect(evm.transactSync(transaction(A), options).status).toBe('success');
  expect(counted.looks()).toBeGreaterThan(120);
});

it('MCOPY of megabytes moves every byte, up and down', () => {
  const data = new Uint8Array(6 << 20);
  for (let i = 0; i < data.length; i++) data[i] = Math.imul(i, 0x9e3779b1) >>> 24;
  for (const [to, from] of [
    ['62100001', '5f'],
    ['5f', '62100001'],
  ] as const) {
    const evm = createEVM({ state: stateWith(`${SIZE}5f5f37${HALF}${from}${to}5e${SIZE}5ff3`) });
    const expected = Uint8Array.from(data);
    const [start, end] = [from, to].map((push) => (push === '5f' ? 0 : 0x100001)) as [
      number,
      number,
    ];
    expected.copyWithin(end, start, start + 0x300000);
    const result = evm.transactSync({ ...transaction(A), data }, { callOnly: true });
    if (result.status !== 'success') throw new Error(result.status);
    expect(Buffer.compare(result.output, expected)).toBe(0);
  }
});

/** What a result says, its logs as their bytes. */
function essence(result: TransactionResult): string {
  if (result.status === 'refused') return result.reason;
  const { status, gasUsed, output, logs } = result;
  const hash = createHash('sha256');
  for (const { data } of logs) hash.update(data);
  return `${status} ${gasUsed} ${output.toHex()} ${hash.digest('hex')}`;
}

describe('waiting for the state', () => {
  /** Never answers of B; counts what it was asked of others. */
  function silent(inner: MemoryState, answer: Promise<Account | undefined>): StateReader {
    return {
      getAccount: (address) => (address === B ? answer : inner.getAccount(address)),
      getStorage: (address, slot) => inner.getStorage(address, slot),
      getCode: (hash) => inner.getCode(hash),
      hasStorage: (address) => inner.hasStorage(address),
      getBlockHash: (number) => inner.getBlockHash(number),
    };
  }
  const BALANCE_OF_B = `73${B.slice(2)}315f5260205ff3`;

  it('ends by deadline, signal and flag', async () => {
    const never = new Promise<undefined>(() => {});
    const evm = createEVM({ state: silent(stateWith(BALANCE_OF_B), never) });
    await expect(call(evm, { timeoutMs: 10 })).rejects.toEqual(stopped('timeout'));
    const controller = new AbortController();
    const bySignal = call(evm, { signal: controller.signal });
    const stopFlag = new Int32Array(1);
    const byFlag = call(evm, { stopFlag });
    setTimeout(() => {
      controller.abort();
      stopFlag[0] = 1;
    }, 5);
    await Promise.all([
      expect(byFlag).rejects.toEqual(stopped('flag')),
      expect(bySignal).rejects.toEqual(stopped('signal')),
    ]);
    await expect(call(evm, { signal: controller.signal })).rejects.toEqual(stopped('signal'));
  });

  it('drops an answer that comes after the stop and the next state', async () => {
    let answerLate: (account: Account | undefined) => void = () => {};
    const late = new Promise<Account | undefined>((resolve) => {
      answerLate = resolve;
    });
    const state = stateWith(BALANCE_OF_B);
    const evm = createEVM({ state: silent(state, late) });
    await expect(call(evm, { timeoutMs: 5 })).rejects.toEqual(stopped('timeout'));
    evm.setState(state);
    answerLate({ nonce: 0n, balance: 1n, codeHash: `0x${'00'.repeat(32)}` });
    await new Promise(setImmediate);
    const result = await call(evm);
    expect(result).toMatchObject({ status: 'success' });
    expect('output' in result && BigInt(`0x${result.output.toHex()}`)).toBe(10n ** 18n);
  });

  it('leaves the event loop its turns while a call with a signal runs', async () => {
    const evm = createEVM({ state: stateWith(ENDLESS['jumps'] as string) });
    const controller = new AbortController();
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
      if (turns === 5) controller.abort();
    }, 1);
    await expect(call(evm, { signal: controller.signal })).rejects.toEqual(stopped('signal'));
    clearInterval(timer);
    expect(turns).toBe(5);
  });
});

it('stops are checked', async () => {
  const evm = createEVM({ state: stateWith('') });
  const wrong: readonly object[] = [
    { timeoutMs: -1 },
    { timeoutMs: '5' },
    { stopFlag: [0] },
    { signal: {} },
  ];
  for (const options of wrong) {
    await expect(call(evm, options)).rejects.toMatchObject({ code: 'evm/invalid input' });
  }
});
