import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BLANK_TRANSACTION } from '../../chain/transactions/blank.ts';
import { encodeTransaction } from '../../chain/transactions/encode.ts';
import { addressOfKey, signTransaction } from '../../chain/transactions/signature.ts';
import type { RefusalReason, TransactionResult } from '../../evm/types.ts';
import { MemoryState } from '../../state/memory.ts';
import type { FileResult } from './cases.ts';
import { refusalExpected } from './exceptions.ts';
import { runFile } from './file.ts';
import { parseStateTests } from './fixture.ts';
import { openMachine } from './machine.ts';
import { runStateTestPool } from './pool.ts';
import type { TestJob, TestMachine } from './run.ts';

const KEY = new Uint8Array(32).fill(7);
const SENDER = addressOfKey(KEY);
const CONTRACT = `0x${'c0'.repeat(20)}` as const;
const COINBASE = `0x${'cb'.repeat(20)}` as const;
const NO_LOGS = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347';
/** SSTORE(0, CALLVALUE). */
const CODE = '0x345f55';
const GAS_USED = 21_000n + 2n + 2n + 22_100n;

/** A test file's content; changes are merged into the one test of it. */
function fixture(changes: Record<string, unknown> = {}, post: Record<string, unknown> = {}) {
  const account = (balance: string, code = '0x') => ({ nonce: '0x00', balance, code, storage: {} });
  const test = {
    env: {
      currentCoinbase: COINBASE,
      currentGasLimit: '0x1000000',
      currentNumber: '0x01',
      currentTimestamp: '0x03e8',
      currentRandom: `0x${'00'.repeat(32)}`,
      currentBaseFee: '0x07',
    },
    pre: { [SENDER]: account('0x0de0b6b3a7640000'), [CONTRACT]: account('0x00', CODE) },
    transaction: {
      nonce: '0x00',
      gasPrice: '0x0a',
      gasLimit: ['0x0f4240', '0x10'],
      to: CONTRACT,
      value: [
        '0x05',
        '0x:bigint 0x1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
      ],
      data: ['0x'],
      sender: SENDER,
      secretKey: `0x${KEY.toHex()}`,
    },
    post: { Shanghai: [outcome(post)] },
    config: { chainid: '0x01' },
    ...changes,
  };
  return JSON.stringify({ sample: test });
}

function outcome(changes: Record<string, unknown> = {}) {
  const indexes = { data: 0, gas: 0, value: 0 };
  return { hash: rootAfter(), logs: NO_LOGS, indexes, ...changes };
}

function rootAfter(): string {
  const state = new MemoryState();
  const code = Uint8Array.fromHex(CODE.slice(2));
  const none = new Uint8Array(0);
  const balance = 10n ** 18n - 5n - GAS_USED * 10n;
  state.setAccount(SENDER, { nonce: 1n, balance, code: none, storage: [] });
  state.setAccount(CONTRACT, { nonce: 0n, balance: 5n, code, storage: [[0n, 5n]] });
  state.setAccount(COINBASE, { nonce: 0n, balance: GAS_USED * 3n, code: none, storage: [] });
  return state.root();
}

function rootBefore(): string {
  const state = new MemoryState();
  for (const [at, account] of parseStateTests(fixture())[0]?.pre ?? []) {
    state.setAccount(at, account);
  }
  return state.root();
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'statetest-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(
  content: string,
  machine: TestMachine = openMachine({ engine: 'interpreter' }),
): Promise<FileResult> {
  const path = join(folder, 'test.json');
  writeFileSync(path, content);
  return await runFile(path, {}, machine);
}

async function errorOf(content: string): Promise<string | undefined> {
  const { results, error } = await run(content);
  return error ?? results[0]?.error;
}

