/**
 * `ironfly node`: a node for the long run, driven by a consensus client through the Engine API.
 *
 * Ctrl-C, or SIGTERM, ends it: requests under way are answered, the block that is being executed
 * is finished, the pool saved. A second one ends it at once; nothing that was answered is lost by
 * that either.
 */

import type { Command } from 'commander';
import { endingOnSignal } from './ending.ts';
import { addSettings, settingsOf } from './node/settings.ts';

const EXAMPLES = `
Every setting can stand in a file too (--config, JSON with the names of the options), and in the
environment (IRONFLY_HTTP_PORT for --http-port): options count for more than the environment, and
that for more than the file. Lists are written with commas. Port 0 is one that is free.

It listens on this machine alone unless --host or --authrpc-host says otherwise. /health, /ready and
/metrics are on the port of HTTP.

Examples:
  ironfly node --datadir data --genesis genesis.json
  ironfly node --datadir data --http-port 8545 --authrpc-port 8551 --jwt jwt.hex
  ironfly node --datadir data --genesis genesis.json --import chain.rlp --archive
  ironfly node --datadir data --genesis genesis.json --sequencer 0xc0...c0 --block-ms 200
  ironfly node --config node.json --api eth,net,web3 --allow-origin https://app.example
`;

const NOTE = 'ended: the chain and the pool are on the disk';

/** Adds the command to the program. */
export function register(program: Command): void {
  addSettings(program.command('node'))
    .description('run a node that a consensus client drives')
    .addHelpText('after', EXAMPLES)
    .action(async (_: unknown, command: Command) => {
      const settings = settingsOf(command);
      const { runNode } = await import('./node/run.ts');
      await endingOnSignal(NOTE, (signal) => runNode(settings, signal));
      // Being ended is how it ends.
      process.exitCode = 0;
    });
}
