import { describe, expect, it } from 'vitest';
import { MemoryState } from '../../state/memory.ts';
import { createEVM, type EVM } from '../evm.ts';
import type { Address, Awaitable, Engine, StateReader, Transaction } from '../types.ts';
import { CONTEXTS_MAX } from './contexts.ts';

const READER: Address = `0x${'0b'.repeat(20)}`;
const OTHER: Address = `0x${'0c'.repeat(20)}`;
const COUNTER: Address = `0x${'0d'.repeat(20)}`;
const SELF_CALLER: Address = `0x${'0e'.repeat(20)}`;
const LARGE: Address = `0x${'0f'.repeat(20)}`;
const SENDER: Address = `0x${'aa'.repeat(20)}`;

/** SLOAD(CALLDATALOAD(0)) + the same of OTHER, after a loop of 300 rounds. */
const READ_BOTH = [
  '61012c5b6001900380600357', // 300 rounds
  '5f355f52', // MSTORE(0, key)
  `60205f60205f5f73${'0c'.repeat(20)}5af150`, // MLOAD(0) = OTHER(key)
  '5f355450', // touch the slot
  '5f35545f51015f5260205ff3',
].join('');
const READ_ONE = '5f35545f5260205ff3';
/** Adds one to slot 0 and returns it. */
const COUNT = '5f54600101805f555f5260205ff3';
/** Depth reached by calling itself with all gas but 1,000. */
const RECURSE = '60206000600060006000306103e85a03f1506000516001016000526020 6000f3'.replace(
  ' ',
  '',
);
/** MSTORE8(48 MiB, 1): more than a small context has. */
const FAR = '60016303000000535960005260206000f3';

function createState(): MemoryState {
  const state = new MemoryState();
  const slots = (factor: bigint): [bigint, bigint][] =>
    Array.from({ length: 64 }, (_, i) => [BigInt(i), BigInt(i) * factor + 1n]);
  const put = (address: Address, code: string, storage: [bigint, bigint][] = []): void => {
    const balance = 10n ** 18n;
    state.setAccount(address, { nonce: 0n, balance, code: Uint8Array.fromHex(code), storage });
  };
  put(SENDER, '');
  put(READER, READ_BOTH, slots(3n));
  put(OTHER, READ_ONE, slots(1000n));
  put(COUNTER, COUNT);
  put(SELF_CALLER, RECURSE);
  put(LARGE, FAR);
  return state;
}

/** Answers every question after a few turns of the event loop, some later than others. */
function slowly(state: StateReader): StateReader {
  let asked = 0;
  const later = async <T>(answer: Awaitable<T>): Promise<T> => {
    asked += 1;
    for (let turns = (asked * 7) % 5; turns >= 0; turns--) await new Promise(setImmediate);
    return answer;
  };
  return {
    getAccount: (address) => later(state.getAccount(address)),
    getStorage: (address, slot) => later(state.getStorage(address, slot)),
    getCode: (hash) => later(state.getCode(hash)),
    hasStorage: (address) => later(state.hasStorage(address)),
    getBlockHash: (number) => later(state.getBlockHash(number)),
  };
}

function wordOf(value: bigint): Uint8Array {
  return Uint8Array.fromHex(value.toString(16).padStart(64, '0'));
}

async function read(evm: EVM, to: Address, key = 0n, gas?: bigint): Promise<bigint> {
  const request = { to, data: wordOf(key), ...(gas === undefined ? {} : { gas }) };
  const result = await evm.call(request);
  if (result.status !== 'success') throw new Error(JSON.stringify(result.status));
  return BigInt(`0x${result.output.toHex()}`);
}

function count(nonce: bigint): Transaction {
  return {
    type: 0,
    sender: SENDER,
    nonce,
    gasLimit: 100_000n,
    to: COUNTER,
    value: 0n,
    data: new Uint8Array(),
    maxFeePerGas: 1n,
    maxPriorityFeePerGas: 1n,
    accessList: [],
    maxFeePerBlobGas: 0n,
    blobVersionedHashes: [],
    authorizationList: [],
  };
}

