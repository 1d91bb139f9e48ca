/**
 * What a fork asks of a decoded transaction by itself: ranges, type, chain, signature, gas. What
 * needs the state or the block (nonce, balance, base fee) is the machine's to check.
 */

import { maxOf } from '../../base/integers.ts';
import type { Rules } from '../../evm/forks/rules.ts';
import type { Address, Transaction } from '../../evm/types.ts';
import { type DecodedTransaction, decodeTransaction } from './decode.ts';
import { protectedChainId } from './encode.ts';
import { intrinsicGas } from './intrinsic-gas.ts';
import { signatureRules } from './rules.ts';
import { senderOf } from './sender-of.ts';
import { inSignatureRange, recoverAuthority } from './signature.ts';
import type { FaultyTransaction, FieldName, SignedTransaction, TransactionFault } from './types.ts';

/** Chain and fork in which a transaction is to be accepted. */
export interface TransactionContext {
  readonly chainId: bigint;
  readonly rules: Rules;
}

export type AcceptedTransaction =
  | {
      readonly ok: true;
      readonly transaction: Transaction;
      readonly signed: SignedTransaction;
    }
  | FaultyTransaction;

const UINT64_MAX = 2n ** 64n - 1n;
const UINT256_MAX = 2n ** 256n - 1n;
/** EIP-4844: a versioned hash begins with this. */
const BLOB_HASH_VERSION = '0x01';

/**
 * Decodes a transaction, checks all that needs no state, and recovers its sender where it is not
 * known yet.
 */
export function acceptTransaction(
  bytes: Uint8Array,
  context: TransactionContext,
  knownSender?: Address,
): AcceptedTransaction {
  const decoded: DecodedTransaction = decodeTransaction(bytes);
  if (!decoded.ok) return decoded;
  const signed = decoded.transaction;
  const fault =
    checkType(signed, context) ??
    checkRanges(signed) ??
    checkFees(signed) ??
    checkChain(signed, context) ??
    checkSignature(signed, context) ??
    checkShape(signed, context) ??
    checkGas(signed, context);
  if (fault !== undefined) return fault;
  const sender = knownSender ?? senderOf(bytes);
  if (sender === undefined) {
    return faulty('signature recovers nobody', 'r', 'the signature is nobody’s');
  }
  return { ok: true, transaction: executable(signed, sender), signed };
}

/** The transaction as the machine takes it, once its sender is known. */
export function executable(signed: SignedTransaction, sender: Transaction['sender']): Transaction {
  const { type, nonce, gasLimit, to, value, data, accessList } = signed;
  const { maxFeePerGas, maxPriorityFeePerGas, maxFeePerBlobGas, blobVersionedHashes } = signed;
  return {
    type,
    sender,
    nonce,
    gasLimit,
    to,
    value,
    data,
    maxFeePerGas,
    maxPriorityFeePerGas,
    accessList,
    maxFeePerBlobGas,
    blobVersionedHashes,
    authorizationList: signed.authorizationList.map((authorization) => ({
      chainId: authorization.chainId,
      address: authorization.address,
      nonce: authorization.nonce,
      authority: recoverAuthority(authorization),
    })),
  };
}

type Fault = FaultyTransaction | undefined;

function checkType({ type }: SignedTransaction, { rules }: TransactionContext): Fault {
  if (rules.transactionTypes.includes(type)) return undefined;
  return faulty('type not supported', undefined, `type ${type} is not of this fork`);
}

function checkRanges(signed: SignedTransaction): Fault {
  if (signed.gasLimit > UINT64_MAX) return tooLarge('gasLimit', signed.gasLimit);
  if (signed.nonce > UINT64_MAX) return tooLarge('nonce', signed.nonce);
  if (signed.nonce === UINT64_MAX) {
    return faulty('nonce overflow', 'nonce', `nonce ${signed.nonce} cannot be followed by another`);
  }
  const words = ['value', 'maxFeePerGas', 'maxPriorityFeePerGas', 'maxFeePerBlobGas'] as const;
  for (const name of words) {
    if (signed[name] > UINT256_MAX) return tooLarge(name, signed[name]);
  }
  for (const { chainId, nonce, yParity, r, s } of signed.authorizationList) {
    if (chainId > UINT256_MAX) return tooLarge('authorizationList', chainId);
    if (nonce > UINT64_MAX) return tooLarge('authorizationList', nonce);
    if (yParity > 255n) return tooLarge('authorizationList', yParity);
    if (r > UINT256_MAX) return tooLarge('authorizationList', r);
    if (s > UINT256_MAX) return tooLarge('authorizationList', s);
  }
  return undefined;
}

