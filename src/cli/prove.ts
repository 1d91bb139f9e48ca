/**
 * `ironfly prove` and `ironfly verify-proof`: what `eth_getProof` answers, made of a file's state
 * or of a block in a database, and checked.
 */

import { type Command, InvalidArgumentError } from 'commander';
import type { Address, Hash } from '../evm/types.ts';
import { accountProofOf } from '../proofs/account-proof.ts';
import { proveAccount } from '../proofs/chain-proofs.ts';
import { StateProver } from '../proofs/state-prover.ts';
import { ProofError } from '../proofs/trie-node.ts';
import { type AccountProof, verifyProof } from '../proofs/verify.ts';
import { MemoryState } from '../state/memory.ts';
import { type BlockName, parseBlockName, withBlockOf } from './chain-block.ts';
import { hash, type JsonObject, list, object, text } from './fixture-json.ts';
import { readJsonFile } from './json-file.ts';
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
    .option('--db <folder>', 'the database of a chain')
    .option('--block <name>', 'of the database: number, hash or `latest`', parseBlockName, 'latest')
    .addHelpText('after', EXAMPLES)
    .action(async (address: Address, given: readonly string[], options: ProveOptions) => {
      const { state, db, block } = options;
      const slots = given.map(parseSlot);
      if ((state === undefined) === (db === undefined)) {
        throw new TypeError('name one of --state and --db: what the proof is made of');
      }
      if (db === undefined) print(proveFile(address, slots, state as string));
      else print(await proveInDatabase(address, slots, { db, block }));
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

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function proveFile(address: Address, slots: readonly bigint[], path: string): unknown {
  const state = new MemoryState();
  for (const [each, account] of readStateFile(path)) state.setAccount(each, account);
  const prover = new StateProver(state);
  const proof = accountProofOf(prover, address, slots);
  return { stateRoot: prover.accountTrie.root(), proof };
}

function proveInDatabase(
  address: Address,
  slots: readonly bigint[],
  { db, block }: { readonly db: string; readonly block: BlockName },
): Promise<unknown> {
  return withBlockOf(db, block, async (chain, { hash, header }) => ({
    number: header.number.toString(),
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
    print({
      proven: true,
      address: proof.address,
      exists: account !== undefined,
      nonce: nonce?.toString(),
      balance: balance?.toString(),
      storageRoot,
      codeHash,
      storage: Object.fromEntries(
        Array.from(storage, ([slot, value]) => [hex(slot), hex(value)] as const),
      ),
    });
    return 0;
  } catch (error) {
    if (!(error instanceof ProofError)) throw error;
    print({ proven: false, address: proof.address, code: error.code, error: error.message });
    return 1;
  }
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

function readProof(path: string): AccountProof {
  return readJsonFile(path, (whole) => {
    const proof = object(whole['proof'] ?? whole['result'] ?? whole, '');
    const field = (name: string) => text(proof[name], name) as Hash;
    return {
      address: field('address'),
      accountProof: nodes(proof, 'accountProof'),
      balance: field('balance'),
      nonce: field('nonce'),
      codeHash: field('codeHash'),
      storageHash: field('storageHash'),
      storageProof: list(proof['storageProof'], 'storageProof', (value, at) => {
        const slot = object(value, at);
        return {
          key: text(slot['key'], `${at}.key`) as Hash,
          value: text(slot['value'], `${at}.value`) as Hash,
          proof: nodes(slot, 'proof'),
        };
      }),
    };
  });
}

function nodes(from: JsonObject, name: string): Hash[] {
  return list(from[name], name, text) as Hash[];
}

export function parseAddress(given: string): Address {
  if (/^0x[0-9a-fA-F]{40}$/.test(given)) return given.toLowerCase() as Address;
  throw new InvalidArgumentError('an address is 0x and 40 hexadecimal digits.');
}

export function parseHash(given: string): Hash {
  try {
    return hash(given, 'the root');
  } catch {
    throw new InvalidArgumentError('a hash is 0x and 64 hexadecimal digits.');
  }
}

function parseSlot(given: string): bigint {
  const slot = /^(0x[0-9a-fA-F]{1,64}|\d{1,78})$/.test(given) ? BigInt(given) : -1n;
  if (slot >= 0n && slot < 1n << 256n) return slot;
  throw new TypeError(`${given} is no slot: give an integer below 2^256, in decimal or with 0x`);
}
