/**
 * `ironfly prove` and `ironfly verify-proof`: what `eth_getProof` answers, made of a file's state
 * or of a block in a database, and checked.
 */

import type { Command } from 'commander';
import type { JsonField } from '../base/json-field.ts';
import { quantity } from '../chain/json/transaction-json.ts';
import type { Address, Hash } from '../evm/types.ts';
import { accountProofOf } from '../proofs/account-proof.ts';
import { proveAccount } from '../proofs/chain-proofs.ts';
import { StateProver } from '../proofs/state-prover.ts';
import { ProofError } from '../proofs/trie-node.ts';
import { type AccountProof, verifyProof } from '../proofs/verify.ts';
import { type BlockName, parseBlockName, withBlockOf } from './chain-block.ts';
import { readJsonFile } from './input-file.ts';
import { databaseOption, parseAddress, parseHash } from './options.ts';
import { printJson } from './print.ts';
import { readStateFile } from './run/state-file.ts';

const EXAMPLES = `
Prints one line: {"stateRoot", "proof"}, where "proof" is what eth_getProof answers; of a database
the number and the hash of the block, too. The state is a file's, or that of a block in a database.

Examples:
  ironfly prove 0xc0de000000000000000000000000000000000000 0 1 --state genesis.json > proof.json
  ironfly prove 0xc0de000000000000000000000000000000000000 0 --db my-chain --block 17
  ironfly verify-proof proof.json --root 0x...
`;

interface ProveOptions {
  readonly state?: string;
  readonly db?: string;
  readonly block: BlockName;
}

/** Adds the commands to the program. */
export function register(program: Command): void {
  program
    .command('prove')
    .description('prove an account and slots of it, present or absent, by the state’s root')
    .argument('<address>', 'the account', parseAddress)
    .argument('[slots...]', 'slots, in decimal or with 0x')
    .option('--state <file>', 'accounts: JSON by address, alone, `alloc` or `pre`')
    .addOption(databaseOption())
    .option('--block <name>', 'of the database: number, hash or `latest`', parseBlockName, 'latest')
    .addHelpText('after', EXAMPLES)
    .action(async (address: Address, given: readonly string[], options: ProveOptions) => {
      const { state, db, block } = options;
      const slots = given.map(parseSlot);
      if ((state === undefined) === (db === undefined)) {
        throw new TypeError('name one of --state and --db: what the proof is made of');
      }
      if (db === undefined) printJson(proveFile(address, slots, state as string));
      else printJson(await proveInDatabase(address, slots, { db, block }));
    });
  program
    .command('verify-proof')
    .description('hold a proof of eth_getProof against a state root')
    .argument('<file>', 'JSON: the answer of eth_getProof, or what `ironfly prove` prints')
    .requiredOption('--root <hash>', 'the state root that is trusted', parseHash)
    .action((path: string, { root }: { root: Hash }) => {
      process.exitCode = verify(path, root);
    });
}

function proveFile(address: Address, slots: readonly bigint[], path: string): unknown {
  const prover = new StateProver(readStateFile(path));
  const proof = accountProofOf(prover, address, slots);
  return { stateRoot: prover.accountTrie.root(), proof };
}

function proveInDatabase(
  address: Address,
  slots: readonly bigint[],
  { db, block }: { readonly db: string; readonly block: BlockName },
): Promise<unknown> {
  return withBlockOf(db, block, async (chain, { hash, header }) => ({
    number: header.number,
    hash,
    stateRoot: header.stateRoot,
    proof: await proveAccount(chain, { block: hash, address, slots }),
  }));
}

/** The exit code: 1 for what does not prove what it says. */
function verify(path: string, stateRoot: Hash): number {
  const proof = readProof(path);
  try {
    const { account, storage } = verifyProof({ stateRoot, address: proof.address, proof });
    const { nonce, balance, storageRoot, codeHash } = account ?? {};
    printJson({
      proven: true,
      address: proof.address,
      exists: account !== undefined,
      nonce,
      balance,
      storageRoot,
      codeHash,
      storage: Object.fromEntries(
        Array.from(storage, ([slot, value]) => [quantity(slot), quantity(value)] as const),
      ),
    });
    return 0;
  } catch (error) {
    if (!(error instanceof ProofError)) throw error;
    printJson({ proven: false, address: proof.address, code: error.code, error: error.message });
    return 1;
  }
}

function readProof(path: string): AccountProof {
  return readJsonFile(path, (whole) => {
    const inside = ['proof', 'result'].map((name) => whole.get(name)).find((it) => !it.isAbsent);
    const proof = inside?.object() ?? whole;
    const text = (name: string) => proof.get(name).text() as Hash;
    return {
      address: proof.get('address').fixedBytes(20),
      accountProof: texts(proof.get('accountProof')),
      balance: text('balance'),
      nonce: text('nonce'),
      codeHash: text('codeHash'),
      storageHash: text('storageHash'),
      storageProof: proof
        .get('storageProof')
        .list()
        .map((item) => {
          const slot = item.object();
          const [key, value] = [slot.get('key').text() as Hash, slot.get('value').text() as Hash];
          return { key, value, proof: texts(slot.get('proof')) };
        }),
    };
  });
}

function texts(field: JsonField): Hash[] {
  return field.list().map((item) => item.text() as Hash);
}

function parseSlot(given: string): bigint {
  const slot = /^(0x[0-9a-fA-F]{1,64}|\d{1,78})$/.test(given) ? BigInt(given) : -1n;
  if (slot >= 0n && slot < 1n << 256n) return slot;
  throw new TypeError(`${given} is no slot: give an integer below 2^256, in decimal or with 0x`);
}
