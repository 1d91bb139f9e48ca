/** Snapshots whose checksums are right and whose content is not. */

import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeRlp } from '../../base/rlp.ts';
import type { AccountChange, Address, Hash } from '../../evm/types.ts';
import { encodeChanges } from '../../state/change-codec.ts';
import { HandleFile } from '../../state/log/files.ts';
import { MemoryState } from '../../state/memory.ts';
import { encodeBlock } from '../blocks/block.ts';
import { firstBlock, genesisHeader } from '../blocks/genesis.ts';
import { openFolder } from '../database/folder.ts';
import { storedItems } from '../database/records.ts';
import {
  BLOCKS,
  type Chunk,
  checksumOf,
  packChunk,
  packEnd,
  SnapshotReader,
  STATE,
} from './chunks.ts';
import { encodeHead, headChecksum, type SnapshotHead } from './head.ts';
import { importSnapshot } from './import.ts';

const A: Address = `0x${'0a'.repeat(20)}`;
const B: Address = `0x${'0b'.repeat(20)}`;
const CODE = Uint8Array.of(0x60, 0x01);
const OTHER_CODE = Uint8Array.of(0x60, 0x02);
const SPEC = { chainId: 1n, forks: [{ fork: 'frontier' }] } as const;

const state = new MemoryState();
const slots = [[1n, 5n], [9n, 6n]] as const; // biome-ignore format: pairs
state.setAccount(A, { nonce: 1n, balance: 2n, code: new Uint8Array(0), storage: slots });
state.setAccount(B, { nonce: 0n, balance: 0n, code: CODE, storage: [] });
const { accounts, codes } = state.asChanges();
const a = accounts.get(A) as AccountChange;
const b = accounts.get(B) as AccountChange;

const child = (parent: ReturnType<typeof firstBlock> | undefined) => {
  const header = genesisHeader(SPEC, {
    ...{ coinbase: A, stateRoot: state.root(), gasLimit: 5_000n },
    number: parent === undefined ? 0n : parent.header.number + 1n,
    ...(parent === undefined ? {} : { parentHash: parent.hash }),
  });
  const totalDifficulty = (parent?.totalDifficulty ?? 0n) + header.difficulty;
  return { ...firstBlock(header), totalDifficulty };
};
const heavier = (than: typeof first) => ({
  ...than,
  totalDifficulty: than.totalDifficulty + 1n,
});
const first = child(undefined);
const second = child(first);
const block = child(second);
const COUNTS = { accounts: 2n, slots: 2n, codes: 1n, ancestors: 2n };

type Accounts = readonly (readonly [Address, AccountChange | null])[];
type Codes = Iterable<readonly [Hash, Uint8Array]>;

const part = (list: Accounts, given: Codes = []): Chunk => ({
  kind: STATE,
  content: encodeChanges({ accounts: new Map(list), codes: new Map(given) }),
});
const blocks = (...list: (typeof first)[]): Chunk => ({
  kind: BLOCKS,
  content: encodeRlp(list.map((each) => encodeRlp(storedItems(each, encodeBlock(each))))),
});
const wholeCodes = part([], codes);
const wholeAccounts = part([...accounts]);
const WHOLE = [blocks(second, first), wholeCodes, wholeAccounts];
const slotted = (storage: readonly (readonly [bigint, bigint])[]): AccountChange => ({
  ...{ ...a, storage: new Map(storage) },
});

function fileOf(chunks: readonly Chunk[], over: Partial<SnapshotHead> = {}): Uint8Array {
  const head = { block, counts: COUNTS, ...over };
  const start = encodeHead(head);
  const pieces = [start];
  let before = headChecksum(start);
  for (const chunk of chunks) {
    const packed = packChunk(chunk, before);
    before = checksumOf(packed);
    pieces.push(packed);
  }
  return Buffer.concat([...pieces, packEnd(before)]);
}

let folder: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ironfly-lies-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function importOf(file: Uint8Array): Promise<{ code: string; opened: string }> {
  const target = join(folder, `target-${count++}`);
  await writeFile(`${target}.snapshot`, file);
  const outcome = async (work: Promise<unknown>): Promise<string> => {
    try {
      await work;
      return 'none';
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    }
  };
  const code = await outcome(importSnapshot(`${target}.snapshot`, target));
  const opened = await outcome(openFolder(target).then((database) => database.close()));
  return { code, opened };
}

