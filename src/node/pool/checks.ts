/** What a pool asks of a transaction before it is looked at beside the others of its sender. */

import type { KnownBlock } from '../../chain/block-tree.ts';
import { nextBaseFee, nextExcessBlobGas } from '../../chain/blocks/fees.ts';
import type { BlockRules } from '../../chain/chain-spec.ts';
import { acceptTransaction } from '../../chain/transactions/check.ts';
import { costOf } from '../../chain/transactions/cost.ts';
import { blobBaseFee } from '../../evm/forks/blob.ts';
import type { Address, StateReader, Transaction } from '../../evm/types.ts';
import { EMPTY_CODE_HASH } from '../../state/memory.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { transactionHash } from '../ledger/transaction-index.ts';
import type { RpcError } from '../rpc/errors.ts';
import type { PoolLimits } from './limits.ts';
import { faultError, refusal } from './refusals.ts';
import type { PoolEntry, SenderState } from './sender-queue.ts';
import { type BlobSidecar, checkSidecar, sidecarBytes, splitSidecar } from './sidecar.ts';

/** A sender as the head's state has it. */
export interface KnownSender extends SenderState {
  /** Of the account: it can send only where it is a delegation (EIP-3607, EIP-7702). */
  readonly code: 'none' | 'delegation' | 'contract';
}

/** Prices of the next block, in wei. */
export interface NextPrices {
  readonly baseFee: bigint;
  readonly blobBaseFee: bigint;
}

/** Who sent a transaction, where that was found out before; or is said, and nobody signed. */
export interface SaidSender {
  readonly sender: Address;
  readonly isImpersonated: boolean;
}

export interface Checked extends Omit<PoolEntry, 'sequence' | 'timeMs'> {}

/** What the next block's rules are, if it came now. */
export function nextRules(ledger: Ledger): BlockRules {
  const { head } = ledger;
  const now = BigInt(Math.floor(Date.now() / 1_000));
  const after = head.header.timestamp + 1n;
  const timestamp = now > after ? now : after;
  return ledger.rulesAfter(head, { number: head.header.number + 1n, timestamp });
}

/** Prices that follow from a block. */
export function pricesAfter(ledger: Ledger, { header }: KnownBlock): NextPrices {
  const blockRules = nextRules(ledger);
  const { blobs } = blockRules;
  const excess = blobs === undefined ? 0n : nextExcessBlobGas(header, blockRules, blobs);
  return {
    baseFee: blockRules.is('london') ? nextBaseFee(header) : 0n,
    blobBaseFee: blobs === undefined ? 0n : blobBaseFee(excess, blobs.baseFeeUpdateFraction),
  };
}

/**
 * Decodes what was sent and checks all that needs no state. A sender that is given is taken at
 * its word. @throws RpcError
 */
export function checkSent(
  sent: Uint8Array,
  ledger: Ledger,
  limits: PoolLimits,
  said?: SaidSender,
): Checked {
  const { bytes, sidecar } = splitSidecar(sent);
  if (bytes.length > limits.transactionBytesMax) {
    const { transactionBytesMax } = limits;
    throw refusal(`oversized data: size ${bytes.length}, limit ${transactionBytesMax}`);
  }
  const blockRules = nextRules(ledger);
  const { rules } = blockRules;
  const accepted = acceptTransaction(bytes, { chainId: ledger.chainId, rules }, said?.sender);
  if (!accepted.ok) throw faultError(accepted);
  const { transaction } = accepted;
  if (transaction.type === 3) {
    if (sidecar === undefined) throw refusal('missing sidecar in blob transaction');
    checkSidecar(sidecar, transaction.blobVersionedHashes);
    if (!isSpreadable(sidecar, blockRules, limits)) {
      throw refusal('invalid blob sidecar: a proof for each blob, where Osaka wants cell proofs');
    }
  }
  const { gasLimit } = ledger.head.header;
  if (transaction.gasLimit > gasLimit) {
    throw refusal(`exceeds block gas limit: ${transaction.gasLimit} above ${gasLimit}`);
  }
  if (transaction.maxPriorityFeePerGas < limits.tipMin) {
    const { tipMin } = limits;
    const tip = transaction.maxPriorityFeePerGas;
    throw refusal(`transaction underpriced: gas tip cap ${tip}, minimum needed ${tipMin}`);
  }
  return {
    hash: transactionHash(bytes),
    bytes,
    sender: transaction.sender,
    transaction,
    size: bytes.length + (sidecar === undefined ? 0 : sidecarBytes(sidecar)),
    cost: costOf(transaction),
    sidecar,
    isImpersonated: said?.isImpersonated === true,
  };
}

