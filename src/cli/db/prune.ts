/** `ironfly db prune`: lets go of the ways back to states that are older than the window. */

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { WINDOW } from '../../chain/database/chain-database.ts';
import { LOG, openFolder } from '../../chain/database/folder.ts';
import { bytesText, count } from '../figures.ts';

const EXAMPLES = `
The blocks stay, with their receipts; states, and re-organisations, go back as far as the window.

Example:
  ironfly db prune data --window 64
`;

interface Options {
  readonly window: number;
  readonly json?: true;
}

/** Adds the command to the program. */
export function register(db: Command): void {
  db.command('prune')
    .description('let go of the states before the window')
    .argument('<folder>', 'the database')
    .option('--window <blocks>', 'blocks before the head whose states stay', parseWindow, WINDOW)
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(prune);
}

async function prune(folder: string, { window, json }: Options): Promise<void> {
  const database = await openFolder(folder, { window });
  try {
    const before = { oldest: database.oldest.header.number, logBytes: await logBytes(folder) };
    await database.checkpoint();
    const after = { oldest: database.oldest.header.number, logBytes: await logBytes(folder) };
    const head = database.head.header.number;
    if (json === true) {
      const shown = [before, after].map((each) => ({ ...each, oldest: each.oldest.toString() }));
      const [was, is] = shown;
      process.stdout.write(`${JSON.stringify({ head: head.toString(), was, is })}\n`);
      return;
    }
    process.stdout.write(
      `states go back to block ${count(after.oldest)}, before to ${count(before.oldest)}; ` +
        `the head is block ${count(head)}\n` +
        `the block log has ${bytesText(after.logBytes)}, before ${bytesText(before.logBytes)}\n`,
    );
  } finally {
    await database.close();
  }
}

async function logBytes(folder: string): Promise<number> {
  const names = await readdir(join(folder, LOG));
  const sizes = await Promise.all(names.map((name) => stat(join(folder, LOG, name))));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}

const WINDOW_MAX = 1_000_000;

function parseWindow(text: string): number {
  const blocks = Number(text);
  if (Number.isInteger(blocks) && blocks >= 0 && blocks <= WINDOW_MAX) return blocks;
  throw new InvalidArgumentError(`${text} is not a number of blocks from 0 to ${WINDOW_MAX}.`);
}
