/** `ironfly db init`: a database with a chain's first block and its state. */

import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { createInFolder } from '../../chain/database/folder.ts';
import { type GenesisFile, parseGenesis } from '../../chain/genesis-files/genesis-file.ts';
import { count } from '../figures.ts';

const EXAMPLES = `
The file is a genesis file as geth, reth and Anvil have it: what chain it is stays in the database,
so that no other command is told again.

Example:
  ironfly db init data --genesis genesis.json
`;

/** Larger files are refused: a string of Node.js holds no more. */
const BYTES_MAX = 536_870_000;

/** Adds the command to the program. */
export function register(db: Command): void {
  db.command('init')
    .description('make a database that begins with a genesis file')
    .argument('<folder>', 'the database; made when it is not there')
    .requiredOption('--genesis <file>', 'genesis file, JSON')
    .addHelpText('after', EXAMPLES)
    .action(init);
}

async function init(folder: string, { genesis }: { readonly genesis: string }): Promise<void> {
  const { spec, block, state } = readGenesis(genesis);
  const database = await createInFolder(folder, block, state, { spec });
  await database.close();
  const { number } = block.header;
  process.stdout.write(
    `chain ${spec.chainId}: ${count(state.accounts.size)} accounts in ${folder}\n` +
      `the head is block ${number}, ${block.hash}\n`,
  );
}

function readGenesis(path: string): GenesisFile {
  const source = readFileSync(path);
  if (source.length > BYTES_MAX) {
    throw new RangeError(`${path} has ${source.length} bytes, at most ${BYTES_MAX} are read`);
  }
  try {
    return parseGenesis(source.toString('utf8'));
  } catch (error) {
    throw new TypeError(`${path}: ${(error as Error).message}`, { cause: error });
  }
}
