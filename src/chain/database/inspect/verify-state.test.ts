/**
 * The check of a state whose tries are made in parts: whole, however the state came about, and with
 * a fault in each of its records, those beside the borders of parts among them.
 */

import { closeSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bigintToBytes, toHex } from '../../../base/bytes.ts';
import { keccak256 } from '../../../base/keccak.ts';
import type { AccountChange, Address, StateChanges } from '../../../evm/types.ts';
import { FlatState } from '../../../state/flat/flat-state.ts';
import {
  accountLookupKey,
  recordKey,
  recordsPrefix,
  slotLookupKey,
} from '../../../state/flat/keys.ts';
import { StateLoad } from '../../../state/flat/load/state-load.ts';
import { EMPTY_CODE_HASH } from '../../../state/memory.ts';
import { pathOfPlace } from '../../../state/path-trie.ts';
import { MemoryStore, type StoreContent } from '../../../state/store/memory-store.ts';
import { checkState, type OnFault } from './verify-state.ts';

const AT = { block: `0x${'ab'.repeat(32)}`, number: 7n, record: 3n } as const;
const OWNER: Address = `0x${'22'.repeat(20)}`;
const OF_OWNER = `the storage trie of ${OWNER}: `;
/** Longer than a slot, and no account. */
const UNREADABLE = new Uint8Array(40);
const FEW_HELD = 5;
const MANY_HELD = 1000;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ironfly-verify-state-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Slots by the first byte of their hashes: some forty of each. */
const SLOTS: readonly bigint[][] = Array.from({ length: 256 }, () => []);
for (let slot = 0n; slot < 12_000n; slot++) {
  const [first = 0] = keccak256(bigintToBytes(slot, 32));
  SLOTS[first]?.push(slot);
}

const slotsOf = (first: number, count: number) => SLOTS[first]?.slice(0, count) ?? [];

/**
 * A first byte that is alone in its half byte, or whose neighbour is in another part, has a branch
 * that stands elsewhere until what is beside it comes.
 */
const SHAPES: readonly (readonly bigint[])[] = [
  slotsOf(0x10, 30),
  [...slotsOf(0x10, 20), ...slotsOf(0x11, 20)],
  [...slotsOf(0x00, 20), ...slotsOf(0x10, 20), ...slotsOf(0xff, 1)],
  [...slotsOf(0x00, 20), ...slotsOf(0x08, 20), ...slotsOf(0x80, 20), ...slotsOf(0x8f, 3)],
];

const shapes: fc.Arbitrary<bigint[]> = fc
  .uniqueArray(fc.tuple(fc.constantFrom(0, 1, 8, 15, 16, 17, 31, 128, 240, 255), fc.nat(30)), {
    selector: ([first]) => first,
  })
  .map((parts) => parts.flatMap(([first, count]) => slotsOf(first, count)));

function stateOf(slots: readonly bigint[], value = 1n): StateChanges {
  const account = { nonce: 1n, balance: 5n, codeHash: EMPTY_CODE_HASH, storageWiped: false };
  const sorted = slots.toSorted((a, b) => (a < b ? -1 : 1));
  const storage = new Map(sorted.map((slot) => [slot, value && value + slot ** 5n]));
  return { accounts: new Map([[OWNER, { ...account, storage }]]), codes: new Map() };
}

/** Accounts that come before the owner's. */
function plainAccounts(count: number): [Address, AccountChange][] {
  const account = { nonce: 1n, codeHash: EMPTY_CODE_HASH, storageWiped: false };
  return Array.from({ length: count }, (_, index) => [
    `0x${(index + 1).toString(16).padStart(40, '0')}`,
    { ...account, balance: BigInt(index), storage: new Map() },
  ]);
}

/** By three blocks: what the first ones wrote is written anew, or deleted. */
async function applied(slots: readonly bigint[]): Promise<StoreContent> {
  const content: StoreContent = new Map();
  const flat = new FlatState({ store: await MemoryStore.open({ content }) });
  const others = [...slotsOf(0x00, 40), ...slotsOf(0x12, 40)].filter((s) => !slots.includes(s));
  flat.apply(stateOf([...slots.slice(slots.length >> 1), ...others], 7n));
  await flat.checkpoint(AT);
  flat.apply(stateOf(others, 0n));
  await flat.checkpoint(AT);
  flat.apply(stateOf(slots));
  await flat.checkpoint(AT);
  flat.free();
  return content;
}