const ENGINES: readonly Engine[] = ['interpreter', 'compiler', 'auto'];

describe.each(ENGINES)('calls side by side (%s)', (engine) => {
  const create = (state: StateReader) =>
    createEVM({ fork: 'osaka', engine, hotThreshold: 50, state });

  it('fifty at once over a state that answers later give what they give alone', async () => {
    const evm = create(slowly(createState()));
    const keys = Array.from({ length: 50 }, (_, i) => BigInt(i));
    const results = await Promise.all(keys.map((key) => read(evm, READER, key)));
    expect(results).toEqual(keys.map((key) => key * 1003n + 2n));
  });

  it('keep the order of the program where transactions commit between them', async () => {
    const evm = create(slowly(createState()));
    const work: Promise<bigint>[] = [];
    for (let i = 0n; i < 12n; i++) {
      const counted = evm.transact(count(i)).then((result) => {
        if (result.status !== 'success') throw new Error(result.status);
        return BigInt(`0x${result.output.toHex()}`);
      });
      work.push(counted, read(evm, COUNTER), read(evm, READER, i));
    }
    const results = await Promise.all(work);
    const expected = Array.from({ length: 12 }, (_, i) => BigInt(i)).flatMap((i) => [
      i + 1n,
      // A call adds one and forgets it.
      i + 2n,
      i * 1003n + 2n,
    ]);
    expect(results).toEqual(expected);
  });

  it('see the state that was set before them', async () => {
    const [first, second] = [createState(), createState()];
    const evm = create(slowly(first));
    second.setAccount(OTHER, {
      nonce: 0n,
      balance: 0n,
      code: Uint8Array.fromHex(READ_ONE),
      storage: [[5n, 77n]],
    });
    const before = read(evm, OTHER, 5n);
    evm.setState(slowly(second));
    const after = read(evm, OTHER, 5n);
    expect(await Promise.all([before, after])).toEqual([5001n, 77n]);
  });

  it('go on after one whose state failed', async () => {
    const state = slowly(createState());
    const evm = create({
      ...state,
      getStorage: (address, slot) =>
        slot === 13n ? Promise.reject(new Error('disk')) : state.getStorage(address, slot),
    });
    const keys = [11n, 12n, 13n, 14n];
    const results = await Promise.allSettled(keys.map((key) => read(evm, READER, key)));
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(await read(evm, READER, 15n)).toBe(15n * 1003n + 2n);
  });

  it('that need more room than a small context has get the large one', async () => {
    const evm = create(slowly(createState()));
    const calls = Array.from({ length: CONTEXTS_MAX }, () => read(evm, LARGE, 0n, 10n ** 11n));
    const size = BigInt((48 << 20) + 32);
    expect(await Promise.all(calls)).toEqual(Array(CONTEXTS_MAX).fill(size));
  });

  it('a synchronous one is refused while others are suspended', async () => {
    const evm = create(slowly(createState()));
    const suspended = read(evm, READER, 3n);
    expect(() => evm.transactSync(count(0n))).toThrow(
      expect.objectContaining({ code: 'evm/not synchronous' }),
    );
    expect(await suspended).toBe(3n * 1003n + 2n);
  });

  it('nest 1,024 deep without the native stack', async () => {
    const evm = createEVM({ fork: 'homestead', engine, state: createState() });
    expect(await read(evm, SELF_CALLER, 0n, 10n ** 8n)).toBe(1025n);
    // From deep within JavaScript, where a nested native stack would end.
    const deep = (levels: number): Promise<bigint> =>
      levels === 0 ? read(evm, SELF_CALLER, 0n, 10n ** 8n) : deep(levels - 1);
    expect(await deep(5_000)).toBe(1025n);
  });
});
