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
import { chainOf, databaseOption, engineOption, noteRecovery } from './database.ts';
import { count, duration, short } from './figures.ts';
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

/** Ended by the user, as shells have it for Ctrl-C. */
const EXIT_ENDED = 130;
/** A second Ctrl-C that comes later ends at once; sooner, it is the same one by another way. */
const SECOND_SIGNAL_MS = 1000;

interface Options {
  readonly db: string;
  readonly engine: Engine;
  readonly json?: true;
}

/** Adds the command to the program. */
export function register(program: Command): void {
  program
    .command('import')
    .description('import blocks from files into a database')
    .argument('<file...>', 'blocks in RLP or JSON, also with gzip')
    .addOption(databaseOption())
    .addOption(engineOption())
    .option('--json', 'print the sums as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (files: string[], options: Options) => {
      process.exitCode = await importFiles(files, options);
    });
}

async function importFiles(files: readonly string[], options: Options): Promise<number> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  const database = await openFolder(options.db);
  const ending = endOnSignal();
  try {
    noteRecovery(database);
    const chain = chainOf(database, options.engine);
    const meter = new ImportMeter(sizes.reduce((sum, size) => sum + size, 0));
    const blocks = blocksIn(files, (bytes) => meter.read(bytes));
    try {
      const { signal } = ending;
      await importBlocks(chain, blocks, {
        signal,
        onBlock: (_, totals) => meter.show(chain, totals),
      });
    } finally {
      meter.end(chain, options.json === true);
    }
    return signalled(ending.signal);
  } finally {
    ending.forget();
    await database.close();
  }
}

async function* blocksIn(
  files: readonly string[],
  onBytes: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  for (const file of files) yield* blocksInFile(file, { onBytes });
}

function signalled({ aborted }: AbortSignal): number {
  if (!aborted) return 0;
  process.stderr.write('ended between two blocks: the same command again goes on\n');
  return EXIT_ENDED;
}

interface Ending {
  readonly signal: AbortSignal;
  forget(): void;
}

function endOnSignal(): Ending {
  const controller = new AbortController();
  let first = 0;
  const end = (): void => {
    if (controller.signal.aborted && performance.now() - first > SECOND_SIGNAL_MS) {
      process.exit(EXIT_ENDED);
    }
    if (controller.signal.aborted) return;
    first = performance.now();
    controller.abort();
  };
  const names = ['SIGINT', 'SIGTERM'] as const;
  for (const name of names) process.on(name, end);
  return {
    signal: controller.signal,
    forget: () => {
      for (const name of names) process.off(name, end);
    },
  };
}

/** Blocks, transactions and gas a second, and the time left by the bytes that were read. */
class ImportMeter {
  readonly #progress = new Progress();
  readonly #rates = new Rates({ blocks: 0, transactions: 0, gas: 0, bytes: 0 });
  readonly #size: number;
  #bytes = 0;
  #totals: ImportTotals = { blocks: 0, skipped: 0, transactions: 0, gas: 0n };

  constructor(size: number) {
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
      const left = this.#size - this.#bytes;
      return [
        `block ${count(head.header.number)}`,
        `${short(blocks)} blocks/s`,
        `${short(transactions)} transactions/s`,
        `${short(gas)} gas/s`,
        `${Math.floor((100 * this.#bytes) / this.#size)} % read`,
        ...(bytes > 0 && left > 0 ? [`${duration(left / bytes)} left`] : []),
      ].join(', ');
    });
  }

  end({ head }: Chain, json: boolean): void {
    this.#progress.clear();
    const { blocks, skipped, transactions, gas } = this.#totals;
    const seconds = this.#progress.elapsed / 1000;
    const { hash, header } = head;
    if (json) {
      const figures = { blocks, skipped, transactions, gas: gas.toString(), seconds };
      const at = { number: header.number.toString(), hash };
      process.stdout.write(`${JSON.stringify({ ...figures, head: at })}\n`);
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
