/** Prices of gas: what the next block asks, what others pay, and what blocks have asked. */

import type { ChainBlock, KnownBlock } from '../../../chain/block-tree.ts';
import { GAS_PER_BLOB, nextBaseFee, nextExcessBlobGas } from '../../../chain/blocks/fees.ts';
import type { BlockRules } from '../../../chain/chain-spec.ts';
import { blobBaseFee } from '../../../evm/forks/blob.ts';
import { feeSamples, suggestedTip } from '../../ledger/fee-samples.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Node } from '../../node.ts';
import { invalidParams, RpcError } from '../../rpc/errors.ts';
import { type MethodTable, method } from '../../rpc/method.ts';
import {
  type BlockId,
  quantity,
  type Read,
  readBlockNumber,
  readU64,
  withDefault,
} from '../../rpc/values.ts';
import { namedBlock } from './blocks.ts';

/** Blocks and percentiles of one history, as geth has them. */
const BLOCKS_MAX = 1_024n;
const PERCENTILES_MAX = 100;

/** What one block asks, in wei of a gas and of a blob gas. */
interface Prices {
  readonly baseFee: bigint;
  readonly blobFee: bigint;
}

/** A number, or text with one in decimals, as some clients send it. */
const readCount: Read<bigint> = (value, path) =>
  typeof value === 'string' && /^\d{1,19}$/.test(value) ? BigInt(value) : readU64(value, path);

const readPercentiles: Read<readonly number[]> = (value, path) => {
  if (!Array.isArray(value)) throw invalidParams(`invalid argument ${path}: no list`);
  if (value.length > PERCENTILES_MAX) {
    throw new RpcError('server error', `too many percentiles (max ${PERCENTILES_MAX})`);
  }
  let last = 0;
  for (const [index, each] of value.entries()) {
    if (typeof each !== 'number' || !(each >= 0 && each <= 100)) {
      throw new RpcError('server error', `invalid reward percentile: ${String(each).slice(0, 40)}`);
    }
    if (index > 0 && each <= last) {
      const message = `invalid reward percentile: #${index - 1}:${last} >= #${index}:${each}`;
      throw new RpcError('server error', message);
    }
    last = each;
  }
  return value as number[];
};

export const feeMethods: MethodTable<Node> = {
  eth_gasPrice: method([], async ({ ledger }: Node) =>
    quantity((await suggestedTip(ledger)) + (ledger.head.header.baseFeePerGas ?? 0n)),
  ),
  eth_maxPriorityFeePerGas: method([], async ({ ledger }: Node) =>
    quantity(await suggestedTip(ledger)),
  ),
  eth_baseFee: method([], ({ ledger }: Node) => {
    const rules = rulesNow(ledger);
    return rules.is('london') ? quantity(pricesAfter(ledger.head, rules).baseFee) : null;
  }),
  eth_blobBaseFee: method([], ({ ledger }: Node) =>
    quantity(pricesAfter(ledger.head, rulesNow(ledger)).blobFee),
  ),
  eth_feeHistory: method(
    [readCount, readBlockNumber, withDefault(readPercentiles, [])],
    (node: Node, [count, newest, percentiles]) => feeHistory(node, { count, newest, percentiles }),
  ),
};

/** The rules of a block that came now. */
function rulesNow(ledger: Ledger): BlockRules {
  const { number, timestamp } = ledger.head.header;
  const now = BigInt(Math.floor(Date.now() / 1000));
  const time = now > timestamp ? now : timestamp + 1n;
  return ledger.rulesAfter(ledger.head, { number: number + 1n, timestamp: time });
}

function pricesOf({ header }: KnownBlock, { blobs }: BlockRules): Prices {
  const { baseFeePerGas: baseFee = 0n, excessBlobGas } = header;
  if (blobs === undefined || excessBlobGas === undefined) return { baseFee, blobFee: 0n };
  return { baseFee, blobFee: blobBaseFee(excessBlobGas, blobs.baseFeeUpdateFraction) };
}

/** What the block after it asks, by that block's rules. */
function pricesAfter({ header }: KnownBlock, rules: BlockRules): Prices {
  const baseFee = rules.is('london') ? nextBaseFee(header) : 0n;
  const { blobs } = rules;
  if (blobs === undefined) return { baseFee, blobFee: 0n };
  const excess = nextExcessBlobGas(header, rules, blobs);
  return { baseFee, blobFee: blobBaseFee(excess, blobs.baseFeeUpdateFraction) };
}

async function feeHistory(
  node: Node,
  asked: {
    readonly count: bigint;
    readonly newest: BlockId;
    readonly percentiles: readonly number[];
  },
): Promise<object> {
  const { newest, percentiles } = asked;
  const { ledger } = node;
  const last = await namedBlock(node, newest);
  if (last === undefined) {
    const head = ledger.head.header.number;
    const message =
      'number' in newest
        ? `request beyond head block: requested ${newest.number}, head ${head}`
        : 'block not found';
    throw new RpcError('server error', message);
  }
  let count = asked.count > BLOCKS_MAX ? BLOCKS_MAX : asked.count;
  if (count === 0n) return { oldestBlock: '0x0', gasUsedRatio: [] };
  const { number } = last.header;
  if (count > number + 1n) count = number + 1n;
  const oldest = number + 1n - count;
  const blocks: ChainBlock[] = [];
  for (let at = oldest; at < number; at++) blocks.push(await ledger.requireBlock({ number: at }));
  blocks.push(last);
  const prices = blocks.map((block) => pricesOf(block, ledger.rulesOf(block)));
  prices.push(pricesAfter(last, rulesAfter(ledger, last)));
  return {
    oldestBlock: quantity(oldest),
    ...(percentiles.length === 0
      ? {}
      : { reward: blocks.map((block) => rewards(block, percentiles)) }),
    baseFeePerGas: prices.map(({ baseFee }) => quantity(baseFee)),
    gasUsedRatio: blocks.map(({ header }) => ratio(header.gasUsed, header.gasLimit)),
    baseFeePerBlobGas: prices.map(({ blobFee }) => quantity(blobFee)),
    blobGasUsedRatio: blocks.map((block) => {
      const { blobs } = ledger.rulesOf(block);
      const most = BigInt(blobs?.max ?? 0) * GAS_PER_BLOB;
      return ratio(block.header.blobGasUsed ?? 0n, most);
    }),
  };
}

/** The rules of the block that comes a second after, as geth asks it. */
function rulesAfter(ledger: Ledger, block: ChainBlock): BlockRules {
  const { number, timestamp } = block.header;
  return ledger.rulesAfter(block, { number: number + 1n, timestamp: timestamp + 1n });
}

function ratio(part: bigint, whole: bigint): number {
  return whole === 0n ? 0 : Number(part) / Number(whole);
}

/** Tips below which these parts of the block's gas were paid for. */
function rewards(block: ChainBlock, percentiles: readonly number[]): string[] {
  const samples = feeSamples(block);
  if (samples.length === 0) return percentiles.map(() => '0x0');
  const gasUsed = Number(block.header.gasUsed);
  let index = 0;
  let sum = Number(samples[0]?.gasUsed ?? 0n);
  return percentiles.map((percentile) => {
    const threshold = Math.floor((gasUsed * percentile) / 100);
    while (sum < threshold && index < samples.length - 1) {
      index += 1;
      sum += Number(samples[index]?.gasUsed ?? 0n);
    }
    return quantity(samples[index]?.tip ?? 0n);
  });
}
