/** `ironfly db init`: a database with a chain's first block and its state. */

import { type Command, Option } from 'commander';
import { createFromAnvil } from '../../chain/anvil-files/create.ts';
import type { ChainSpec } from '../../chain/chain-spec.ts';
import { createInFolder } from '../../chain/database/folder.ts';
import type { RetentionChoice } from '../../chain/database/kept-retention.ts';
import type { GenesisFile } from '../../chain/genesis-files/genesis-file.ts';
import { parseWindow } from '../database.ts';
import { count } from '../figures.ts';
import { readAnvilState, readGenesis } from '../genesis.ts';
import { network, parseNetworkName } from '../network.ts';
import { integer } from '../options.ts';

/** Those of Anvil 1.7.1. */
const ANVIL_CHAIN_ID = 31_337n;
const ANVIL_NETWORK = 'BPO1';

const EXAMPLES = `
The genesis file is one of geth, reth or Anvil: what chain it is stays in the database, so that no
other command is told again; and so does which states are kept, those of the last 256 blocks if
nothing is said.

The state of an Anvil (--dump-state, anvil_dumpState, also with gzip) does not say of which chain
it is: --chain-id and --network do, and are Anvil's own when left out. The first block is Anvil's
last, to its hash, where its accounts are those of its root, else an empty one in its environment,
with nothing before it.

Examples:
  ironfly db init data --genesis genesis.json
  ironfly db init data --genesis genesis.json --archive
  ironfly db init data --anvil state.json --network Prague
`;

/** Adds the command to the program. */
export function register(db: Command): void {
  db.command('init')
    .description('make a database that begins with a genesis file, or the state of an Anvil')
    .argument('<folder>', 'the database; made when it is not there')
    .option('--genesis <file>', 'genesis file, JSON')
    .addOption(new Option('--anvil <file>', 'state of an Anvil').conflicts('genesis'))
    .addOption(
      new Option('--network <name>', 'forks of the Anvil: `mainnet`, or one from the start on')
        .argParser(parseNetworkName)
        .conflicts('genesis'),
    )
    .addOption(
      new Option('--chain-id <id>', 'of the Anvil')
        .argParser(integer(0n, 2n ** 64n - 1n))
        .conflicts('genesis'),
    )
    .option('--window <blocks>', 'blocks before the head whose states stay', parseWindow)
    .option('--archive', 'keep the states of all blocks')
    .addHelpText('after', EXAMPLES)
    .action(init);
}

interface Options extends RetentionChoice {
  readonly genesis?: string;
  readonly anvil?: string;
  readonly network?: string;
  readonly chainId?: bigint;
}

async function init(folder: string, options: Options): Promise<void> {
  const { genesis, anvil, window, archive } = options;
  const limits = {
    ...(window === undefined ? {} : { window }),
    ...(archive === undefined ? {} : { archive }),
  };
  if (genesis !== undefined) {
    const first = readGenesis(genesis);
    const { spec, block, state } = first;
    await (await createInFolder(folder, block, state, { ...limits, spec })).close();
    print(folder, first, '');
  } else if (anvil !== undefined) {
    const first = readAnvilState(anvil, anvilSpec(options));
    await createFromAnvil(folder, first, limits);
    print(folder, first, first.isOriginal ? '' : MADE_ANEW);
  } else {
    throw new TypeError('name one of --genesis and --anvil: what the chain begins with');
  }
}

const MADE_ANEW = ', made anew: the file has no block with the root of its accounts';

function anvilSpec({
  network: name = ANVIL_NETWORK,
  chainId = ANVIL_CHAIN_ID,
}: Options): ChainSpec {
  const spec = network(name, chainId);
  if (spec !== undefined) return spec;
  throw new TypeError(`${name} is no network`);
}

function print(folder: string, { spec, block, state }: GenesisFile, note: string): void {
  const { header, hash } = block;
  process.stdout.write(
    `chain ${spec.chainId}: ${count(state.accounts.size)} accounts in ${folder}\n` +
      `the head is block ${header.number}, ${hash}${note}\n`,
  );
}
