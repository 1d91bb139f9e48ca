/**
 * Transactions as blocks hold them, taken apart by the runtime: what it writes is what decoding,
 * checking and encoding by the host come to, and what it does not like is left to the host.
 */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { encodeRlp, type RlpInput } from '../../src/base/rlp.ts';
import { type AcceptedTransaction, acceptTransaction } from '../../src/chain/transactions/check.ts';
import { decodeTransaction } from '../../src/chain/transactions/decode.ts';
import { encodeTransaction } from '../../src/chain/transactions/encode.ts';
import { SECP256K1_ORDER } from '../../src/chain/transactions/signature.ts';
import type { SignedTransaction } from '../../src/chain/transactions/types.ts';
import { encodeRules } from '../../src/evm/forks/encode.ts';
import { type Rules, rulesOf } from '../../src/evm/forks/rules.ts';
import * as layout from '../../src/evm/layout.ts';
import { RULES_START } from '../../src/evm/machine/memory.ts';
import { readAddress, readWord, writeAddress, writeWord } from '../../src/evm/machine/words.ts';
import * as parallel from '../../src/evm/parallel-layout.ts';
import type { Address } from '../../src/evm/types.ts';
import { compileRuntime, instantiateRuntime, type RuntimeInternals } from '../runtime-internals.ts';

const SENDER: Address = '0x5e0000000000000000000000000000000000005f';
const JOB = 40 << 20;
const TASKS = JOB + (1 << 20);
const RAW = TASKS + (1 << 20);
const RULES = [rulesOf('byzantium'), rulesOf('berlin'), rulesOf('osaka')];
const CHAINS = [1n, 31_337n, (1n << 63n) + 5n, (1n << 64n) + 1n];
const HALF_ORDER = SECP256K1_ORDER / 2n;
/** What the machine refuses itself, with the state at hand or without. */
const MACHINES: ReadonlySet<string> = new Set([
  'intrinsic gas too low',
  'floor gas too low',
  'gas limit exceeds maximum',
  'init code too large',
  'gas price overflow',
]);

let runtime: RuntimeInternals;
beforeAll(async () => {
  const module = await compileRuntime(['index', 'parallel/decode'], { parallel: true });
  runtime = instantiateRuntime(module, 64 << 20);
  runtime.memory.view().setUint32(runtime.arena.ctx + parallel.C_JOB, JOB, true);
  runtime.memory.view().setUint32(JOB + parallel.J_TASKS, TASKS, true);
});

interface Setting {
  readonly rules: Rules;
  readonly chainId: bigint;
}

/** RAW_*, and what is written. */
function write(bytes: Uint8Array, { rules, chainId }: Setting) {
  const { inner, memory, arena } = runtime;
  const view = memory.view();
  encodeRules(view, RULES_START, rules);
  writeWord(view, arena.ctx + layout.C_CHAIN_ID, chainId);
  // Whatever was there before: a region is not zeroed between two jobs.
  memory.bytes().fill(0xa5, TASKS, TASKS + 2 * parallel.TASK_BYTES);
  memory.bytes().set(Uint8Array.fromHex(SENDER.slice(2)), RAW);
  memory.bytes().set(bytes, RAW + parallel.RAW_SENDER_BYTES);
  const answer = inner['writeRaw']?.(arena.ctx, 1, RAW, bytes.length) as number;
  const before = memory.bytes().subarray(TASKS, TASKS + parallel.TASK_BYTES);
  expect(before.every((byte) => byte === 0xa5)).toBe(true);
  const task = TASKS + parallel.TASK_BYTES;
  const tx = task + parallel.TASK_TX;
  const at = view.getUint32(tx + layout.TX_DATA, true);
  const u32 = (offset: number) => view.getUint32(tx + offset, true);
  const written = {
    head: memory.bytes().slice(task, tx).toHex(),
    type: u32(layout.TX_TYPE),
    creates: u32(layout.TX_FLAGS),
    sender: readAddress(view, tx + layout.TX_SENDER),
    to: readWord(view, tx + layout.TX_TO),
    nonce: view.getBigUint64(tx + layout.TX_NONCE, true),
    gasLimit: view.getBigUint64(tx + layout.TX_GAS, true),
    value: readWord(view, tx + layout.TX_VALUE),
    maxFeePerGas: readWord(view, tx + layout.TX_MAX_FEE),
    maxPriorityFeePerGas: readWord(view, tx + layout.TX_MAX_PRIORITY_FEE),
    maxFeePerBlobGas: readWord(view, tx + layout.TX_MAX_BLOB_FEE),
    gasLeft: [
      view.getBigUint64(tx + layout.TX_BLOCK_GAS_LEFT, true),
      view.getBigUint64(tx + layout.TX_BLOCK_STATE_GAS_LEFT, true),
    ],
    lists: [u32(layout.TX_ACCESS_LIST_COUNT), u32(layout.TX_AUTHORIZATION_COUNT)],
    data: memory
      .bytes()
      .slice(at, at + u32(layout.TX_DATA_SIZE))
      .toHex(),
  };
  return { answer, written };
}

