/**
 * Decoders of the files that strangers make: snapshots, blocks in RLP and JSON, genesis files, the
 * chain in a snapshot's head, ranges and witnesses. Where a hash or a checksum would refuse what
 * was changed before it is read, it is put right, so that what lies behind it is read.
 */

import { createHash } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { concatBytes, type Hex, toHex } from '../../src/base/bytes.ts';
import { IronflyError } from '../../src/base/errors.ts';
import { parseJson } from '../../src/base/json.ts';
import { keccak256 } from '../../src/base/keccak.ts';
import { decodeRlp, encodeRlp } from '../../src/base/rlp.ts';
import { parseAnvilState } from '../../src/chain/anvil-files/read-state.ts';
import { ByteStream } from '../../src/chain/block-files/byte-stream.ts';
import { jsonTexts } from '../../src/chain/block-files/json-texts.ts';
import { rlpBlocks } from '../../src/chain/block-files/rlp-blocks.ts';
import type { ChainBlock } from '../../src/chain/block-tree.ts';
import { encodeBlock } from '../../src/chain/blocks/block.ts';
import { firstBlock, genesisHeader } from '../../src/chain/blocks/genesis.ts';
import { decodeChainSpec, encodeChainSpec } from '../../src/chain/chain-spec-json.ts';
import { storedItems } from '../../src/chain/database/records.ts';
import { parseGenesis } from '../../src/chain/genesis-files/genesis-file.ts';
import { blockJson, headerJson, readBlockJson } from '../../src/chain/json/block-json.ts';
import { MAINNET } from '../../src/chain/networks.ts';
import { AncestorChain } from '../../src/chain/snapshot/ancestors.ts';
import {
  BLOCKS,
  checksumOf,
  packChunk,
  packEnd,
  SnapshotReader,
  STATE,
} from '../../src/chain/snapshot/chunks.ts';
import { decodeHead, encodeHead, HEAD_BYTES, headChecksum } from '../../src/chain/snapshot/head.ts';
import { StateCheck } from '../../src/chain/snapshot/state-check.ts';
import type { Address } from '../../src/evm/types.ts';
import { proveRange, verifyRange } from '../../src/proofs/range-proof.ts';
import { StateProver } from '../../src/proofs/state-prover.ts';
import { WitnessSources } from '../../src/proofs/witness.ts';
import { WitnessState } from '../../src/proofs/witness-state.ts';
import { encodeChanges } from '../../src/state/change-codec.ts';
import type { LogFile } from '../../src/state/log/files.ts';
import { MemoryFiles } from '../../src/state/log/memory-files.ts';
import { MemoryState } from '../../src/state/memory.ts';
import type { Decoder } from './decoder.ts';

const ADDRESS: Address = `0x${'ab'.repeat(20)}`;
const CODE = Uint8Array.of(0x60, 0x01);
const utf8 = new TextEncoder();

const state = new MemoryState();
for (let index = 1; index < 20; index++) {
  const storage =
    index === 7 ? Array.from({ length: 30 }, (_, at) => [BigInt(at), 9n] as const) : [];
  const address: Address = `0x${index.toString(16).padStart(2, '0').repeat(20)}`;
  state.setAccount(address, { nonce: 1n, balance: BigInt(index), code: CODE, storage });
}

const spec = { chainId: 5n, forks: [{ fork: 'prague' }] } as const;
const given = { coinbase: ADDRESS, gasLimit: 30_000_000n, stateRoot: state.root() };
const parent = firstBlock(genesisHeader(spec, given));
const block: ChainBlock = {
  ...firstBlock(genesisHeader(spec, { ...given, number: 1n, parentHash: parent.hash })),
};
const changes = state.asChanges();
const counts = { accounts: 19n, slots: 30n, codes: 1n, ancestors: 1n };
const head = { block, spec, counts };
const headBytes = encodeHead(head);
const stored = encodeRlp([encodeRlp(storedItems(parent, encodeBlock(parent)))]);
const parts = [
  { kind: BLOCKS, content: stored },
  { kind: STATE, content: encodeChanges({ accounts: new Map(), codes: changes.codes }) },
  { kind: STATE, content: encodeChanges({ accounts: changes.accounts, codes: new Map() }) },
] as const;

function snapshot(): Uint8Array {
  const pieces = [headBytes];
  let before = headChecksum(headBytes);
  for (const part of parts) {
    const packed = packChunk(part, before);
    before = checksumOf(packed);
    pieces.push(packed);
  }
  return concatBytes(...pieces, packEnd(before));
}