describe('a case', () => {
  it('passes when root and logs are as expected', async () => {
    const { results, error } = await run(fixture());
    expect(error).toBeUndefined();
    expect(results).toEqual([
      { name: 'sample', fork: 'Shanghai', index: 0, pass: true, stateRoot: rootAfter() },
    ]);
  });

  it('fails on another root, other logs, or a refusal that is not expected', async () => {
    const zero = `0x${'00'.repeat(32)}`;
    expect(await errorOf(fixture({}, { hash: zero }))).toMatch(`expected ${zero}`);
    expect(await errorOf(fixture({}, { logs: zero }))).toMatch('logs hash');
    const poor = { indexes: { data: 0, gas: 1, value: 0 }, hash: rootBefore() };
    expect(await errorOf(fixture({}, poor))).toMatch('refused: intrinsic gas too low');
  });

  it('wants the refusal for its reason, and the state as before', async () => {
    const refused = { indexes: { data: 0, gas: 1, value: 0 }, hash: rootBefore() };
    const wrong = { ...refused, expectException: 'TransactionException.NONCE_IS_MAX' };
    const right = {
      ...refused,
      expectException:
        'TransactionException.NONCE_IS_MAX|TransactionException.INTRINSIC_GAS_TOO_LOW',
    };
    expect(await errorOf(fixture({}, wrong))).toMatch('expected TransactionException.NONCE_IS_MAX');
    expect(await errorOf(fixture({}, right))).toBeUndefined();
    expect(await errorOf(fixture({}, { ...right, hash: rootAfter() }))).toMatch('state root');
    expect(await errorOf(fixture({}, { expectException: right.expectException }))).toMatch(
      'executed (success)',
    );
  });

  it('takes a value that fits no word for a refusal', async () => {
    const indexes = { data: 0, gas: 0, value: 1 };
    const post = { indexes, hash: rootBefore(), expectException: 'TR_RLP_WRONGVALUE' };
    expect(await errorOf(fixture({}, post))).toBeUndefined();
  });

  it('compares the signed bytes with the transaction', async () => {
    const signed = signTransaction(
      {
        ...BLANK_TRANSACTION,
        type: 0,
        maxFeePerGas: 10n,
        maxPriorityFeePerGas: 10n,
        gasLimit: 1_000_000n,
        to: CONTRACT,
        value: 5n,
        v: 27n,
      },
      KEY,
    );
    const txbytes = `0x${encodeTransaction(signed).toHex()}`;
    expect(await errorOf(fixture({}, { txbytes }))).toBeUndefined();
    const other = `0x${encodeTransaction({ ...signed, value: 6n }).toHex()}`;
    expect(await errorOf(fixture({}, { txbytes: other }))).toMatch('value is 6, not 5');
  });

  it('runs upon the same state again and again', async () => {
    const post = { Shanghai: [outcome(), outcome()], London: [] };
    const { results } = await run(fixture({ post }));
    // PUSH0 is of Shanghai, so other forks would give another root.
    expect(results.map(({ pass }) => pass)).toEqual([true, true]);
  });

  it('that breaks the machine fails alone', async () => {
    const broken: TestMachine = {
      execute: () => {
        throw new Error('trap');
      },
    };
    const { results } = await run(fixture(), broken);
    expect(results[0]?.error).toMatch('internal error: Error: trap');
  });

  it('of the older format gives the miner an account before EIP-158', async () => {
    const refuse: TestMachine = { execute: () => refusal('nonce too low') };
    const seen = async (fork: string) => {
      const post = { [fork]: [outcome({ expectException: 'TR_NonceTooLow' })] };
      const { results } = await run(fixture({ config: undefined, post }), refuse);
      return results[0]?.stateRoot !== rootBefore();
    };
    expect([await seen('EIP150'), await seen('EIP158')]).toEqual([true, false]);
  });
});

function refusal(reason: RefusalReason): TransactionResult {
  return { status: 'refused', reason, message: reason };
}

