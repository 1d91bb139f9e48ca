/**
 * `ironfly import`: blocks from files into a database. It can be ended at any moment, by Ctrl-C or
 * by kill -9, and the same command again goes on where it was.
 */

import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { blocksInFile } from '../chain/block-files/block-file.ts';
import type { Chain } from '../chain/chain.ts';
import { openFolder } from '../chain/database/folder.ts';
import { type ImportTotals, importBlocks } from '../chain/import-blocks.ts';
import type { Engine } from '../evm/types.ts';
import { chainOf, noteRecovery } from './database.ts';
import { endingOnSignal } from './ending.ts';
import { bytesText, count, duration, percent, short } from './figures.ts';
import { databaseOption, engineOption, workersOption } from './options.ts';
import { printJson } from './print.ts';
import { Progress, Rates } from './progress.ts';

const EXAMPLES = `
Files hold blocks in RLP one after another (as \`geth export\` writes them) or as JSON (as
eth_getBlockByNumber answers with full transactions: one object, a list, or one a line), also
compressed with gzip. Blocks that are there already are passed over. A block that breaks a rule ends
the import with its number, hash and rule; those before it stay.

Examples:
  ironfly db init data --genesis genesis.json
  ironfly import --db data chain.rlp
  ironfly import --db data blocks-1.rlp.gz blocks-2.json
`;

const NOTE = 'ended between two blocks: the same command again goes on';

interface Options {
  readonly db: string;
  readonly engine: Engine;
  readonly workers: number;
  readonly json?: true;
}

/** Adds the command to the program. */
export function register(program: Command): void {
  program
    .command('import')
    .description('import blocks from files into a database')
    .argument('<file...>', 'blocks in RLP or JSON, also with gzip')
    .addOption(databaseOption().makeOptionMandatory())
    .addOption(engineOption())
    .addOption(workersOption())
    .option('--json', 'print the sums as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (files: string[], options: Options) => {
      process.exitCode = await importFiles(files, options);
    });
}

async function importFiles(files: readonly string[], options: Options): Promise<number> {
  const size = await sizeOf(files);
  const database = await openFolder(options.db);
  try {
    noteRecovery(database);
    const chain = chainOf(database, options);
    const meter = new ImportMeter(size);
    return await endingOnSignal(NOTE, async (signal) => {
      const blocks = blocksIn(files, (bytes) => meter.read(bytes));
      try {
        await importBlocks(chain, blocks, {
          signal,
          onBlock: (_, totals) => meter.show(chain, totals),
        });
      } finally {
        meter.end(chain, options.json === true);
      }
    });
  } finally {
    await database.close();
  }
}

/** Bytes of all files; undefined where one is none, as a pipe: nobody knows what is to come. */
async function sizeOf(files: readonly string[]): Promise<number | undefined> {
  const found = await Promise.all(files.map((file) => stat(file)));
  if (!found.every((each) => each.isFile())) return undefined;
  return found.reduce((sum, { size }) => sum + size, 0);
}

async function* blocksIn(
  files: readonly string[],
  onBytes: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  for (const file of files) yield* blocksInFile(file, { onBytes });
}

/** Blocks, transactions and gas a second, and the time left by the bytes that were read. */
class ImportMeter {
  readonly #progress = new Progress();
  readonly #rates = new Rates({ blocks: 0, transactions: 0, gas: 0, bytes: 0 });
  /** Of all files, where it is known. */
  readonly #size: number | undefined;
  #bytes = 0;
  #totals: ImportTotals = { blocks: 0, skipped: 0, transactions: 0, gas: 0n };

  constructor(size: number | undefined) {
    this.#size = size;
  }

  read(bytes: number): void {
    this.#bytes += bytes;
  }

  show({ head }: Chain, totals: ImportTotals): void {
    this.#totals = totals;
    this.#progress.show(() => {
      const { blocks, transactions, gas, bytes } = this.#rates.at(performance.now(), {
        blocks: totals.blocks + totals.skipped,
        transactions: totals.transactions,
        gas: Number(totals.gas),
        bytes: this.#bytes,
      });
      return [
        `block ${count(head.header.number)}`,
        `${short(blocks)} blocks/s`,
        `${short(transactions)} transactions/s`,
        `${short(gas)} gas/s`,
        ...this.#place(bytes),
      ].join(', ');
    });
  }

  /** How much of the files was read, and when the rest will be. */
  #place(bytesSecond: number): string[] {
    if (this.#size === undefined) return [`${bytesText(this.#bytes)} read`];
    const left = this.#size - this.#bytes;
    return [
      `${percent(this.#bytes, this.#size)} read`,
      ...(bytesSecond > 0 && left > 0 ? [`${duration(left / bytesSecond)} left`] : []),
    ];
  }

  end({ head }: Chain, json: boolean): void {
    this.#progress.clear();
    const { blocks, skipped, transactions, gas } = this.#totals;
    const seconds = this.#progress.elapsed / 1000;
    const { hash, header } = head;
    if (json) {
      const at = { number: header.number, hash };
      printJson({ blocks, skipped, transactions, gas, seconds, head: at });
      return;
    }
    const there = skipped === 0 ? '' : ` (and ${count(skipped)} that were there)`;
    const rate = `${short(Number(gas) / Math.max(seconds, 0.001))} gas/s`;
    process.stdout.write(
      `${count(blocks)} blocks${there}, ${count(transactions)} transactions, ` +
        `${count(gas)} gas in ${seconds.toFixed(1)} s (${rate})\n` +
        `the head is block ${header.number}, ${hash}\n`,
    );
  }
}
