/** `ironfly export`: the blocks of the head's branch, as files that `ironfly import` reads. */

import { type Command, Option } from 'commander';
import type { ChainBlock } from '../chain/block-tree.ts';
import { encodeBlock } from '../chain/blocks/block.ts';
import { type BranchPart, branchBlocks } from '../chain/database/branch.ts';
import type { ChainDatabase } from '../chain/database/chain-database.ts';
import { openFolder } from '../chain/database/folder.ts';
import { blockJson } from '../chain/json/block-json.ts';
import { count, duration, short } from './figures.ts';
import { bigintOption, databaseOption, integer } from './options.ts';
import { writeWhole } from './output-file.ts';
import { type Progress, withProgress } from './progress.ts';

const EXAMPLES = `
RLP is what \`geth import\` reads, block after block; JSON is an object a line, as
eth_getBlockByNumber answers with full transactions. A name that ends in .gz is compressed. The file
appears when it is whole.

Examples:
  ironfly export --db data chain.rlp
  ironfly export --db data --from 100 --to 200 --format json blocks.json.gz
`;

interface Options {
  readonly db: string;
  readonly from: bigint;
  readonly to?: bigint;
  readonly format: 'rlp' | 'json';
}

const parseNumber = integer(0n, 2n ** 64n - 1n);

/** Adds the command to the program. */
export function register(program: Command): void {
  program
    .command('export')
    .description('write the blocks of a database to a file')
    .argument('<file>', 'the file; it is replaced')
    .addOption(databaseOption().makeOptionMandatory())
    .addOption(
      bigintOption('--from <number>', 'the first block', { parse: parseNumber, value: 0n }),
    )
    .option('--to <number>', 'the last block; the head when left out', parseNumber)
    .addOption(
      new Option('--format <format>', 'of the file').choices(['rlp', 'json']).default('rlp'),
    )
    .addHelpText('after', EXAMPLES)
    .action(exportBlocks);
}

async function exportBlocks(file: string, options: Options): Promise<void> {
  const database = await openFolder(options.db);
  try {
    const part = { from: options.from, to: options.to ?? database.head.header.number };
    if (part.from > part.to) {
      throw new RangeError(`there is no block from ${part.from} to ${part.to}: give another range`);
    }
    const { format } = options;
    const written = await withProgress((progress) =>
      write(file, encoded(database, part, { format, progress })),
    );
    process.stdout.write(`${count(written)} blocks, ${part.from} to ${part.to}, in ${file}\n`);
  } finally {
    await database.close();
  }
}

async function write(file: string, blocks: AsyncIterable<Uint8Array>): Promise<number> {
  let written = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const bytes of blocks) {
      yield bytes;
      written += 1;
    }
  };
  await writeWhole(file, counted());
  return written;
}

async function* encoded(
  database: ChainDatabase,
  part: BranchPart,
  { format, progress }: Pick<Options, 'format'> & { readonly progress: Progress },
): AsyncGenerator<Uint8Array> {
  const encode = format === 'rlp' ? encodeBlock : jsonLine;
  let blocks = 0;
  for await (const block of branchBlocks(database, part)) {
    yield encode(block);
    blocks += 1;
    progress.show(() => {
      const rate = (1000 * blocks) / progress.elapsed;
      const left = Number(part.to - block.header.number) / rate;
      const at = `block ${count(block.header.number)} of ${count(part.to)}`;
      return `${at}, ${short(rate)} blocks/s, ${duration(left)} left`;
    });
  }
}

function jsonLine(block: ChainBlock): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(blockJson(block))}\n`);
}
