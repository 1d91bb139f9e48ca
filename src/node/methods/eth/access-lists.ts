/** Access lists of blocks (EIP-7928, Amsterdam); null for a block that has none. */

import type { ChainBlock } from '../../../chain/block-tree.ts';
import {
  type AccountAccesses,
  encodeAccessList,
  type IndexedChange,
} from '../../../chain/blocks/access-list.ts';
import type { Node } from '../../node.ts';
import { type Method, type MethodTable, method } from '../../rpc/method.ts';
import {
  type BlockId,
  dataHex,
  quantity,
  type Read,
  readBlockId,
  readBlockNumber,
  wordHex,
} from '../../rpc/values.ts';
import { namedBlock, readBlockHash } from './blocks.ts';

function ofBlock(readId: Read<BlockId>, answer: (block: ChainBlock) => unknown): Method<Node> {
  return method([readId], async (node: Node, [id]) => {
    const block = await namedBlock(node, id);
    return block?.accessList === undefined ? null : answer(block);
  });
}

const json = ({ accessList = [] }: ChainBlock): object => accessList.map(accountJson);
const raw = ({ accessList = [] }: ChainBlock): string => dataHex(encodeAccessList(accessList));

function accountJson(accesses: AccountAccesses): object {
  const { address, storageChanges, storageReads } = accesses;
  return {
    address,
    storageChanges: storageChanges.map(([slot, changes]) => ({
      slot: wordHex(slot),
      changes: changesJson(changes, 'newValue', wordHex),
    })),
    storageReads: storageReads.map(wordHex),
    balanceChanges: changesJson(accesses.balanceChanges, 'postBalance', quantity),
    nonceChanges: changesJson(accesses.nonceChanges, 'newNonce', quantity),
    codeChanges: changesJson(accesses.codeChanges, 'newCode', dataHex),
  };
}

function changesJson<T>(
  changes: readonly IndexedChange<T>[],
  name: string,
  show: (value: T) => string,
): object[] {
  return changes.map(({ index, value }) => ({
    blockAccessIndex: quantity(index),
    [name]: show(value),
  }));
}

export const accessListMethods: MethodTable<Node> = {
  eth_getBlockAccessList: ofBlock(readBlockId, json),
  eth_getBlockAccessListByBlockHash: ofBlock(readBlockHash, json),
  eth_getBlockAccessListByBlockNumber: ofBlock(readBlockNumber, json),
  eth_getBlockAccessListRaw: ofBlock(readBlockId, raw),
};
