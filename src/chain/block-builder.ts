/** Builds a block upon a parent from transactions that are offered, in the order of the offer. */

import type { TransactionChecks } from '../evm/execution-options.ts';
import type { CallHooks } from '../evm/machine/hooks.ts';
import type { Address, Hash, Hex, StateChanges } from '../evm/types.ts';
import { editedPending } from '../state/edited-state.ts';
import type { BlockAccessList } from './blocks/access-list.ts';
import { type Block, bodyRoots, encodeBlock, type Withdrawal } from './blocks/block.ts';
import { nextDifficulty } from './blocks/difficulty.ts';
import { InvalidBlock } from './blocks/fault.ts';
import { ELASTICITY, nextBaseFee, nextExcessBlobGas } from './blocks/fees.ts';
import { type BlockHeader, headerHash } from './blocks/header.ts';
import { BLOCK_BYTES_MAX, NO_NONCE, NO_UNCLES_HASH } from './blocks/header-rules.ts';
import { outcomeFields } from './blocks/outcome-fields.ts';
import type { Receipt } from './blocks/receipt.ts';
import type { Request } from './blocks/requests.ts';
import type { BlockRules } from './chain-spec.ts';
import type { BlockSetting } from './executor/block-setting.ts';
import { BlockRun, type ExecutedHeader } from './executor/sequential.ts';

/** What whoever orders the blocks says of the next one. */
export interface BlockRequest {
  /** Seconds, after the parent's. */
  readonly timestamp: bigint;
  readonly coinbase: Address;
  /**
   * As blocks hold them. Those that the block cannot take are left out. Where they come by and by
   * (a sequencer), each is executed as it comes, and the block ends when no more do.
   */
  readonly transactions: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** Told of each, in the order of the block: what came of it, or why it is not in it. */
  readonly onTransaction?: (transaction: Uint8Array, outcome: Receipt | InvalidBlock) => void;
  /** Who sent one, where the caller has recovered that; taken at its word. */
  readonly senderOf?: (transaction: Uint8Array) => Address | undefined;
  /** The parent's when left out; at London's first block twice that. */
  readonly gasLimit?: bigint;
  readonly extraData?: Hex;
  /** From Paris on. */
  readonly prevRandao?: Hash;
  /** From Shanghai on. */
  readonly withdrawals?: readonly Withdrawal[];
  /** From Cancun on. */
  readonly parentBeaconBlockRoot?: Hash;
  /** From Amsterdam on; one after the parent's when left out. */
  readonly slotNumber?: bigint;
  readonly development?: DevelopmentRequest;
}

/**
 * What a development chain's users may ask of a block. Such a block is kept as it was produced:
 * its header need not follow from its parent's, and no other node imports it.
 */
export interface DevelopmentRequest {
  /** Upon the parent's state, before anything is executed. */
  readonly edits?: StateChanges | undefined;
  readonly baseFeePerGas?: bigint | undefined;
  /** What is not asked of the transactions; they are executed one after another then. */
  readonly checks?: TransactionChecks | undefined;
  /** Of the transactions' calls; they are executed one after another then. */
  readonly hooks?: CallHooks | undefined;
}

export interface BuiltBlock {
  readonly block: Block;
  /** The same as RLP, as it is imported and sent. */
  readonly bytes: Uint8Array;
  readonly receipts: readonly Receipt[];
  /** Prague. */
  readonly requests: readonly Request[];
  /** Amsterdam. */
  readonly accessList: BlockAccessList | undefined;
  /** What it does to its parent's state. */
  readonly changes: StateChanges;
  readonly refused: readonly RefusedTransaction[];
}

/** An offered transaction that is not in the block. */
export interface RefusedTransaction {
  readonly bytes: Uint8Array;
  readonly error: InvalidBlock;
}

const ZERO_HASH: Hash = `0x${'00'.repeat(32)}`;
/** Room in a block for all but transactions: header, lists, withdrawals. */
const BLOCK_BYTES_RESERVED = 8_192;

