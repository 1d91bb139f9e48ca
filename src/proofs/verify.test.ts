import { readFileSync } from 'node:fs';
import { createMerkleProof, createMPT, verifyMerkleProof as verifyOther } from '@ethereumjs/mpt';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, type Hex, toHex } from '../base/bytes.ts';
import { WordMap } from '../base/word-map.ts';
import type { Address } from '../evm/types.ts';
import { MemoryState } from '../state/memory.ts';
import { accountKey, slotKey } from './account.ts';
import { accountProofOf } from './account-proof.ts';
import { StateProver } from './state-prover.ts';
import { ProofError } from './trie-node.ts';
import { type AccountProof, verifyMerkleProof, verifyProof } from './verify.ts';

const address = (index: number): Address => `0x${index.toString(16).padStart(40, '0')}`;

/** Contract 1 has so many slots that leaves lie within branches. */
function state(accounts: number, slots: number): MemoryState {
  const made = new MemoryState();
  for (let index = 1; index <= accounts; index++) {
    const own = index === 1 ? slots : index % 5;
    made.setAccount(address(index), {
      nonce: BigInt(index),
      balance: BigInt(index) ** 20n,
      code: index % 3 === 0 ? Uint8Array.of(index & 255, 1) : new Uint8Array(0),
      storage: Array.from({ length: own }, (_, slot) => [BigInt(slot), BigInt(slot % 100) + 1n]),
    });
  }
  return made;
}

const made = state(300, 2000);
const stateRoot = made.root();
const prover = new StateProver(made);

function prove(index: number, slots: readonly bigint[]): AccountProof {
  return accountProofOf(prover, address(index), slots);
}

const someIndex = fc.integer({ min: 1, max: 400 });
const someSlots = fc.array(fc.bigInt({ min: 0n, max: 4000n }), { maxLength: 4 });