function checkFees({ maxFeePerGas, maxPriorityFeePerGas, gasLimit }: SignedTransaction): Fault {
  if (maxPriorityFeePerGas > maxFeePerGas) {
    const message = `priority fee ${maxPriorityFeePerGas} is above the fee ${maxFeePerGas}`;
    return faulty('priority fee above fee', 'maxPriorityFeePerGas', message);
  }
  if (gasLimit * maxFeePerGas > UINT256_MAX) {
    const message = `${gasLimit} gas at ${maxFeePerGas} costs 2^256 or more`;
    return faulty('gas price overflow', 'maxFeePerGas', message);
  }
  return undefined;
}

function checkChain(signed: SignedTransaction, context: TransactionContext): Fault {
  const { type, v } = signed;
  if (type !== 0) {
    if (signed.chainId === context.chainId) return undefined;
    const message = `chain id ${signed.chainId} is not ${context.chainId}`;
    return faulty('wrong chain id', 'chainId', message);
  }
  if (v === 27n || v === 28n) return undefined;
  if (v < 35n || !signatureRules(context.rules).chainIdInV) {
    return faulty('signature out of range', 'v', `v is ${v}`);
  }
  if (protectedChainId(v) === context.chainId) return undefined;
  const message = `v ${v} is of chain ${protectedChainId(v)}, not ${context.chainId}`;
  return faulty('wrong chain id', 'v', message);
}

function checkSignature(signed: SignedTransaction, { rules }: TransactionContext): Fault {
  const { type, v, r, s } = signed;
  if (type !== 0 && v > 1n) return faulty('signature out of range', 'v', `y parity is ${v}`);
  if (inSignatureRange(r, s, signatureRules(rules).lowS)) return undefined;
  return faulty('signature out of range', 's', `r ${r} or s ${s} is out of range`);
}

function checkShape(signed: SignedTransaction, { rules }: TransactionContext): Fault {
  const { type, to, blobVersionedHashes: hashes } = signed;
  if (type === 3) {
    if (to === undefined) {
      return faulty('blob creates contract', 'to', 'a blob transaction names no recipient');
    }
    if (hashes.length === 0) return faulty('no blobs', 'blobVersionedHashes', 'there are no blobs');
    const limit = rules.maxBlobsTransaction;
    if (limit !== 0 && hashes.length > limit) {
      const message = `${hashes.length} blobs, at most ${limit}`;
      return faulty('too many blobs', 'blobVersionedHashes', message);
    }
    const wrong = hashes.find((hash) => !hash.startsWith(BLOB_HASH_VERSION));
    if (wrong !== undefined) {
      return faulty('invalid blob hash version', 'blobVersionedHashes', `${wrong} is no version 1`);
    }
  }
  if (type === 4) {
    if (to === undefined) {
      return faulty('set code creates contract', 'to', 'a set-code transaction names no recipient');
    }
    if (signed.authorizationList.length === 0) {
      return faulty('empty authorization list', 'authorizationList', 'no authorisations');
    }
  }
  return undefined;
}

function checkGas(signed: SignedTransaction, { rules }: TransactionContext): Fault {
  const { gasLimit, to, data } = signed;
  const sizeMax = rules.maxInitCodeSize;
  if (to === undefined && rules.limitsInitCode && data.length > sizeMax) {
    const message = `init code of ${data.length} bytes, at most ${sizeMax}`;
    return faulty('init code too large', 'data', message);
  }
  const { intrinsic, floor } = intrinsicGas(signed, rules);
  if (gasLimit < intrinsic) {
    const message = `gas limit ${gasLimit} is below the intrinsic ${intrinsic}`;
    return faulty('intrinsic gas too low', 'gasLimit', message);
  }
  if (gasLimit < floor) {
    return faulty('floor gas too low', 'gasLimit', `gas limit ${gasLimit} is below the ${floor}`);
  }
  // EIP-8037: gas above the limit is state gas, unless it is needed before the execution.
  const needed = maxOf(intrinsic, floor);
  const limited = rules.metersStateGas ? needed : gasLimit;
  if (rules.txGasLimit !== 0n && limited > rules.txGasLimit) {
    const message = `gas limit ${limited}, at most ${rules.txGasLimit}`;
    return faulty('gas limit exceeds maximum', 'gasLimit', message);
  }
  return undefined;
}

function tooLarge(field: FieldName, value: bigint): FaultyTransaction {
  return faulty('integer too large', field, `${field} 0x${value.toString(16)} is too large`);
}

function faulty(
  fault: TransactionFault,
  field: FieldName | undefined,
  message: string,
): FaultyTransaction {
  return { ok: false, fault, field, message };
}