/** A head whose size and checksum are those of the payload. */
function startOf(payload: Uint8Array): Uint8Array {
  const start = headBytes.slice(0, HEAD_BYTES);
  new DataView(start.buffer).setUint32(20, payload.length, true);
  start.set(createHash('sha256').update(payload).digest(), HEAD_BYTES - 32);
  return start;
}

/** A snapshot of one chunk whose sizes and checksum are those of the bytes, which are packed. */
function withChunk(bytes: Uint8Array): Uint8Array {
  const packed = bytes.subarray(4);
  const frame = new Uint8Array(40);
  const view = new DataView(frame.buffer);
  view.setUint32(0, packed.length, true);
  view.setUint32(4, new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true), true);
  const before = headChecksum(headBytes);
  const sums = [before, frame.subarray(0, 8), packed];
  frame.set(sums.reduce((hash, each) => hash.update(each), createHash('sha256')).digest(), 8);
  return concatBytes(headBytes, frame, packed);
}

async function readSnapshot(bytes: Uint8Array): Promise<void> {
  const file: LogFile = await new MemoryFiles().create('snapshot');
  await file.write(bytes, 0);
  const reader = await SnapshotReader.open(file);
  const ancestors = new AncestorChain(reader.head);
  const check = new StateCheck(reader.head.counts, () => true);
  for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) {
    if (chunk.kind === BLOCKS) ancestors.take(chunk.content);
    else check.take(chunk.content);
  }
}

/** Its bytes in pieces. */
function stream(bytes: Uint8Array): ByteStream {
  const source = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 7) yield bytes.slice(at, at + 7);
  };
  return new ByteStream(source());
}

async function all(source: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of source);
}

/** All byte strings in an RLP list, flat. */
function stringsIn(bytes: Uint8Array): Uint8Array[] {
  const result = decodeRlp(bytes);
  if (!result.ok) throw new IronflyError('fuzz/rlp', result.reason);
  const items = result.item instanceof Uint8Array ? [result.item] : result.item.flat(9);
  return items.filter((item) => item instanceof Uint8Array);
}

const hashOf = (bytes: Uint8Array): Hex => toHex(keccak256(bytes));

/** Nodes, and then keys and values by turns. */
function readRange(bytes: Uint8Array): void {
  const [count, ...strings] = stringsIn(bytes);
  const proof = strings.slice(0, count?.[0] ?? 0);
  const rest = strings.slice(proof.length);
  const entries = rest.flatMap((key, index) => {
    const value = rest[index + 1];
    return index % 2 === 0 && value !== undefined ? [{ key, value }] : [];
  });
  verifyRange(hashOf(proof[0] ?? CODE), new Uint8Array(32), { entries, proof });
}

const prover = new StateProver(state);
const { accountTrie } = prover;
const sorted = prover.accountEntries().sort((a, b) => (a.key.toHex() < b.key.toHex() ? -1 : 1));
const range = proveRange(accountTrie, sorted, { start: new Uint8Array(32), countMax: 6 });
const rangeBytes = encodeRlp([
  Uint8Array.of(range.proof.length),
  ...range.proof,
  ...range.entries.flatMap(({ key, value }) => [key, value]),
]);
const SEVENTH: Address = `0x${'07'.repeat(20)}`;

/** The first node is the root. */
function readWitness(bytes: Uint8Array): void {
  const nodes = stringsIn(bytes);
  const sources = new WitnessSources({ state: nodes, codes: nodes, headers: [] }, []);
  const partial = new WitnessState(hashOf(nodes[0] ?? CODE), sources);
  const account = partial.getAccount(SEVENTH);
  partial.getStorage(SEVENTH, 3n);
  if (account !== undefined) partial.getCode(account.codeHash);
  const storage = new Map([[3n, 0n], [99n, 4n]]); // biome-ignore format: pairs
  const change = { nonce: 2n, balance: 1n, codeHash: hashOf(CODE), storageWiped: false, storage };
  partial.apply({ accounts: new Map([[SEVENTH, change]]), codes: new Map() });
  partial.root();
}

const slotKeys = [3n, 99n].map((slot) => keccak256(fromWord(slot)));
const storageTrie = prover.storageTrie(SEVENTH);
const witnessBytes = encodeRlp([
  ...accountTrie.prove(keccak256(Uint8Array.fromHex('07'.repeat(20)))),
  ...slotKeys.flatMap((key) => storageTrie.prove(key)),
  CODE,
]);

function fromWord(slot: bigint): Uint8Array {
  return Uint8Array.fromHex(slot.toString(16).padStart(64, '0'));
}