/** @throws InvalidBlock when a system contract fails: then no block can stand here */
export async function buildBlock(
  given: BlockSetting,
  parent: Pick<Block, 'hash' | 'header'>,
  request: BlockRequest,
): Promise<BuiltBlock> {
  const setting = withEdits(given, request.development?.edits);
  const { blockRules, state } = setting;
  const { is } = blockRules;
  const header = startHeader(parent, request, blockRules);
  const run = new BlockRun(setting, header);
  await run.begin();
  const transactions: Uint8Array[] = [];
  const refused: RefusedTransaction[] = [];
  let size = BLOCK_BYTES_RESERVED;
  const { hooks, checks } = request.development ?? {};
  const watch = { ...(hooks && { hooks }), ...(checks && { checks }) };
  const together = await transactTogether(run, request);
  for (const bytes of together === undefined ? [] : (request.transactions as Uint8Array[])) {
    // Those behind were executed, and refused: one after another, nobody looks at them.
    if (!run.mayTakeAnother) break;
    const result = together?.next().value as Receipt | InvalidBlock;
    request.onTransaction?.(bytes, result);
    if (result instanceof InvalidBlock) refused.push({ bytes, error: result });
    else transactions.push(bytes);
  }
  for await (const bytes of together === undefined ? request.transactions : []) {
    if (!run.mayTakeAnother) break;
    try {
      if (size + bytes.length > BLOCK_BYTES_MAX) throw noRoom(bytes.length);
      const receipt = await run.transact(bytes, request.senderOf?.(bytes), watch);
      transactions.push(bytes);
      size += bytes.length;
      request.onTransaction?.(bytes, receipt);
    } catch (error) {
      if (!(error instanceof InvalidBlock)) throw error;
      refused.push({ bytes, error });
      request.onTransaction?.(bytes, error);
    }
  }
  const withdrawals = request.withdrawals ?? [];
  const outcome = await run.finish({ uncles: [], withdrawals });
  const body = { transactions, uncles: [], ...(is('shanghai') ? { withdrawals } : {}) };
  const whole: BlockHeader = {
    ...header,
    nonce: NO_NONCE,
    ...bodyRoots(body),
    ...outcomeFields(outcome, state.root(), blockRules),
  };
  const block: Block = { hash: headerHash(whole), header: whole, ...body };
  const { receipts, requests, accessList, changes } = outcome;
  return { block, bytes: encodeBlock(block), receipts, requests, accessList, changes, refused };
}

/**
 * All that is offered on several threads, where each may be in the block as far as its size and its
 * blobs go; undefined, where one after another has to be looked at.
 */
async function transactTogether(
  run: BlockRun,
  { transactions, senderOf, development }: BlockRequest,
): Promise<IteratorObject<Receipt | InvalidBlock> | undefined> {
  if (!Array.isArray(transactions)) return undefined;
  if (development?.hooks !== undefined || development?.checks !== undefined) return undefined;
  const offered: readonly Uint8Array[] = transactions;
  const bytes = offered.reduce((sum, each) => sum + each.length, BLOCK_BYTES_RESERVED);
  if (bytes > BLOCK_BYTES_MAX) return undefined;
  return run.transactAll(offered, (index) => senderOf?.(offered[index] as Uint8Array));
}

/** The machine has the parent's state, not what was changed upon it. */
function withEdits(setting: BlockSetting, edits: StateChanges | undefined): BlockSetting {
  if (edits === undefined) return setting;
  return { ...setting, isAtParent: false, state: editedPending(setting.state, edits) };
}

function startHeader(
  { hash, header: parent }: Pick<Block, 'hash' | 'header'>,
  request: BlockRequest,
  blockRules: BlockRules,
): ExecutedHeader {
  const { is, blobs } = blockRules;
  const { timestamp, coinbase, prevRandao = ZERO_HASH } = request;
  const startsFees = is('london') && parent.baseFeePerGas === undefined;
  const hasUncles = parent.unclesHash !== NO_UNCLES_HASH;
  const { baseFeePerGas = nextBaseFee(parent) } = request.development ?? {};
  const sameLimit = startsFees ? parent.gasLimit * ELASTICITY : parent.gasLimit;
  return {
    parentHash: hash,
    coinbase,
    difficulty: is('paris') ? 0n : nextDifficulty({ ...parent, hasUncles }, timestamp, blockRules),
    number: parent.number + 1n,
    gasLimit: request.gasLimit ?? sameLimit,
    timestamp,
    extraData: request.extraData ?? '0x',
    mixHash: prevRandao,
    ...(is('london') ? { baseFeePerGas } : {}),
    ...(blobs && { excessBlobGas: nextExcessBlobGas(parent, blockRules, blobs) }),
    ...(is('cancun') ? { parentBeaconBlockRoot: request.parentBeaconBlockRoot ?? ZERO_HASH } : {}),
    ...(is('amsterdam')
      ? { slotNumber: request.slotNumber ?? (parent.slotNumber ?? 0n) + 1n }
      : {}),
  };
}

function noRoom(size: number): InvalidBlock {
  const message = `the block has no room for another ${size} bytes`;
  return new InvalidBlock('block/too large', message, { size });
}
