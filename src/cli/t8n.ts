/**
 * `ironfly t8n`: the transition tool that execution-spec-tests drives. Options, files, forms and
 * exit codes are those of geth's `evm t8n`, so that whatever drives the one can drive the other.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { JsonError } from '../base/json.ts';
import { type JsonField, type JsonObject, readJson } from '../base/json-field.ts';
import { readAccounts } from '../chain/genesis-files/accounts.ts';
import { GenesisError } from '../chain/genesis-files/fault.ts';
import { Machines } from '../chain/machines.ts';
import type { Engine } from '../evm/types.ts';
import { InputFileError, readTextFile } from './input-file.ts';
import { network } from './network.ts';
import { bigintOption, engineOption } from './options.ts';
import { writeWhole } from './output-file.ts';
import { readEnvironment } from './t8n/environment.ts';
import { EXIT_CODES, TransitionError } from './t8n/fault.ts';
import { allocJson, bodyJson, resultJson } from './t8n/result.ts';
import { TraceFiles } from './t8n/trace-files.ts';
import { jsonTransactions, rlpTransactions } from './t8n/transactions.ts';
import { type Transition, type TransitionRequest, transition } from './t8n/transition.ts';

const EXAMPLES = `
Inputs are files of JSON or \`stdin\`: then one object has them, as "alloc", "env", and "txs" or
"txsRlp". Transactions are RLP where the file's name ends with .rlp (a list in hexadecimal, as
--output.body writes it), else JSON, signed or with a "secretKey". Outputs are names of files below
--output.basedir, \`stdout\`, \`stderr\`, or empty for none.

Exit code: 0; 2 when the block cannot be executed, 3 for a wrong or incomplete configuration, 4 for
a block hash that is asked for and not given, 10 for JSON, 11 for files, 12 for RLP.

Examples:
  ironfly t8n --input.alloc alloc.json --input.env env.json --input.txs txs.json --state.fork Prague
  ironfly t8n --input.alloc stdin --input.env stdin --input.txs stdin --output.alloc stdout \\
    --output.result stdout --state.fork Osaka < input.json
`;

const STDIN = 'stdin';

export interface TransitionOptions {
  readonly 'input.alloc': string;
  readonly 'input.env': string;
  readonly 'input.txs': string;
  readonly 'output.basedir': string;
  readonly 'output.alloc': string;
  readonly 'output.result': string;
  readonly 'output.body': string;
  readonly 'state.fork': string;
  readonly 'state.chainid': bigint;
  readonly 'state.reward': bigint;
  readonly engine: Engine;
  readonly trace?: true;
}

/** Adds the command to the program. */
export function register(program: Command): void {
  program
    .command('t8n')
    .alias('transition')
    .description('execute a block upon a state, as transition tools do')
    .option('--input.alloc <file>', 'the state before: accounts', 'alloc.json')
    .option('--input.env <file>', 'the block’s environment', 'env.json')
    .option('--input.txs <file>', 'transactions', 'txs.json')
    .option('--output.basedir <folder>', 'where files are written; made when not there', '')
    .option('--output.alloc <file>', 'the state behind', 'alloc.json')
    .option('--output.result <file>', 'roots, gas, receipts, refusals', 'result.json')
    .option('--output.body <file>', 'the transactions in the block, as RLP', '')
    .option('--state.fork <name>', 'a fork, or a network as tests name them', 'Osaka')
    .addOption(bigintOption('--state.chainid <id>', 'chain id', { parse: parseInteger, value: 1n }))
    .addOption(
      bigintOption('--state.reward <wei>', 'what the miner is paid; -1: nothing', {
        parse: parseInteger,
        value: 0n,
      }),
    )
    .addOption(engineOption())
    .option('--trace', 'write trace-<index>-<hash>.jsonl for each transaction, as EIP-3155 has it')
    .addHelpText('after', EXAMPLES)
    .action(async (options: TransitionOptions) => {
      const refusal = await transitionTool(options);
      if (refusal === undefined) return;
      const exitCode = EXIT_CODES[refusal.code];
      process.stderr.write(`ERROR(${exitCode}): ${refusal.message}\n`);
      process.exitCode = exitCode;
    });
}

