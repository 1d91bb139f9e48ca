import { expect, it } from 'vitest';
import { BLANK_TRANSACTION } from './blank.ts';
import { encodeTransaction } from './encode.ts';
import { recoverAhead } from './senders.ts';
import { addressOfKey, signTransaction } from './signature.ts';

const KEYS = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte));
const transactions = Array.from({ length: 300 }, (_, index) => {
  const transaction = { ...BLANK_TRANSACTION, type: 2, nonce: BigInt(index) } as const;
  return encodeTransaction(signTransaction(transaction, KEYS[index % 3] as Uint8Array));
});
/** Neither a transaction nor of anybody. */
const FAULTY = new Map([
  [7, Uint8Array.of(1, 2, 3)],
  [123, encodeTransaction({ ...BLANK_TRANSACTION, type: 2 })],
]);
const given = transactions.map((bytes, index) => FAULTY.get(index) ?? bytes);

it('gives every sender, in whatever order they are asked for', async () => {
  for (const order of ['forwards', 'backwards', 'after a while']) {
    const senders = recoverAhead(given);
    if (order === 'after a while') await new Promise((resolve) => setTimeout(resolve, 300));
    const indices = [...given.keys()];
    if (order === 'backwards') indices.reverse();
    for (const index of indices) {
      const expected = FAULTY.has(index) ? undefined : addressOfKey(KEYS[index % 3] as Uint8Array);
      let sender = senders.of(index);
      // The worker has it, and was not given a core: whoever executes would not wait for long.
      while (sender !== expected && sender === undefined) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        sender = senders.of(index);
      }
      expect(sender, `${order}: ${index}`).toBe(expected);
    }
  }
});

it('leaves a few transactions to who executes them', () => {
  expect(recoverAhead(transactions.slice(0, 3)).of(0)).toBeUndefined();
});
