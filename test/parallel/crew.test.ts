/**
 * A crew at an EVM: threads that end while they hold the head's transaction or ask for state, a
 * state that answers late or not at all, a job whose memory is full, two EVMs that want the crew.
 */
import { setTimeout } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createEVM, type EVM } from '../../src/evm/evm.ts';
import { rulesOf } from '../../src/evm/forks/rules.ts';
import { Crew } from '../../src/evm/parallel/crew.ts';
import type { JobReport, JobTransactions } from '../../src/evm/parallel/job.ts';
import { plainTransaction } from '../../src/evm/plain-transaction.ts';
import type { Address, StateChanges, StateReader, Transaction } from '../../src/evm/types.ts';
import { ChangeSet } from '../../src/state/change-set.ts';
import type { MemoryState } from '../../src/state/memory.ts';
import { COINBASE, RECOVERY, SENDER_ADDRESSES, worldOf } from './block-world.ts';

const threads: Worker[] = [];
const startsThread = (worker: Worker): void => {
  if (worker.threadName === 'ironfly worker') threads.push(worker);
};
const crews: Crew[] = [];
beforeAll(() => {
  process.on('worker', startsThread);
});
afterEach(async () => {
  await Promise.all(crews.map((crew) => crew.close()));
  crews.length = 0;
});
afterAll(() => {
  process.off('worker', startsThread);
});

function openCrew(workers: number, regionBytes?: number): Crew {
  const crew = new Crew(workers, regionBytes);
  crews.push(crew);
  return crew;
}

const contract = (digits: string): Address => `0x${digits.repeat(20)}`;
const [MIX, EACH, LOOP, TOKEN] = ['01', '02', '0b', '20'].map(contract) as [
  Address,
  Address,
  Address,
  Address,
];
const BLOCK = { number: 5n, coinbase: COINBASE, gasLimit: 1_000_000_000n, baseFee: 10n };
/** Some 50 ms. */
const LONG = 10_000_000n;
/** As many are written before the first is shown to the other threads. */
const SHOWN_AT_ONCE = 16;

const newState = (): MemoryState => worldOf({ fork: 'osaka', gasLimit: 30_000_000n }).state;

function openEVM(state: StateReader): EVM {
  return createEVM({ rules: rulesOf('osaka'), state, block: BLOCK, engine: 'interpreter' });
}

/** One of each sender, to one contract after the other; the first ones to the first. */
function transactionsTo(
  targets: readonly Address[],
  { count = 36, gasLimit = 100_000n }: { count?: number; gasLimit?: bigint } = {},
): Transaction[] {
  return Array.from({ length: count }, (_, index) => {
    const sender = SENDER_ADDRESSES[index % 18] as Address;
    const nonce = BigInt(Math.floor(index / 18));
    const to = targets[index % targets.length] as Address;
    const data = Uint8Array.fromHex(sender.slice(2).padStart(64, '0') + '01'.padStart(64, '0'));
    return plainTransaction({ sender, nonce, to, data, gasLimit, maxFeePerGas: 1_000n });
  });
}

interface Outcome {
  readonly root: string;
  readonly gasUsed: readonly bigint[];
}

function executeAlone(transactions: readonly Transaction[], evm = openEVM(newState())): Outcome {
  const changes = new ChangeSet();
  const gasUsed = transactions.map((transaction) => {
    const result = evm.transactSync(transaction);
    if (result.status === 'refused') throw new Error(result.message);
    changes.add(result.changes);
    return result.gasUsed;
  });
  const state = newState();
  state.apply(changes);
  return { root: state.root(), gasUsed };
}

function outcomeOf({ results, changes }: JobReport): Outcome {
  const state = newState();
  state.apply(changes);
  const gasUsed = results.map((result) => {
    if (result.status === 'refused') throw new Error(result.message);
    return result.gasUsed;
  });
  return { root: state.root(), gasUsed };
}

/** The same state, of which slots are read by way of `read`. */
function readBy(
  state: MemoryState,
  read: (value: () => bigint, reads: number) => bigint | Promise<bigint>,
): StateReader {
  let reads = 0;
  return {
    getAccount: (address) => state.getAccount(address),
    getStorage: (address, slot) => read(() => state.getStorage(address, slot), reads++),
    getCode: (hash) => state.getCode(hash),
    hasStorage: (address) => state.hasStorage(address),
    getBlockHash: (number) => state.getBlockHash(number),
  };
}

/** Calls back while they are written, once others can execute those before. */
function* written(
  transactions: readonly Transaction[],
  meanwhile: () => void,
): Generator<Transaction> {
  for (const [index, transaction] of transactions.entries()) {
    if (index === SHOWN_AT_ONCE) meanwhile();
    yield transaction;
  }
}