function expected(accepted: SignedTransaction) {
  const { type, to, nonce, gasLimit, value, maxFeePerGas, maxPriorityFeePerGas } = accepted;
  return {
    head: '00'.repeat(parallel.TASK_TX),
    type,
    creates: to === undefined ? 1 : 0,
    sender: SENDER,
    to: BigInt(to ?? '0x0'),
    nonce,
    gasLimit,
    value,
    maxFeePerGas,
    maxPriorityFeePerGas,
    maxFeePerBlobGas: 0n,
    gasLeft: [2n ** 64n - 1n, 2n ** 64n - 1n],
    lists: [0, 0],
    data: accepted.data.toHex(),
  };
}

/** Both take it, with the same fields, or neither does, but for what the machine refuses. */
function compare(bytes: Uint8Array, setting: Setting): 'written' | 'left' {
  const { answer, written } = write(bytes, setting);
  const accepted: AcceptedTransaction = acceptTransaction(bytes, setting, SENDER);
  if (answer === parallel.RAW_LEFT) {
    // What the runtime does not know itself.
    const isForHost = !accepted.ok || accepted.signed.type > 2 || hasList(accepted.signed);
    // A chain of so large a number is nobody's.
    expect(isForHost || setting.chainId >= 2n ** 63n).toBe(true);
    return 'left';
  }
  expect(accepted.ok || MACHINES.has(accepted.fault), JSON.stringify(accepted, plain)).toBe(true);
  const decoded = decodeTransaction(bytes);
  if (!decoded.ok) throw new Error(`written, and no transaction: ${decoded.message}`);
  expect(written).toEqual(expected(decoded.transaction));
  const lacking = parallel.RAW_WRITTEN | parallel.RAW_LACKS_SENDER;
  const { to } = decoded.transaction;
  expect(answer).toBe(to === undefined ? lacking : lacking | parallel.RAW_LACKS_RECIPIENT);
  return 'written';
}

const hasList = ({ accessList }: SignedTransaction) => accessList.length > 0;
const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? `${value}` : value);

const edge = (bits: number): fc.Arbitrary<bigint> =>
  fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) }),
    fc.nat(300).map(BigInt),
    fc.nat(bits).map((power) => 2n ** BigInt(power)),
    fc.nat(bits).map((power) => 2n ** BigInt(power) - 1n),
  );
const around = (...values: readonly bigint[]): fc.Arbitrary<bigint> =>
  fc.constantFrom(...values.flatMap((value) => [value - 1n, value, value + 1n]));
const address: fc.Arbitrary<Address> = fc
  .uint8Array({ minLength: 20, maxLength: 20 })
  .map((bytes) => `0x${bytes.toHex()}` as const);
const listed = fc.record({ address, storageKeys: fc.constant([]) });

const signed: fc.Arbitrary<SignedTransaction> = fc
  .record({
    type: fc.constantFrom(0 as const, 1 as const, 2 as const),
    chainId: fc.constantFrom(...CHAINS, 2n),
    nonce: edge(64),
    maxFeePerGas: edge(256),
    maxPriorityFeePerGas: edge(256),
    gasLimit: fc.oneof(edge(64), fc.constant(100_000n)),
    to: fc.option(address, { nil: undefined }),
    value: edge(256),
    data: fc.oneof(fc.uint8Array({ maxLength: 3 }), fc.uint8Array({ maxLength: 300 })),
    accessList: fc.oneof(
      { weight: 9, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(listed, { maxLength: 1 }) },
    ),
    v: fc.oneof(around(1n, 27n, 35n, 2n ** 64n), fc.constantFrom(37n, 38n, 62_709n, 62_710n)),
    r: fc.oneof(edge(255), around(1n, SECP256K1_ORDER)),
    s: fc.oneof(edge(254), around(1n, HALF_ORDER, SECP256K1_ORDER)),
  })
  .map((fields) => {
    const { type, chainId, accessList, maxFeePerGas, maxPriorityFeePerGas } = fields;
    const [least, most] =
      maxPriorityFeePerGas < maxFeePerGas
        ? [maxPriorityFeePerGas, maxFeePerGas]
        : [maxFeePerGas, maxPriorityFeePerGas];
    return {
      ...fields,
      chainId: type === 0 ? 0n : chainId,
      accessList: type === 0 ? [] : accessList,
      // Most are in order.
      maxFeePerGas: type < 2 || chainId !== 2n ? most : least,
      maxPriorityFeePerGas: type < 2 ? most : chainId !== 2n ? least : most,
      maxFeePerBlobGas: 0n,
      blobVersionedHashes: [],
      authorizationList: [],
    };
  });

