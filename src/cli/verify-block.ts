/** `ironfly verify-block`: a block executed upon its witness, without any state. */

import type { Command } from 'commander';
import { InvalidBlock } from '../chain/blocks/fault.ts';
import type { ChainSpec } from '../chain/chain-spec.ts';
import { MAINNET } from '../chain/networks.ts';
import { verifyBlock } from '../proofs/stateless.ts';
import { ProofError } from '../proofs/trie-node.ts';
import type { Witness } from '../proofs/witness.ts';
import { parseHex } from './contract.ts';
import { readInputFile, readJsonFile, TEXT_BYTES_MAX } from './input-file.ts';
import { parseNetwork } from './network.ts';
import { printJson } from './print.ts';

const EXAMPLES = `
The block is RLP, in a file or as hexadecimal digits in one. The witness is JSON with "state",
"codes" and "headers", lists of hexadecimal bytes (reth’s debug_executionWitness); the headers
lead up to the parent's.

Prints one line. "verdict" is "valid", or "invalid" where the block breaks a rule, or "unproven"
where the witness is lacking or wrong: nothing is known of the block then. Exit code: 0 for a valid
block, 1 for any other.

Examples:
  ironfly verify-block block.rlp witness.json
  ironfly verify-block block.hex witness.json --network Prague
`;

interface Options {
  readonly network: ChainSpec;
}

/** Adds the command to the program. */
export function register(program: Command): void {
  program
    .command('verify-block')
    .description('execute a block upon its witness, without any state')
    .argument('<block>', 'a file: the block’s RLP')
    .argument('<witness>', 'a file: the witness as JSON')
    .option('--network <name>', '`mainnet`, or a fork that holds from the start', parseNetwork)
    .addHelpText('after', EXAMPLES)
    .action(async (block: string, witness: string, { network = MAINNET }: Partial<Options>) => {
      process.exitCode = await verify(readBlock(block), readWitness(witness), network);
    });
}

async function verify(block: Uint8Array, witness: Witness, spec: ChainSpec): Promise<number> {
  const answer = await verdictOn(block, witness, spec);
  printJson(answer);
  return answer.verdict === 'valid' ? 0 : 1;
}

interface Answer {
  readonly verdict: 'valid' | 'invalid' | 'unproven';
  readonly [field: string]: unknown;
}

async function verdictOn(bytes: Uint8Array, witness: Witness, spec: ChainSpec): Promise<Answer> {
  try {
    const { block, outcome } = await verifyBlock({ spec }, bytes, witness);
    return {
      verdict: 'valid',
      number: block.header.number,
      hash: block.hash,
      stateRoot: block.header.stateRoot,
      transactions: block.transactions.length,
      gasUsed: outcome.gasUsed,
    };
  } catch (error) {
    const isVerdict = error instanceof InvalidBlock || error instanceof ProofError;
    if (!isVerdict) throw error;
    const verdict = error instanceof InvalidBlock ? 'invalid' : 'unproven';
    return { verdict, code: error.code, error: error.message };
  }
}

/** RLP of a list begins with a byte that no text begins with. */
const LIST = 0xc0;

function readBlock(path: string): Uint8Array {
  const source = readInputFile(path, TEXT_BYTES_MAX);
  if ((source[0] ?? 0) >= LIST) return source;
  try {
    return parseHex(new TextDecoder().decode(source).trim());
  } catch (error) {
    throw new TypeError(`${path} is no block: ${(error as Error).message}`);
  }
}

function readWitness(path: string): Witness {
  return readJsonFile(path, (whole) => {
    const names = ['executionWitness', 'result'];
    const inside = names.map((name) => whole.get(name)).find((each) => !each.isAbsent);
    const witness = inside?.object() ?? whole;
    const all = (name: string) =>
      witness
        .get(name)
        .list()
        .map((item) => item.bytes());
    return { state: all('state'), codes: all('codes'), headers: all('headers') };
  });
}