const listOf = (length: number, iterable: Iterable<Transaction>): JobTransactions => ({
  length,
  [Symbol.iterator]: () => iterable[Symbol.iterator](),
});

/** Holds the thread. */
function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** Calls ECRECOVER until little gas is left, and keeps the sum of what it gives. */
const RECOVERS = '60805f5f375b6020608060805f60015afa506080515f54015f55614e205a1160055700';

const LOST = { code: 'evm/worker lost' };

describe('a thread ends', () => {
  test.each([1, 30])('%i ms after it took the head’s transaction', async (milliseconds) => {
    const transactions = transactionsTo([LOOP], { count: 20, gasLimit: LONG });
    const crew = openCrew(2);
    // The one other thread takes the first one, which nobody else can meanwhile.
    const all = written(transactions, () => {
      sleep(milliseconds);
      threads.at(-1)?.terminate();
    });
    const evm = openEVM(newState());
    await expect(evm.transactAll(listOf(20, all), crew)).rejects.toMatchObject(LOST);
    expect(crew.isFree).toBe(false);
    expect(await evm.transactAll(transactions, crew)).toBeUndefined();
  });

  test('while it asks for state', async () => {
    const transactions = transactionsTo([EACH]);
    const crew = openCrew(2);
    let isWriting = true;
    let asked = 0;
    const state = readBy(newState(), (value) => {
      // The first thread executes nothing as long as it writes: it answers the other one.
      if (!isWriting) return value();
      asked += 1;
      return (async () => {
        await threads.at(-1)?.terminate();
        return value();
      })();
    });
    const all = (function* () {
      for (const transaction of transactions) {
        yield transaction;
        // It may be kept off its core: as long as it has not asked there is time.
        if (asked === 0) sleep(30);
      }
      isWriting = false;
    })();
    const executed = openEVM(state).transactAll(listOf(transactions.length, all), crew);
    await expect(executed).rejects.toMatchObject(LOST);
    expect(asked).toBe(1);
  });

  test('before its first job', async () => {
    const crew = openCrew(3);
    const executed = openEVM(newState()).transactAll(transactionsTo([EACH]), crew);
    // Of a thread that was started one hears a tick later.
    await new Promise(process.nextTick);
    for (const thread of threads.slice(-2)) thread.terminate();
    await expect(executed).rejects.toMatchObject(LOST);
  });
});

describe('a state', () => {
  const workers = [2, 4, 8];

  test.each(workers)('that answers later: %i workers', async (count) => {
    const transactions = transactionsTo([EACH, MIX, TOKEN]);
    const expected = executeAlone(transactions);
    const crew = openCrew(count);
    for (const ms of [0, 1]) {
      const state = readBy(newState(), async (value) => {
        await setTimeout(ms);
        return value();
      });
      const report = await openEVM(state).transactAll(transactions, crew);
      expect(report && outcomeOf(report)).toEqual(expected);
    }
  });

  test.each(workers)('that fails: %i workers', async (count) => {
    const transactions = transactionsTo([EACH, TOKEN, MIX]);
    const expected = executeAlone(transactions);
    const crew = openCrew(count);
    const broken = new Error('the disk is gone');
    for (const at of [0, 1, 5, 9, 12]) {
      for (const isLate of [false, true]) {
        const state = readBy(newState(), (value, reads) => {
          if (reads !== at) return value();
          if (isLate) return setTimeout(1).then(() => Promise.reject(broken));
          throw broken;
        });
        const executed = openEVM(state)
          .transactAll(transactions, crew)
          .then(() => 'no error');
        await expect(executed).rejects.toBe(broken);
        // The crew is as it was.
        const report = await openEVM(newState()).transactAll(transactions, crew);
        expect(report && outcomeOf(report)).toEqual(expected);
      }
    }
  });
});

test('transactions that cannot be made end the job, and the crew takes the next one', async () => {
  const transactions = transactionsTo([EACH, MIX]);
  const expected = executeAlone(transactions);
  const crew = openCrew(4);
  const broken = new Error('no transaction');
  for (const at of [0, 1, SHOWN_AT_ONCE, 30]) {
    const all = (function* () {
      for (const [index, transaction] of transactions.entries()) {
        if (index === at) throw broken;
        yield transaction;
      }
    })();
    const evm = openEVM(newState());
    await expect(evm.transactAll(listOf(transactions.length, all), crew)).rejects.toBe(broken);
    // Nothing has come of it, so that the same EVM goes on.
    expect(executeAlone(transactions, evm)).toEqual(expected);
  }
  const report = await openEVM(newState()).transactAll(transactions, crew);
  expect(report && outcomeOf(report)).toEqual(expected);
});

