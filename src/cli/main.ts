/** The `ironfly` command: its subcommands, and how errors end it. */
import { Command } from 'commander';
import * as bench from './bench.ts';
import * as blocktest from './blocktest.ts';
import * as db from './db.ts';
import * as dev from './dev.ts';
import * as explain from './explain.ts';
import * as explainBlock from './explain-block.ts';
import * as exportBlocks from './export.ts';
import * as importBlocks from './import.ts';
import * as node from './node.ts';
import { packageVersion } from './package-version.ts';
import * as prove from './prove.ts';
import * as proveRange from './prove-range.ts';
import * as run from './run.ts';
import * as statetest from './statetest.ts';
import * as t8n from './t8n.ts';
import * as verifyBlock from './verify-block.ts';

/** Wrong usage; failures exit with 1. */
const EXIT_USAGE = 2;

// Whoever reads has seen enough, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

const program = new Command('ironfly')
  .description(
    'An execution layer, its EVM compiled to WebAssembly: contracts run, measured and explained; ' +
      'chains in databases, imported, proven, copied.',
  )
  .version(packageVersion())
  .showHelpAfterError('(run with --help for what it takes)')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE));

const commands = [
  dev,
  node,
  run,
  statetest,
  blocktest,
  bench,
  explain,
  explainBlock,
  prove,
  proveRange,
  verifyBlock,
  db,
  importBlocks,
  exportBlocks,
  t8n,
];
for (const { register } of commands) register(program);

try {
  await program.parseAsync();
} catch (error) {
  const { message, stack } = error as Error;
  process.stderr.write(`ironfly: ${message}\n`);
  if (process.env['IRONFLY_DEBUG'] !== undefined) process.stderr.write(`${stack}\n`);
  process.exitCode = 1;
}
