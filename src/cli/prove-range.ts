/** `ironfly prove-range` and `ironfly verify-range`: accounts or slots side by side. */

import type { Command } from 'commander';
import { fromHex, toHex } from '../base/bytes.ts';
import type { Address, Hash } from '../evm/types.ts';
import { proveAccountRange, proveStorageRange } from '../proofs/chain-proofs.ts';
import { type RangeProof, verifyRange } from '../proofs/range-proof.ts';
import { ProofError } from '../proofs/trie-node.ts';
import { type BlockName, parseBlockName, withBlockOf } from './chain-block.ts';
import { readJsonFile } from './input-file.ts';
import { databaseOption, parseAddress, parseHash, wholeNumber } from './options.ts';
import { printJson } from './print.ts';

const EXAMPLES = `
Prints one line: {"number", "hash", "stateRoot", "root", "start", "entries": [{"key", "value"}],
"proof"}. Keys are Keccak-256 of addresses or slots, values the leaves' RLP; "root" is that of the
account's storage with --account.

Examples:
  ironfly prove-range --db my-chain --count 100 > range.json
  ironfly prove-range --db my-chain --account 0xc0de... --start 0x8000...
  ironfly verify-range range.json --root 0x...
`;

interface Options {
  readonly db: string;
  readonly block: BlockName;
  readonly account?: Address;
  readonly start: Hash;
  readonly count: number;
}

const FIRST: Hash = `0x${'00'.repeat(32)}`;
/** More in one answer would only be held in memory: the next range goes on behind the last. */
const COUNT_MAX = 100_000;

/** Adds the commands to the program. */
export function register(program: Command): void {
  program
    .command('prove-range')
    .description(
      'prove accounts, or slots of one, that follow each other, and that none is left out',
    )
    .addOption(databaseOption().makeOptionMandatory())
    .option('--block <name>', 'number, hash or `latest`', parseBlockName, 'latest')
    .option('--account <address>', 'slots of this account instead of accounts', parseAddress)
    .option('--start <key>', 'where the range begins', parseHash, FIRST)
    .option('--count <n>', `entries at most, up to ${COUNT_MAX}`, wholeNumber(1, COUNT_MAX), 1_000)
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options) => printJson(await prove(options)));
  program
    .command('verify-range')
    .description('hold a range against its trie’s root')
    .argument('<file>', 'JSON: what `ironfly prove-range` prints')
    .requiredOption('--root <hash>', 'the root that is trusted', parseHash)
    .action((path: string, { root }: { root: Hash }) => {
      process.exitCode = verify(path, root);
    });
}

function prove({ db, block: name, account, start, count }: Options): Promise<unknown> {
  return withBlockOf(db, name, async (chain, { hash: block, header }) => {
    const request = { block, start: fromHex(start), countMax: count };
    const { root, entries, proof } = await (account === undefined
      ? proveAccountRange(chain, request)
      : proveStorageRange(chain, { ...request, address: account }));
    return {
      number: header.number,
      hash: block,
      stateRoot: header.stateRoot,
      root,
      start,
      entries: entries.map(({ key, value }) => ({ key: toHex(key), value: toHex(value) })),
      proof: proof.map(toHex),
    };
  });
}

/** The exit code: 1 for what does not prove what it says. */
function verify(path: string, root: Hash): number {
  const { start, range } = readRange(path);
  try {
    const { more } = verifyRange(root, fromHex(start), range);
    printJson({ proven: true, start, entries: range.entries.length, more });
    return 0;
  } catch (error) {
    if (!(error instanceof ProofError)) throw error;
    printJson({ proven: false, start, code: error.code, error: error.message });
    return 1;
  }
}

function readRange(path: string): { readonly start: Hash; readonly range: RangeProof } {
  return readJsonFile(path, (whole) => ({
    start: whole.get('start').fixedBytes(32),
    range: {
      entries: whole
        .get('entries')
        .list()
        .map((item) => {
          const entry = item.object();
          return { key: entry.get('key').bytes(), value: entry.get('value').bytes() };
        }),
      proof: whole
        .get('proof')
        .list()
        .map((node) => node.bytes()),
    },
  }));
}
