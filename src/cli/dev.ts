/**
 * `ironfly dev`: a chain to develop against, as people know it from Anvil, whose options keep their
 * names here. What runs it is loaded when it is called: a shell that asks for help waits for none
 * of it.
 */

import { type Command, InvalidArgumentError, Option } from 'commander';
import { findFork } from '../evm/forks/names.ts';
import { CALL_WORKERS_DEFAULT, CALL_WORKERS_MAX } from '../node/execution/workers/limits.ts';
import type { DevOptions } from './dev/options.ts';
import { endingOnSignal } from './ending.ts';
import { bigintOption, integer, parseAddress, wholeNumber } from './options.ts';

const PORT_MAX = 65_535;
const ACCOUNTS_MAX = 1_000;
const SECONDS_MAX = 2_000_000;
const RATE_MAX = 1_000_000;
const RETRIES_MAX = 100;
const MS_MAX = 3_600_000;
const U64_MAX = 2n ** 64n - 1n;
/** Ether in 2^256 wei. */
const BALANCE_MAX = 10n ** 59n;

const EXAMPLES = `
Blocks come as soon as there is a transaction; --block-time makes one each so many seconds, and
--no-mining none until evm_mine asks for it. It listens on this machine alone unless --host says
otherwise, and pages of this machine alone may ask unless --allow-origin says otherwise.

Examples:
  ironfly dev
  ironfly dev --port 9545 --block-time 2 --accounts 3
  ironfly dev --state state.json
  ironfly dev --init genesis.json --hardfork prague
  ironfly dev --fork-url http://127.0.0.1:8545 --fork-block-number 1000
`;

/** Adds the command to the program. */
export function register(program: Command): void {
  const dev = program
    .command('dev')
    .description('run a chain to develop against: funded accounts, and the methods of Anvil')
    .addHelpText('after', EXAMPLES);
  addChainOptions(dev);
  addForkOptions(dev);
  addServerOptions(dev);
  dev.action(async (options: DevOptions) => {
    const { runDev } = await import('./dev/run.ts');
    const isGiven = (name: string) => dev.getOptionValueSource(name) === 'cli';
    const given: DevOptions = {
      ...options,
      ...(isGiven('hardfork') ? { hardforkGiven: options.hardfork } : {}),
      ...(isGiven('chainId') ? { chainIdGiven: options.chainId } : {}),
    };
    await endingOnSignal('ended', (signal) => runDev(given, signal));
    // Being ended is how it ends.
    process.exitCode = 0;
  });
}

function addChainOptions(dev: Command): void {
  dev
    .addOption(
      new Option('-a, --accounts <number>', 'funded accounts')
        .argParser(wholeNumber(0, ACCOUNTS_MAX))
        .default(10),
    )
    .addOption(
      bigintOption('--balance <ether>', 'what each of them has', {
        parse: integer(0n, BALANCE_MAX),
        value: 10_000n,
      }),
    )
    .option('-m, --mnemonic <words>', 'what their keys are made of')
    .option('--derivation-path <path>', "where, as m/44'/60'/0'/0/")
    .addOption(
      bigintOption('--chain-id <id>', 'the chain’s id', {
        parse: integer(1n, U64_MAX),
        value: 31_337n,
      }),
    )
    .addOption(
      new Option('--hardfork <name>', 'whose rules hold').argParser(parseFork).default('osaka'),
    )
    .addOption(
      bigintOption('--gas-limit <gas>', 'of a block', {
        parse: integer(5_000n, 2n ** 63n - 1n),
        value: 30_000_000n,
      }),
    )
    .addOption(
      bigintOption('--base-fee, --block-base-fee-per-gas <wei>', 'of the first block', {
        parse: integer(0n, U64_MAX),
        value: 1_000_000_000n,
      }),
    )
    .option('--timestamp <seconds>', 'of the first block', integer(0n, U64_MAX))
    .option('--number <block>', 'number of the first block', integer(0n, U64_MAX))
    .option('--coinbase <address>', 'who gets the fees', parseAddress)
    .option('-b, --block-time <seconds>', 'make a block each so many seconds', parseSeconds)
    .option('--no-mining', 'make blocks only when asked to')
    .option('--mixed-mining', 'with --block-time: make one for each transaction, too')
    .addOption(
      new Option('--order <order>', 'what a block takes first')
        .choices(['fees', 'fifo'])
        .default('fees'),
    )
    .option('--auto-impersonate', 'send for any account, whoever asks')
    .option('--disable-default-create2-deployer', 'leave the deployer of CREATE2 out')
    .option('--init <file>', 'begin with a genesis file')
    .option('--load-state <file>', 'begin with a state that was dumped')
    .option('--dump-state <file>', 'write the state there when it ends')
    .option('--state <file>', 'both: read the file where it is there, and write it at the end')
    .option('-s, --state-interval <seconds>', 'write it so often, too', parseSeconds);
}

function addForkOptions(dev: Command): void {
  dev
    .option('-f, --fork-url <url>', 'go on from a block of the chain of that node')
    .option('--fork-block-number <block>', 'its latest when left out', integer(0n, U64_MAX))
    .option('--fork-header <name: value>', 'of requests; may be given often', collect)
    .option('--fork-rate <requests>', 'a second, at most', wholeNumber(1, RATE_MAX))
    .option('--fork-retry-backoff <ms>', 'before the second try', wholeNumber(1, MS_MAX))
    .option('--retries <number>', 'of a request that fails', wholeNumber(0, RETRIES_MAX))
    .option('--timeout <ms>', 'of a request', wholeNumber(1, MS_MAX))
    .option('--cache-path <folder>', 'where what was asked for is kept')
    .option('--no-storage-caching', 'keep it in memory alone');
}

function collect(given: string, before: readonly string[] = []): string[] {
  return [...before, given];
}

function addServerOptions(dev: Command): void {
  dev
    .addOption(
      new Option('-p, --port <port>', 'for HTTP and WebSocket; 0: one that is free')
        .argParser(wholeNumber(0, PORT_MAX))
        .default(8545),
    )
    .option('--host <address>', 'where to listen', '127.0.0.1')
    .option('--ipc [path]', 'listen at a socket of the file system, too')
    .option('--allow-origin <origin>', 'whose pages may ask: https://app.example, or *')
    .option('--no-cors', 'no page may ask')
    .addOption(
      new Option('--call-workers <count>', 'threads for long calls and traces; 0: none')
        .argParser(wholeNumber(0, CALL_WORKERS_MAX))
        .default(CALL_WORKERS_DEFAULT),
    )
    .option('--config-out <file>', 'write accounts and keys there, as JSON')
    .option('--disable-console-log', 'leave console.log of contracts out of the log')
    .option('-q, --quiet', 'as --silent')
    .option('--silent', 'say nothing');
}

/** @throws InvalidArgumentError */
function parseFork(name: string): string {
  const fork = name === 'latest' ? 'osaka' : findFork(name);
  if (fork !== undefined) return fork;
  throw new InvalidArgumentError(`${name} is no fork: give osaka, prague, cancun or the like.`);
}

/** @throws InvalidArgumentError */
function parseSeconds(given: string): number {
  const seconds = /^\d+(?:\.\d+)?$/.test(given) ? Number(given) : Number.NaN;
  if (seconds > 0 && seconds <= SECONDS_MAX) return seconds;
  throw new InvalidArgumentError(`${given} is no number of seconds up to ${SECONDS_MAX}.`);
}