/** Reads inputs, makes the transition and writes outputs; or says why not. */
export async function transitionTool(
  options: TransitionOptions,
): Promise<TransitionError | undefined> {
  try {
    await writeOutputs(options, await transition(readInputs(options)));
    return undefined;
  } catch (error) {
    if (error instanceof TransitionError) return error;
    throw error;
  }
}

function readInputs(options: TransitionOptions): TransitionRequest {
  const { 'state.fork': fork, 'state.chainid': chainId, 'state.reward': reward } = options;
  const names = [options['input.alloc'], options['input.env'], options['input.txs']];
  const stdin = names.includes(STDIN) ? read(STDIN, (whole) => whole.object()) : undefined;
  const spec = network(fork, chainId);
  if (spec === undefined) {
    throw new TransitionError('t8n/configuration', `${fork} is no fork: give one such as Prague`);
  }
  const input = <T>(name: 'alloc' | 'env', make: (whole: JsonObject) => T): T => {
    const path = options[`input.${name}`];
    if (path !== STDIN) return read(path, (whole) => make(whole.object()));
    return checked(STDIN, () => make((stdin as JsonObject).get(name).object()));
  };
  return {
    spec,
    state: input('alloc', readAccounts),
    environment: input('env', readEnvironment),
    transactions: readTransactions(options['input.txs'], stdin, chainId),
    reward: reward < 0n ? undefined : reward,
    machines: new Machines({ engine: options.engine }),
    ...(options.trace && { traces: new TraceFiles(options['output.basedir']) }),
  };
}

function readTransactions(
  path: string,
  stdin: JsonObject | undefined,
  chainId: bigint,
): Uint8Array[] {
  const of = (field: JsonField): Uint8Array[] =>
    typeof field.value === 'string'
      ? rlpTransactions(field.value)
      : jsonTransactions(field, chainId);
  if (path !== STDIN || stdin === undefined) {
    return read(path, path.endsWith('.rlp') ? (field) => rlpTransactions(field.text()) : of);
  }
  return checked(STDIN, () => {
    const rlp = stdin.get('txsRlp');
    return of(rlp.isAbsent || rlp.value === '' ? stdin.get('txs') : rlp);
  });
}

/** What `make` makes of a file's JSON. @throws TransitionError */
function read<T>(path: string, make: (whole: JsonField) => T): T {
  let source: string;
  try {
    source = readTextFile(path === STDIN ? 0 : path);
  } catch (cause) {
    if (!(cause instanceof InputFileError)) throw cause;
    const code = cause.code === 'input/malformed' ? 't8n/json' : 't8n/file';
    throw new TransitionError(code, cause.message, { cause });
  }
  return checked(path, () => make(readJson(source)));
}

/** What is wrong with the content, said of the file. */
function checked<T>(name: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    if (!(cause instanceof JsonError || cause instanceof GenesisError)) throw cause;
    throw new TransitionError('t8n/json', `${name}: ${cause.message}`, { cause });
  }
}

async function writeOutputs(options: TransitionOptions, done: Transition): Promise<void> {
  const { 'output.basedir': folder } = options;
  const outputs = [
    ['alloc', () => allocJson(done.state)],
    ['body', () => bodyJson(done)],
    ['result', () => resultJson(done)],
  ] as const;
  const printed = { stdout: {} as Record<string, unknown>, stderr: {} as Record<string, unknown> };
  try {
    if (folder !== '') mkdirSync(folder, { recursive: true });
    for (const [name, make] of outputs) {
      const file = options[`output.${name}`];
      if (file === '') continue;
      if (file === 'stdout' || file === 'stderr') printed[file][name] = make();
      else await writeWhole(join(folder, file), [JSON.stringify(make(), undefined, 1)]);
    }
  } catch (cause) {
    const message = `the output cannot be written: ${(cause as Error).message}`;
    throw new TransitionError('t8n/file', message, { cause });
  }
  for (const [stream, values] of Object.entries(printed)) {
    if (Object.keys(values).length === 0) continue;
    process[stream as keyof typeof printed].write(`${JSON.stringify(values, undefined, 2)}\n`);
  }
}

function parseInteger(value: string): bigint {
  if (/^(0x[0-9a-fA-F]{1,16}|-?[0-9]{1,20})$/.test(value)) return BigInt(value);
  throw new InvalidArgumentError('give an integer.');
}
