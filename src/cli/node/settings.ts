/**
 * What `ironfly node` is told: by a file of settings, by the environment, and by options, of which
 * the later counts for more.
 *
 *   {"datadir": "data", "http-port": 8545, "api": ["eth", "net", "web3"]}     --config FILE
 *   IRONFLY_HTTP_PORT=8545
 *   --http-port 8545
 *
 * All three have the same names, and what they give is read in the same way.
 */

import { type Command, InvalidArgumentError, Option } from 'commander';
import { WORKERS_MAX } from '../../chain/workers.ts';
import type { Address, Hex } from '../../evm/types.ts';
import { CALL_WORKERS_DEFAULT, CALL_WORKERS_MAX } from '../../node/execution/workers/limits.ts';
import type { OrderingRule } from '../../node/sequencer/ordering.ts';
import { readTextFile } from '../input-file.ts';
import { integer, wholeNumber } from '../options.ts';

export interface NodeSettings {
  readonly datadir: string;
  readonly genesis?: string;
  readonly import?: readonly string[];
  readonly host: string;
  readonly httpPort: number;
  readonly wsPort?: number;
  readonly ipc?: string;
  readonly authrpcHost: string;
  readonly authrpcPort: number;
  readonly jwt?: string;
  readonly api?: readonly string[];
  readonly allowOrigin?: readonly string[];
  readonly allowHost?: readonly string[];
  readonly rate?: number;
  readonly workers?: number;
  readonly callWorkers: number;
  readonly archive?: true;
  readonly window?: number;
  readonly gasLimit?: bigint;
  readonly extraData?: Hex;
  /** Who the fees of blocks go to that the node makes itself. */
  readonly sequencer?: Address;
  readonly blockMs: number;
  readonly order: OrderingRule;
  readonly emptyBlocks?: true;
  readonly blockTransactions?: number;
  readonly logFormat: 'text' | 'json';
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug' | 'silent';
}

const PORT_MAX = 65_535;
const WINDOW_MAX = 1_000_000;
const RATE_MAX = 1_000_000;
const GAS_MAX = 2n ** 63n - 1n;
const EXTRA_DATA_BYTES_MAX = 32;
const BLOCK_MS_MAX = 3_600_000;
const BLOCK_TRANSACTIONS_MAX = 1_000_000;
/** A file of settings is small. */
const FILE_BYTES_MAX = 1 << 20;

const port = (flags: string, description: string) =>
  new Option(flags, description).argParser(wholeNumber(0, PORT_MAX));

function options(): Option[] {
  return [
    new Option('--datadir <folder>', 'where all lies that the node has'),
    new Option('--genesis <file>', 'what the chain begins with, where the folder holds none'),
    new Option('--import <files>', 'files of blocks to import first').argParser(parseList),
    new Option('--host <address>', 'where HTTP and WebSocket listen').default('127.0.0.1'),
    port('--http-port <port>', 'of HTTP, and of WebSocket without --ws-port').default(8545),
    port('--ws-port <port>', 'of WebSocket alone'),
    new Option('--ipc <file>', 'a socket for programs of this machine'),
    new Option('--authrpc-host <address>', 'where the Engine API listens').default('127.0.0.1'),
    port('--authrpc-port <port>', 'of the Engine API').default(8551),
    new Option('--jwt <file>', 'secret of the Engine API; made where it is missing'),
    new Option('--api <names>', 'namespaces or methods of HTTP and WebSocket').argParser(parseList),
    new Option('--allow-origin <origins>', 'web pages that may ask').argParser(parseList),
    new Option('--allow-host <names>', 'names that the node is asked by').argParser(parseList),
    new Option('--rate <requests>', 'of one client a second').argParser(wholeNumber(1, RATE_MAX)),
    new Option('--workers <count>', 'threads that execute a block').argParser(
      wholeNumber(1, WORKERS_MAX),
    ),
    new Option('--call-workers <count>', 'threads for long calls and traces; 0: none')
      .default(CALL_WORKERS_DEFAULT)
      .argParser(wholeNumber(0, CALL_WORKERS_MAX)),
    new Option('--archive', 'keep the states of all blocks'),
    new Option('--window <blocks>', 'blocks before the head whose states stay').argParser(
      wholeNumber(0, WINDOW_MAX),
    ),
    new Option('--gas-limit <gas>', 'which built blocks move to').argParser(
      integer(5_000n, GAS_MAX),
    ),
    new Option('--extra-data <text>', 'of built blocks, at most 32 bytes').argParser(
      parseExtraData,
    ),
    new Option('--sequencer <address>', 'make blocks; their fees go there').argParser(parseAddress),
    new Option('--block-ms <milliseconds>', 'of a block that the node makes')
      .default(1_000)
      .argParser(wholeNumber(1, BLOCK_MS_MAX)),
    new Option('--order <rule>', 'of transactions in it')
      .choices(['first come', 'priority fee'])
      .default('first come'),
    new Option('--empty-blocks', 'make blocks without transactions, too'),
    new Option('--block-transactions <count>', 'which end a block before its time').argParser(
      wholeNumber(1, BLOCK_TRANSACTIONS_MAX),
    ),
    new Option('--log-format <format>', 'of lines').choices(['text', 'json']).default('text'),
    new Option('--log-level <level>', 'from which on lines are written')
      .choices(['error', 'warn', 'info', 'debug', 'silent'])
      .default('info'),
  ];
}

