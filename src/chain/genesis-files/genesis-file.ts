/**
 * Genesis files, as geth, reth and Anvil (`--init`) write them: what a chain begins with.
 *
 *   {"config": {"chainId", forks...}, "alloc": {accounts...}, "gasLimit", "difficulty", ...}
 *
 * The block's hash must come out as everybody else's, so nothing is guessed: what is unknown,
 * negative, twice there or of a wrong length is refused with its path. Where a header field is
 * given that the fork of the first block does not have, it is left out, as geth does.
 */

import { type JsonField, type JsonObject, readJson } from '../../base/json-field.ts';
import type { Address, Hash, StateChanges } from '../../evm/types.ts';
import type { ChainBlock } from '../block-tree.ts';
import { firstBlock, genesisHeader } from '../blocks/genesis.ts';
import type { BlockHeader } from '../blocks/header.ts';
import { type ChainSpec, ForkTimeline } from '../chain-spec.ts';
import { readAccounts } from './accounts.ts';
import { readConfig } from './chain-config.ts';
import { GenesisError } from './fault.ts';

export interface GenesisFile {
  readonly spec: ChainSpec;
  readonly block: ChainBlock;
  readonly state: StateChanges;
}

const U64_MAX = 2n ** 64n - 1n;
const WORD_MAX = 2n ** 256n - 1n;

const FIELDS = [
  'config',
  'alloc',
  'nonce',
  'timestamp',
  'extraData',
  'gasLimit',
  'difficulty',
  'mixHash',
  'coinbase',
  'number',
  'gasUsed',
  'parentHash',
  'baseFeePerGas',
  'blobGasUsed',
  'excessBlobGas',
  'slotNumber',
  'stateRoot',
];
const KNOWN = new Set(FIELDS.map((name) => name.toLowerCase()));

/** @throws JsonError, GenesisError naming the path of what is not as it should be */
export function parseGenesis(text: string): GenesisFile {
  const file = readJson(text).object();
  for (const [name, { path }] of file.entries()) {
    if (KNOWN.has(name)) continue;
    const known = `a genesis file has ${FIELDS.join(', ')}`;
    throw new GenesisError('genesis/unknown field', path, `is unknown: ${known}`);
  }
  const number = integer(file, 'number', U64_MAX) ?? 0n;
  const timestamp = integer(file, 'timestamp', U64_MAX) ?? 0n;
  const difficulty = file.get('difficulty').integer(WORD_MAX);
  const spec = readConfig(file.get('config').object(), { number, timestamp, difficulty });
  const state = readAccounts(file.get('alloc').object());
  const stateRoot = state.root();
  checkRoot(file.get('stateRoot'), stateRoot);
  const header = genesisHeader(spec, {
    stateRoot,
    number,
    timestamp,
    difficulty,
    ...readHeader(file),
    ...readForkFields(file, spec, { number, timestamp }),
  });
  return { spec, block: firstBlock(header), state: state.asChanges() };
}

type Given = Pick<BlockHeader, 'gasLimit' | 'coinbase'> & Partial<BlockHeader>;

function readHeader(file: JsonObject): Given {
  const limit = file.get('gasLimit');
  const gasLimit = limit.integer(U64_MAX);
  // Geth takes 4,712,388 then, reth takes zero: two hashes of one file.
  if (gasLimit === 0n) throw limit.refusal('an integer above 0');
  const coinbase = file.get('coinbase');
  const extraData = file.get('extraData');
  const nonce = integer(file, 'nonce', U64_MAX) ?? 0n;
  const [parentHash, mixHash] = ['parentHash', 'mixHash'].map((name) => file.get(name)) as [
    JsonField,
    JsonField,
  ];
  return {
    gasLimit,
    gasUsed: integer(file, 'gasUsed', U64_MAX) ?? 0n,
    coinbase: (coinbase.isAbsent ? `0x${'00'.repeat(20)}` : coinbase.fixedBytes(20)) as Address,
    nonce: `0x${nonce.toString(16).padStart(16, '0')}`,
    ...(extraData.isAbsent ? {} : { extraData: `0x${extraData.bytes().toHex()}` }),
    ...(parentHash.isAbsent ? {} : { parentHash: parentHash.fixedBytes(32) }),
    ...(mixHash.isAbsent ? {} : { mixHash: mixHash.fixedBytes(32) }),
  };
}

/** What a header has from London on, as far as it is given. */
function readForkFields(
  file: JsonObject,
  spec: ChainSpec,
  place: { readonly number: bigint; readonly timestamp: bigint },
): Partial<BlockHeader> {
  const { is } = new ForkTimeline(spec).at({ ...place, parentTotalDifficulty: 0n });
  const rows = [
    ['baseFeePerGas', 'london', WORD_MAX],
    ['blobGasUsed', 'cancun', U64_MAX],
    ['excessBlobGas', 'cancun', U64_MAX],
    ['slotNumber', 'amsterdam', U64_MAX],
  ] as const;
  const fields = rows.flatMap(([name, fork, max]) => {
    const value = integer(file, name, max);
    return value === undefined || !is(fork) ? [] : [[name, value] as const];
  });
  return Object.fromEntries(fields);
}

function integer(file: JsonObject, name: string, max: bigint): bigint | undefined {
  const field = file.get(name);
  return field.isAbsent ? undefined : field.integer(max);
}

/** A root that the file names must be the one that its accounts have. */
function checkRoot(field: JsonField, stateRoot: Hash): void {
  if (field.isAbsent) return;
  const given = field.fixedBytes(32);
  if (given === stateRoot) return;
  const message = `is ${given}, but the accounts have the root ${stateRoot}`;
  throw new GenesisError(
    'genesis/wrong root',
    field.path,
    `${message}: correct it, or leave it out`,
  );
}
