/** How a block's transactions ran, for the terminal. */
import { styleText } from 'node:util';
import { TRANSACTIONS_MIN } from '../../chain/executor/parallel.ts';
import { quantity } from '../../chain/json/transaction-json.ts';
import type { Alone } from '../../chain/replay.ts';
import { count } from '../figures.ts';
import { alignLeft, amountOf, bold } from '../terminal-text.ts';
import { type BlockExplanation, type Conflict, rowsOf } from './model.ts';
import { ticksOf } from './ticks.ts';
import { type Span, type SpanKind, usefulMs } from './timeline.ts';

export interface TextFrame {
  /** Characters of a line. */
  readonly columns: number;
}

/** Conflicts that are listed. */
const CONFLICTS_SHOWN = 10;
/** Ticks above the timeline, or so. */
const TICKS = 5;
const COLUMNS_MIN = 60;

/** One character for what took most of its time, and its colour. */
const MARKS = {
  head: ['#', 'blue'],
  kept: ['=', 'green'],
  again: ['!', 'yellow'],
  'in vain': ['x', 'red'],
  'put off': ['o', 'magenta'],
  looks: ['.', 'gray'],
  asks: ['?', 'magenta'],
  sleeps: ['-', 'gray'],
  hosts: ['+', 'cyan'],
} as const satisfies Readonly<Record<SpanKind, readonly [string, string]>>;

/** What the colours and characters mean. */
export const KIND_TEXT: Readonly<Record<SpanKind, string>> = {
  head: 'at the head',
  kept: 'in advance, and it held',
  again: 'again, at the head',
  'in vain': 'in advance, in vain',
  'put off': 'in advance, put off',
  looks: 'looks whether it holds',
  asks: 'asks for state',
  sleeps: 'sleeps',
  hosts: 'hands out transactions, takes over changes',
};