/** Whether a block of these rules can take what stands beside a transaction. */
export function isSpreadable(
  sidecar: BlobSidecar | undefined,
  { is }: BlockRules,
  { wantsCellProofs }: PoolLimits,
): boolean {
  return sidecar?.version !== 0 || !wantsCellProofs || !is('osaka');
}

/** What a block's producer gets of each gas, in wei; negative where it cannot be in the block. */
export function effectiveTip(
  { maxFeePerGas, maxPriorityFeePerGas }: Transaction,
  baseFee: bigint,
): bigint {
  const left = maxFeePerGas - baseFee;
  return left < maxPriorityFeePerGas ? left : maxPriorityFeePerGas;
}

/** Checks a transaction beside its sender's account alone. @throws RpcError */
export function checkSender(
  { transaction, isImpersonated, cost }: Checked,
  sender: KnownSender,
): void {
  if (sender.code === 'contract' && !isImpersonated) {
    throw refusal(`sender not an eoa: address ${transaction.sender}`);
  }
  if (transaction.nonce < sender.nonce) {
    const { nonce } = transaction;
    throw refusal(`nonce too low: next nonce ${sender.nonce}, tx nonce ${nonce}`);
  }
  if (cost > sender.balance) throw insufficientFunds(sender.balance, cost, 0n);
}

/** @param queued what the sender's other transactions may cost */
export function insufficientFunds(balance: bigint, cost: bigint, queued: bigint): RpcError {
  const others = queued === 0n ? '' : `queued cost ${queued}, `;
  const overshot = queued + cost - balance;
  const amounts = `balance ${balance}, ${others}tx cost ${cost}, overshot ${overshot}`;
  return refusal(`insufficient funds for gas * price + value: ${amounts}`);
}

/** Whether one may take another's place. @throws RpcError */
export function checkReplacement(
  young: Transaction,
  old: Transaction,
  { replacementPercent, blobReplacementPercent }: PoolLimits,
): void {
  if ((young.type === 3) !== (old.type === 3)) {
    throw refusal('address already reserved: blobs and other transactions do not replace another');
  }
  const percent = young.type === 3 ? blobReplacementPercent : replacementPercent;
  const fields = ['maxFeePerGas', 'maxPriorityFeePerGas', 'maxFeePerBlobGas'] as const;
  for (const field of fields) {
    const least = (old[field] * (100n + percent) + 99n) / 100n;
    if (young[field] >= least && (young[field] > old[field] || old[field] === 0n)) continue;
    const wanted = `new ${field} ${young[field]}, minimum needed ${least}`;
    throw refusal(`replacement transaction underpriced: ${wanted}`);
  }
}

/** EIP-7702: what stands in an account that is delegated begins so, and has 23 bytes. */
const DELEGATION = Uint8Array.of(0xef, 0x01, 0x00);
const DELEGATION_BYTES = 23;
const NOBODY: KnownSender = { nonce: 0n, balance: 0n, code: 'none' };

export async function readSender(state: StateReader, address: Address): Promise<KnownSender> {
  const account = await state.getAccount(address);
  if (account === undefined) return NOBODY;
  const { nonce, balance, codeHash } = account;
  if (codeHash === EMPTY_CODE_HASH) return { nonce, balance, code: 'none' };
  const code = await state.getCode(codeHash);
  const delegates =
    code.length === DELEGATION_BYTES && DELEGATION.every((byte, index) => code[index] === byte);
  return { nonce, balance, code: delegates ? 'delegation' : 'contract' };
}
