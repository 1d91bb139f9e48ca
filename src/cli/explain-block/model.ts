/** A block as its workers executed it: who did what when, and what sent transactions back. */
import { availableParallelism } from 'node:os';
import { toHex } from '../../base/bytes.ts';
import { keccak256 } from '../../base/keccak.ts';
import type { Receipt } from '../../chain/blocks/receipt.ts';
import {
  namedValue,
  type ReadAndWritten,
  slotName,
} from '../../chain/executor/read-and-written.ts';
import type { Alone, Replay, ReplayedBlock } from '../../chain/replay.ts';
import { decodeTransaction } from '../../chain/transactions/decode.ts';
import type { ForkName } from '../../evm/forks/names.ts';
import type { Address, Hash } from '../../evm/types.ts';
import { type Chain, longestChain } from './longest-chain.ts';
import { type Course, type Span, type Stale, timelineOf } from './timeline.ts';

export interface BlockExplanation {
  readonly number: bigint;
  readonly hash: Hash;
  readonly fork: ForkName;
  readonly gasUsed: bigint;
  /** Threads that could have worked. */
  readonly workers: number;
  /** Of this machine. */
  readonly cores: number;
  /** How often it was executed; the last time is shown. */
  readonly runs: number;
  /** Why one thread executed it, if it did. */
  readonly alone: Alone | undefined;
  /** Of all transactions together, until their changes were at hand. */
  readonly ms: number;
  readonly sums: Sums;
  /** What takes longest, however many workers there are. */
  readonly longest: Chain;
  readonly transactions: readonly ExplainedTransaction[];
  readonly spans: readonly Span[];
  /** The hottest first. */
  readonly conflicts: readonly Conflict[];
}

/** Milliseconds are those of all workers together. */
export interface Sums {
  readonly head: number;
  readonly kept: number;
  readonly again: number;
  /** Transactions whose end was not noted, for want of room. */
  readonly lost: number;
  /** Of the executions that counted. */
  readonly executionMs: number;
  readonly inVain: Amount;
  readonly putOff: Amount;
  readonly asks: Amount;
  readonly sleepsMs: number;
}

export interface Amount {
  readonly count: number;
  readonly ms: number;
}

export interface ExplainedTransaction extends Course {
  readonly index: number;
  readonly hash: Hash;
  readonly sender: Address | undefined;
  /** undefined: it creates a contract. */
  readonly to: Address | undefined;
  readonly succeeded: boolean;
  readonly gasUsed: bigint;
  readonly isOnLongest: boolean;
  /** What sent it back, each time. */
  readonly sentBack: readonly SentBack[];
}

export interface SentBack extends Pick<Stale, 'address' | 'slot' | 'ms'> {
  /** The last transaction before it that writes the slot; undefined for what no slot is. */
  readonly writer: number | undefined;
}

/** What transactions wait for each other for. */
export interface Conflict {
  readonly address: Address;
  /** An account as such: its balance, nonce, code or existence. */
  readonly field: 'slot' | 'code' | 'account';
  readonly slot: bigint | undefined;
  /** Those that had observed it before another one wrote it, and were sent back. */
  readonly transactions: readonly number[];
  /** How often that was so. */
  readonly times: number;
  /** Of executions that were in vain. */
  readonly ms: number;
  /** Transactions that read what one before them in the block writes; not known of accounts. */
  readonly dependents: readonly number[];
  /** How many write it. */
  readonly writers: number;
}

export interface ExplainInput extends ReplayedBlock {
  readonly fork: ForkName;
  readonly workers: number;
  readonly runs: number;
  readonly replay: Replay;
  readonly touched: readonly ReadAndWritten[];
}

export function explainBlock(given: ExplainInput): BlockExplanation {
  const { block, fork, workers, runs, replay, touched } = given;
  const { header, hash } = block;
  const { startMs, endMs, events, alone } = replay;
  const frame = { startMs, endMs, transactions: block.transactions.length };
  const { spans, stale, courses } = timelineOf(events, frame);
  const timed = courses.map(({ ms }, index) => {
    const { reads, writes } = touched[index] as ReadAndWritten;
    return { micros: ms * 1_000, reads, writes };
  });
  const longest = longestChain(timed);
  const writers = writersOf(touched);
  return {
    ...{ number: header.number, hash, fork, gasUsed: header.gasUsed },
    ...{ workers, cores: availableParallelism(), runs, alone },
    ms: endMs - startMs,
    sums: sumsOf(spans, courses),
    longest,
    transactions: transactionsOf(given, { courses, stale, longest, writers }),
    spans,
    conflicts: conflictsOf(stale, touched, writers),
  };
}