const genesisFile = {
  config: {
    ...{ chainId: 5, homesteadBlock: 0, eip150Block: 0, eip155Block: 0, eip158Block: 0 },
    ...{ byzantiumBlock: 0, constantinopleBlock: 0, petersburgBlock: 0, istanbulBlock: 0 },
    ...{ berlinBlock: 0, londonBlock: 0, terminalTotalDifficulty: 0, shanghaiTime: 0 },
    ...{ cancunTime: 7, daoForkBlock: 9, daoForkSupport: true },
    blobSchedule: { cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 } },
  },
  ...{ difficulty: '0x0', gasLimit: '0x1c9c380', nonce: '0x42', extraData: '0x01' },
  alloc: { [ADDRESS]: { balance: '1e18', code: '0x6001', storage: { '0x1': '0x2' } } },
};
const anvilFile = {
  block: {
    ...{ number: '0x1', beneficiary: ADDRESS, timestamp: '0x0', gas_limit: 30_000_000 },
    ...{ basefee: 7, difficulty: '0x0', prevrandao: parent.hash, slot_num: 0 },
    blob_excess_gas_and_price: { excess_blob_gas: 0, blob_gasprice: 1 },
  },
  accounts: { [ADDRESS]: { nonce: 1, balance: '0x7', code: '0x6001', storage: { '0x1': '0x2' } } },
  best_block_number: 1,
  blocks: [block, parent].map(({ header }) => ({
    ...{ header: headerJson(header), transactions: [], ommers: [], withdrawals: null },
  })),
  transactions: [
    {
      info: { transaction_index: 0, contract_address: null },
      receipt: {
        ...{ type: '0x2', status: '0x1', cumulativeGasUsed: '0x5208' },
        ...{ logs: [{ address: ADDRESS, topics: [parent.hash], data: '0x01' }], logsBloom: '0x00' },
      },
      ...{ block_hash: block.hash, block_number: 1 },
    },
  ],
};
const json = (value: unknown) => utf8.encode(JSON.stringify(value));
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const whole =
  (decode: (bytes: Uint8Array) => unknown): Decoder['decode'] =>
  async (bytes) => {
    await decode(bytes);
    return true;
  };

const raw = concatBytes(Uint8Array.of(parts[0].kind), parts[0].content);
const chunk = concatBytes(new Uint8Array(4), zstdCompressSync(raw));
new DataView(chunk.buffer).setUint32(0, raw.length, true);

export const FILE_DECODERS: readonly Decoder[] = [
  { name: 'snapshot', seeds: [snapshot()], decode: whole(readSnapshot) },
  {
    name: 'snapshot head',
    seeds: [headBytes.slice(HEAD_BYTES)],
    decode: whole((bytes) => decodeHead(startOf(bytes), bytes)),
  },
  {
    name: 'snapshot chunk',
    seeds: [chunk],
    // A chunk and no end: `snapshot/cut`.
    decode: whole((bytes) => (bytes.length < 4 ? undefined : readSnapshot(withChunk(bytes)))),
    isBare: true,
  },
  {
    name: 'snapshot blocks',
    seeds: [stored],
    decode: whole((bytes) => new AncestorChain(head).take(bytes)),
  },
  {
    name: 'snapshot state',
    seeds: [encodeChanges(changes)],
    decode: whole((bytes) => new StateCheck(counts, () => false).take(bytes)),
  },
  {
    name: 'blocks of a file',
    seeds: [concatBytes(encodeBlock(parent), encodeBlock(block))],
    decode: whole((bytes) => all(rlpBlocks(stream(bytes)))),
  },
  {
    name: 'texts of a file',
    seeds: [json([genesisFile, { a: '}\\"' }]), utf8.encode('{"a":1}\n{"b":[2]}')],
    decode: whole((bytes) => all(jsonTexts(stream(bytes)))),
  },
  {
    name: 'block as JSON',
    seeds: [json(blockJson(block))],
    decode: whole((bytes) => readBlockJson(textOf(bytes))),
  },
  {
    name: 'genesis file',
    seeds: [json(genesisFile)],
    decode: whole((bytes) => parseGenesis(textOf(bytes))),
  },
  {
    name: 'state of Anvil',
    seeds: [json(anvilFile)],
    decode: whole((bytes) => parseAnvilState(textOf(bytes), spec)),
  },
  { name: 'JSON', seeds: [json(genesisFile)], decode: whole((bytes) => parseJson(textOf(bytes))) },
  {
    name: 'chain',
    seeds: [utf8.encode(encodeChainSpec(MAINNET)), utf8.encode(encodeChainSpec(spec))],
    decode: whole((bytes) => decodeChainSpec(textOf(bytes))),
  },
  { name: 'range', seeds: [rangeBytes], decode: whole(readRange) },
  { name: 'witness of a state', seeds: [witnessBytes], decode: whole(readWitness) },
];
