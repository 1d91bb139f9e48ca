/**
 * Fuzz of what reads bytes from strangers or from a disk: blocks, headers, transactions, receipts,
 * access lists, records of the block log, changes, nodes of tries, proofs and witnesses; and what
 * is in files (file-decoders.ts).
 *
 *   npm run fuzz:decoders -- --seconds 60 --seed 7
 *
 * Inputs are random bytes and real encodings that were changed: bytes, lengths that lie, parts
 * that come twice, nesting, ends cut off. A decoder gives a value or its own refusal, in bounded
 * time; anything else ends the run with the seed and the input.
 */
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { IronflyError } from '../../src/base/errors.ts';
import { decodeRlp, encodeRlp, type RlpItem, rlpInteger } from '../../src/base/rlp.ts';
import {
  type BlockAccessList,
  decodeAccessList,
  encodeAccessList,
} from '../../src/chain/blocks/access-list.ts';
import { decodeBlock, encodeBlock } from '../../src/chain/blocks/block.ts';
import { firstBlock, genesisHeader } from '../../src/chain/blocks/genesis.ts';
import { decodeHeader, encodeHeader } from '../../src/chain/blocks/header.ts';
import { decodeReceipt, encodeReceipt, type Receipt } from '../../src/chain/blocks/receipt.ts';
import {
  decodeRecord,
  encodeBlockRecord,
  encodeHead,
  readStored,
} from '../../src/chain/database/records.ts';
import { BLANK_TRANSACTION } from '../../src/chain/transactions/blank.ts';
import { decodeTransaction } from '../../src/chain/transactions/decode.ts';
import { encodeTransaction } from '../../src/chain/transactions/encode.ts';
import type { TransactionType } from '../../src/chain/transactions/types.ts';
import type { Address, Hash } from '../../src/evm/types.ts';
import { decodeNode, encodeNode } from '../../src/proofs/trie-node.ts';
import { verifyMerkleProof } from '../../src/proofs/verify.ts';
import { ancestorsOf } from '../../src/proofs/witness.ts';
import { decodeChanges, encodeChanges } from '../../src/state/change-codec.ts';
import { MemoryState } from '../../src/state/memory.ts';
import { randomFrom } from '../crash/random.ts';
import type { Decoder } from './decoder.ts';
import { FILE_DECODERS } from './file-decoders.ts';

type Random = ReturnType<typeof randomFrom>;

/** Longest that one input may take; a few kilobytes take microseconds. */
const MILLISECONDS_MAX = 2_000;
const BYTES_MAX = 4_096;

const ADDRESS: Address = `0x${'ab'.repeat(20)}`;
const HASH: Hash = `0x${'cd'.repeat(32)}`;

const transactions = [0, 1, 2, 3, 4].map((type) =>
  encodeTransaction({
    ...BLANK_TRANSACTION,
    type: type as TransactionType,
    chainId: type === 0 ? 0n : 1n,
    gasLimit: 21_000n,
    to: ADDRESS,
    data: new Uint8Array(70).fill(5),
    accessList: [{ address: ADDRESS, storageKeys: [HASH, HASH] }],
    blobVersionedHashes: [HASH],
    authorizationList: [{ chainId: 1n, address: ADDRESS, nonce: 2n, yParity: 1n, r: 7n, s: 9n }],
    v: 27n,
    r: 2n ** 255n,
    s: 12n,
  }),
);

const receipt: Receipt = {
  type: 2,
  succeeded: true,
  stateRoot: undefined,
  cumulativeGasUsed: 21_000n,
  gasUsed: 21_000n,
  bloom: new Uint8Array(256),
  logs: [{ address: ADDRESS, topics: [HASH], data: new Uint8Array(40).fill(1) }],
  contractAddress: undefined,
};

const accessList: BlockAccessList = [
  {
    address: ADDRESS,
    storageChanges: [[5n, [{ index: 1, value: 7n }]]],
    storageReads: [9n],
    balanceChanges: [{ index: 0, value: 1n }],
    nonceChanges: [{ index: 2, value: 3n }],
    codeChanges: [{ index: 2, value: new Uint8Array(9) }],
  },
];

const header = genesisHeader(
  { chainId: 1n, forks: [{ fork: 'amsterdam' }] },
  { coinbase: ADDRESS, gasLimit: 30_000_000n, stateRoot: HASH },
);
const withdrawals = [{ index: 1n, validatorIndex: 2n, address: ADDRESS, amount: 3n }];
const block = { ...firstBlock(header), transactions, uncles: [header], withdrawals };
const receipts = [receipt, { ...receipt, type: 0 as const, cumulativeGasUsed: 42_000n }];

function changes(): Uint8Array {
  const state = new MemoryState();
  const code = new Uint8Array(30).fill(3);
  state.setAccount(ADDRESS, { nonce: 1n, balance: 2n ** 80n, code, storage: [[1n, 2n]] });
  return encodeChanges(state.asChanges());
}

const moves = { forward: changes(), reverse: changes() };
const leaf = encodeNode({ kind: 'leaf', path: new Uint8Array(64), value: new Uint8Array(40) });

function record(): Uint8Array {
  return encodeBlockRecord({ ...block, receipts, accessList }, encodeBlock(block), moves);
}

/** The refusal of a decoder that gives it as a value. */
const accepted = ({ ok }: { readonly ok: boolean }): boolean => ok;
/** What does not throw is accepted. */
const whole = (decode: (bytes: Uint8Array) => unknown) => (bytes: Uint8Array) => {
  decode(bytes);
  return true;
};

function itemOf(bytes: Uint8Array): RlpItem {
  const result = decodeRlp(bytes);
  if (!result.ok) throw new IronflyError('fuzz/rlp', result.reason);
  return result.item;
}

