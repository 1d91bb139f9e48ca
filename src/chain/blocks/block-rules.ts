/** What a block must satisfy: before its execution, and by what came of it. */

import { toHex } from '../../base/bytes.ts';
import { keccak256 } from '../../base/keccak.ts';
import type { BlockRules, ChainSpec } from '../chain-spec.ts';
import { checkLanes } from '../sequencing.ts';
import { type Block, type BodyRoots, decodeBlock } from './block.ts';
import { type BlockFault, InvalidBlock, requireSame } from './fault.ts';
import type { BlockHeader } from './header.ts';
import { BLOCK_BYTES_MAX, checkHeader } from './header-rules.ts';
import { bodyDifferences } from './header-vouches.ts';
import type { OutcomeFields } from './outcome-fields.ts';

/** No block of any fork is larger; what is longer is not looked at. */
export const BLOCK_INPUT_BYTES_MAX = 134_217_728;

/** A block and its RLP as it came. */
export interface ReadBlock {
  readonly block: Block;
  readonly bytes: Uint8Array;
}

/** @throws InvalidBlock `block/too large`, `block/malformed` */
export function readBlock(bytes: Uint8Array): ReadBlock {
  const size = bytes.length;
  if (size > BLOCK_INPUT_BYTES_MAX) throw tooLarge(size, BLOCK_INPUT_BYTES_MAX);
  return { block: decodeBlock(bytes), bytes };
}

/** All that needs neither state nor ancestors but the parent. @throws InvalidBlock */
export function checkBlock(
  { block, bytes }: ReadBlock,
  parent: BlockHeader,
  blockRules: BlockRules,
  spec: ChainSpec,
): void {
  const size = bytes.length;
  if (blockRules.is('osaka') && size > BLOCK_BYTES_MAX) throw tooLarge(size, BLOCK_BYTES_MAX);
  checkHeader(block.header, parent, blockRules, spec);
  checkBody(block, blockRules);
  checkLanes(block.transactions, spec.sequencing?.lanes ?? []);
}

function tooLarge(size: number, limit: number): InvalidBlock {
  return new InvalidBlock('block/too large', `the block has ${size} bytes, at most ${limit}`, {
    size,
    limit,
  });
}

/** What came beside a block is the access list that its header names. @throws InvalidBlock */
export function checkAccessList({ blockAccessListHash }: BlockHeader, list: Uint8Array): void {
  if (blockAccessListHash === undefined) {
    throw new InvalidBlock('block/field of another fork', 'an access list came with the block');
  }
  const what = 'the hash of the access list that came with the block';
  requireSame('block/wrong access list hash', what, toHex(keccak256(list)), blockAccessListHash);
}

/** What the header says of the body. */
function checkBody({ header, ...body }: Block, { is, rules }: BlockRules): void {
  if ((body.withdrawals !== undefined) !== is('shanghai')) {
    const fault = is('shanghai') ? 'missing field' : 'field of another fork';
    throw new InvalidBlock(`block/${fault}`, `${rules.fork}: withdrawals`);
  }
  for (const { name, says, found } of bodyDifferences({ header, ...body })) {
    const [code, what] = BODY_FIELDS[name];
    requireSame(code, what, String(says), String(found));
  }
}

const BODY_FIELDS: Readonly<Record<keyof BodyRoots, readonly [BlockFault, string]>> = {
  transactionsRoot: ['block/wrong transactions root', 'the transactions root'],
  unclesHash: ['block/wrong uncles hash', 'the uncles hash'],
  withdrawalsRoot: ['block/wrong withdrawals root', 'the withdrawals root'],
};

/** What the header says of the execution. @throws InvalidBlock */
export function checkOutcome(header: BlockHeader, results: OutcomeFields): void {
  for (const [name, code, what] of OUTCOME_FIELDS) {
    requireSame(code, what, String(header[name]), String(results[name]));
  }
}

const OUTCOME_FIELDS = [
  ['gasUsed', 'block/wrong gas used', 'the gas used'],
  ['receiptsRoot', 'block/wrong receipts root', 'the receipts root'],
  ['logsBloom', 'block/wrong logs bloom', 'the logs bloom'],
  ['blobGasUsed', 'block/wrong blob gas used', 'the blob gas used'],
  ['requestsHash', 'block/wrong requests hash', 'the requests hash'],
  ['blockAccessListHash', 'block/wrong access list hash', 'the hash of the access list'],
  ['stateRoot', 'block/wrong state root', 'the state root'],
] as const satisfies readonly (readonly [keyof OutcomeFields, BlockFault, string])[];