describe('a job whose memory is full is executed one after another', () => {
  const transactions = transactionsTo([TOKEN, EACH, MIX]);
  const expected = executeAlone(transactions);

  /** Whether so many bytes are enough for the threads. */
  const isEnough = async (bytes: number, workers: number): Promise<boolean> => {
    const evm = openEVM(newState());
    const crew = openCrew(workers, bytes);
    const report = await evm.transactAll(transactions, crew).catch((error) => {
      // Where all was executed, and is only to be put together, it is for the chain to begin anew.
      expect(error).toMatchObject({ code: 'evm/host limit' });
      return 'another EVM';
    });
    const isFree = crew.isFree;
    await crew.close();
    if (report === 'another EVM') return false;
    // Where it was too much, nothing has changed.
    const outcome = report ? outcomeOf(report as JobReport) : executeAlone(transactions, evm);
    expect(outcome, `${bytes} bytes`).toEqual(expected);
    expect(isFree).toBe(true);
    return report !== undefined;
  };

  test('on several threads', async () => {
    const [done, full] = [[], []] as [number[], number[]];
    for (let bytes = 1 << 13; bytes < 1 << 19; bytes = Math.ceil((bytes * 1.8) / 64) * 64) {
      ((await isEnough(bytes, 3)) ? done : full).push(bytes);
    }
    expect(done.length).toBeGreaterThan(1);
    expect(full.length).toBeGreaterThan(1);
  });

  test('whatever it is that finds no place any more', async () => {
    let [few, enough] = [1 << 10, 1 << 18];
    while (enough - few > 64) {
      const middle = ((few + enough) >> 7) << 6;
      if (await isEnough(middle, 1)) enough = middle;
      else few = middle;
    }
    // The last ones: records, results, and the list of what has changed.
    for (let bytes = enough - 120 * 64; bytes < enough; bytes += 64) {
      expect(await isEnough(bytes, 1), `${bytes} bytes of ${enough}`).toBe(false);
    }
  });
});

test('what a precompile gave is not what was read for others meanwhile', async () => {
  // Each has a code of its own, which nobody knows: it calls ECRECOVER again and again.
  const callers = Array.from({ length: 48 }, (_, index): Address => {
    return `0x${(0xca11_0000 + index).toString(16).padStart(40, '0')}`;
  });
  const sumsIn = ({ accounts }: StateChanges) =>
    callers.map((at) => accounts.get(at)?.storage.get(0n));
  const withCallers = (state: MemoryState): MemoryState => {
    for (const [index, at] of callers.entries()) {
      const code = Uint8Array.fromHex(RECOVERS + 'fe'.repeat(2_000 + index));
      state.setAccount(at, { nonce: 1n, balance: 0n, code, storage: [] });
    }
    return state;
  };
  const transactions = transactionsTo(callers, { count: 48, gasLimit: 400_000n }).map((each) => {
    return { ...each, data: Uint8Array.fromHex(RECOVERY) };
  });
  const state = withCallers(newState());
  const changes = new ChangeSet();
  const alone = openEVM(state);
  for (const transaction of transactions) {
    const result = alone.transactSync(transaction);
    expect(result.status).toBe('success');
    if (result.status !== 'refused') changes.add(result.changes);
  }
  for (const workers of [2, 4]) {
    const crew = openCrew(workers);
    for (let seed = 0; seed < 16; seed++) {
      const all = {
        length: transactions.length,
        seed,
        [Symbol.iterator]: () => transactions.values(),
      };
      const report = await openEVM(state).transactAll(all, crew);
      const actual = report && sumsIn(report.changes);
      expect(actual, `${workers} workers, seed ${seed}`).toEqual(sumsIn(changes));
    }
  }
});

test('an EVM that had to wait finds the crew with another one', async () => {
  const transactions = transactionsTo([EACH, MIX]);
  const expected = executeAlone(transactions);
  const crew = openCrew(3);
  const slow = readBy(newState(), async (value) => {
    await setTimeout(2);
    return value();
  });
  let answer: (value: bigint) => void = () => {};
  const stuck = new Promise<bigint>((resolve) => {
    answer = resolve;
  });
  const waiting = openEVM(readBy(newState(), (value, reads) => (reads === 0 ? stuck : value())));
  const call = waiting.call({ to: MIX });
  const second = waiting.transactAll(transactions, crew);
  const first = openEVM(slow).transactAll(transactions, crew);
  await setTimeout(20);
  answer(0n);
  await call;
  const [one, other] = await Promise.all([first, second]);
  expect(one && outcomeOf(one)).toEqual(expected);
  expect(other ? outcomeOf(other) : executeAlone(transactions, waiting)).toEqual(expected);
});
