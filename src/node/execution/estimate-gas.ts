/**
 * `eth_estimateGas`: the least gas with which the transaction succeeds, found by halving as geth
 * does it (eth/gasestimator), but to the last unit: the same question has one answer.
 */

import { GAS_PER_BLOB } from '../../chain/blocks/fees.ts';
import type { ExecutionResult, Refused, Transaction } from '../../evm/types.ts';
import { RpcError } from '../rpc/errors.ts';
import { accountOf, type CallSetting, hasCode, refusedCall, tryCall } from './call.ts';
import { failureOf } from './call-failure.ts';

const TRANSFER_GAS = 21_000n;
const CALL_STIPEND = 2_300n;

/**
 * @param gasMax what the node allows
 * @throws RpcError where it does not succeed with any gas that it may have
 */
export async function estimateGas(
  setting: CallSetting,
  transaction: Transaction,
  gasMax: bigint,
): Promise<bigint> {
  let high = await highest(setting, transaction, gasMax);
  const withGas = (gasLimit: bigint) => tryCall(setting, { ...transaction, gasLimit });
  if (transaction.data.length === 0 && transaction.to !== undefined) {
    if (!(await hasCode(setting, transaction.to))) {
      const result = await withGas(TRANSFER_GAS);
      if (result.status === 'success') return TRANSFER_GAS;
    }
  }
  const first = await withGas(high);
  if (needsMoreGas(first)) throw tooMuchGas(high);
  if (first.status === 'refused') {
    throw await refusedWith(setting, transaction, { gas: high, refused: first });
  }
  const failure = failureOf(first);
  if (failure !== undefined) throw failure;
  let low = first.gasUsed - 1n;
  // What is given back in the end had to be there before; a 64th stays with each caller.
  const likely = ((first.gasUsed + first.gasRefunded + CALL_STIPEND) * 64n) / 63n;
  if (likely < high) {
    if (await succeeds(setting, transaction, likely)) high = likely;
    else low = likely;
  }
  while (low + 1n < high) {
    const half = (high + low) / 2n;
    // Most need little more than they use.
    const middle = half > low * 2n && low > 0n ? low * 2n : half;
    if (await succeeds(setting, transaction, middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** The most gas that it may have: of the block, of the fork, of the sender's purse, of the node. */
async function highest(
  setting: CallSetting,
  transaction: Transaction,
  gasMax: bigint,
): Promise<bigint> {
  const { rules } = setting.place.rules.rules.metersStateGas
    ? { rules: { txGasLimit: 0n } }
    : setting.place.rules;
  const { gasLimit: given, maxFeePerGas: fee } = transaction;
  let high = given >= TRANSFER_GAS ? given : setting.environment.gasLimit;
  if (rules.txGasLimit !== 0n && high > rules.txGasLimit) high = rules.txGasLimit;
  if (fee > 0n) {
    const account = await accountOf(setting, transaction.sender);
    const allowance = purse(transaction, account?.balance ?? 0n) / fee;
    if (high > allowance) high = allowance;
  }
  return high > gasMax ? gasMax : high;
}

/** What the sender has left for gas. @throws RpcError where it is nothing */
function purse(transaction: Transaction, balance: bigint): bigint {
  const { value, blobVersionedHashes, maxFeePerBlobGas } = transaction;
  if (value > 0n && value >= balance) {
    throw new RpcError('server error', 'insufficient funds for transfer');
  }
  const blobs = BigInt(blobVersionedHashes.length) * GAS_PER_BLOB * maxFeePerBlobGas;
  if (blobs > 0n && blobs >= balance - value) {
    throw new RpcError('server error', 'insufficient funds for gas * price + value');
  }
  return balance - value - blobs;
}

async function succeeds(
  setting: CallSetting,
  transaction: Transaction,
  gasLimit: bigint,
): Promise<boolean> {
  const result = await tryCall(setting, { ...transaction, gasLimit });
  if (result.status === 'refused' && !needsMoreGas(result)) {
    throw await refusedWith(setting, transaction, { gas: gasLimit, refused: result });
  }
  return result.status === 'success';
}

function refusedWith(
  setting: CallSetting,
  transaction: Transaction,
  { gas, refused }: { readonly gas: bigint; readonly refused: Refused },
): Promise<RpcError> {
  const say = (text: string) => `failed with ${gas} gas: ${text}`;
  return refusedCall(setting, { ...transaction, gasLimit: gas }, refused, say);
}

function needsMoreGas(result: ExecutionResult | Refused): boolean {
  if (result.status === 'halt') return result.reason === 'out of gas';
  if (result.status !== 'refused') return false;
  return result.reason === 'intrinsic gas too low' || result.reason === 'floor gas too low';
}

function tooMuchGas(gas: bigint): RpcError {
  return new RpcError('server error', `gas required exceeds allowance (${gas})`);
}
