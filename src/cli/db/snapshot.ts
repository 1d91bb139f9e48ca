/** `ironfly db snapshot` and `ironfly db restore`: the state at a block as a file, and back. */

import { type Command, InvalidArgumentError } from 'commander';
import { openFolder } from '../../chain/database/folder.ts';
import { exportSnapshot } from '../../chain/snapshot/export.ts';
import { importSnapshot } from '../../chain/snapshot/import.ts';
import type { SnapshotProgress } from '../../chain/snapshot/writer.ts';
import type { Hash } from '../../evm/types.ts';

const EXAMPLES = `
What is interrupted, the same command again goes on with. A snapshot's root is held against the
block that it names: give --block to say which block you trust.

Examples:
  ironfly db snapshot chain chain.snapshot
  ironfly db restore chain.snapshot copy --block 0x...
`;

interface Options {
  readonly block?: Hash;
}

/** Adds the commands to `ironfly db`. */
export function register(db: Command): void {
  db.command('snapshot')
    .description('write the state at the head, or at another block of the window, to a file')
    .argument('<folder>', 'the database')
    .argument('<file>', 'the snapshot: made, or gone on with')
    .option('--block <hash>', 'the block; the head when left out', parseHash)
    .addHelpText('after', EXAMPLES)
    .action(snapshot);
  db.command('restore')
    .description('make a database out of a snapshot')
    .argument('<file>', 'the snapshot')
    .argument('<folder>', 'the database: made, or gone on with')
    .option('--block <hash>', 'the only block whose state is taken', parseHash)
    .addHelpText('after', EXAMPLES)
    .action(restore);
}

async function snapshot(folder: string, file: string, { block }: Options): Promise<void> {
  const database = await openFolder(folder);
  try {
    const hash = block ?? database.head.hash;
    const written = await exportSnapshot(database, hash, file, running('written'));
    const { number } = written.head.block.header;
    const { accounts, slots } = written.head.counts;
    const what = `block ${number} (${hash}): ${accounts} accounts, ${slots} slots`;
    process.stdout.write(`${what}, ${written.bytes} bytes in ${file}\n`);
  } finally {
    await database.close();
  }
}

async function restore(file: string, folder: string, { block }: Options): Promise<void> {
  const wanted = block === undefined ? {} : { block };
  const { block: taken, counts } = await importSnapshot(file, folder, {
    ...running('read'),
    ...wanted,
  });
  const what = `block ${taken.header.number} (${taken.hash}): ${counts.accounts} accounts`;
  process.stdout.write(`${what}, ${counts.slots} slots in ${folder}\n`);
}

/** A line now and then, and an end between two chunks when the user wants one. */
function running(verb: string): {
  onProgress: (progress: SnapshotProgress) => void;
  signal: AbortSignal;
} {
  const abort = new AbortController();
  const stop = new Error('interrupted: the same command goes on from here');
  process.once('SIGINT', () => abort.abort(stop));
  let last = performance.now();
  return {
    signal: abort.signal,
    onProgress: ({ accounts, slots, bytes }) => {
      if (performance.now() - last < LINE_MS) return;
      last = performance.now();
      process.stderr.write(`${bytes} bytes ${verb}: ${accounts} accounts, ${slots} slots\n`);
    },
  };
}

const LINE_MS = 3_000;

function parseHash(given: string): Hash {
  if (/^0x[0-9a-fA-F]{64}$/.test(given)) return given.toLowerCase() as Hash;
  throw new InvalidArgumentError('a hash is 0x and 64 hexadecimal digits.');
}