const setting: fc.Arbitrary<Setting> = fc.record({
  rules: fc.constantFrom(...RULES),
  chainId: fc.constantFrom(...CHAINS),
});

test('what the runtime writes is what the host would', () => {
  const met = { written: 0, left: 0 };
  fc.assert(
    fc.property(signed, setting, (transaction, where) => {
      met[compare(encodeTransaction(transaction), where)] += 1;
    }),
    { numRuns: 6_000 },
  );
  expect(met.written).toBeGreaterThan(100);
  expect(met.left).toBeGreaterThan(600);
});

/** In order, so that one change alone makes the difference. */
const GOOD: SignedTransaction = {
  type: 2,
  chainId: 1n,
  nonce: 300n,
  maxFeePerGas: 10n ** 10n,
  maxPriorityFeePerGas: 7n,
  gasLimit: 100_000n,
  to: '0x00000000000000000000000000000000000000ab',
  value: 5n,
  data: Uint8Array.from({ length: 60 }, (_, i) => i),
  accessList: [],
  maxFeePerBlobGas: 0n,
  blobVersionedHashes: [],
  authorizationList: [],
  v: 1n,
  r: 2n ** 250n,
  s: 2n ** 250n + 1n,
};
const OSAKA: Setting = { rules: rulesOf('osaka'), chainId: 1n };
const LEGACY: SignedTransaction = {
  ...GOOD,
  type: 0,
  chainId: 0n,
  maxPriorityFeePerGas: 10n ** 10n,
};

test.each([
  ['type 2', GOOD],
  ['type 1', { ...GOOD, type: 1, maxPriorityFeePerGas: 10n ** 10n }],
  ['type 0, of any chain', { ...LEGACY, v: 28n }],
  ['type 0, of this one', { ...LEGACY, v: 38n }],
] satisfies [string, SignedTransaction][])(
  'bytes of %s that are changed, cut, or grown',
  (_, good) => {
    const bytes = encodeTransaction(good);
    expect(compare(bytes, OSAKA)).toBe('written');
    for (let at = 0; at < bytes.length; at++) {
      compare(bytes.slice(0, at), OSAKA);
      for (const byte of [0, 1, 0x7f, 0x80, 0x81, 0xb7, 0xb8, 0xbb, 0xbf, 0xc0, 0xf7, 0xf8, 0xff]) {
        compare(bytes.with(at, byte), OSAKA);
      }
      compare(Uint8Array.from([...bytes.slice(0, at), 0, ...bytes.slice(at)]), OSAKA);
      compare(bytes.with(at, (bytes[at] as number) ^ 1), OSAKA);
    }
    compare(Uint8Array.from([...bytes, 0]), OSAKA);
  },
);

