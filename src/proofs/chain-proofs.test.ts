/** Proofs of a chain's blocks, held before an independent library. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyMerkleRangeProof, verifyMerkleProof as verifyOther } from '@ethereumjs/mpt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../base/bytes.ts';
import { type Chain, createChain, genesisOf, type KnownBlock } from '../chain/open-chain.ts';
import type { Address } from '../evm/types.ts';
import { MemoryState } from '../state/memory.ts';
import { accountKey, decodeAccount, slotKey } from './account.ts';
import { proveAccount, proveAccountRange, proveStorageRange } from './chain-proofs.ts';
import { verifyRange } from './range-proof.ts';
import { verifyProof } from './verify.ts';

const at = (index: number): Address => `0x${index.toString(16).padStart(40, '0')}`;
const CONTRACT = at(0xc0de);
/** Writes the block's number into slots 0 and 100. */
const CODE = Uint8Array.fromHex('435f554360645500');
const SLOTS = 500;
const ACCOUNTS = 200;
const FIRST = new Uint8Array(32);
/** The slots are written by the call that the chain makes of it at the start of each block. */
const BEACON_ROOTS: Address = '0x000f3df6d732807ef1319fb7b8bb8522d0beac02';

let folder: string;
let chain: Chain;
let blocks: KnownBlock[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ironfly-proofs-'));
  const state = new MemoryState();
  const none = { nonce: 0n, balance: 0n, code: new Uint8Array(0), storage: [] };
  for (let index = 1; index <= ACCOUNTS; index++) {
    state.setAccount(at(index), { ...none, balance: BigInt(index) });
  }
  const storage = Array.from({ length: SLOTS }, (_, slot) => [BigInt(slot), 7n] as const);
  state.setAccount(BEACON_ROOTS, { ...none, nonce: 1n, code: CODE, storage });
  const spec = { chainId: 1n, forks: [{ fork: 'cancun' }] } as const;
  chain = await createChain(genesisOf({ spec, state }), { folder, engine: 'interpreter' });
  blocks = [chain.head];
  for (let number = 1n; number <= 4n; number++) {
    const withdrawal = { index: number, validatorIndex: 0n, address: CONTRACT, amount: number };
    const request = { timestamp: 12n * number, coinbase: at(1), transactions: [] };
    const { bytes } = await chain.buildBlock({ ...request, withdrawals: [withdrawal] });
    const block = await chain.importBlock(bytes);
    await chain.setHead(block.hash);
    blocks.push(block);
  }
});

afterAll(async () => {
  await chain.close();
  await rm(folder, { recursive: true, force: true });
});

