/** What the commands upon a database have in common. */

import { Chain } from '../chain/chain.ts';
import type { ChainDatabase } from '../chain/database/chain-database.ts';
import { requireSpec } from '../chain/database/kept-spec.ts';
import { type MachineOptions, Machines } from '../chain/machines.ts';
import { wholeNumber } from './options.ts';

/** The chain that a database is of. @throws DatabaseError for one that does not say which */
export function chainOf(
  database: ChainDatabase,
  { engine, workers }: Pick<MachineOptions, 'engine' | 'workers'>,
): Chain {
  const spec = requireSpec(database.spec);
  return new Chain({ spec, tree: database, machines: new Machines({ engine, workers }) });
}

/** A note about opening, where it had to do something. */
export function noteRecovery({ recovery }: ChainDatabase): void {
  if (recovery.blocks === 0) return;
  const time = (recovery.milliseconds / 1000).toFixed(1);
  process.stderr.write(`${recovery.blocks} blocks of the log were gone over in ${time} s\n`);
}

const WINDOW_MAX = 1_000_000;

/** Blocks before the head whose states stay. */
export const parseWindow: (given: string) => number = wholeNumber(0, WINDOW_MAX);
