/**
 * A block of a chain executed once more upon its parent's state, as import executes it, for who
 * wants to see how that goes. What comes of it is held against the block's header; nothing is kept.
 */
import type { EVM } from '../evm/evm.ts';
import type { JobEvent, JobReport } from '../evm/parallel/job.ts';
import type { Address, ExecutionResult } from '../evm/types.ts';
import type { PendingState } from '../state/pending.ts';
import { ancestorHashes } from './ancestor-hashes.ts';
import type { BlockTree, KnownBlock } from './block-tree.ts';
import type { Block } from './blocks/block.ts';
import { checkOutcome } from './blocks/block-rules.ts';
import { InvalidBlock } from './blocks/fault.ts';
import type { BlockHeader } from './blocks/header.ts';
import { outcomeFields } from './blocks/outcome-fields.ts';
import type { Receipt } from './blocks/receipt.ts';
import { type BlockRules, type ChainSpec, ForkTimeline } from './chain-spec.ts';
import { type Spreading, TRANSACTIONS_MIN } from './executor/parallel.ts';
import { Codes, type ReadAndWritten, readAndWritten } from './executor/read-and-written.ts';
import { BlockRun, blockEnvironment } from './executor/sequential.ts';
import type { Machines } from './machines.ts';
import { acceptTransaction } from './transactions/check.ts';
import { senderOf } from './transactions/sender-of.ts';

/** What it stands upon. While it goes on, nobody else begins a block in the tree. */
export interface ReplaySetting {
  readonly spec: ChainSpec;
  readonly tree: BlockTree;
  readonly machines: Machines;
}

export interface ReplayedBlock {
  readonly block: Block;
  /** Of its transactions: import recovers them while the block before is executed. */
  readonly senders: readonly (Address | undefined)[];
}

export function withSenders(block: Block): ReplayedBlock {
  return { block, senders: block.transactions.map(senderOf) };
}

/** How the transactions of a block went. */
export interface Replay {
  /** All of them together, since 1970: what comes before the first and behind the last as well. */
  readonly startMs: number;
  readonly endMs: number;
  /** What each worker did, in the order of time; one after another, they are all of worker 1. */
  readonly events: readonly JobEvent[];
  /** Why one thread executed them, if it did. */
  readonly alone: Alone | undefined;
  readonly receipts: readonly Receipt[];
}

/** Why a block's transactions are executed by one thread. */
export type Alone =
  | 'one worker'
  | 'few transactions'
  | 'before byzantium'
  /** A limit of the host, or more records than there is room for. */
  | 'given up';

/**
 * On as many threads as import would, with what it reads of the state in the machine already: what
 * blocks touch again and again is there when they are imported one after another.
 * @throws InvalidBlock where the results are not those in the header: a bug, or a damaged state
 * @throws DatabaseError `database/no state`
 */
export async function replayBlock(
  setting: ReplaySetting,
  { block, senders }: ReplayedBlock,
): Promise<Replay> {
  const events: JobEvent[] = [];
  let isSpread = false;
  const { spreading } = setting.machines;
  const watched = spreading && {
    ...spreading,
    notesEvents: true,
    onReport: (report: JobReport): void => {
      isSpread = true;
      for (const event of report.events) events.push(event);
    },
  };
  const { transactions } = block;
  let [startMs, endMs] = [0, 0];
  const begin = (evm: EVM, state: PendingState) =>
    readState(evm, state, { setting, block, senders });
  const receipts = await upon(setting, block, { spreading: watched, begin }, async (run) => {
    startMs = now();
    const together = await run.transactAll(transactions, (index) => senders[index]);
    for (const each of together ?? []) if (each instanceof InvalidBlock) throw each;
    for (const [index, bytes] of together === undefined ? transactions.entries() : []) {
      events.push({ worker: 1, timeMs: now(), kind: 'executes at head', index });
      await run.transact(bytes, senders[index]);
      events.push({ worker: 1, timeMs: now(), kind: 'counts', index });
    }
    endMs = now();
  });
  const rules = rulesFor(setting, block);
  const alone = isSpread ? undefined : whyAlone(rules, transactions.length, spreading);
  return { startMs, endMs, events, alone, receipts };
}

