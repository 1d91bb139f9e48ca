/** `ironfly db snapshot` and `ironfly db restore`: the state at a block as a file, and back. */

import { type Command, Option } from 'commander';
import { anvilState } from '../../chain/anvil-files/write-state.ts';
import type { ChainSpec } from '../../chain/chain-spec.ts';
import type { ChainDatabase } from '../../chain/database/chain-database.ts';
import { openFolder } from '../../chain/database/folder.ts';
import { exportSnapshot } from '../../chain/snapshot/export.ts';
import { importSnapshot } from '../../chain/snapshot/import.ts';
import type { SnapshotProgress } from '../../chain/snapshot/writer.ts';
import type { Hash } from '../../evm/types.ts';
import type { LoadProgress } from '../../state/flat/load/state-load.ts';
import { chainText } from '../chain-text.ts';
import { endingOnSignal } from '../ending.ts';
import { bytesText, count } from '../figures.ts';
import { readGenesis } from '../genesis.ts';
import { parseNetwork } from '../network.ts';
import { parseHash } from '../options.ts';
import { writeWhole } from '../output-file.ts';
import { withProgress } from '../progress.ts';

const EXAMPLES = `
What is interrupted, the same command again goes on with.

What is in a stranger's snapshot is checked against the hash of its block: say with --block which
block you trust. No hash vouches for the chain, that is its id and its forks, by which all later
blocks are judged: say it with --genesis or --network, or it is what the file says. The same holds
for the total difficulty before the merge.

Examples:
  ironfly db snapshot chain chain.snapshot
  ironfly db snapshot chain state.json --anvil
  ironfly db restore chain.snapshot copy --block 0x... --network mainnet
`;

const NOTE = 'interrupted between two chunks: the same command again goes on';

interface Options {
  readonly block?: Hash;
}

interface SnapshotOptions extends Options {
  readonly anvil?: true;
}

interface RestoreOptions extends Options {
  readonly genesis?: string;
  readonly network?: ChainSpec;
}

/** Adds the commands to `ironfly db`. */
export function register(db: Command): void {
  db.command('snapshot')
    .description('write the state at the head, or at another block of the window, to a file')
    .argument('<folder>', 'the database')
    .argument('<file>', 'the snapshot: made, or gone on with')
    .option('--block <hash>', 'the block; the head when left out', parseHash)
    .option('--anvil', 'write it as `anvil --load-state` takes it')
    .addHelpText('after', EXAMPLES)
    .action(async (folder: string, file: string, options: SnapshotOptions) => {
      process.exitCode = await snapshot(folder, file, options);
    });
  db.command('restore')
    .description('make a database out of a snapshot')
    .argument('<file>', 'the snapshot')
    .argument('<folder>', 'the database: made, or gone on with')
    .option('--block <hash>', 'the only block whose state is taken', parseHash)
    .addOption(
      new Option('--genesis <file>', 'of the only chain that is taken').conflicts('network'),
    )
    .option(
      '--network <name>',
      'the same: `mainnet`, or a fork that holds from the start',
      parseNetwork,
    )
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, folder: string, options: RestoreOptions) => {
      process.exitCode = await restore(file, folder, options);
    });
}

async function snapshot(
  folder: string,
  file: string,
  { block, anvil }: SnapshotOptions,
): Promise<number> {
  const database = await openFolder(folder);
  try {
    if (anvil === true) return await forAnvil(database, block ?? database.head.hash, file);
    return await endingOnSignal(NOTE, async (signal) => {
      const hash = block ?? database.head.hash;
      const written = await showing('written', (onProgress) =>
        exportSnapshot(database, hash, file, { onProgress, signal }),
      );
      const { number } = written.head.block.header;
      const { accounts, slots } = written.head.counts;
      const what = `block ${number} (${hash}): ${count(accounts)} accounts, ${count(slots)} slots`;
      process.stdout.write(`${what}, ${count(written.bytes)} bytes in ${file}\n`);
    });
  } finally {
    await database.close();
  }
}

async function forAnvil(database: ChainDatabase, hash: Hash, file: string): Promise<number> {
  const { block, texts } = await anvilState(database, hash);
  await writeWhole(file, texts);
  process.stdout.write(`block ${block.header.number} (${hash}) for Anvil in ${file}\n`);
  return 0;
}

function restore(file: string, folder: string, options: RestoreOptions): Promise<number> {
  const { block, genesis, network } = options;
  const spec = genesis === undefined ? network : readGenesis(genesis).spec;
  return endingOnSignal(NOTE, async (signal) => {
    const head = await showing('read', (onProgress, onTries) =>
      importSnapshot(file, folder, {
        ...{ onProgress, onTries, signal },
        ...(block === undefined ? {} : { block }),
        ...(spec === undefined ? {} : { spec }),
      }),
    );
    const { hash, header } = head.block;
    const { accounts, slots } = head.counts;
    const what = `block ${header.number} (${hash}): ${count(accounts)} accounts`;
    const lines = [
      ...(head.spec === undefined ? [] : [chainText(head.spec)]),
      ...(spec === undefined ? [`${CHAIN_UNCHECKED}: nothing vouches for it but who made it`] : []),
      `${what}, ${count(slots)} slots in ${folder}`,
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
  });
}

const CHAIN_UNCHECKED = 'the chain is the file’s word, for want of --genesis or --network';

function showing<Result>(
  verb: string,
  work: (
    onProgress: (progress: SnapshotProgress) => void,
    onTries: (progress: LoadProgress) => void,
  ) => Promise<Result>,
): Promise<Result> {
  const counted = ({ accounts, slots }: LoadProgress) =>
    `${count(accounts)} accounts, ${count(slots)} slots`;
  return withProgress((progress) =>
    work(
      (done) => progress.show(() => `${bytesText(done.bytes)} ${verb}: ${counted(done)}`),
      (done) => progress.show(() => `tries: ${counted(done)}`),
    ),
  );
}
