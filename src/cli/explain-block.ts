/**
 * `ironfly explain-block`: how the transactions of a block ran side by side, and which slots keep
 * it from scaling; in the terminal, as JSON, or as a page.
 */
import type { Command } from 'commander';
import type { ChainBlock, KnownBlock } from '../chain/block-tree.ts';
import { InvalidBlock } from '../chain/blocks/fault.ts';
import type { ChainDatabase } from '../chain/database/chain-database.ts';
import { requireSpec } from '../chain/database/kept-spec.ts';
import { Machines } from '../chain/machines.ts';
import {
  type Replay,
  type ReplaySetting,
  readAndWrittenIn,
  replayBlock,
  rulesFor,
  withSenders,
} from '../chain/replay.ts';
import type { Engine } from '../evm/types.ts';
import { type BlockName, parseBlockName, withTreeOf } from './chain-block.ts';
import { noteRecovery } from './database.ts';
import { asJson } from './explain-block/json.ts';
import { type BlockExplanation, explainBlock } from './explain-block/model.ts';
import { asHtml } from './explain-block/page.ts';
import { asText } from './explain-block/text.ts';
import { databaseOption, engineOption, wholeNumber, workersOption } from './options.ts';
import { writeWhole } from './output-file.ts';
import { printJson } from './print.ts';

const EXAMPLES = `
The block is executed again upon its parent's state, --runs times: code that is hot is compiled
after the first ones, and the last one is shown. Each time it must come to the results in its
header. Nothing in the database changes. States go back as far as the database keeps them.

A transaction is executed at the head, when all before it count, or in advance; what was done in
advance counts where all that it observed is still so, and is done again where it is not.

Examples:
  ironfly explain-block latest --db data
  ironfly explain-block 17 --db data --workers 8 --html block.html
  ironfly explain-block 0x... --db data --json
`;

const RUNS = 3;
const RUNS_MAX = 1_000;
const COLUMNS = 100;

interface Options {
  readonly db: string;
  readonly engine: Engine;
  readonly workers: number;
  readonly runs: number;
  readonly html?: string;
  readonly json?: true;
}

/** Adds the command to the program. */
export function register(program: Command): void {
  program
    .command('explain-block')
    .description('show how a block’s transactions ran side by side, and what sent them back')
    .argument('<block>', 'of the database: number, hash or `latest`', parseBlockName)
    .addOption(databaseOption().makeOptionMandatory())
    .addOption(engineOption())
    .addOption(workersOption())
    .option('--runs <count>', 'how often it is executed', wholeNumber(1, RUNS_MAX), RUNS)
    .option('--html <file>', 'write one self-contained page instead')
    .option('--json', 'print all of it as JSON')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run(name: BlockName, { db, html, json, ...options }: Options): Promise<void> {
  const explanation = await withTreeOf(db, name, async (tree, known) => {
    noteRecovery(tree);
    return explainIn(tree, known, options);
  });
  if (html !== undefined) {
    await writeWhole(html, [asHtml(explanation)]);
    process.stderr.write(`${html} is written; open it in a browser\n`);
  }
  if (json === true) printJson(asJson(explanation));
  else if (html === undefined) {
    process.stdout.write(asText(explanation, { columns: process.stdout.columns ?? COLUMNS }));
  }
}

function explainIn(
  tree: ChainDatabase,
  known: KnownBlock,
  { engine, workers, runs }: Pick<Options, 'engine' | 'workers' | 'runs'>,
): Promise<BlockExplanation> {
  const machines = new Machines({ engine, workers });
  const setting = { spec: requireSpec(tree.spec), tree, machines };
  return explainInTree(setting, known, { workers, runs });
}

/**
 * Executes a block of the tree `runs` times, and once more to see what its transactions touch.
 * @throws Error for a block that cannot be executed again, or comes to other results
 */
export async function explainInTree(
  setting: ReplaySetting,
  { hash, header }: KnownBlock,
  { workers, runs }: { readonly workers: number; readonly runs: number },
): Promise<BlockExplanation> {
  const { tree } = setting;
  const { number, parentHash } = header;
  if (number === 0n) throw new Error('block 0 begins the chain: nothing was executed in it');
  if (tree.recent(parentHash) === undefined) throw noState(number);
  const replayed = withSenders((await tree.block(hash)) as ChainBlock);
  try {
    const touched = await readAndWrittenIn(setting, replayed);
    let replay: Replay | undefined;
    for (let done = 0; done < runs; done++) replay = await replayBlock(setting, replayed);
    const { fork } = rulesFor(setting, replayed.block).rules;
    return explainBlock({ ...replayed, fork, workers, runs, replay: replay as Replay, touched });
  } catch (error) {
    if (!(error instanceof InvalidBlock)) throw error;
    throw new Error(
      `block ${number} (${hash}) comes to other results than the chain has: ${error.message}. ` +
        'Look with `ironfly db verify` whether the database is whole; if it is, this is a bug',
      { cause: error },
    );
  }
}

function noState(number: bigint): Error {
  return new Error(
    `block ${number} cannot be executed again, since the state of its parent is not kept: ` +
      'take a later block (`ironfly db stats` says from which on states are kept), or import ' +
      'into a database that keeps more (`ironfly db init` with --window or --archive)',
  );
}