async function loaded(state: StateChanges): Promise<StoreContent> {
  const content: StoreContent = new Map();
  const store = await MemoryStore.open({ content });
  const load = new StateLoad({ store, folder, entriesHeld: 7 });
  load.take(state);
  await load.write(AT);
  await load.finish();
  return content;
}

async function check(content: StoreContent, entriesHeld?: number, onFault?: OnFault) {
  const faults: string[] = [];
  // It refuses to be written to.
  const store = await MemoryStore.open({ content: new Map(content), readOnly: true });
  const found = await checkState({
    store,
    folder,
    onFault: onFault ?? ((place, fault) => faults.push(`${place}: ${fault}`)),
    onEntries: () => {},
    ...(entriesHeld && { entriesHeld }),
  });
  return { ...found, faults };
}

/** The faults after the value of a key was replaced, or deleted. */
async function planted(
  content: StoreContent,
  key: string,
  value?: Uint8Array,
  entriesHeld = FEW_HELD,
): Promise<string[]> {
  const damaged: StoreContent = new Map(content);
  if (value === undefined) damaged.delete(key);
  else damaged.set(key, value);
  return (await check(damaged, entriesHeld)).faults;
}

/** Keys of a trie's records. */
function recordsIn(content: StoreContent, owner: Address | undefined): string[] {
  const prefix = recordsPrefix(owner).toHex();
  return [...content.keys()].filter((key) => key.startsWith(prefix)).sort();
}

function pathOf(key: string, owner: Address | undefined): string {
  return pathOfPlace(Uint8Array.fromHex(key.slice(2 * recordsPrefix(owner).length)));
}

/** Each record is missing, and is another, in turn. */
async function expectShown(content: StoreContent, owner: Address | undefined, name: string) {
  for (const key of recordsIn(content, owner)) {
    const record = `${name}record 0x${pathOf(key, owner)} is`;
    const missing = await planted(content, key);
    expect(missing).toEqual([expect.stringContaining(`${record} missing`)]);
    const other = (content.get(key) as Uint8Array).slice();
    other[other.length - 1] = (other.at(-1) as number) ^ 1;
    const changed = await planted(content, key, other);
    expect(changed).toEqual([expect.stringContaining(`${record} not that of`)]);
  }
}

/** Places above a first byte, at it, and below it. */
const PLACES = ['00', '0110', '0210', '0211', '02ff', '031010', '041000', '0410ff', '06801234'];

async function expectSuperfluous(content: StoreContent, owner: Address | undefined, name: string) {
  const right = recordsIn(content, owner).length;
  const fault = `${name}the store has ${right + 1} records of it, ${right} are right`;
  for (const place of PLACES) {
    const key = recordKey(owner, Uint8Array.fromHex(place)).toHex();
    if (content.has(key)) continue;
    expect(await planted(content, key, Uint8Array.of(1))).toEqual([fault]);
  }
}

