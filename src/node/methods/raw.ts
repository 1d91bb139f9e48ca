/** Blocks, headers, receipts and transactions as the bytes that they are hashed from. */

import type { ChainBlock } from '../../chain/block-tree.ts';
import { encodeBlock } from '../../chain/blocks/block.ts';
import { encodeHeader } from '../../chain/blocks/header.ts';
import { encodeReceipt } from '../../chain/blocks/receipt.ts';
import type { Node } from '../node.ts';
import { RpcError } from '../rpc/errors.ts';
import { type Method, type MethodTable, method } from '../rpc/method.ts';
import { type BlockId, dataHex, readBlockId, readHash } from '../rpc/values.ts';
import { namedBlock } from './eth/blocks.ts';
import { rawTransaction } from './eth/transactions.ts';

function ofBlock(bytes: (block: ChainBlock) => unknown): Method<Node> {
  return method([readBlockId], async (node: Node, [id]) => {
    const block = await namedBlock(node, id);
    if (block === undefined) throw notFound(id);
    return bytes(block);
  });
}

function notFound(id: BlockId): RpcError {
  const name = 'hash' in id ? id.hash : 'number' in id ? `#${id.number}` : id.tag;
  return new RpcError('server error', `block ${name} not found`);
}

export const rawMethods: MethodTable<Node> = {
  debug_getRawBlock: ofBlock((block) => dataHex(encodeBlock(block))),
  debug_getRawHeader: ofBlock(({ header }) => dataHex(encodeHeader(header))),
  debug_getRawReceipts: ofBlock(({ receipts }) =>
    receipts.map((receipt) => dataHex(encodeReceipt(receipt))),
  ),
  debug_getRawTransactions: ofBlock(({ transactions }) => transactions.map(dataHex)),
  debug_getRawTransaction: method(
    [readHash],
    async (node: Node, [hash]) => (await rawTransaction(node, hash)) ?? '0x',
  ),
};
