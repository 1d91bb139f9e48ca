/** The transaction of one case: the template's fields, its type inferred, its signers known. */

import { decodeTransaction } from '../../chain/transactions/decode.ts';
import { addressOfKey, recoverAuthority } from '../../chain/transactions/signature.ts';
import type { Address, Authorization, Transaction } from '../../evm/types.ts';
import type { StateTestCase, TransactionTemplate } from './fixture.ts';

const UINT64_MAX = 2n ** 64n - 1n;
const UINT256_MAX = 2n ** 256n - 1n;

/** Makes the transactions of one test's cases; signatures are recovered once. */
export interface TransactionMaker {
  /** The transaction, or why no such transaction can be. */
  readonly make: (testCase: StateTestCase) => Transaction | string;
}

/** @throws when the template names neither a sender nor a secret key */
export function transactionMaker(template: TransactionTemplate): TransactionMaker {
  const sender = senderOf(template);
  const authorizationList = (template.authorizationList ?? []).map(
    (entry): Authorization => ({
      chainId: entry.chainId,
      address: entry.address,
      nonce: entry.nonce,
      authority: recoverAuthority(entry),
    }),
  );
  const make = (testCase: StateTestCase): Transaction | string => {
    const transaction = pick(template, testCase, sender, authorizationList);
    return rangeFault(transaction) ?? transaction;
  };
  return { make };
}

function senderOf({ sender, secretKey }: TransactionTemplate): Address {
  if (sender !== undefined) return sender;
  if (secretKey !== undefined) return addressOfKey(secretKey);
  throw new Error('transaction: neither sender nor secretKey is given');
}

function pick(
  template: TransactionTemplate,
  { indexes }: StateTestCase,
  sender: Address,
  authorizationList: readonly Authorization[],
): Transaction {
  const accessList = template.accessLists?.[indexes.data];
  const maxFeePerGas = template.maxFeePerGas ?? template.gasPrice ?? 0n;
  const priority = template.maxPriorityFeePerGas;
  const type = typeOf(template, accessList !== undefined);
  return {
    type,
    sender,
    nonce: template.nonce,
    gasLimit: template.gasLimit[indexes.gas] as bigint,
    to: template.to,
    value: template.value[indexes.value] as bigint,
    data: template.data[indexes.data] as Uint8Array,
    maxFeePerGas,
    maxPriorityFeePerGas: type < 2 ? maxFeePerGas : (priority ?? 0n),
    accessList: accessList ?? [],
    maxFeePerBlobGas: template.maxFeePerBlobGas ?? 0n,
    blobVersionedHashes: template.blobVersionedHashes ?? [],
    authorizationList,
  };
}

/** The fields that a template has say of which type its transactions are. */
function typeOf(template: TransactionTemplate, hasAccessList: boolean): Transaction['type'] {
  if (template.authorizationList !== undefined) return 4;
  if (template.maxFeePerBlobGas !== undefined) return 3;
  if (template.maxFeePerGas !== undefined) return 2;
  return hasAccessList ? 1 : 0;
}

function rangeFault(transaction: Transaction): string | undefined {
  const { nonce, gasLimit } = transaction;
  if (nonce > UINT64_MAX) return `nonce ${nonce} is too large`;
  if (gasLimit > UINT64_MAX) return `gas limit ${gasLimit} is too large`;
  for (const name of ['value', 'maxFeePerGas', 'maxPriorityFeePerGas'] as const) {
    if (transaction[name] > UINT256_MAX) return `${name} ${transaction[name]} is too large`;
  }
  return undefined;
}

/**
 * Name of the first field in which the signed bytes of a case differ from its transaction, or
 * undefined. Bytes that are no transaction differ in all of it.
 */
export function differenceFromBytes(
  transaction: Transaction,
  bytes: Uint8Array,
): string | undefined {
  const decoded = decodeTransaction(bytes);
  if (!decoded.ok) return decoded.message;
  const signed = decoded.transaction;
  const names = [
    'type',
    'nonce',
    'gasLimit',
    'to',
    'value',
    'maxFeePerGas',
    'maxPriorityFeePerGas',
    'maxFeePerBlobGas',
  ] as const;
  for (const name of names) {
    if (signed[name] !== transaction[name]) {
      return `${name} is ${String(signed[name])}, not ${String(transaction[name])}`;
    }
  }
  if (signed.data.toHex() !== transaction.data.toHex()) return 'data';
  if (JSON.stringify(signed.accessList) !== JSON.stringify(transaction.accessList)) {
    return 'accessList';
  }
  if (signed.blobVersionedHashes.join() !== transaction.blobVersionedHashes.join()) {
    return 'blobVersionedHashes';
  }
  const count = transaction.authorizationList.length;
  return signed.authorizationList.length === count ? undefined : 'authorizationList';
}
