import { expect, test } from 'vitest';
import { BLANK_TRANSACTION } from '../../chain/transactions/blank.ts';
import { encodeTransaction } from '../../chain/transactions/encode.ts';
import { addressOfKey, signTransaction } from '../../chain/transactions/signature.ts';
import { RecoveredSenders } from './recovered-senders.ts';

const KEYS = Array.from({ length: 40 }, (_, i) => new Uint8Array(32).fill(i + 1));

function sent(key: Uint8Array, type: 0 | 2 = 2): Uint8Array {
  const fields = { ...BLANK_TRANSACTION, type, chainId: type === 0 ? 0n : 1n, v: 27n };
  return encodeTransaction(signTransaction({ ...fields, v: type === 0 ? 27n : 0n }, key));
}

test('senders of a batch are known once, each of its own transaction', () => {
  const senders = new RecoveredSenders();
  const all = KEYS.map((key, i) => sent(key, i % 2 === 0 ? 0 : 2));
  senders.prepare(all);
  for (const [index, bytes] of [...all.entries()].reverse()) {
    expect(senders.take(bytes.slice())).toBe(addressOfKey(KEYS[index] as Uint8Array));
    expect(senders.take(bytes)).toBeUndefined();
  }
});

test('of few, of what was not prepared, and of what nobody signed nothing is known', () => {
  const senders = new RecoveredSenders();
  senders.prepare(KEYS.slice(0, 7).map((key) => sent(key)));
  expect(senders.take(sent(KEYS[0] as Uint8Array))).toBeUndefined();
  const unsigned = encodeTransaction({ ...BLANK_TRANSACTION, type: 2, chainId: 1n });
  senders.prepare([...KEYS.slice(0, 8).map((key) => sent(key)), unsigned, Uint8Array.of(1, 2)]);
  expect(senders.take(unsigned)).toBeUndefined();
  expect(senders.take(Uint8Array.of(1, 2))).toBeUndefined();
  expect(senders.take(sent(KEYS[8] as Uint8Array))).toBeUndefined();
});

test('what is never added does not stay for ever', () => {
  const senders = new RecoveredSenders();
  const [first] = KEYS as [Uint8Array];
  senders.prepare([
    sent(first),
    ...Array.from({ length: 16_000 }, (_, i) => Uint8Array.of(2, i, i >> 8)),
  ]);
  senders.prepare(Array.from({ length: 1_000 }, (_, i) => Uint8Array.of(1, i, i >> 8)));
  expect(senders.take(sent(first))).toBeUndefined();
});