/** Rows that a timeline has. */
export function rowsOf({ alone, workers }: Pick<BlockExplanation, 'alone' | 'workers'>): number {
  return alone === undefined ? workers : 1;
}

/** Transactions that write each value, in order. */
type Writers = ReadonlyMap<string, readonly number[]>;

function writersOf(touched: readonly ReadAndWritten[]): Writers {
  const writers = new Map<string, number[]>();
  for (const [index, { writes }] of touched.entries()) {
    for (const name of writes) {
      const known = writers.get(name);
      if (known === undefined) writers.set(name, [index]);
      else known.push(index);
    }
  }
  return writers;
}

interface Found {
  readonly courses: readonly Course[];
  readonly stale: readonly Stale[];
  readonly longest: Chain;
  readonly writers: Writers;
}

function transactionsOf(
  { block, senders, replay }: ExplainInput,
  { courses, stale, longest, writers }: Found,
): ExplainedTransaction[] {
  const isOnLongest = new Set(longest.indices);
  const sentBack = Map.groupBy(stale, ({ index }) => index);
  return block.transactions.map((bytes, index) => {
    const decoded = decodeTransaction(bytes);
    const { succeeded, gasUsed } = replay.receipts[index] as Receipt;
    return {
      ...(courses[index] as Course),
      ...{ index, hash: toHex(keccak256(bytes)), sender: senders[index], succeeded, gasUsed },
      to: decoded.ok ? decoded.transaction.to : undefined,
      isOnLongest: isOnLongest.has(index),
      sentBack: (sentBack.get(index) ?? []).map(({ address, slot, ms }) => {
        const known = slot === undefined ? [] : (writers.get(slotName(address, slot)) ?? []);
        return { address, slot, ms, writer: known.findLast((writer) => writer < index) };
      }),
    };
  });
}

/** The one first that most transactions wait for. */
function conflictsOf(
  stale: readonly Stale[],
  touched: readonly ReadAndWritten[],
  writers: Writers,
): Conflict[] {
  const nameOf = ({ address, slot }: Stale) =>
    slot === undefined ? address : slotName(address, slot);
  const sentBack = Map.groupBy(stale, nameOf);
  const dependents = dependentsOf(touched, writers);
  const names = new Set([...sentBack.keys(), ...dependents.keys()]);
  const conflicts = [...names].map((name): Conflict => {
    const all = sentBack.get(name) ?? [];
    const isAccount = !name.includes(' ');
    const { address, slot } = isAccount ? (all[0] as Stale) : namedValue(name);
    return {
      address,
      field: isAccount ? 'account' : slot === undefined ? 'code' : 'slot',
      slot,
      transactions: [...new Set(all.map(({ index }) => index))].sort((a, b) => a - b),
      times: all.length,
      ms: all.reduce((sum, each) => sum + each.ms, 0),
      dependents: dependents.get(name) ?? [],
      writers: writers.get(name)?.length ?? 0,
    };
  });
  const heat = ({ transactions, dependents: those }: Conflict) =>
    Math.max(transactions.length, those.length);
  return conflicts.sort(
    (a, b) => heat(b) - heat(a) || b.transactions.length - a.transactions.length || b.ms - a.ms,
  );
}

/** Of each value, the transactions that read what one before them writes. */
function dependentsOf(
  touched: readonly ReadAndWritten[],
  writers: Writers,
): ReadonlyMap<string, readonly number[]> {
  const dependents = new Map<string, number[]>();
  for (const [index, { reads }] of touched.entries()) {
    for (const name of reads) {
      const first = writers.get(name)?.[0];
      if (first === undefined || first >= index) continue;
      const known = dependents.get(name);
      if (known === undefined) dependents.set(name, [index]);
      else known.push(index);
    }
  }
  return dependents;
}

function sumsOf(spans: readonly Span[], courses: readonly Course[]): Sums {
  const fates = (fate: Course['fate']) => courses.filter((each) => each.fate === fate).length;
  const amount = (kind: Span['kind']): Amount => {
    const all = spans.filter((span) => span.kind === kind);
    return { count: all.length, ms: all.reduce((sum, span) => sum + span.endMs - span.startMs, 0) };
  };
  return {
    ...{ head: fates('head'), kept: fates('kept'), again: fates('again') },
    lost: fates(undefined),
    executionMs: courses.reduce((sum, { ms }) => sum + ms, 0),
    inVain: amount('in vain'),
    putOff: amount('put off'),
    asks: amount('asks'),
    sleepsMs: amount('sleeps').ms,
  };
}
