/** `ironfly db prune`: lets go of the ways back to states that are older than the window. */

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { DatabaseError } from '../../chain/database/fault.ts';
import { LOG, openFolder } from '../../chain/database/folder.ts';
import { parseWindow } from '../database.ts';
import { bytesText, count } from '../figures.ts';
import { printJson } from '../print.ts';

const EXAMPLES = `
The blocks stay, with their receipts; states, and re-organisations, go back as far as the window.
A window that is given is the database's from now on; one that was made to keep all states (db init
--archive) is pruned only then.

Example:
  ironfly db prune data --window 64
`;

interface Options {
  readonly window?: number;
  readonly json?: true;
}

/** Adds the command to the program. */
export function register(db: Command): void {
  db.command('prune')
    .description('let go of the states before the window')
    .argument('<folder>', 'the database')
    .option('--window <blocks>', 'blocks before the head whose states stay', parseWindow)
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(prune);
}

async function prune(folder: string, { window, json }: Options): Promise<void> {
  const choice = window === undefined ? {} : { window, archive: false };
  const database = await openFolder(folder, choice);
  try {
    if (database.retention.archive) {
      const message = `${folder} keeps all states: say with --window how many are to stay`;
      throw new DatabaseError('database/archive', message);
    }
    const before = { oldest: database.oldest.header.number, logBytes: await logBytes(folder) };
    await database.checkpoint();
    const after = { oldest: database.oldest.header.number, logBytes: await logBytes(folder) };
    const head = database.head.header.number;
    if (json === true) {
      printJson({ head, was: before, is: after });
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