describe('a snapshot', () => {
  it('is taken as it is made here, in whatever parts', async () => {
    const cut = [
      ...[blocks(second), blocks(first), part([], codes), part([[A, slotted([[1n, 5n]])]])],
      ...[part([[A, slotted([[9n, 6n]])]]), part([[B, b]])],
    ];
    for (const chunks of [WHOLE, cut]) {
      expect(await importOf(fileOf(chunks))).toEqual({ code: 'none', opened: 'none' });
    }
  });

  const lies: readonly (readonly [string, Uint8Array])[] = [
    ['a value is another', fileOf([...WHOLE.slice(0, 2), part([[A, slotted([[1n, 5n], [9n, 7n]])], [B, b]])])], // biome-ignore format: pairs
    ['a balance is another', fileOf([...WHOLE.slice(0, 2), part([[A, { ...a, balance: 3n }], [B, b]])])], // biome-ignore format: pairs
    ['accounts are turned round', fileOf([...WHOLE.slice(0, 2), part([[B, b], [A, a]])])], // biome-ignore format: pairs
    ['slots are turned round', fileOf([...WHOLE.slice(0, 2), part([[A, slotted([[9n, 6n], [1n, 5n]])], [B, b]])])], // biome-ignore format: pairs
    ['a slot is zero', fileOf([...WHOLE.slice(0, 2), part([[A, slotted([[1n, 5n], [2n, 0n], [9n, 6n]])], [B, b]])])], // biome-ignore format: pairs
    ['an account is there twice', fileOf([...WHOLE, part([[B, b]])])],
    ['an account goes on as another', fileOf([wholeCodes, part([[A, slotted([[1n, 5n]])]]), part([[A, { ...slotted([[9n, 6n]]), nonce: 7n }], [B, b]])])], // biome-ignore format: pairs
    ['an account is a deletion', fileOf([...WHOLE, part([[`0x${'0c'.repeat(20)}`, null]])])],
    ['storage is wiped', fileOf([WHOLE[0] as Chunk, wholeCodes, part([[A, { ...a, storageWiped: true }], [B, b]])])], // biome-ignore format: pairs
    ['a code has another hash', fileOf([WHOLE[0] as Chunk, part([], [[b.codeHash, OTHER_CODE]]), wholeAccounts])],
    ['a code is missing', fileOf([WHOLE[0] as Chunk, wholeAccounts])],
    ['a code comes late', fileOf([WHOLE[0] as Chunk, part([[A, a]]), wholeCodes, part([[B, b]])])],
    ['an account is missing', fileOf([WHOLE[0] as Chunk, wholeCodes, part([[A, a]])])],
    ['counts say more', fileOf(WHOLE, { counts: { ...COUNTS, slots: 3n } })],
    ['counts say less', fileOf(WHOLE, { counts: { ...COUNTS, slots: 1n } })],
    ['an ancestor is missing', fileOf([blocks(second), wholeCodes, wholeAccounts])],
    ['ancestors end early', fileOf([blocks(second), wholeCodes, wholeAccounts], { counts: { ...COUNTS, ancestors: 1n } })],
    ['an ancestor is another', fileOf([blocks(second, { ...first, header: { ...first.header, gasUsed: 1n } }), wholeCodes, wholeAccounts])],
    ['the parent says another total difficulty', fileOf([blocks(heavier(second), first), wholeCodes, wholeAccounts])],
    ['the first says another total difficulty', fileOf([blocks(second, heavier(first)), wholeCodes, wholeAccounts])],
    ['all say another total difficulty', fileOf([blocks(heavier(second), heavier(first)), wholeCodes, wholeAccounts], { block: heavier(block) })],
    ['ancestors are turned round', fileOf([blocks(first, second), wholeCodes, wholeAccounts])],
    ['a body is another', fileOf([blocks({ ...second, uncles: [first.header] }, first), wholeCodes, wholeAccounts])],
    ['the block has another body', fileOf(WHOLE, { block: { ...block, transactions: [Uint8Array.of(1, 2)] } })],
    ['a chunk is of no kind', fileOf([...WHOLE, { kind: 3, content: Uint8Array.of(1) }])],
    ['a part says too much', fileOf([...WHOLE.slice(0, 2), { kind: STATE, content: Uint8Array.of(255, 255, 255, 255) }])],
    ['a part has a tail', fileOf([...WHOLE.slice(0, 2), { kind: STATE, content: Buffer.concat([wholeAccounts.content, Uint8Array.of(0)]) }])],
  ]; // biome-ignore format: one a line

  it.each(lies)('is refused where %s', async (name, file) => {
    const { code, opened } = await importOf(file);
    const isRoot = name.endsWith('is another') && /value|balance/.test(name);
    expect(code).toBe(isRoot ? 'snapshot/wrong root' : 'snapshot/damaged');
    expect(opened).toMatch(/^database\/(incomplete|missing)$/);
  });

  it('is refused before it is unpacked where its sizes lie', async () => {
    const path = join(folder, 'sizes');
    const whole = fileOf(WHOLE);
    const start = encodeHead({ block, counts: COUNTS }).length;
    for (const at of [start, start + 4]) {
      const copy = Uint8Array.from(whole);
      new DataView(copy.buffer).setUint32(at, 0xffff_ffff, true);
      await writeFile(path, copy);
      const file = new HandleFile(await open(path));
      const reader = await SnapshotReader.open(file);
      await expect(reader.next()).rejects.toThrow('its sizes are too large');
      await file.close();
    }
  });
});
