/** The first block's header: what a chain gives of it, and what follows from its fork. */

import type { Hash } from '../../evm/types.ts';
import type { ChainBlock } from '../block-tree.ts';
import { type ChainSpec, ForkTimeline } from '../chain-spec.ts';
import { accessListHash } from './access-list.ts';
import { bodyRoots, indexedRoot } from './block.ts';
import { BLOOM_BYTES } from './bloom.ts';
import { type BlockHeader, headerHash } from './header.ts';
import { NO_NONCE } from './header-rules.ts';
import { requestsHash } from './requests.ts';

type Given = Pick<BlockHeader, 'stateRoot' | 'gasLimit' | 'coinbase'> & Partial<BlockHeader>;

const ZERO_HASH: Hash = `0x${'00'.repeat(32)}`;
/** Wei. */
const BASE_FEE = 1_000_000_000n;
const DIFFICULTY = 131_072n;

/** An empty first block with the fields that its fork has; what is given counts. */
export function genesisHeader(spec: ChainSpec, given: Given): BlockHeader {
  const { number = 0n, timestamp = 0n } = given;
  const place = { number, timestamp, parentTotalDifficulty: 0n };
  const { is } = new ForkTimeline(spec).at(place);
  const withdrawals = is('shanghai') ? { withdrawals: [] } : {};
  return {
    parentHash: ZERO_HASH,
    ...bodyRoots({ transactions: [], uncles: [], ...withdrawals }),
    receiptsRoot: indexedRoot([]),
    logsBloom: `0x${'00'.repeat(BLOOM_BYTES)}`,
    difficulty: is('paris') ? 0n : DIFFICULTY,
    number: 0n,
    gasUsed: 0n,
    timestamp: 0n,
    extraData: '0x',
    mixHash: ZERO_HASH,
    nonce: NO_NONCE,
    ...(is('london') ? { baseFeePerGas: BASE_FEE } : {}),
    ...(is('cancun')
      ? { blobGasUsed: 0n, excessBlobGas: 0n, parentBeaconBlockRoot: ZERO_HASH }
      : {}),
    ...(is('prague') ? { requestsHash: requestsHash([]) } : {}),
    ...(is('amsterdam') ? { blockAccessListHash: accessListHash([]), slotNumber: 0n } : {}),
    ...given,
  };
}

/** An empty block as the first of a chain. */
export function firstBlock(header: BlockHeader): ChainBlock {
  return {
    hash: headerHash(header),
    header,
    totalDifficulty: header.difficulty,
    transactions: [],
    uncles: [],
    receipts: [],
    ...(header.withdrawalsRoot === undefined ? {} : { withdrawals: [] }),
  };
}