/** What each transaction depends on and changes. @throws as `replayBlock` */
export async function readAndWrittenIn(
  setting: ReplaySetting,
  { block, senders }: ReplayedBlock,
): Promise<readonly ReadAndWritten[]> {
  const found: ReadAndWritten[] = [];
  await upon(setting, block, {}, async (run, state) => {
    const codes = new Codes((address) => state.getAccount(address)?.codeHash);
    const onEnd = (result: ExecutionResult): void => {
      found.push(readAndWritten(result, codes));
    };
    for (const [index, bytes] of block.transactions.entries()) {
      await run.transact(bytes, senders[index], { accesses: true, onEnd });
    }
  });
  return found;
}

/** The rules that hold for a block of the tree. @throws InvalidBlock `block/unknown parent` */
export function rulesFor({ spec, tree }: ReplaySetting, { header }: Block): BlockRules {
  const { number, timestamp } = header;
  const { totalDifficulty } = parentOf(tree, header);
  return new ForkTimeline(spec).at({ number, timestamp, parentTotalDifficulty: totalDifficulty });
}

/** Executes each transaction as if it were the block's first; what it read is all that stays. */
async function readState(
  evm: EVM,
  state: PendingState,
  { setting, block, senders }: ReplayedBlock & { readonly setting: ReplaySetting },
): Promise<void> {
  const { chainId } = setting.spec;
  const blockRules = rulesFor(setting, block);
  const { rules } = blockRules;
  evm.setState(state);
  evm.setChainId(chainId);
  evm.setBlock(blockEnvironment(block.header, blockRules));
  for (const [index, bytes] of block.transactions.entries()) {
    const accepted = acceptTransaction(bytes, { chainId, rules }, senders[index]);
    if (accepted.ok) await evm.transact(accepted.transaction, { commit: false });
  }
}

interface Way {
  readonly spreading?: Spreading | undefined;
  /** Leaves the EVM at the parent's state. */
  readonly begin?: (evm: EVM, state: PendingState) => Promise<void>;
}

/** Executes the block, its transactions by `work`, and takes all of it back. */
async function upon(
  setting: ReplaySetting,
  block: Block,
  { spreading, begin }: Way,
  work: (run: BlockRun, state: PendingState) => Promise<void>,
): Promise<readonly Receipt[]> {
  const { spec, tree, machines } = setting;
  const { header, uncles, withdrawals = [] } = block;
  const parent = parentOf(tree, header);
  const blockRules = rulesFor(setting, block);
  const evm = machines.for(blockRules.rules);
  const state = await tree.begin(parent.hash, ancestorHashes(tree, parent));
  try {
    await begin?.(evm, state);
    const isAtParent = begin !== undefined;
    const run = new BlockRun({ spec, blockRules, evm, isAtParent, state, spreading }, header);
    await run.begin();
    await work(run, state);
    const outcome = await run.finish({ uncles, withdrawals });
    checkOutcome(header, outcomeFields(outcome, state.root(), blockRules));
    return outcome.receipts;
  } catch (error) {
    machines.discard(blockRules.rules);
    throw error;
  } finally {
    state.drop();
  }
}

function parentOf(tree: BlockTree, { parentHash }: BlockHeader): KnownBlock {
  const parent = tree.known(parentHash);
  if (parent !== undefined) return parent;
  throw new InvalidBlock('block/unknown parent', `parent ${parentHash} is not known`);
}

/** What is said first where several hold. */
function whyAlone(
  { is }: BlockRules,
  transactions: number,
  spreading: Spreading | undefined,
): Alone {
  if (spreading === undefined) return 'one worker';
  if (!is('byzantium')) return 'before byzantium';
  const { transactionsMin = TRANSACTIONS_MIN } = spreading;
  return transactions < transactionsMin ? 'few transactions' : 'given up';
}

/** By the clock of a job's events. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
