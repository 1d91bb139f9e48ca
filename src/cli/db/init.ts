/** `ironfly db init`: a database with a chain's first block and its state. */

import type { Command } from 'commander';
import { createInFolder } from '../../chain/database/folder.ts';
import type { RetentionChoice } from '../../chain/database/kept-retention.ts';
import { parseWindow } from '../database.ts';
import { count } from '../figures.ts';
import { readGenesis } from '../genesis.ts';

const EXAMPLES = `
The file is a genesis file as geth, reth and Anvil have it: what chain it is stays in the database,
so that no other command is told again; and so does which states are kept, those of the last 256
blocks if nothing is said.

Examples:
  ironfly db init data --genesis genesis.json
  ironfly db init data --genesis genesis.json --archive
`;

/** Adds the command to the program. */
export function register(db: Command): void {
  db.command('init')
    .description('make a database that begins with a genesis file')
    .argument('<folder>', 'the database; made when it is not there')
    .requiredOption('--genesis <file>', 'genesis file, JSON')
    .option('--window <blocks>', 'blocks before the head whose states stay', parseWindow)
    .option('--archive', 'keep the states of all blocks')
    .addHelpText('after', EXAMPLES)
    .action(init);
}

interface Options extends RetentionChoice {
  readonly genesis: string;
}

async function init(folder: string, { genesis, window, archive }: Options): Promise<void> {
  const { spec, block, state } = readGenesis(genesis);
  const database = await createInFolder(folder, block, state, {
    spec,
    ...(window === undefined ? {} : { window }),
    ...(archive === undefined ? {} : { archive }),
  });
  await database.close();
  const { number } = block.header;
  process.stdout.write(
    `chain ${spec.chainId}: ${count(state.accounts.size)} accounts in ${folder}\n` +
      `the head is block ${number}, ${block.hash}\n`,
  );
}
