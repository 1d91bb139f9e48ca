/**
 * Who created a contract: the block in which its code came to be is found by halving the states
 * that are kept, the transaction and its caller by executing that block once more.
 */

import type { ChainBlock } from '../../chain/block-tree.ts';
import type { Address, Hash } from '../../evm/types.ts';
import { EMPTY_CODE_HASH } from '../../state/memory.ts';
import type { Node } from '../node.ts';
import { RpcError } from '../rpc/errors.ts';
import { withReplay } from './block-replay.ts';
import type { CallFrame } from './call-frames.ts';
import { recordCalls } from './recorded.ts';
import type { TraceBudget } from './target.ts';

export interface ContractCreator {
  /** The transaction. */
  readonly hash: Hash;
  readonly creator: Address;
}

/** Null for an address without code, or one that has had it from the start. @throws RpcError */
export async function contractCreator(
  node: Node,
  address: Address,
  budget: TraceBudget,
): Promise<ContractCreator | null> {
  const head = node.ledger.head.header.number;
  if ((await hasCodeAt(node, address, head)) !== true) return null;
  let [low, high] = [-1n, head];
  while (low + 1n < high) {
    if (budget.isSpent) throw new RpcError('server error', 'execution timeout');
    const middle = (low + high) / 2n;
    const has = await hasCodeAt(node, address, middle);
    // States that are not kept any more are as good as before.
    if (has === true) high = middle;
    else low = middle;
  }
  if (high === 0n) return null;
  const block = await node.ledger.blockByNumber(high);
  const found = block && (await creationIn(node, block, { address, budget }));
  if (found !== undefined) return found;
  throw new RpcError(
    'server error',
    `contract ${address} was created before block ${high}, whose state is the oldest that is kept`,
  );
}

/** Undefined where the state is not kept. */
async function hasCodeAt(
  { ledger }: Node,
  address: Address,
  number: bigint,
): Promise<boolean | undefined> {
  const block = await ledger.blockByNumber(number);
  const view = block && (await ledger.openView(block.hash).catch(() => undefined));
  if (view === undefined) return undefined;
  try {
    const account = await view.getAccount(address);
    return account !== undefined && account.codeHash !== EMPTY_CODE_HASH;
  } finally {
    view.close();
  }
}

async function creationIn(
  node: Node,
  block: ChainBlock,
  { address, budget }: { readonly address: Address; readonly budget: TraceBudget },
): Promise<ContractCreator | undefined> {
  if (block.transactions.length === 0) return undefined;
  const replayed = withReplay(node, block, budget, async (replay) => {
    for (const _ of block.transactions) {
      const found = await replay.trace(async (target) => {
        const { root } = await recordCalls(target);
        const creator = creatorIn(root, address);
        const hash = target.place?.transactionHash;
        return creator && hash && { hash, creator };
      });
      if (found !== undefined) return found;
    }
    return undefined;
  });
  // Its parent's state may not be kept.
  return replayed.catch((error: unknown) => {
    if (error instanceof RpcError && error.message.startsWith('missing trie node'))
      return undefined;
    throw error;
  });
}

function creatorIn(frame: CallFrame, address: Address): Address | undefined {
  if (frame.error !== undefined) return undefined;
  const creates = frame.kind === 'create' || frame.kind === 'create2';
  if (creates && frame.to === address) return frame.from;
  for (const call of frame.calls) {
    const found = creatorIn(call, address);
    if (found !== undefined) return found;
  }
  return undefined;
}
