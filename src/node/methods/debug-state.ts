/** debug_ methods that look into states: witnesses, ranges, and what blocks changed. */

import { IronflyError } from '../../base/errors.ts';
import type { ChainBlock } from '../../chain/block-tree.ts';
import { encodeBlock } from '../../chain/blocks/block.ts';
import { witnessOf } from '../../proofs/stateless.ts';
import { EMPTY_CODE_HASH } from '../../state/memory.ts';
import { withState } from '../execution/block-state.ts';
import type { Node } from '../node.ts';
import { RpcError } from '../rpc/errors.ts';
import { type Caller, type MethodTable, method } from '../rpc/method.ts';
import {
  type BlockId,
  dataHex,
  LATEST,
  optional,
  quantity,
  type Read,
  readAddress,
  readBlockId,
  readData,
  readHash,
  readU64,
  withDefault,
} from '../rpc/values.ts';
import { type BlockReplay, withReplay } from '../trace/block-replay.ts';
import { modifiedAccounts } from '../trace/modified-accounts.ts';
import { storageRange } from '../trace/state-range.ts';
import { TraceBudget } from '../trace/target.ts';

/** Slots of one range. */
const RANGE_MAX = 10_000n;

/** A hash, or what it begins with. */
const readKeyStart: Read<Uint8Array> = (value, path) =>
  value === undefined || value === null || value === '' ? new Uint8Array(0) : readData(value, path);

const budgetOf = ({ limits }: Node, { signal }: Caller): TraceBudget =>
  new TraceBudget({ limitMs: limits.callMsMax, signal });

async function blockOf({ ledger }: Node, id: BlockId): Promise<ChainBlock> {
  const block = await ledger.block(id);
  if (block !== undefined) return block;
  const name = 'hash' in id ? id.hash : 'number' in id ? `#${id.number}` : id.tag;
  throw new RpcError('server error', `block ${name} not found`);
}

/** The state in the middle of a block: before its transaction `index`, or behind its last. */
async function midBlock<T>(
  node: Node,
  caller: Caller,
  { at, index }: { readonly at: BlockId; readonly index: bigint },
  work: (replay: BlockReplay, block: ChainBlock) => Promise<T>,
): Promise<T> {
  const block = await blockOf(node, at);
  const count = block.transactions.length;
  if (index > BigInt(count)) {
    const message = `transaction index ${index} out of range for block ${block.hash}`;
    throw new RpcError('server error', message);
  }
  return withReplay(node, block, budgetOf(node, caller), async (replay) => {
    await replay.skipTo(Number(index));
    return work(replay, block);
  });
}

export const debugStateMethods: MethodTable<Node> = {
  debug_executionWitness: method([withDefault(readBlockId, LATEST)], async (node: Node, [id]) => {
    const block = await blockOf(node, id);
    if (block.header.number === 0n) throw new RpcError('server error', 'genesis has no witness');
    const { state, codes, headers } = await witnessOf(node.ledger.chain, encodeBlock(block));
    const hex = (list: readonly Uint8Array[]) => list.map(dataHex);
    return { state: hex(state), codes: hex(codes), headers: hex(headers) };
  }),
  debug_storageRangeAt: method(
    [readBlockId, readU64, readAddress, readKeyStart, readU64],
    (node: Node, [at, index, address, start, countMax], caller) =>
      midBlock(node, caller, { at, index }, ({ changes }, block) => {
        const bounded = countMax > RANGE_MAX ? RANGE_MAX : countMax;
        const parent = block.header.parentHash;
        return storageRange(node, { parent, changes, address, start, countMax: Number(bounded) });
      }),
  ),
  debug_accountInfoAt: method(
    [readBlockId, readU64, readAddress],
    (node: Node, [at, index, address], caller) =>
      midBlock(node, caller, { at, index }, async ({ state }) => {
        const account = await state.getAccount(address);
        const { balance = 0n, nonce = 0n, codeHash = EMPTY_CODE_HASH } = account ?? {};
        const hasCode = codeHash !== EMPTY_CODE_HASH;
        const code = hasCode ? await state.getCode(codeHash) : new Uint8Array(0);
        return {
          balance: quantity(balance),
          nonce: quantity(nonce),
          code: dataHex(code),
          codeHash,
        };
      }),
  ),
  debug_codeByHash: method([readHash, withDefault(readBlockId, LATEST)], (node: Node, [hash, at]) =>
    withState(node, at, async (state) => {
      if (hash === EMPTY_CODE_HASH) return '0x';
      try {
        return dataHex(await state.getCode(hash));
      } catch (error) {
        // States know codes of their accounts alone.
        const isUnknown = error instanceof IronflyError && error.code === 'state/unknown code';
        if (isUnknown) return '0x';
        throw error;
      }
    }),
  ),
  debug_getModifiedAccountsByNumber: method(
    [readU64, optional(readU64)],
    async (node: Node, [first, last], caller) =>
      modifiedBetween(
        node,
        caller,
        { number: first },
        last === undefined ? last : { number: last },
      ),
  ),
  debug_getModifiedAccountsByHash: method(
    [readHash, optional(readHash)],
    async (node: Node, [first, last], caller) => {
      const named = (hash: typeof first): BlockId => ({ hash, requireCanonical: false });
      return modifiedBetween(node, caller, named(first), last === undefined ? last : named(last));
    },
  ),
  /** Blocks that are refused are not kept. */
  debug_getBadBlocks: method([], () => []),
};

/** With one block: what that one changed. */
async function modifiedBetween(
  node: Node,
  caller: Caller,
  first: BlockId,
  last: BlockId | undefined,
): Promise<string[]> {
  const given = await blockOf(node, first);
  const parent = { hash: given.header.parentHash, requireCanonical: false };
  if (last === undefined && given.header.number === 0n) {
    throw new RpcError('server error', 'block 0 has no parent');
  }
  const start = last === undefined ? await blockOf(node, parent) : given;
  const end = last === undefined ? given : await blockOf(node, last);
  return modifiedAccounts(node, { start, end }, budgetOf(node, caller));
}
