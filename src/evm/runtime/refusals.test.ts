/** Every refusal of a transaction by its own reason, at the edge: one less, and it is executed. */
import { expect, it } from 'vitest';
import { MemoryState } from '../../state/memory.ts';
import { createEVM } from '../evm.ts';
import { rulesOf } from '../forks/rules.ts';
import type { Address, RefusalReason, Transaction } from '../types.ts';
import { plainTransaction } from '../plain-transaction.ts';

const SENDER: Address = `0x${'5e'.repeat(20)}`;
const CODED: Address = `0x${'5c'.repeat(20)}`;
const LAST: Address = `0x${'5f'.repeat(20)}`;
const TO: Address = `0x${'70'.repeat(20)}`;
const GAS = 100_000n;
const BALANCE = GAS * 10n;
const HASH = `0x01${'00'.repeat(31)}` as const;
const FEE = 7n;

const PLAIN: Transaction = plainTransaction({
  type: 2,
  sender: SENDER,
  nonce: 5n,
  gasLimit: GAS,
  to: TO,
  maxFeePerGas: 10n,
});

const BLOB: Partial<Transaction> = {
  type: 3,
  maxFeePerGas: FEE,
  maxFeePerBlobGas: 1n,
  blobVersionedHashes: [HASH],
};

function run(changes: Partial<Transaction>) {
  const state = new MemoryState();
  const account = { nonce: 5n, balance: BALANCE, code: new Uint8Array(), storage: [] };
  state.setAccount(SENDER, account);
  state.setAccount(CODED, { ...account, code: Uint8Array.of(0) });
  state.setAccount(LAST, { ...account, nonce: 2n ** 64n - 1n });
  const rules = { ...rulesOf('osaka'), maxInitCodeSize: 64, txGasLimit: 16_777_216n };
  const block = { baseFee: FEE, gasLimit: 20_000_000n };
  return createEVM({ rules, state, block, engine: 'interpreter' }).transact({
    ...PLAIN,
    ...changes,
  });
}

const zeros = (count: number) => new Uint8Array(count);
const ones = (count: number) => new Uint8Array(count).fill(1);

const CASES: readonly (readonly [
  reason: RefusalReason,
  refused: Partial<Transaction>,
  executed: Partial<Transaction>,
])[] = [
  ['nonce too low', { nonce: 4n }, {}],
  ['nonce too high', { nonce: 6n }, {}],
  ['sender has code', { sender: CODED }, {}],
  // Fee times gas is all there is; one wei more is too much.
  ['insufficient funds', { value: 1n }, { value: 0n }],
  // 21,000 and 16 a byte that is not zero; the floor counts 40 of them.
  ['intrinsic gas too low', { gasLimit: 20_999n }, { gasLimit: 21_000n }],
  ['floor gas too low', { gasLimit: 21_039n, data: ones(1) }, { gasLimit: 21_040n, data: ones(1) }],
  ['fee below base fee', { maxFeePerGas: FEE - 1n }, { maxFeePerGas: FEE }],
  ['priority fee above fee', { maxPriorityFeePerGas: 11n }, { maxPriorityFeePerGas: 10n }],
  [
    'init code too large',
    { to: undefined, data: zeros(65) },
    { to: undefined, data: zeros(64) },
  ],
  ['gas limit exceeds maximum', { gasLimit: 16_777_217n }, {}],
  ['no blobs', { ...BLOB, blobVersionedHashes: [] }, {}],
  ['too many blobs', { ...BLOB, blobVersionedHashes: Array(7).fill(HASH) }, {}],
  ['invalid blob hash version', { ...BLOB, blobVersionedHashes: [`0x02${HASH.slice(4)}`] }, {}],
  ['blob creates contract', { ...BLOB, to: undefined }, {}],
  ['blob fee below base', { ...BLOB, maxFeePerBlobGas: 0n }, {}],
  ['empty authorization list', { type: 4 }, {}],
];

it.each(CASES)('%s', async (reason, refused, executed) => {
  const result = await run(refused);
  expect(result).toMatchObject({ status: 'refused', reason });
  expect((await run(executed)).status).not.toBe('refused');
});

it('nonce overflow', async () => {
  const result = await run({ sender: LAST, nonce: 2n ** 64n - 1n });
  expect(result).toMatchObject({ status: 'refused', reason: 'nonce overflow' });
});
