/**
 * What a header vouches for of all that lies beside it: a block that was stored, sent or restored
 * is what it was exactly where none of these differ.
 */

import type { ChainBlock } from '../block-tree.ts';
import { accessListHash } from './access-list.ts';
import { type Block, type BodyRoots, bodyRoots, indexedRoot } from './block.ts';
import type { BlockHeader } from './header.ts';
import { encodeReceipt } from './receipt.ts';

/** A field of a header that says something else than what was found. */
export interface Difference<Name extends keyof BlockHeader> {
  readonly name: Name;
  readonly says: string | undefined;
  readonly found: string | undefined;
}

type OutcomeName = 'receiptsRoot' | 'blockAccessListHash';

/** Of the body. A header that names withdrawals and a body without any, or the reverse, differ. */
export function bodyDifferences({ header, ...body }: Block): Difference<keyof BodyRoots>[] {
  const { transactionsRoot, unclesHash, withdrawalsRoot } = bodyRoots(body);
  return differences(header, { transactionsRoot, unclesHash, withdrawalsRoot });
}

/** Of the body, the receipts and the access list. PERF: the roots of all three. */
export function blockDifferences(block: ChainBlock): Difference<keyof BodyRoots | OutcomeName>[] {
  const { header, receipts, accessList } = block;
  // A block in which nothing was accessed may be kept without its list.
  const hasList = accessList !== undefined || header.blockAccessListHash !== undefined;
  return [
    ...bodyDifferences(block),
    ...differences(header, {
      receiptsRoot: indexedRoot(receipts.map(encodeReceipt)),
      blockAccessListHash: hasList ? accessListHash(accessList ?? []) : undefined,
    }),
  ];
}

function differences<Name extends keyof BodyRoots | OutcomeName>(
  header: BlockHeader,
  found: Record<Name, string | undefined>,
): Difference<Name>[] {
  return (Object.keys(found) as Name[])
    .map((name) => ({ name, says: header[name], found: found[name] }))
    .filter(({ says, found: is }) => says !== is);
}
