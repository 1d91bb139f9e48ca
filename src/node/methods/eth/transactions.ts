/** Transactions and receipts, by hash and by place; and those that are sent. */

import type { ChainBlock } from '../../../chain/block-tree.ts';
import type { Hash } from '../../../evm/types.ts';
import { receiptAnswer } from '../../json/receipt-answer.ts';
import { blockTransaction, pooledTransaction } from '../../json/transaction-answer.ts';
import type { Node } from '../../node.ts';
import { RpcError } from '../../rpc/errors.ts';
import { type Caller, type MethodTable, method } from '../../rpc/method.ts';
import {
  type BlockId,
  dataHex,
  optional,
  type Read,
  readAddress,
  readBlockNumber,
  readData,
  readHash,
  readU64,
} from '../../rpc/values.ts';
import { namedBlock, readBlockHash } from './blocks.ts';
import { transactionOf } from './sender-nonce.ts';

/** Where a transaction of the head's branch stands. */
async function placeOf(
  { ledger }: Node,
  hash: Hash,
): Promise<{ readonly block: ChainBlock; readonly index: number } | undefined> {
  const place = ledger.transactionPlace(hash);
  if (place === undefined) return undefined;
  const block = await ledger.blockByHash(place.blockHash);
  return block === undefined ? undefined : { block, index: place.index };
}

async function transactionByHash(node: Node, hash: Hash): Promise<unknown> {
  const place = await placeOf(node, hash);
  if (place !== undefined) return blockTransaction(place.block, place.index) ?? null;
  const pooled = node.pool.get(hash);
  return pooled === undefined ? null : pooledTransaction(pooled.bytes, pooled.sender);
}

async function receiptByHash(node: Node, hash: Hash): Promise<unknown> {
  const place = await placeOf(node, hash);
  if (place === undefined) return null;
  return receiptAnswer(place.block, place.index, node.ledger.rulesOf(place.block)) ?? null;
}

/** Its bytes as a block holds them. */
export async function rawTransaction(node: Node, hash: Hash): Promise<string | undefined> {
  const place = await placeOf(node, hash);
  const bytes = place?.block.transactions[place.index] ?? node.pool.get(hash)?.bytes;
  return bytes === undefined ? undefined : dataHex(bytes);
}

function byIndex(readId: Read<BlockId>, answer: (block: ChainBlock, index: number) => unknown) {
  return method([readId, readU64], async (node: Node, [id, index]) => {
    const block = await namedBlock(node, id);
    return block === undefined ? null : (answer(block, Number(index)) ?? null);
  });
}

const raw = ({ transactions }: ChainBlock, index: number) => {
  const bytes = transactions[index];
  return bytes === undefined ? '0x' : dataHex(bytes);
};

/** Milliseconds that `eth_sendRawTransactionSync` waits, unless told, and at most. */
const SYNC_MS = 20_000n;
const SYNC_MS_MAX = 60_000n;
/** Code of EIP-7966 for a transaction that is not yet in a block. */
const SYNC_TIMEOUT = 4;

/** The receipt of a transaction as soon as its block is the head's. */
async function awaitReceipt(
  node: Node,
  hash: Hash,
  { signal, waitMs }: { readonly signal: AbortSignal; readonly waitMs: number },
): Promise<unknown> {
  const found = await receiptByHash(node, hash);
  if (found !== null) return found;
  const settled = Promise.withResolvers<void>();
  const end = node.ledger.onHead(() => {
    if (node.ledger.transactionPlace(hash) !== undefined) settled.resolve();
  });
  const timer = setTimeout(settled.resolve, waitMs);
  signal.addEventListener('abort', () => settled.resolve(), { once: true });
  // It may have come in between.
  if (node.ledger.transactionPlace(hash) !== undefined) settled.resolve();
  try {
    await settled.promise;
  } finally {
    clearTimeout(timer);
    end();
  }
  const receipt = await receiptByHash(node, hash);
  if (receipt !== null) return receipt;
  const message = `The transaction was added to the transaction pool but wasn't processed in time`;
  throw new RpcError(SYNC_TIMEOUT, message, hash);
}

async function sendSync(
  node: Node,
  bytes: Uint8Array,
  { timeout = SYNC_MS, signal }: Pick<Caller, 'signal'> & { readonly timeout: bigint | undefined },
): Promise<unknown> {
  const hash = await node.pool.add(bytes);
  const waitMs = Number(timeout > SYNC_MS_MAX ? SYNC_MS_MAX : timeout);
  return awaitReceipt(node, hash, { signal, waitMs });
}

export const transactionMethods: MethodTable<Node> = {
  eth_getTransactionByHash: method([readHash], (node: Node, [hash]) =>
    transactionByHash(node, hash),
  ),
  eth_getTransactionReceipt: method([readHash], (node: Node, [hash]) => receiptByHash(node, hash)),
  eth_getRawTransactionByHash: method([readHash], (node: Node, [hash]) =>
    rawTransaction(node, hash),
  ),
  eth_getTransactionByBlockHashAndIndex: byIndex(readBlockHash, blockTransaction),
  eth_getTransactionByBlockNumberAndIndex: byIndex(readBlockNumber, blockTransaction),
  eth_getRawTransactionByBlockHashAndIndex: byIndex(readBlockHash, raw),
  eth_getRawTransactionByBlockNumberAndIndex: byIndex(readBlockNumber, raw),
  eth_getTransactionBySenderAndNonce: method(
    [readAddress, readU64],
    async (node: Node, [sender, nonce]) => {
      const hash = await transactionOf(node, sender, nonce);
      return hash === undefined ? null : transactionByHash(node, hash);
    },
  ),
  eth_pendingTransactions: method([], ({ pool }: Node) =>
    pool.ready().map(({ bytes, sender }) => pooledTransaction(bytes, sender)),
  ),
  eth_sendRawTransaction: {
    ...method([readData], ({ pool }: Node, [bytes]) => pool.add(bytes)),
    prepare: ({ pool }: Node, params) => pool.prepare?.(params.flatMap(sentIn)),
  },
  eth_sendRawTransactionSync: method(
    [readData, optional(readU64)],
    (node: Node, [bytes, timeout], { signal }) => sendSync(node, bytes, { timeout, signal }),
  ),
};

/** The bytes that a request sends; of one that is refused none. */
function sentIn(params: unknown): Uint8Array[] {
  const [raw] = Array.isArray(params) ? params : [];
  try {
    return [readData(raw, '0')];
  } catch {
    return [];
  }
}