describe('proofs of the blocks of a chain in a folder', () => {
  it('have the shape of eth_getProof, and hold for every block, whatever is the head', async () => {
    for (const [number, { hash, header }] of blocks.entries()) {
      const slots = [0n, 99n, 100n, 5_000n];
      const proof = await proveAccount(chain, { block: hash, address: BEACON_ROOTS, slots });
      expect(Object.keys(proof).sort()).toEqual([
        'accountProof',
        'address',
        'balance',
        'codeHash',
        'nonce',
        'storageHash',
        'storageProof',
      ]);
      expect(proof.storageProof.map(({ key }) => key)).toEqual(['0x0', '0x63', '0x64', '0x1388']);
      const { stateRoot } = header;
      const { account, storage } = verifyProof({ stateRoot, address: BEACON_ROOTS, proof });
      expect(account?.nonce).toBe(1n);
      const written = number === 0 ? 7n : BigInt(number);
      expect([...storage.values()]).toEqual([written, 7n, written, 0n]);
      for (const [index, { proof: nodes, value }] of proof.storageProof.entries()) {
        const key = slotKey(slots[index] as bigint);
        const root = fromHex(proof.storageHash);
        const found = await verifyOther(key, nodes.map(fromHex), { root });
        expect(found === null ? 0n : BigInt(toHex(found))).toBe(BigInt(value));
      }
    }
  });

  it('prove accounts that are there, and that others are not', async () => {
    for (const [number, { hash: block, header }] of blocks.entries()) {
      for (const address of [at(1), at(ACCOUNTS), CONTRACT, at(0xdead)]) {
        const proof = await proveAccount(chain, { block, address, slots: [3n] });
        const { account } = verifyProof({ stateRoot: header.stateRoot, address, proof });
        const root = fromHex(header.stateRoot);
        const nodes = proof.accountProof.map(fromHex);
        const found = await verifyOther(accountKey(address), nodes, { root });
        expect(found === null ? undefined : decodeAccount(found)).toEqual(account);
        const isThere = address !== at(0xdead) && (address !== CONTRACT || number > 0);
        expect(account !== undefined).toBe(isThere);
        expect(proof.storageProof).toEqual([{ key: '0x3', value: '0x0', proof: [] }]);
      }
    }
  });

  it('of ranges lead from one to the next through all accounts and slots', async () => {
    const { hash: block, header } = chain.head;
    const ranges = {
      accounts: (start: Uint8Array) => proveAccountRange(chain, { block, start, countMax: 17 }),
      slots: (start: Uint8Array) =>
        proveStorageRange(chain, { block, address: BEACON_ROOTS, start, countMax: 60 }),
    };
    for (const [what, prove] of Object.entries(ranges)) {
      const keys = new Set<string>();
      let start: Uint8Array = FIRST;
      for (let more = true; more; ) {
        const { root, entries, proof } = await prove(start);
        if (what === 'accounts') expect(root).toBe(header.stateRoot);
        ({ more } = verifyRange(root, start, { entries, proof }));
        const theirKeys = entries.map(({ key }) => key);
        const values = entries.map(({ value }) => value);
        const last = theirKeys.at(-1) as Uint8Array;
        const theirs = await verifyMerkleRangeProof(fromHex(root), start, last, theirKeys, values, [
          ...proof,
        ]);
        expect(theirs).toBe(more);
        for (const key of theirKeys) keys.add(key.toHex());
        start = next(last);
      }
      // The contract came with the first withdrawal.
      const expected = what === 'accounts' ? ACCOUNTS + 2 : SLOTS;
      expect(keys.size).toBe(expected);
    }
  });

  it('of ranges of nothing are empty', async () => {
    const { hash: block } = chain.head;
    const none = await proveStorageRange(chain, { block, address: at(0xdead), countMax: 5 });
    expect(none.entries).toEqual([]);
    expect(verifyRange(none.root, FIRST, none)).toEqual({ more: false });
  });

  it('of ranges are refused for a count that is none, and a start that is no key', async () => {
    const { hash: block } = chain.head;
    for (const countMax of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      const range = proveAccountRange(chain, { block, countMax });
      await expect(range).rejects.toThrow(`countMax is ${countMax}: give a whole number`);
    }
    for (const size of [0, 31, 33]) {
      const start = new Uint8Array(size);
      const range = proveAccountRange(chain, { block, start, countMax: 1 });
      await expect(range).rejects.toThrow(`start has ${size} bytes: give 32`);
    }
  });

  it('are refused for what is no address', async () => {
    const { hash: block, header } = chain.head;
    for (const address of ['0x', `0x${'11'.repeat(19)}`, `0x${'11'.repeat(32)}`] as const) {
      const made = proveAccount(chain, { block, address });
      await expect(made).rejects.toMatchObject({ code: 'proof/malformed' });
      const proof = { ...(await proveAccount(chain, { block, address: at(1) })), address };
      const request = { stateRoot: header.stateRoot, address, proof };
      expect(() => verifyProof(request)).toThrow('is no address');
    }
  });

  it('are refused for blocks that are not there', async () => {
    const block = `0x${'12'.repeat(32)}` as const;
    await expect(proveAccount(chain, { block, address: at(1) })).rejects.toMatchObject({
      code: 'database/no state',
    });
  });
});

/** The key behind a key. */
function next(key: Uint8Array): Uint8Array {
  return fromHex(`0x${(BigInt(toHex(key)) + 1n).toString(16).padStart(64, '0')}`);
}