describe('proofs of accounts and slots', () => {
  it('prove what the state has, and that it has not what it has not', () => {
    expect(prover.accountTrie.root()).toBe(stateRoot);
    fc.assert(
      fc.property(fc.oneof(someIndex, fc.constant(1)), someSlots, (index, slots) => {
        const proof = prove(index, slots);
        const { account, storage } = verifyProof({ stateRoot, address: address(index), proof });
        const expected = made.getAccount(address(index));
        expect(account?.nonce).toBe(expected?.nonce);
        expect(account?.balance).toBe(expected?.balance);
        expect(account?.codeHash).toBe(expected?.codeHash);
        for (const slot of slots) {
          expect(storage.get(slot)).toBe(made.getStorage(address(index), slot));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('hold before an independent library', async () => {
    for (const index of [1, 2, 3, 150, 300, 301, 399]) {
      const slots = [0n, 1n, 77n, 1999n, 2000n, 5000n];
      const { accountProof, storageHash, storageProof } = prove(index, slots);
      const account = await verifyOther(accountKey(address(index)), accountProof.map(fromHex), {
        root: fromHex(stateRoot),
      });
      expect(account !== null).toBe(index <= 300);
      if (index % 5 === 0 || index > 300) continue;
      for (const [at, { proof }] of storageProof.entries()) {
        const slot = slots[at] as bigint;
        const root = fromHex(storageHash);
        const value = await verifyOther(slotKey(slot), proof.map(fromHex), { root });
        const expected = made.getStorage(address(index), slot);
        expect(value === null ? 0n : BigInt(toHex(value))).toBe(expected);
      }
    }
  });

  it('of an independent library hold', async () => {
    const other = await createMPT();
    for (const { key, value } of prover.accountEntries()) await other.put(key, value);
    expect(toHex(other.root())).toBe(stateRoot);
    for (const index of [1, 7, 299, 350]) {
      const key = accountKey(address(index));
      const proof = await createMerkleProof(other, key);
      const value = verifyMerkleProof({ root: stateRoot, key, proof });
      expect(value === undefined).toBe(index > 300);
      expect(proof.map(toHex)).toEqual(prove(index, []).accountProof);
    }
  });

  it('fail when any byte of any node is another', () => {
    const indices = fc.oneof(someIndex, fc.constant(1));
    const flip = fc.integer({ min: 1, max: 255 });
    fc.assert(
      fc.property(indices, someSlots, fc.nat(), fc.nat(), flip, (index, slots, pick, at, by) => {
        const proof = prove(index, slots);
        const lists = [proof.accountProof, ...proof.storageProof.map((entry) => entry.proof)];
        const places = lists.flatMap((list, of) => list.map((_, node) => [of, node] as const));
        const [of, node] = places[pick % places.length] as readonly [number, number];
        const changed = lists.map((list, here) =>
          here === of ? list.with(node, changeByte(list[node] as Hex, at, by)) : list,
        );
        const [accountProof, ...rest] = changed as [Hex[], ...Hex[][]];
        const storageProof = proof.storageProof.map((entry, here) => ({
          ...entry,
          proof: rest[here] as Hex[],
        }));
        const damaged = { ...proof, accountProof, storageProof };
        const request = { stateRoot, address: address(index), proof: damaged };
        expect(() => verifyProof(request)).toThrow(ProofError);
      }),
      { numRuns: 500 },
    );
  });

  it('fail when anything that the answer claims is another', () => {
    const proof = prove(1, [3n, 9000n]);
    const [present, absent] = proof.storageProof as [
      AccountProof['storageProof'][number],
      AccountProof['storageProof'][number],
    ];
    const word: Hex = `0x${'12'.repeat(32)}`;
    const storage = (...storageProof: AccountProof['storageProof']) => ({ storageProof });
    const changes: Partial<AccountProof>[] = [
      { address: address(2) },
      { nonce: '0x2' },
      { nonce: '0x' },
      { balance: '0x0' },
      { codeHash: word },
      { storageHash: word },
      { accountProof: proof.accountProof.slice(1) },
      { accountProof: proof.accountProof.slice(0, -1) },
      { accountProof: [...proof.accountProof, '0x80'] },
      { accountProof: [...proof.accountProof, ...proof.accountProof.slice(-1)] },
      { accountProof: proof.accountProof.toReversed() },
      { accountProof: [] },
      { accountProof: ['0xzz'] },
      storage({ ...present, value: '0x0' }),
      storage({ ...present, key: '0x4' }),
      storage({ ...present, value: `0x${'ff'.repeat(33)}` }),
      storage({ ...absent, value: '0x1' }),
      storage({ ...absent, proof: [] }),
      storage({ ...absent, proof: present.proof }),
    ];
    for (const change of changes) {
      const request = { stateRoot, address: address(1), proof: { ...proof, ...change } };
      expect(() => verifyProof(request), JSON.stringify(change)).toThrow(ProofError);
    }
    expect(verifyProof({ stateRoot, address: address(1), proof }).storage.get(3n)).toBe(4n);
  });

  it('take what clients answer of an account that is not there', () => {
    const proof = prove(400, [1n]);
    const zero: Hex = `0x${'00'.repeat(32)}`;
    for (const given of [proof, { ...proof, codeHash: zero, storageHash: zero }]) {
      expect(verifyProof({ stateRoot, address: address(400), proof: given })).toEqual({
        account: undefined,
        storage: new WordMap([[1n, 0n]]),
      });
    }
    const withSlot = { ...proof, storageProof: [{ key: '0x1', value: '0x0', proof: ['0x80'] }] };
    verifyProof({ stateRoot, address: address(400), proof: withSlot as AccountProof });
  });
});

it('stands alone: nothing but hashing and RLP is behind it', () => {
  const seen = new Set<string>();
  const visit = (url: URL): void => {
    if (seen.has(url.href)) return;
    seen.add(url.href);
    for (const [, name = ''] of readFileSync(url, 'utf8').matchAll(
      /(?:from|import\() ?'([^']+)'/g,
    )) {
      if (name.startsWith('.')) visit(new URL(name, url));
      else expect.fail(`it imports the package ${name}`);
    }
  };
  visit(new URL('./verify.ts', import.meta.url));
  const root = new URL('../..', import.meta.url).href;
  const files = [...seen].map((href) => href.slice(root.length));
  const folders = files.map((file) => file.slice(0, file.lastIndexOf('/')));
  expect([...new Set(folders)].sort()).toEqual(['build', 'src/base', 'src/proofs']);
  expect(files.filter((file) => file.startsWith('build/'))).toEqual(['build/keccak-bytes.ts']);
});

function changeByte(hex: Hex, at: number, by: number): Hex {
  const bytes = fromHex(hex);
  const index = at % bytes.length;
  bytes[index] = (bytes[index] as number) ^ by;
  return toHex(bytes);
}
