/** Parts of a header that follow from the execution of its block. */

import { toHex } from '../../base/bytes.ts';
import type { Hash } from '../../evm/types.ts';
import type { BlockRules } from '../chain-spec.ts';
import type { BlockOutcome } from '../executor/sequential.ts';
import { accessListHash } from './access-list.ts';
import { indexedRoot } from './block.ts';
import type { BlockHeader } from './header.ts';
import { encodeReceipt } from './receipt.ts';
import { requestsHash } from './requests.ts';

export type OutcomeFields = Pick<
  BlockHeader,
  | 'gasUsed'
  | 'receiptsRoot'
  | 'logsBloom'
  | 'blobGasUsed'
  | 'requestsHash'
  | 'blockAccessListHash'
  | 'stateRoot'
>;

export function outcomeFields(
  { gasUsed, receipts, bloom, blobGasUsed, requests, accessList }: BlockOutcome,
  stateRoot: Hash,
  { is }: Pick<BlockRules, 'is'>,
): OutcomeFields {
  return {
    gasUsed,
    receiptsRoot: indexedRoot(receipts.map(encodeReceipt)),
    logsBloom: toHex(bloom),
    stateRoot,
    ...(is('cancun') ? { blobGasUsed } : {}),
    ...(is('prague') ? { requestsHash: requestsHash(requests) } : {}),
    ...(accessList && { blockAccessListHash: accessListHash(accessList) }),
  };
}