test.each([
  ['a field too few', (fields: RlpInput[]) => fields.slice(0, -1)],
  ['a field too many', (fields: RlpInput[]) => [...fields, 0n]],
  ['a zero before an integer', (fields: RlpInput[]) => fields.with(1, Uint8Array.of(0, 1))],
  ['an integer that is a list', (fields: RlpInput[]) => fields.with(1, [])],
  ['a recipient of 19 bytes', (fields: RlpInput[]) => fields.with(5, new Uint8Array(19))],
  ['a recipient of 21 bytes', (fields: RlpInput[]) => fields.with(5, new Uint8Array(21))],
  ['a recipient that is a list', (fields: RlpInput[]) => fields.with(5, [])],
  ['data that is a list', (fields: RlpInput[]) => fields.with(7, [])],
  ['no list of accesses', (fields: RlpInput[]) => fields.with(8, new Uint8Array(0))],
  ['a list of accesses', (fields: RlpInput[]) => fields.with(8, [[new Uint8Array(20), []]])],
  ['a nonce of nine bytes', (fields: RlpInput[]) => fields.with(1, 2n ** 64n)],
  ['the last nonce', (fields: RlpInput[]) => fields.with(1, 2n ** 64n - 1n)],
  ['a value of 33 bytes', (fields: RlpInput[]) => fields.with(6, 2n ** 256n)],
  ['another chain', (fields: RlpInput[]) => fields.with(0, 2n)],
  ['a parity of two', (fields: RlpInput[]) => fields.with(9, 2n)],
  ['no r', (fields: RlpInput[]) => fields.with(10, 0n)],
  ['r of the order', (fields: RlpInput[]) => fields.with(10, SECP256K1_ORDER)],
  ['s above the half', (fields: RlpInput[]) => fields.with(11, HALF_ORDER + 1n)],
  ['a priority fee above the fee', (fields: RlpInput[]) => fields.with(2, 10n ** 10n + 1n)],
])('%s is left to the host', (_, change) => {
  const { chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, gasLimit, to, value } = GOOD;
  const { data, v, r, s } = GOOD;
  const first = [chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, gasLimit, to as Address];
  const fields: RlpInput[] = [...first, value, data, [], v, r, s];
  const typed = (items: RlpInput) => Uint8Array.from([2, ...encodeRlp(items)]);
  expect(compare(typed(fields), OSAKA)).toBe('written');
  expect(compare(typed(change(fields)), OSAKA)).toBe('left');
  // What would be one of type 1 is none of a type that it does not know.
  const three = Uint8Array.from([3, ...encodeRlp(fields.toSpliced(2, 1))]);
  expect(compare(three, OSAKA)).toBe('left');
});

/** Encodings of items that no encoder makes. */
const forms: readonly (readonly [string, readonly number[]])[] = [
  ['a single byte as a string', [0x81, 5]],
  ['a short string in the long form', [0xb8, 2, 9, 9]],
  ['one of 55 bytes', [0xb8, 55, ...new Array(55).fill(9)]],
  ['a length that begins with zero', [0xb9, 0, 60, ...new Array(60).fill(9)]],
  ['a length of five bytes', [0xbc, 1, 0, 0, 0, 60, ...new Array(60).fill(9)]],
  ['a list', [0xc2, 5, 5]],
  ['a long list', [0xf8, 60, ...new Array(60).fill(9)]],
  ['more than there is', [0xb7, 5]],
  ['much more than there is', [0xbb, 0xff, 0xff, 0xff, 0xff, 5]],
  ['a length that is cut', [0xb9]],
];

test.each(forms)('%s in place of any item', (_, form) => {
  const { chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, gasLimit, to, value } = GOOD;
  const { data, v, r, s } = GOOD;
  const first = [chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, gasLimit, to as Address];
  const items = [...first, value, data, [], v, r, s].map((item) => [...encodeRlp(item)]);
  const list = (parts: readonly (readonly number[])[]) =>
    Uint8Array.from([2, ...encodeRlp({ encodedItems: Uint8Array.from(parts.flat()) })]);
  expect(compare(list(items), OSAKA)).toBe('written');
  for (const at of items.keys()) {
    expect(compare(list(items.with(at, [...form])), OSAKA)).toBe('left');
    expect(compare(list(items.slice(0, at).concat([[...form]])), OSAKA)).toBe('left');
  }
  // The list itself.
  for (const [index, byte] of form.entries()) compare(list(items).with(1 + index, byte), OSAKA);
  const whole = items.flat();
  expect(compare(Uint8Array.from([2, 0xfb, 0, 0, 0, whole.length, ...whole]), OSAKA)).toBe('left');
  expect(compare(Uint8Array.from([2, 0xb8, whole.length, ...whole]), OSAKA)).toBe('left');
});

test('accounts that somebody has asked for are not asked for again', () => {
  const { inner, memory, arena } = runtime;
  const scratch = RAW + 4_096;
  const know = (layer: number, who: Address) => {
    writeAddress(memory.view(), scratch, who);
    expect(inner['layerPutAccount']?.(layer, scratch)).not.toBe(0);
  };
  const bytes = encodeTransaction(GOOD);
  know(arena.view, SENDER);
  expect(write(bytes, OSAKA).answer).toBe(parallel.RAW_WRITTEN | parallel.RAW_LACKS_RECIPIENT);
  know(arena.versions, GOOD.to as Address);
  expect(write(bytes, OSAKA).answer).toBe(parallel.RAW_WRITTEN);
  expect(write(encodeTransaction({ ...GOOD, to: undefined }), OSAKA).answer).toBe(
    parallel.RAW_WRITTEN,
  );
});
