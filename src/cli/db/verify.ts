/** `ironfly db verify`: whether a database is whole, and where it is not. */

import type { Command } from 'commander';
import { verifyDatabase } from '../../chain/database/inspect/verify.ts';
import { bytesText, count } from '../figures.ts';
import { printJson } from '../print.ts';
import { withProgress } from '../progress.ts';

const EXAMPLES = `
Makes the tries anew of all accounts and slots, and holds them against the records in the store and
the root of the block that the store is at; reads every record of the log, goes over its changes to
every block and back; and checks old blocks against their headers and one another. Nothing is
changed. Faults are named one a line; the exit code is 1 then.

Example:
  ironfly db verify data
`;

interface Options {
  readonly json?: true;
}

/** Adds the command to the program. */
export function register(db: Command): void {
  db.command('verify')
    .description('check state, tries, log and old blocks')
    .argument('<folder>', 'the database; no one else has it open')
    .option('--json', 'print JSON: one object a fault, and last the sums')
    .addHelpText('after', EXAMPLES)
    .action(verify);
}

async function verify(folder: string, { json }: Options): Promise<void> {
  const found = await withProgress((progress) =>
    verifyDatabase(folder, {
      onFault: (place, fault) => {
        progress.clear();
        if (json === true) printJson({ place, fault });
        else process.stdout.write(`${place}: ${fault}\n`);
      },
      onProgress: (done, what) => progress.show(() => `${count(done)} ${what}`),
    }),
  );
  if (found.faults > 0) process.exitCode = 1;
  if (json === true) {
    printJson(found);
    return;
  }
  const { accounts, slots, codes, trieRecords, records, oldBlocks, moves } = found;
  process.stdout.write(
    `${count(accounts)} accounts, ${count(slots)} slots, ${count(codes)} codes, ` +
      `${count(trieRecords)} records of tries\n` +
      `${count(records)} records of the log, ${count(moves)} steps from state to state, ` +
      `${count(oldBlocks)} old blocks\n`,
  );
  if (found.unfinishedBytes > 0) {
    const bytes = bytesText(found.unfinishedBytes);
    process.stdout.write(`${bytes} at the log's end are no whole record: opening cuts them off\n`);
  }
  process.stdout.write(found.faults === 0 ? 'no faults\n' : `${count(found.faults)} faults\n`);
}
