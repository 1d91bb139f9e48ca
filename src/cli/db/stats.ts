/** `ironfly db stats`: what takes the room in a database, and what idle state costs. */

import type { Command } from 'commander';
import {
  type DatabaseStats,
  databaseStats,
  type StoreKind,
} from '../../chain/database/inspect/stats.ts';
import { bytesText, count, percent } from '../figures.ts';
import { wholeNumber } from '../options.ts';
import { printJson } from '../print.ts';
import { withProgress } from '../progress.ts';

const EXAMPLES = `
Reads alone: a node may have the database open. Bytes are those of keys and values; the store's
pages take more. Idle is what no block wrote whose changes are in the log: those of the window, and
more. What blocks after the checkpoint wrote is in the log alone so far.

Examples:
  ironfly db stats data
  ironfly db stats data --largest 50 --json
`;

const LARGEST = 10;
const LARGEST_MAX = 10_000;
const parseLargest = wholeNumber(0, LARGEST_MAX);

interface Options {
  readonly largest: number;
  readonly json?: true;
}

/** Adds the command to the program. */
export function register(db: Command): void {
  db.command('stats')
    .description('what takes the room, by kind and by contract')
    .argument('<folder>', 'the database')
    .option('--largest <count>', 'contracts that are listed', parseLargest, LARGEST)
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(stats);
}

async function stats(folder: string, { largest, json }: Options): Promise<void> {
  const figures = await withProgress((progress) =>
    databaseStats(folder, {
      largest,
      onEntries: (entries) => progress.show(() => `${count(entries)} entries`),
    }),
  );
  if (json === true) printJson(jsonOf(figures));
  else process.stdout.write(textOf(figures));
}

function jsonOf({ head, oldest, checkpoint, spec, ...figures }: DatabaseStats): object {
  const place = ({ hash, header }: typeof head) => ({ number: header.number, hash });
  const { block: hash, number, stateRoot } = checkpoint;
  return {
    chainId: spec?.chainId,
    head: place(head),
    oldest: place(oldest),
    checkpoint: { number, hash, stateRoot },
    ...figures,
  };
}

const KIND_NAMES: readonly (readonly [StoreKind, string])[] = [
  ['accounts', 'accounts'],
  ['slots', 'slots'],
  ['codes', 'codes'],
  ['accountTrie', 'account trie'],
  ['storageTries', 'storage tries'],
  ['oldBlocks', 'old blocks'],
  ['oldHashes', 'their hashes'],
];
/** What is state: the rest are blocks. */
const STATE_KINDS: readonly StoreKind[] = ['accounts', 'slots', 'accountTrie', 'storageTries'];

function textOf(stats: DatabaseStats): string {
  const lines = [...chainLines(stats), '', ...kindLines(stats), '', ...contractLines(stats)];
  return `${[...lines, ...idleLines(stats)].join('\n')}\n`;
}

function chainLines({ spec, head, oldest, checkpoint, ...stats }: DatabaseStats): string[] {
  const { number } = head.header;
  const since = number - checkpoint.number;
  return [
    `chain       ${spec?.chainId ?? 'not said'}`,
    `head        block ${count(number)}, ${head.hash}`,
    `states      from block ${count(oldest.header.number)} on`,
    `checkpoint  block ${count(checkpoint.number)}, ${count(since)} before the head`,
    `block log   ${bytesText(stats.logFileBytes)}: ${count(stats.blocksInLog)} blocks, ` +
      `${count(stats.recordsInLog)} records`,
    `store       ${bytesText(stats.storeFileBytes)}`,
  ];
}

function kindLines({ kinds }: DatabaseStats): string[] {
  const all = KIND_NAMES.reduce((sum, [kind]) => sum + kinds[kind].bytes, 0);
  return [
    row('in the store', 'entries', 'bytes', ''),
    ...KIND_NAMES.map(([kind, name]) => {
      const { entries, bytes } = kinds[kind];
      return row(`  ${name}`, count(entries), bytesText(bytes), percent(bytes, all));
    }),
  ];
}

function contractLines({ largest, contracts, kinds }: DatabaseStats): string[] {
  if (largest.length === 0) return [];
  const { slots, storageTries } = kinds;
  const each = (slots.bytes + storageTries.bytes) / Math.max(slots.entries, 1);
  return [
    `${count(contracts)} accounts with storage, ${each.toFixed(0)} bytes a slot with its trie`,
    row('  the largest', 'slots', 'bytes', 'idle', CONTRACT_COLUMNS),
    ...largest.map((contract) => {
      const bytes = bytesText(contract.slotBytes + contract.trieBytes);
      const idle = percent(contract.idleSlots, contract.slots);
      return row(`  ${contract.address}`, count(contract.slots), bytes, idle, CONTRACT_COLUMNS);
    }),
    '',
  ];
}

function idleLines({ idle, kinds }: DatabaseStats): string[] {
  const state = STATE_KINDS.reduce((sum, kind) => sum + kinds[kind].bytes, 0);
  return [
    `idle        ${count(idle.accounts)} accounts and ${count(idle.slots)} slots were not ` +
      `written in ${count(idle.blocks)} blocks:`,
    `            ${bytesText(idle.bytes)}, ${percent(idle.bytes, state)} of the state. ` +
      'They cost this room alone: no block',
    '            hashes or writes them, and no memory is held for them',
  ];
}

const COLUMNS = [18, 16, 14, 10] as const;
const CONTRACT_COLUMNS = [46, 12, 14, 10] as const;

function row(
  name: string,
  first: string,
  second: string,
  third: string,
  [a, b, c, d]: readonly [number, number, number, number] = COLUMNS,
): string {
  const cells = [name.padEnd(a), first.padStart(b), second.padStart(c), third.padStart(d)];
  return cells.join('').trimEnd();
}