describe('a transaction', () => {
  const typeOf = async (fields: Record<string, unknown>): Promise<number | undefined> => {
    let job: TestJob | undefined;
    const spy: TestMachine = {
      execute: (given) => {
        job = given;
        return refusal('nonce too low');
      },
    };
    const { transaction } = (JSON.parse(fixture()) as { sample: { transaction: object } }).sample;
    const merged = { ...transaction, ...fields };
    await run(fixture({ transaction: merged }), spy);
    return job?.transaction.type;
  };

  it('is of the type that its fields say', async () => {
    const fees = { maxFeePerGas: '0x10', maxPriorityFeePerGas: '0x01' };
    const blobs = { ...fees, maxFeePerBlobGas: '0x01', blobVersionedHashes: [] };
    expect(await typeOf({})).toBe(0);
    expect(await typeOf({ accessLists: [null] })).toBe(0);
    expect(await typeOf({ accessLists: [[]] })).toBe(1);
    expect(await typeOf({ ...fees, accessLists: [[]] })).toBe(2);
    expect(await typeOf(blobs)).toBe(3);
    expect(await typeOf({ ...fees, authorizationList: [] })).toBe(4);
  });

  it('has its sender from the secret key where none is named', async () => {
    expect(await typeOf({ sender: undefined })).toBe(0);
  });
});

describe('garbage', () => {
  it.each([
    ['', /is not JSON/],
    ['[]', /is \[\], not an object/],
    ['{"a":1}', /a is 1, not an object/],
    [fixture({ env: {} }), /sample.env.currentCoinbase is missing, not a text/],
    [fixture({ pre: { '0x01': {} } }), /sample.pre.0x01.storage is missing, not an object/],
    [fixture({ post: { Nowhere: [] } }), /sample.post.Nowhere is not a known fork/],
    [fixture({}, { hash: '0x01' }), /sample.post.Shanghai\[0\].hash is "0x01", not a hash/],
    [fixture({}, { indexes: { data: 9, gas: 0, value: 0 } }), /indexes.data 9 is not from 0 to 0/],
    [fixture({}, { txbytes: '0xabc' }), /txbytes is "0xabc", not bytes in hex/],
    [fixture({ post: { Shanghai: 3 } }), /post.Shanghai is 3, not a list/],
    [`{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, /not an object|not JSON/],
  ])('is named: %s', async (content, message) => {
    const { results, error } = await run(content);
    expect(results).toEqual([]);
    expect(error).toMatch(message);
  });

  it('that names no sender', async () => {
    const { transaction } = (JSON.parse(fixture()) as { sample: { transaction: object } }).sample;
    const anonymous = { ...transaction, sender: undefined, secretKey: undefined };
    expect(await errorOf(fixture({ transaction: anonymous }))).toMatch(/neither sender nor/);
    const nobody = { ...anonymous, secretKey: `0x${'00'.repeat(32)}` };
    expect(await errorOf(fixture({ transaction: nobody }))).toMatch(/sample: /);
  });
});

it('names of refusals', () => {
  expect(refusalExpected('no blobs', 'TransactionException.TYPE_3_TX_ZERO_BLOBS')).toBe(true);
  expect(refusalExpected('no blobs', 'TransactionException.TYPE_3_TX_PRE_FORK')).toBe(false);
  expect(refusalExpected('no blobs', 'TransactionException.UNHEARD_OF')).toBe(false);
  expect(refusalExpected('malformed', 'TR_NoFunds')).toBe(true);
});

it('files are run by threads and reported in order', async () => {
  const paths = Array.from({ length: 7 }, (_, index) => {
    const path = join(folder, `pool-${index}.json`);
    writeFileSync(path, index === 3 ? 'garbage' : fixture());
    return path;
  });
  const seen: string[] = [];
  let passed = 0;
  const machine = { engine: 'interpreter' } as const;
  await runStateTestPool(
    { paths, machine, choice: { fork: 'shanghai', filter: 'sample' }, jobs: 2 },
    {
      file: (path, { results, error }) => {
        seen.push(path);
        passed += results.filter(({ pass }) => pass).length;
        expect(error === undefined).toBe(path !== paths[3]);
      },
    },
  );
  expect(seen).toEqual(paths);
  expect(passed).toBe(6);
});
