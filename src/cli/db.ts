/** `ironfly db`: what is done with a chain's database as a whole. */

import type { Command } from 'commander';
import * as init from './db/init.ts';
import * as prune from './db/prune.ts';
import * as snapshot from './db/snapshot.ts';
import * as stats from './db/stats.ts';
import * as verify from './db/verify.ts';

/** Adds the command to the program. */
export function register(program: Command): void {
  const db = program
    .command('db')
    .description('make, look at, check and prune databases of chains');
  for (const { register: add } of [init, prune, stats, verify, snapshot]) add(db);
}
