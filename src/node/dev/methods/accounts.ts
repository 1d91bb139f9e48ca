/** Methods of the accounts for which a development chain signs, and of impersonation. */

import type { Hash } from '../../../evm/types.ts';
import { receiptAnswer } from '../../json/receipt-answer.ts';
import { pooledTransaction } from '../../json/transaction-answer.ts';
import { RpcError } from '../../rpc/errors.ts';
import { type MethodTable, method } from '../../rpc/method.ts';
import {
  dataHex,
  optional,
  type Read,
  readAddress,
  readAny,
  readBoolean,
  readData,
  readU64,
} from '../../rpc/values.ts';
import type { DevNode } from '../dev-node.ts';
import {
  fillTransaction,
  readTransactionRequest,
  type TransactionRequest,
} from '../transaction-request.ts';
import { messageHash, typedDataHash } from '../typed-data.ts';
import { named } from './aliases.ts';

const accounts = method([], ({ dev }: DevNode) => dev.wallet.addresses);

/** Text that is no hex is signed as UTF-8. */
const readMessage: Read<Uint8Array> = (value, path) =>
  typeof value === 'string' && !value.startsWith('0x')
    ? new TextEncoder().encode(value)
    : readData(value, path);

const signTypedData = method([readAddress, readAny], ({ dev }: DevNode, [address, data]) =>
  dev.wallet.signHash(typedDataHash(data), address),
);

async function send(node: DevNode, request: TransactionRequest): Promise<Hash> {
  const { transaction, from } = await fillTransaction(node, request);
  return node.pool.send(node.dev.wallet.sign(transaction, from));
}

const sendTransaction = method([readTransactionRequest], (node: DevNode, [request]) =>
  send(node, request),
);

/** Whoever the sender is. */
const sendUnsigned = method([readTransactionRequest], async (node: DevNode, [request]) => {
  const { transaction, from } = await fillTransaction(node, request);
  return node.pool.send(node.dev.wallet.signForAnybody(transaction, from));
});

const sendSync = method(
  [readTransactionRequest, optional(readU64)],
  async (node: DevNode, [request]) => {
    const { ledger } = node;
    const hash = await send(node, request);
    const place = ledger.transactionPlace(hash);
    const block = place && (await ledger.blockByHash(place.blockHash));
    if (place === undefined || block === undefined) {
      const message = 'the transaction was added to the pool but is in no block yet';
      throw new RpcError(4, message, { hash });
    }
    return receiptAnswer(block, place.index, ledger.rulesOf(block));
  },
);

const signTransaction = method([readTransactionRequest], async (node: DevNode, [request]) => {
  const { transaction, from } = await fillTransaction(node, request);
  return dataHex(node.dev.wallet.signRaw(transaction, from));
});

const fill = method([readTransactionRequest], async (node: DevNode, [request]) => {
  const { transaction, from } = await fillTransaction(node, request);
  const { bytes } = node.dev.wallet.signForAnybody(transaction, from);
  const { r: _, s: __, v: ___, yParity: ____, hash: _____, ...tx } = pooledTransaction(bytes, from);
  return { raw: dataHex(bytes), tx };
});

export const devAccountMethods: MethodTable<DevNode> = {
  eth_accounts: accounts,
  eth_requestAccounts: accounts,
  personal_listAccounts: accounts,
  eth_sendTransaction: sendTransaction,
  eth_sendTransactionSync: sendSync,
  eth_sendUnsignedTransaction: sendUnsigned,
  eth_signTransaction: signTransaction,
  eth_fillTransaction: fill,
  eth_sign: method([readAddress, readMessage], ({ dev }: DevNode, [address, message]) =>
    dev.wallet.signHash(messageHash(message), address),
  ),
  personal_sign: method(
    [readMessage, readAddress, optional(readAny)],
    ({ dev }: DevNode, [message, address]) => dev.wallet.signHash(messageHash(message), address),
  ),
  eth_signTypedData: signTypedData,
  eth_signTypedData_v3: signTypedData,
  eth_signTypedData_v4: signTypedData,
  ...named(['anvil', 'hardhat'], {
    impersonateAccount: method([readAddress], ({ dev }: DevNode, [address]) => {
      dev.wallet.impersonate(address);
      return true;
    }),
    stopImpersonatingAccount: method([readAddress], ({ dev }: DevNode, [address]) => {
      dev.wallet.stopImpersonating(address);
      return true;
    }),
    autoImpersonateAccount: method([readBoolean], ({ dev }: DevNode, [isOn]) => {
      dev.wallet.impersonatesAll = isOn;
      return null;
    }),
  }),
};