describe('a whole state', { timeout: 60_000 }, () => {
  it('has no faults, however it came about, and in whatever parts', async () => {
    const held = fc.constantFrom(undefined, 1, 3, 20);
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(shapes, fc.constantFrom(...SHAPES)),
        held,
        async (slots, entriesHeld) => {
          const contents = [await applied(slots), await loaded(stateOf(slots))];
          for (const content of contents) {
            const { counts, faults } = await check(content, entriesHeld);
            expect(faults).toEqual([]);
            expect(counts).toMatchObject({ accounts: 1, slots: slots.length });
            const records = recordsIn(content, OWNER).length + recordsIn(content, undefined).length;
            expect(counts.trieRecords).toBe(records);
          }
          expect(readdirSync(folder)).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('of many slots of each first byte', async () => {
    const content = await loaded(stateOf(SLOTS.flat()));
    const { counts, faults } = await check(content, MANY_HELD);
    expect(faults).toEqual([]);
    expect(counts.slots).toBe(12_000);
    const above = recordsIn(content, OWNER).filter((key) => pathOf(key, OWNER).length < 2);
    expect(above).toHaveLength(17);
    const below = recordsIn(content, OWNER).filter((key) => /^(0f|10|ff)/.test(pathOf(key, OWNER)));
    for (const key of [...above, ...below.slice(0, 9)]) {
      const [fault, ...others] = await planted(content, key, undefined, MANY_HELD);
      expect(fault).toContain(`${OF_OWNER}record 0x${pathOf(key, OWNER)} is missing`);
      expect(others).toEqual([]);
    }
  });
});

describe('a state with a fault', { timeout: 60_000 }, () => {
  it('in any record of a storage', async () => {
    for (const slots of SHAPES) {
      const content = await applied(slots);
      await expectShown(content, OWNER, OF_OWNER);
      await expectSuperfluous(content, OWNER, OF_OWNER);
    }
  });

  it('in any record of the accounts', async () => {
    const content = await loaded({ accounts: new Map(plainAccounts(200)), codes: new Map() });
    expect((await check(content, FEW_HELD)).faults).toEqual([]);
    await expectShown(content, undefined, 'the account trie: ');
    await expectSuperfluous(content, undefined, 'the account trie: ');
  });

  it('in a record of no slots', async () => {
    const content = await loaded(stateOf([]));
    const fault = `${OF_OWNER}the store has 1 records of it, 0 are right`;
    const key = recordKey(OWNER, Uint8Array.of(0)).toHex();
    expect(await planted(content, key, Uint8Array.of(1))).toEqual([fault]);
  });

  it('in a slot, which makes its records and the root others', async () => {
    const [slots = []] = SHAPES.slice(1);
    const content = await applied(slots);
    for (const slot of [slots[0], slots[20], slots.at(-1)]) {
      const key = slotLookupKey(OWNER, slot as bigint).toHex();
      const path = toHex(keccak256(bigintToBytes(slot as bigint, 32))).slice(0, 4);
      for (const value of [undefined, Uint8Array.of(0x77)]) {
        const faults = await planted(content, key, value);
        expect(faults.some((fault) => fault.startsWith(`${OF_OWNER}record ${path}`))).toBe(true);
        expect(faults.at(-1)).toContain(`storage of ${OWNER}: its slots have the root`);
      }
    }
  });

  it('in slots and accounts that cannot be read: the others are looked at', async () => {
    const slots = slotsOf(0x10, 30);
    const { accounts, codes } = stateOf(slots);
    const plain = plainAccounts(9);
    const content = await loaded({ accounts: new Map([...plain, ...accounts]), codes });
    for (const slot of [slots[3], slots[7]]) {
      content.set(slotLookupKey(OWNER, slot as bigint).toHex(), UNREADABLE);
    }
    const [[address]] = plain as [[Address, AccountChange]];
    const faults = await planted(content, accountLookupKey(address).toHex(), UNREADABLE);
    for (const place of [`account ${address}`, `slot ${slots[3]} of`, `slot ${slots[7]} of`]) {
      expect(faults).toContainEqual(expect.stringMatching(`^${place}.*is damaged`));
    }
  });
});

it('is given up in the midst and leaves no file, open or in the folder', async () => {
  const slots = SLOTS.flat().slice(0, 100);
  const { accounts, codes } = stateOf(slots);
  const content = await loaded({ accounts: new Map([...plainAccounts(20), ...accounts]), codes });
  const last = slotLookupKey(OWNER, slots.toSorted((a, b) => (a < b ? -1 : 1)).at(-1) as bigint);
  content.set(last.toHex(), UNREADABLE);
  const descriptors: number[] = [];
  for (let time = 0; time < 40; time++) {
    const ended = check(content, FEW_HELD, () => {
      expect(readdirSync(folder)).toEqual([]);
      descriptors.push(freeDescriptor());
      throw new Error('enough');
    });
    await expect(ended).rejects.toThrow('enough');
  }
  const [first = 0] = descriptors;
  // Something else of the process may have opened a few.
  expect((descriptors.at(-1) as number) - first).toBeLessThan(20);
  expect(readdirSync(folder)).toEqual([]);
});

/** The lowest that is free, behind those of the files that are open. */
function freeDescriptor(): number {
  const descriptor = openSync(tmpdir(), 'r');
  closeSync(descriptor);
  return descriptor;
}