export const DECODERS: readonly Decoder[] = [
  { name: 'rlp', seeds: [encodeBlock(block)], decode: (bytes) => accepted(decodeRlp(bytes)) },
  { name: 'block', seeds: [encodeBlock(block)], decode: whole(decodeBlock) },
  {
    name: 'header',
    seeds: [encodeHeader(header)],
    decode: whole((bytes) => decodeHeader(itemOf(bytes))),
  },
  {
    name: 'transaction',
    seeds: transactions,
    decode: (bytes) => accepted(decodeTransaction(bytes)),
  },
  { name: 'receipt', seeds: receipts.map(encodeReceipt), decode: whole(decodeReceipt) },
  { name: 'access list', seeds: [encodeAccessList(accessList)], decode: whole(decodeAccessList) },
  { name: 'changes', seeds: [changes()], decode: whole(decodeChanges) },
  {
    name: 'record',
    seeds: [record(), encodeHead(HASH)],
    decode: whole((bytes) => {
      const content = decodeRecord(bytes);
      if (content.kind === 'head') return;
      readStored(content.stored);
      decodeChanges(content.moves.forward);
      decodeChanges(content.moves.reverse);
    }),
  },
  {
    name: 'node',
    seeds: [leaf],
    decode: whole((bytes) => decodeNode(bytes, { path: new Uint8Array(), keyNibbles: 64 })),
  },
  {
    name: 'proof',
    isBare: true,
    seeds: [encodeRlp([leaf, leaf])],
    decode: whole((bytes) => {
      const item = itemOf(bytes);
      const proof = item instanceof Uint8Array ? [item] : item.flat(9).filter(isBytes);
      verifyMerkleProof({ root: HASH, key: new Uint8Array(32), proof });
    }),
  },
  {
    name: 'witness',
    isBare: true,
    seeds: [encodeRlp([encodeHeader(header)])],
    decode: whole((bytes) => {
      const item = itemOf(bytes);
      const headers = item instanceof Uint8Array ? [item] : item.flat(9).filter(isBytes);
      ancestorsOf({ state: [], codes: [], headers }, HASH);
    }),
  },
  ...FILE_DECODERS,
];

function isBytes(item: unknown): item is Uint8Array {
  return item instanceof Uint8Array;
}

/** An input for a decoder: random bytes, or a real encoding that was changed. */
export function inputFor({ seeds }: Decoder, random: Random): Uint8Array {
  if (random(8) === 0) return randomBytes(random(300), random);
  let bytes = Array.from(seeds[random(seeds.length)] as Uint8Array);
  for (let count = random(4); count >= 0; count--) bytes = changed(bytes, random);
  return Uint8Array.from(bytes.slice(0, BYTES_MAX));
}

function changed(bytes: number[], random: Random): number[] {
  const at = random(bytes.length + 1);
  const part = bytes.slice(at, at + random(60));
  switch (random(9)) {
    case 0:
      return bytes.toSpliced(at, 1, random(256));
    case 1:
      return bytes.slice(0, at);
    case 2:
      return bytes.toSpliced(at, 0, ...part);
    case 3:
      return bytes.toSpliced(at, part.length);
    case 4:
      // A length that lies: of up to eight bytes.
      return bytes.toSpliced(at, 1, [0xbf, 0xff, 0xb8, 0xf8][random(4)] as number, 0xff, 0xff);
    case 5:
      return [...Array.from({ length: random(2_000) }, () => 0xc1), ...bytes];
    case 6:
      return bytes.toSpliced(at, 0, ...Array.from({ length: random(200) }, () => 0x5b));
    case 7:
      // A digit, sign or bracket of a text.
      return bytes.toSpliced(at, 1, '0123456789-.eE+"\\[]{}:,x'.charCodeAt(random(25)));
    default:
      return Array.from(encodeRlp([Uint8Array.from(bytes), rlpInteger(BigInt(random(300)))]));
  }
}

function randomBytes(length: number, random: Random): Uint8Array {
  return Uint8Array.from({ length }, () => random(256));
}

/** Holds one input against a decoder. @throws Error that gives the input */
export async function tryInput({ name, decode }: Decoder, bytes: Uint8Array): Promise<boolean> {
  const started = performance.now();
  const before = bytes.toHex();
  let accepts = false;
  try {
    accepts = await decode(bytes);
  } catch (error) {
    if (!(error instanceof IronflyError)) {
      throw new Error(`${name}: ${String(error)}: 0x${before}`, { cause: error });
    }
  }
  const milliseconds = performance.now() - started;
  if (milliseconds > MILLISECONDS_MAX) {
    throw new Error(`${name}: ${milliseconds.toFixed()} ms: 0x${before}`);
  }
  if (bytes.toHex() !== before) throw new Error(`${name} wrote to its input: 0x${before}`);
  return accepts;
}

export interface DecoderCount {
  readonly name: string;
  inputs: number;
  accepted: number;
}

/** Inputs tried and accepted, by decoder. */
export async function fuzzDecoders(
  seed: number,
  isOver: (inputs: number) => boolean,
): Promise<DecoderCount[]> {
  const random = randomFrom(seed);
  const counts: DecoderCount[] = DECODERS.map(({ name }) => ({ name, inputs: 0, accepted: 0 }));
  for (let inputs = 0; !isOver(inputs); inputs++) {
    const index = inputs % DECODERS.length;
    const decoder = DECODERS[index] as Decoder;
    const count = counts[index] as DecoderCount;
    count.inputs += 1;
    if (await tryInput(decoder, inputFor(decoder, random))) count.accepted += 1;
  }
  return counts;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } },
  });
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  console.log(`seed ${seed}`);
  const end = performance.now() + 1000 * Number(values.seconds);
  console.table(await fuzzDecoders(seed, () => performance.now() >= end));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