/** Adds all settings to a command. */
export function addSettings(command: Command): Command {
  for (const option of options()) command.addOption(option.env(environmentName(option)));
  return command.addOption(new Option('--config <file>', 'settings as JSON').env('IRONFLY_CONFIG'));
}

function environmentName({ long }: Option): string {
  return `IRONFLY_${long?.slice(2).toUpperCase().replaceAll('-', '_')}`;
}

/** All settings of a command that was parsed, its file of settings read. @throws InputFileError */
export function settingsOf(command: Command): NodeSettings {
  const { config } = command.opts<{ readonly config?: string }>();
  if (config !== undefined) readConfig(command, config);
  const settings = command.opts<NodeSettings>();
  if (settings.datadir !== undefined) return settings;
  throw new TypeError('name --datadir: the folder of all that the node has');
}

function readConfig(command: Command, file: string): void {
  const text = readTextFile(file, FILE_BYTES_MAX);
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    throw wrong(file, (error as Error).message);
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw wrong(file, 'it is no object of settings');
  }
  for (const [name, value] of Object.entries(given as object)) {
    const option = command.options.find(({ long }) => long === `--${name}`);
    if (option === undefined || name === 'config') throw wrong(file, `${name} is no setting`);
    const key = option.attributeName();
    const source = command.getOptionValueSource(key);
    // Said by the environment, or on the command line.
    if (source !== undefined && source !== 'default') continue;
    try {
      command.setOptionValueWithSource(key, settingOf(option, value), 'config');
    } catch (error) {
      throw wrong(file, `${name}: ${(error as Error).message}`);
    }
  }
}

function wrong(file: string, message: string): TypeError {
  return new TypeError(`${file}: ${message}`);
}

function settingOf(option: Option, value: unknown): unknown {
  if (option.isBoolean()) {
    if (typeof value === 'boolean') return value ? true : undefined;
    throw new TypeError('is neither true nor false');
  }
  const isList = Array.isArray(value) && value.every((each) => typeof each === 'string');
  if (!isList && typeof value !== 'string' && typeof value !== 'number') {
    throw new TypeError('is no text, number or list of texts');
  }
  const text = isList ? value.join(',') : String(value);
  if (option.argChoices !== undefined && !option.argChoices.includes(text)) {
    throw new TypeError(`${text} is none of ${option.argChoices.join(', ')}`);
  }
  return option.parseArg === undefined ? text : option.parseArg(text, undefined);
}

function parseList(given: string, before?: unknown): string[] {
  const names = given.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('names stand between commas.');
  return [...(Array.isArray(before) ? (before as string[]) : []), ...names];
}

function parseAddress(given: string): Address {
  if (/^0x[0-9a-fA-F]{40}$/.test(given)) return given.toLowerCase() as Address;
  throw new InvalidArgumentError('an address is 0x and 40 hexadecimal digits.');
}

function parseExtraData(given: string): Hex {
  const isHex = /^0x([0-9a-fA-F]{2})*$/.test(given);
  const hex = isHex ? given.slice(2).toLowerCase() : new TextEncoder().encode(given).toHex();
  if (hex.length <= 2 * EXTRA_DATA_BYTES_MAX) return `0x${hex}`;
  throw new InvalidArgumentError('extra data has at most 32 bytes.');
}
