/** The `ironfly` command: its subcommands, and how errors end it. */
import { Command } from 'commander';
import { packageVersion } from './package-version.ts';

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

/**
 * By their names, in the order of the help. One that is asked for is loaded alone: together they
 * take half a second, of which a chain to develop against would have nothing.
 */
const COMMANDS: Readonly<Record<string, () => Promise<{ register(program: Command): void }>>> = {
  dev: () => import('./dev.ts'),
  node: () => import('./node.ts'),
  run: () => import('./run.ts'),
  statetest: () => import('./statetest.ts'),
  blocktest: () => import('./blocktest.ts'),
  bench: () => import('./bench.ts'),
  explain: () => import('./explain.ts'),
  'explain-block': () => import('./explain-block.ts'),
  prove: () => import('./prove.ts'),
  'prove-range': () => import('./prove-range.ts'),
  'verify-block': () => import('./verify-block.ts'),
  db: () => import('./db.ts'),
  import: () => import('./import.ts'),
  export: () => import('./export.ts'),
  t8n: () => import('./t8n.ts'),
};

const [asked = ''] = process.argv.slice(2);
const loaders = Object.hasOwn(COMMANDS, asked) ? [COMMANDS[asked]] : Object.values(COMMANDS);
for (const load of loaders) (await load?.())?.register(program);

try {
  await program.parseAsync();
} catch (error) {
  const { message, stack } = error as Error;
  process.stderr.write(`ironfly: ${message}\n`);
  if (process.env['IRONFLY_DEBUG'] !== undefined) process.stderr.write(`${stack}\n`);
  process.exitCode = 1;
}
