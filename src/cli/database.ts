/** What the commands upon a database have in common. */

import { InvalidArgumentError, Option } from 'commander';
import { Chain } from '../chain/chain.ts';
import type { ChainDatabase } from '../chain/database/chain-database.ts';
import { DatabaseError } from '../chain/database/fault.ts';
import { Machines } from '../chain/machines.ts';
import type { Engine } from '../evm/types.ts';

const ENGINES: readonly Engine[] = ['interpreter', 'compiler', 'auto'];

export function engineOption(): Option {
  return new Option('--engine <engine>', 'what executes').choices(ENGINES).default('auto');
}

export function databaseOption(): Option {
  return new Option('--db <folder>', 'the database').makeOptionMandatory();
}

/** The chain that a database is of. @throws DatabaseError for one that does not say which */
export function chainOf(database: ChainDatabase, engine: Engine): Chain {
  const { spec } = database;
  if (spec !== undefined)
    return new Chain({ spec, tree: database, machines: new Machines({ engine }) });
  const message = 'the database does not say of which chain it is: make it with `ironfly db init`';
  throw new DatabaseError('database/another chain', message);
}

/** A note about opening, where it had to do something. */
export function noteRecovery({ recovery }: ChainDatabase): void {
  if (recovery.blocks === 0) return;
  const time = (recovery.milliseconds / 1000).toFixed(1);
  process.stderr.write(`${recovery.blocks} blocks of the log were gone over in ${time} s\n`);
}

const WINDOW_MAX = 1_000_000;

/** Blocks before the head whose states stay. */
export function parseWindow(text: string): number {
  const blocks = Number(text);
  if (/^\d+$/.test(text) && blocks <= WINDOW_MAX) return blocks;
  throw new InvalidArgumentError(`${text} is not a number of blocks from 0 to ${WINDOW_MAX}.`);
}
