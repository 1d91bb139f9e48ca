/** Transactions as `eth_sendTransaction` takes them: what is left out is filled in. */

import { BLANK_TRANSACTION } from '../../chain/transactions/blank.ts';
import { executable } from '../../chain/transactions/check.ts';
import { costOf } from '../../chain/transactions/cost.ts';
import type {
  SignedAuthorization,
  SignedTransaction,
  TransactionType,
} from '../../chain/transactions/types.ts';
import type { AccessListEntry, Address, Hash } from '../../evm/types.ts';
import { CALL_FIELDS, type CallFields } from '../execution/call-request.ts';
import { nextRules } from '../pool/checks.ts';
import { invalidParams, RpcError } from '../rpc/errors.ts';
import {
  listOf,
  membersOf,
  objectOf,
  optional,
  type Read,
  readAddress,
  readHash,
  readU64,
  readWord,
} from '../rpc/values.ts';
import type { DevNode } from './dev-node.ts';

const readEntry: Read<AccessListEntry> = objectOf({
  address: readAddress,
  storageKeys: listOf(readHash, 4_096),
});

const readAuthorization: Read<SignedAuthorization> = (value, path) => {
  const { yParity, v } = membersOf(value, path);
  const fields = { chainId: readWord, address: readAddress, nonce: readU64 };
  const signature = { r: readWord, s: readWord };
  const read = objectOf({ ...fields, ...signature })(value, path);
  const parity = readWord(yParity ?? v, `${path}.yParity`);
  return { ...read, yParity: parity >= 27n ? parity - 27n : parity };
};

/** As a client sends it. */
export interface TransactionRequest extends CallFields {
  readonly type: bigint | undefined;
  readonly accessList: readonly AccessListEntry[] | undefined;
  readonly authorizationList: readonly SignedAuthorization[] | undefined;
  readonly blobVersionedHashes: readonly Hash[] | undefined;
}

const readFields: Read<TransactionRequest> = objectOf({
  ...CALL_FIELDS,
  type: optional(readU64),
  accessList: optional(listOf(readEntry, 4_096)),
  authorizationList: optional(listOf(readAuthorization, 1_024)),
  blobVersionedHashes: optional(listOf(readHash, 128)),
});

export const readTransactionRequest: Read<TransactionRequest> = (value, path) => {
  const read = readFields(value, path);
  const { data, input } = read;
  if (data !== undefined && input !== undefined && data.toHex() !== input.toHex()) {
    const message = 'both "data" and "input" are set and not equal';
    throw invalidParams(
      `invalid argument ${path}: ${message}. Please use "input" to pass call data`,
    );
  }
  if (read.blobVersionedHashes !== undefined) {
    const message = 'blobs are sent with their proofs, by eth_sendRawTransaction';
    throw new RpcError('server error', `transactions of blobs are not made here: ${message}`);
  }
  if (read.gasPrice !== undefined && read.maxFeePerGas !== undefined) {
    const message = 'both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified';
    throw new RpcError('server error', message);
  }
  return read;
};

/** Wei: what a block's producer is offered where nobody says. */
const TIP = 1_000_000_000n;
const TRANSACTION_GAS_MIN = 21_000n;

/** A whole transaction, unsigned, and who sends it. @throws RpcError */
export async function fillTransaction(
  node: DevNode,
  request: TransactionRequest,
): Promise<{ readonly transaction: SignedTransaction; readonly from: Address }> {
  const from = request.from ?? node.dev.wallet.addresses[0];
  if (from === undefined)
    throw new RpcError('invalid params', 'No Signer available: name a sender');
  const { ledger, pool } = node;
  const { chainId } = ledger;
  if (request.chainId !== undefined && request.chainId !== chainId) {
    const message = `invalid chain id for signer: have ${request.chainId} want ${chainId}`;
    throw new RpcError('server error', message);
  }
  const rules = nextRules(ledger);
  const type = typeOf(request, rules.is('london'));
  const nonce = request.nonce ?? (await pool.nextNonce(from));
  const cap = rules.rules.txGasLimit;
  const { gasLimit: blockGas } = ledger.head.header;
  const most = cap !== 0n && cap < blockGas ? cap : blockGas;
  const transaction: SignedTransaction = {
    ...BLANK_TRANSACTION,
    type,
    nonce,
    chainId: type === 0 ? 0n : chainId,
    gasLimit: request.gas ?? most,
    to: request.to,
    value: request.value ?? 0n,
    data: request.input ?? request.data ?? new Uint8Array(0),
    accessList: request.accessList ?? [],
    authorizationList: request.authorizationList ?? [],
    ...feesOf(request, type, node.dev.chain.prices.baseFee),
    v: type === 0 ? 35n + 2n * chainId : 0n,
  };
  if (request.gas !== undefined) return { transaction, from };
  return {
    transaction: { ...transaction, gasLimit: await payable(node, transaction, from) },
    from,
  };
}

function typeOf(request: TransactionRequest, hasFees: boolean): TransactionType {
  const { type, authorizationList, gasPrice, accessList } = request;
  if (type !== undefined) {
    if (type === 0n || type === 1n || type === 2n || type === 4n) {
      return Number(type) as TransactionType;
    }
    throw new RpcError('server error', `transaction type not supported: ${type}`);
  }
  if (authorizationList !== undefined) return 4;
  if (gasPrice === undefined && hasFees) return 2;
  return accessList === undefined ? 0 : 1;
}

function feesOf(
  { gasPrice, maxFeePerGas, maxPriorityFeePerGas }: TransactionRequest,
  type: TransactionType,
  baseFee: bigint,
): Pick<SignedTransaction, 'maxFeePerGas' | 'maxPriorityFeePerGas'> {
  if (type < 2) {
    const price = gasPrice ?? maxFeePerGas ?? baseFee + TIP;
    return { maxFeePerGas: price, maxPriorityFeePerGas: price };
  }
  const least = maxFeePerGas ?? gasPrice;
  const tip =
    maxPriorityFeePerGas ?? gasPrice ?? (least !== undefined && least < TIP ? least : TIP);
  return { maxFeePerGas: least ?? 2n * baseFee + tip, maxPriorityFeePerGas: tip };
}

/** Gas where nobody says: as much as there may be, and the sender can pay for. */
async function payable(
  { ledger }: DevNode,
  transaction: SignedTransaction,
  from: Address,
): Promise<bigint> {
  const { gasLimit, maxFeePerGas, value } = transaction;
  const view = await ledger.openView(ledger.head.hash);
  try {
    const { balance = 0n } = (await view.getAccount(from)) ?? {};
    if (maxFeePerGas === 0n || costOf(executable(transaction, from)) <= balance) return gasLimit;
    const affordable = (balance - value) / maxFeePerGas;
    return affordable < TRANSACTION_GAS_MIN ? gasLimit : affordable;
  } finally {
    view.close();
  }
}