export function asText(explanation: BlockExplanation, { columns }: TextFrame): string {
  const { transactions, conflicts } = explanation;
  const sections = [
    [bold(titleOf(explanation)), ...notesOf(explanation)],
    alignLeft(figuresOf(explanation).map(([name, value, note]) => [`  ${name}`, value, note])),
    transactions.length === 0 ? [] : timelineText(explanation, Math.max(columns, COLUMNS_MIN)),
    conflicts.length === 0 ? [] : conflictsText(conflicts),
  ].map((section) => (typeof section === 'string' ? section : section.join('\n')));
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

export function titleOf({ number, transactions, fork, workers, runs }: BlockExplanation): string {
  const which = runs === 1 ? 'the only run' : `the last of ${runs} runs`;
  return (
    `block ${number}: ${amountOf(transactions.length, 'transaction')}, ` +
    `${amountOf(workers, 'worker')}, rules of ${fork}; ${which}`
  );
}

/** What is to be known before the figures are believed. */
export function notesOf({ alone, workers, cores }: BlockExplanation): string[] {
  if (alone !== undefined) return [aloneText(alone)];
  if (workers <= cores) return [];
  return [`more workers than cores (${cores}): what waits for a core seems to take longer`];
}

/** Why one thread executed it, and what can be done. */
function aloneText(alone: Alone): string {
  return `not spread over workers: ${ALONE[alone]}`;
}

const ALONE: Readonly<Record<Alone, string>> = {
  'one worker': 'there is one worker (--workers 2 has one more)',
  'few transactions': `blocks of fewer than ${TRANSACTIONS_MIN} transactions are not worth it`,
  'before byzantium':
    'before Byzantium a receipt holds the state’s root after its transaction, so they go one ' +
    'after another',
  'given up':
    'the workers gave it up at a limit of the host (memory for what was written, or for codes)',
};

/** Name, value, and what to make of it. */
export function figuresOf(explanation: BlockExplanation): [string, string, string][] {
  const { ms, sums, longest, gasUsed, alone } = explanation;
  const { head, kept, again, lost, executionMs, inVain, putOff, asks, sleepsMs } = sums;
  const longestMs = longest.micros / 1_000;
  const figures: [string, string, string][] = [
    ['time', time(ms), `${count(gasUsed)} gas; from the first transaction to the changes`],
    [
      'executions',
      time(executionMs),
      `those that counted: ${ratio(executionMs, ms)} at once, on average`,
    ],
    [
      'longest chain',
      time(longestMs),
      `${chainText(longest.indices.length)}: at most ${ratio(executionMs, longestMs)} at once`,
    ],
  ];
  if (alone !== undefined) return figures;
  figures.push(
    ['kept', String(kept), 'executed in advance, and it held'],
    ['at the head', String(head), 'executed when their turn came'],
    ['again', String(again), 'executed in advance, sent back, and executed again at the head'],
    ['in vain', time(inVain.ms), amountOf(inVain.count, 'execution')],
    ['put off', time(putOff.ms), `${amountOf(putOff.count, 'execution')}: state was missing`],
    ['waits', time(asks.ms + sleepsMs), waitsText(asks.count, sleepsMs)],
  );
  if (lost > 0) figures.push(['not noted', String(lost), 'the room for events was used up']);
  return figures;
}

function waitsText(asks: number, sleepsMs: number): string {
  return `of all workers: state asked for ${amountOf(asks, 'time')}, ${time(sleepsMs)} asleep`;
}

/** Milliseconds as people read them. */
export function time(ms: number): string {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(2)} s`;
  return ms >= 1 ? `${ms.toFixed(2)} ms` : `${(ms * 1_000).toFixed(0)} µs`;
}

function ratio(part: number, whole: number): string {
  return (whole === 0 ? 1 : part / whole).toFixed(2);
}

function chainText(transactions: number): string {
  if (transactions < 2) return 'the longest transaction alone';
  return `of ${transactions} transactions that depend on each other`;
}

/** What of a contract is in dispute. */
export function whatOf(slot: bigint | undefined, field: Conflict['field'] = 'account'): string {
  if (slot !== undefined) return `slot ${quantity(slot)}`;
  return field === 'code' ? 'its code' : 'the account';
}

function timelineText(explanation: BlockExplanation, columns: number): string[] {
  const { spans, ms, alone } = explanation;
  const workers = rowsOf(explanation);
  const label = `${workers}`.length + 2;
  const cells = columns - label - 2 - ' 100 %'.length;
  const rows = Array.from({ length: workers }, (_, row) => {
    const own = spans.filter(({ worker }) => worker === row + 1);
    const busy = `${((100 * usefulMs(own, row + 1)) / ms).toFixed(0)} %`;
    return `${`${row + 1}`.padStart(label)} ${rowText(own, cells, ms / cells)} ${busy.padStart(5)}`;
  });
  const kinds = (Object.keys(MARKS) as SpanKind[]).filter(
    (kind) => alone === undefined || kind === 'head',
  );
  const legend = kinds.map((kind) => `${MARKS[kind][0]} ${KIND_TEXT[kind]}`);
  return [
    `${' '.repeat(label + 1)}${axisText(ms, cells)}`,
    ...rows,
    ...wrapped(legend, columns - label - 1).map((line) => `${' '.repeat(label + 1)}${line}`),
    `${' '.repeat(label + 1)}% of the time in executions that counted`,
  ];
}

/** What took most of each cell's time; what lies within another span comes off that. */
function rowText(spans: readonly Span[], cells: number, cellMs: number): string {
  const shares = Array.from({ length: cells }, () => new Map<SpanKind, number>());
  let outer: Span | undefined;
  for (const span of [...spans].sort((a, b) => a.startMs - b.startMs)) {
    addShares(shares, span, { kind: span.kind, cellMs, sign: 1 });
    if (span.kind !== 'asks') outer = span;
    else if (outer !== undefined) addShares(shares, span, { kind: outer.kind, cellMs, sign: -1 });
  }
  return shares.map((share) => markOf(share, cellMs)).join('');
}

function addShares(
  shares: readonly Map<SpanKind, number>[],
  { startMs, endMs }: Span,
  {
    kind,
    cellMs,
    sign,
  }: { readonly kind: SpanKind; readonly cellMs: number; readonly sign: 1 | -1 },
): void {
  const last = Math.min(shares.length - 1, Math.floor(endMs / cellMs));
  for (let cell = Math.max(0, Math.floor(startMs / cellMs)); cell <= last; cell++) {
    const within = Math.min(endMs, (cell + 1) * cellMs) - Math.max(startMs, cell * cellMs);
    const share = shares[cell] as Map<SpanKind, number>;
    share.set(kind, (share.get(kind) ?? 0) + sign * Math.max(0, within));
  }
}

/** A space where next to nothing was noted. */
function markOf(share: ReadonlyMap<SpanKind, number>, cellMs: number): string {
  const [kind, ms] = [...share].reduce<readonly [SpanKind | undefined, number]>(
    (most, each) => (each[1] > most[1] ? each : most),
    [undefined, cellMs / 8],
  );
  if (kind === undefined || ms === 0) return ' ';
  const [mark, colour] = MARKS[kind];
  return styleText(colour, mark, { stream: process.stdout });
}

function axisText(ms: number, cells: number): string {
  let line = '';
  for (const { atMs, label } of ticksOf(ms, TICKS)) {
    const column = Math.round((atMs / ms) * cells);
    const text = `|${label}`;
    if (column + text.length <= cells) line = `${line.padEnd(column)}${text}`;
  }
  return line;
}

function wrapped(parts: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const line = lines.at(-1);
    if (line === undefined || line.length + part.length + 3 > columns) lines.push(part);
    else lines[lines.length - 1] = `${line}   ${part}`;
  }
  return lines;
}

function conflictsText(conflicts: readonly Conflict[]): string[] {
  const shown = conflicts.slice(0, CONFLICTS_SHOWN);
  const rows = shown.map((conflict) => [
    `  ${conflict.transactions.length}`,
    String(conflict.dependents.length),
    time(conflict.ms),
    conflict.address,
    shortened(whatOf(conflict.slot, conflict.field)),
  ]);
  const more = conflicts.length - shown.length;
  return [
    bold('conflicts, the hottest first'),
    ...alignLeft([['  sent back', 'depend', 'in vain', 'contract', 'slot or field'], ...rows]),
    ...(more > 0 ? [`  and ${more} more: --json and --html have all`] : []),
  ];
}

const SHORT_MAX = 28;

/** Slots of mappings are hashes: their ends tell them apart. */
function shortened(text: string): string {
  return text.length <= SHORT_MAX ? text : `${text.slice(0, 15)}…${text.slice(-8)}`;
}
