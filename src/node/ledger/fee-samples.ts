/**
 * What transactions paid their blocks for being taken: the samples of gas price oracles and of
 * `eth_feeHistory`. Of a block they are looked at once, for as long as it is at hand.
 */

import { minOf } from '../../base/integers.ts';
import type { ChainBlock } from '../../chain/block-tree.ts';
import { decodeTransaction } from '../../chain/transactions/decode.ts';
import type { Ledger } from './ledger.ts';

export interface FeeSample {
  /** Wei of a gas that the coinbase got. */
  readonly tip: bigint;
  readonly gasUsed: bigint;
}

const known = new WeakMap<ChainBlock, readonly FeeSample[]>();

/** Of each transaction of a block, the lowest tip first. */
export function feeSamples(block: ChainBlock): readonly FeeSample[] {
  const samples = known.get(block);
  if (samples !== undefined) return samples;
  const { transactions, receipts, header } = block;
  const made = transactions.map((bytes, index): FeeSample => {
    const tip = tipOf(bytes, header.baseFeePerGas ?? 0n);
    return { tip, gasUsed: receipts[index]?.gasUsed ?? 0n };
  });
  made.sort((left, right) => (left.tip < right.tip ? -1 : left.tip > right.tip ? 1 : 0));
  known.set(block, made);
  return made;
}

/** What a transaction pays beyond the base fee, in wei of a gas. */
export function tipOf(bytes: Uint8Array, baseFee: bigint): bigint {
  const decoded = decodeTransaction(bytes);
  if (!decoded.ok) return 0n;
  const { maxFeePerGas, maxPriorityFeePerGas } = decoded.transaction;
  const left = maxFeePerGas - baseFee;
  return minOf(left, maxPriorityFeePerGas);
}

/** Blocks that are looked at, and samples of each: geth's. */
const BLOCKS = 20n;
const SAMPLES_OF_BLOCK = 3;
const PERCENTILE = 60;
/** Tips that nobody means. */
const TIP_MIN = 2n;
/** Wei; where nothing says otherwise. */
const TIP_DEFAULT = 1_000_000_000n;
/** Wei; nobody is told to pay more. */
const TIP_MAX = 500_000_000_000n;

interface Suggestion {
  readonly head: string;
  readonly tip: Promise<bigint>;
}

const suggestions = new WeakMap<Ledger, Suggestion>();

/** A tip with which a transaction is taken soon: what others paid lately. */
export function suggestedTip(ledger: Ledger): Promise<bigint> {
  const { hash } = ledger.head;
  const last = suggestions.get(ledger);
  if (last?.head === hash) return last.tip;
  const tip = sampleTips(ledger);
  suggestions.set(ledger, { head: hash, tip });
  tip.catch(() => suggestions.delete(ledger));
  return tip;
}

async function sampleTips(ledger: Ledger): Promise<bigint> {
  const tips: bigint[] = [];
  const newest = ledger.head.header.number;
  for (let number = newest; number >= 0n && number > newest - BLOCKS; number--) {
    const block = await ledger.blockByNumber(number);
    if (block === undefined) break;
    const meant = feeSamples(block).filter(({ tip }) => tip >= TIP_MIN);
    for (const { tip } of meant.slice(0, SAMPLES_OF_BLOCK)) tips.push(tip);
  }
  if (tips.length === 0) return TIP_DEFAULT;
  tips.sort((left, right) => (left < right ? -1 : left > right ? 1 : 0));
  const chosen = tips[Math.floor(((tips.length - 1) * PERCENTILE) / 100)] as bigint;
  return minOf(chosen, TIP_MAX);
}
