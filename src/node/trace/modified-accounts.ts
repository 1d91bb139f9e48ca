/**
 * The accounts that differ between two blocks: those that the blocks between them can have changed,
 * each proven at both ends.
 */

import type { ChainBlock } from '../../chain/block-tree.ts';
import type { Address } from '../../evm/types.ts';
import { proveAccount } from '../../proofs/chain-proofs.ts';
import type { Node } from '../node.ts';
import { RpcError } from '../rpc/errors.ts';
import { withReplay } from './block-replay.ts';
import type { TraceBudget } from './target.ts';

/** Each is executed once more. */
const BLOCKS_MAX = 256n;
/** Contracts that a block calls by itself: EIP-4788, EIP-2935, EIP-7002, EIP-7251. */
const SYSTEM_CONTRACTS: readonly Address[] = [
  '0x000f3df6d732807ef1319fb7b8bb8522d0beac02',
  '0x0000f90827f1c53a10cb7a02335b175320002935',
  '0x00000961ef480eb55e80d19ad83579a64c007002',
  '0x0000bbddc7ce488642fb579f8b00f3a590007251',
];

/** @throws RpcError for ends that are not in order, or too far apart */
export async function modifiedAccounts(
  node: Node,
  { start, end }: { readonly start: ChainBlock; readonly end: ChainBlock },
  budget: TraceBudget,
): Promise<Address[]> {
  const [first, last] = [start.header.number, end.header.number];
  if (first >= last) {
    const message = `start block height (${first}) must be less than end block height (${last})`;
    throw new RpcError('server error', message);
  }
  if (last - first > BLOCKS_MAX) {
    const message = `a range of ${last - first} blocks, at most ${BLOCKS_MAX}`;
    throw new RpcError('limit exceeded', message);
  }
  const candidates = new Set<Address>(SYSTEM_CONTRACTS);
  let at: ChainBlock | undefined = end;
  while (at !== undefined && at.header.number > first) {
    for (const address of await changedIn(node, at, budget)) candidates.add(address);
    at = await node.ledger.blockByHash(at.header.parentHash);
  }
  const modified: Address[] = [];
  for (const address of candidates) {
    const before = await proveAccount(node.ledger.chain, { block: start.hash, address });
    const after = await proveAccount(node.ledger.chain, { block: end.hash, address });
    const isSame =
      before.balance === after.balance &&
      before.nonce === after.nonce &&
      before.codeHash === after.codeHash &&
      before.storageHash === after.storageHash;
    if (!isSame) modified.push(address);
  }
  return modified.sort();
}

async function changedIn(
  node: Node,
  block: ChainBlock,
  budget: TraceBudget,
): Promise<Set<Address>> {
  const { header, uncles, withdrawals = [] } = block;
  const changed = new Set<Address>([header.coinbase]);
  for (const { coinbase } of uncles) changed.add(coinbase);
  for (const { address } of withdrawals) changed.add(address);
  for (const address of node.ledger.editsIn(block.hash)?.accounts.keys() ?? []) {
    changed.add(address);
  }
  if (block.transactions.length === 0) return changed;
  await withReplay(node, block, budget, async (replay) => {
    await replay.skipTo(replay.length);
    for (const { accounts } of replay.changes) {
      for (const address of accounts.keys()) changed.add(address);
    }
  });
  return changed;
}
