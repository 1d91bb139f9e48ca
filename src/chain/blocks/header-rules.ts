/** What a header must satisfy beside its parent, before anything is executed. */

import type { Hex } from '../../evm/types.ts';
import type { BlockRules, ChainSpec } from '../chain-spec.ts';
import { checkMilliseconds } from '../sequencing.ts';
import { nextDifficulty } from './difficulty.ts';
import { InvalidBlock, requireSame } from './fault.ts';
import { ELASTICITY, GAS_PER_BLOB, nextBaseFee, nextExcessBlobGas } from './fees.ts';
import type { BlockHeader, HeaderField } from './header.ts';

/** EIP-7934: what a block takes of a message of 10 MiB. */
export const BLOCK_BYTES_MAX = 8_388_608;

const EXTRA_DATA_MAX = 32;
const GAS_LIMIT_MIN = 5_000n;
/** A gas limit moves by less than its parent's divided by this. */
const GAS_LIMIT_DIVISOR = 1_024n;
/** Gas is counted in signed 64 bits. */
const GAS_LIMIT_MAX = 2n ** 63n - 1n;
/** Nonce of a block without proof of work. */
export const NO_NONCE: Hex = `0x${'00'.repeat(8)}`;
/** Keccak-256 of the RLP of the empty list. */
export const NO_UNCLES_HASH = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347';
const DAO_EXTRA_DATA = '0x64616f2d686172642d666f726b';
/** Blocks from the DAO fork on that say so. */
const DAO_EXTRA_RANGE = 10n;

/** @throws InvalidBlock naming the first rule that is broken */
export function checkHeader(
  header: BlockHeader,
  parent: BlockHeader,
  blockRules: BlockRules,
  spec: ChainSpec,
): void {
  requireSame('block/wrong number', 'the number', header.number, parent.number + 1n);
  if (spec.sequencing?.milliseconds !== undefined) checkMilliseconds(header, parent);
  else if (header.timestamp <= parent.timestamp) {
    const message = `timestamp ${header.timestamp} is not after the parent's ${parent.timestamp}`;
    throw new InvalidBlock('block/wrong timestamp', message);
  }
  checkFields(header, blockRules);
  checkGasLimit(header, parent, blockRules);
  checkExtraData(header, spec);
  if (blockRules.is('paris')) checkMerged(header);
  else checkWork(header, parent, blockRules);
  if (blockRules.is('london')) {
    const expected = nextBaseFee(parent);
    requireSame('block/wrong base fee', 'the base fee', header.baseFeePerGas as bigint, expected);
  }
  checkBlobGas(header, parent, blockRules);
}

/** Optional fields, and the fork that brought each. */
const FIELDS_SINCE = [
  ['baseFeePerGas', 'london'],
  ['withdrawalsRoot', 'shanghai'],
  ['blobGasUsed', 'cancun'],
  ['excessBlobGas', 'cancun'],
  ['parentBeaconBlockRoot', 'cancun'],
  ['requestsHash', 'prague'],
  ['blockAccessListHash', 'amsterdam'],
  ['slotNumber', 'amsterdam'],
] as const satisfies readonly (readonly [HeaderField, string])[];

function checkFields(header: BlockHeader, { is, rules }: BlockRules): void {
  for (const [field, fork] of FIELDS_SINCE) {
    const given = header[field] !== undefined;
    if (given === is(fork)) continue;
    throw given
      ? new InvalidBlock('block/field of another fork', `${rules.fork} has no ${field}`)
      : new InvalidBlock('block/missing field', `${rules.fork} needs ${field}`);
  }
}

function checkGasLimit(header: BlockHeader, parent: BlockHeader, { is }: BlockRules): void {
  const { gasLimit, gasUsed } = header;
  const starts = is('london') && parent.baseFeePerGas === undefined;
  const before = starts ? parent.gasLimit * ELASTICITY : parent.gasLimit;
  const bound = before / GAS_LIMIT_DIVISOR;
  const change = gasLimit > before ? gasLimit - before : before - gasLimit;
  if (change >= bound || gasLimit < GAS_LIMIT_MIN || gasLimit > GAS_LIMIT_MAX) {
    const message = `gas limit ${gasLimit} after ${before}: it moves by less than ${bound}`;
    throw new InvalidBlock('block/wrong gas limit', message, { gasLimit, before });
  }
  if (gasUsed > gasLimit) {
    const message = `gas used ${gasUsed} is above the limit ${gasLimit}`;
    throw new InvalidBlock('block/gas used above limit', message, { gasUsed, gasLimit });
  }
}

function checkExtraData({ extraData, number }: BlockHeader, { daoFork }: ChainSpec): void {
  const size = extraData.length / 2 - 1;
  if (size > EXTRA_DATA_MAX) {
    const message = `extra data has ${size} bytes, at most ${EXTRA_DATA_MAX}`;
    throw new InvalidBlock('block/extra data too long', message);
  }
  if (daoFork === undefined || number < daoFork || number >= daoFork + DAO_EXTRA_RANGE) return;
  requireSame('block/wrong extra data', 'the DAO fork’s extra data', extraData, DAO_EXTRA_DATA);
}

/** EIP-3675: what proof of work needed is constant. */
function checkMerged({ difficulty, nonce, unclesHash }: BlockHeader): void {
  requireSame('block/wrong difficulty', 'the difficulty', difficulty, 0n);
  requireSame<string>('block/wrong nonce', 'the nonce', nonce, NO_NONCE);
  requireSame<string>('block/wrong uncles hash', 'the uncles hash', unclesHash, NO_UNCLES_HASH);
}

function checkWork(header: BlockHeader, parent: BlockHeader, blockRules: BlockRules): void {
  const hasUncles = parent.unclesHash !== NO_UNCLES_HASH;
  const expected = nextDifficulty({ ...parent, hasUncles }, header.timestamp, blockRules);
  requireSame('block/wrong difficulty', 'the difficulty', header.difficulty, expected);
}

function checkBlobGas(header: BlockHeader, parent: BlockHeader, blockRules: BlockRules): void {
  const { blobs } = blockRules;
  if (blobs === undefined) return;
  const used = header.blobGasUsed as bigint;
  const limit = BigInt(blobs.max) * GAS_PER_BLOB;
  if (used > limit || used % GAS_PER_BLOB !== 0n) {
    const message = `blob gas used ${used} is no multiple of ${GAS_PER_BLOB} up to ${limit}`;
    throw new InvalidBlock('block/wrong blob gas used', message, { used, limit });
  }
  const expected = nextExcessBlobGas(parent, blockRules, blobs);
  const given = header.excessBlobGas as bigint;
  requireSame('block/wrong excess blob gas', 'the excess blob gas', given, expected);
}
