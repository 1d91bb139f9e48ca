/** Which transactions are taken to meet others, and for how long what was learnt of them counts. */
import { expect, test } from 'vitest';
import { createMemory } from '../../src/evm/machine/memory.ts';
import { ConflictHints } from '../../src/evm/parallel/hints.ts';
import { JobMemory, type TransactionKind } from '../../src/evm/parallel/job-memory.ts';
import { plainTransaction } from '../../src/evm/plain-transaction.ts';
import type { AccessListEntry, Address, Hash } from '../../src/evm/types.ts';

const SENDER: Address = `0x${'5e'.repeat(20)}`;
const [BOOK, TOKEN] = [`0x${'b0'.repeat(20)}`, `0x${'70'.repeat(20)}`] as const;
const PLACE: TransactionKind = `${BOOK} 1020304`;
const SLOT: TransactionKind = `${TOKEN}[7]`;
const ODD: TransactionKind = `${TOKEN}[8]`;

/** A block of transactions of these kinds, all of which had to be executed again, or held. */
function learn(hints: ConflictHints, kinds: readonly TransactionKind[][], held: boolean): void {
  hints.learn(
    kinds.length,
    (index) => kinds[index] as TransactionKind[],
    () => held,
  );
}

test('kinds are the call and the slots that are listed', () => {
  const memory = createMemory({ shared: true });
  const bytes = 1 << 20;
  const job = new JobMemory(memory, memory.reserve(bytes), bytes);
  expect(job.begin({ length: 5 }, 10n ** 9n)).toBe(true);
  const key = (slot: number): Hash => `0x${slot.toString(16).padStart(64, '0')}`;
  const listing = (...slots: number[]): AccessListEntry[] => [
    { address: BOOK, storageKeys: [] },
    { address: TOKEN, storageKeys: slots.map(key) },
  ];
  const call = Uint8Array.of(1, 2, 3, 4, 5);
  const of = (fields: object) =>
    plainTransaction({ sender: SENDER, to: BOOK, gasLimit: 21_000n, ...fields });
  expect(job.write(0, of({ data: call }))).toBe(true);
  expect(job.write(1, of({ data: call.slice(0, 3) }))).toBe(true);
  expect(job.write(2, of({ data: call, accessList: listing(7, 8) }))).toBe(true);
  const many = Array.from({ length: 40 }, (_, slot) => slot);
  expect(job.write(3, of({ accessList: listing(...many) }))).toBe(true);
  expect(job.write(4, of({ to: undefined, data: call }))).toBe(true);
  expect(job.kindsOf(0)).toEqual([PLACE]);
  // Without a selector: what is sent to one place need not meet there.
  expect(job.kindsOf(1)).toEqual([]);
  expect(job.kindsOf(2)).toEqual([PLACE, SLOT, ODD]);
  // Of those who list more than anybody needs, the first ones.
  const first = many.slice(0, 16).map((slot) => `${TOKEN}[${slot.toString(16)}]`);
  expect(job.kindsOf(3)).toEqual(first);
  expect(job.kindsOf(4)).toEqual([]);
  expect(job.recipient(0)).toBe(BOOK);
  expect(job.recipient(4)).toBeUndefined();
});

test('one follows the last of a kind that conflicts, and of several the nearest', () => {
  const hints = new ConflictHints();
  expect(hints.isEmpty).toBe(true);
  learn(hints, new Array(8).fill([PLACE, SLOT]), false);
  const follow = hints.follow();
  expect(follow([PLACE], 0)).toBeUndefined();
  expect(follow([ODD], 1)).toBeUndefined();
  expect(follow([SLOT], 2)).toBeUndefined();
  expect(follow([PLACE], 3)).toBe(0);
  expect(follow([SLOT, PLACE], 5)).toBe(3);
  expect(follow([ODD, SLOT], 6)).toBe(5);
  expect(follow([], 7)).toBeUndefined();
  // Another block begins anew.
  expect(hints.follow()([PLACE], 0)).toBeUndefined();
});

test('what happened seldom, or held as often, says nothing', () => {
  const hints = new ConflictHints();
  learn(hints, new Array(7).fill([PLACE]), false);
  expect(hints.isEmpty).toBe(true);
  const held = (index: number) => (index < 10 ? index % 3 === 0 : undefined);
  hints.learn(10, () => [PLACE], held);
  expect(hints.isEmpty).toBe(true);
});

test('what was learnt counts for sixteen blocks', () => {
  const hints = new ConflictHints();
  learn(hints, new Array(8).fill([PLACE]), false);
  for (let block = 0; block < 15; block++) {
    learn(hints, new Array(8).fill([PLACE]), true);
    expect(hints.isEmpty).toBe(false);
  }
  learn(hints, new Array(8).fill([PLACE]), true);
  expect(hints.isEmpty).toBe(true);
});

test('no more kinds are remembered than a thousand, the last ones', () => {
  const hints = new ConflictHints();
  const kinds = Array.from({ length: 1_030 }, (_, i): TransactionKind => `${TOKEN}[${i}]`);
  learn(hints, new Array(8).fill(kinds), false);
  const follow = hints.follow();
  follow(kinds, 0);
  expect(follow([kinds[5] as TransactionKind], 1)).toBeUndefined();
  expect(follow([kinds[6] as TransactionKind], 2)).toBe(0);
  expect(follow([kinds[1_029] as TransactionKind], 3)).toBe(0);
});
