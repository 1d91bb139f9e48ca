/** Rates by client, and bytes that clients owe. */
import { expect, test } from 'vitest';
import { RateLimit } from './rate.ts';
import { SendBudget } from './send-budget.ts';

test('a client has its burst at once and then its rate', () => {
  const limit = new RateLimit({ perSecond: 10, burst: 3 });
  const taken = (client: string, nowMs: number) => limit.take(client, nowMs);
  expect([0, 0, 0, 0].map((at) => taken('a', at))).toEqual([true, true, true, false]);
  expect(limit.waitMs('a', 0)).toBe(100);
  expect(limit.waitMs('a', 60)).toBeCloseTo(40);
  expect(taken('a', 99)).toBe(false);
  expect(taken('a', 101)).toBe(true);
  expect(taken('a', 102)).toBe(false);
  expect(taken('b', 102)).toBe(true);
  expect([1, 2, 3, 4].map(() => taken('a', 10_000))).toEqual([true, true, true, false]);
});

test('a household of IPv6 is one client', () => {
  const limit = new RateLimit({ perSecond: 1, burst: 1 });
  expect(limit.take('2001:db8:1:2::1', 0)).toBe(true);
  expect(limit.take('2001:db8:1:2:ffff::2', 0)).toBe(false);
  expect(limit.take('2001:db8:1:3::1', 0)).toBe(true);
  expect(limit.take('::1', 0)).toBe(true);
  expect(limit.take('::1', 0)).toBe(false);
  expect(limit.take('::ffff:10.0.0.1', 0)).toBe(true);
  expect(limit.take('::ffff:10.0.0.2', 0)).toBe(true);
});

test('a million clients cost no more than ten thousand', () => {
  const limit = new RateLimit({ perSecond: 1, burst: 1 });
  expect(limit.take('first', 0)).toBe(true);
  for (let client = 0; client < 10_001; client++) limit.take(`${client}`, 0);
  // Forgotten.
  expect(limit.take('first', 0)).toBe(true);
});

test('who owes the oldest bytes is dropped when they are too many', () => {
  const dropped: string[] = [];
  const budget = new SendBudget(100);
  const owe = (who: string, bytes: number) => budget.owe(bytes, () => dropped.push(who));
  const a = owe('a', 60);
  owe('b', 30);
  expect(dropped).toEqual([]);
  a();
  a();
  expect(budget.bytes).toBe(30);
  owe('c', 70);
  owe('d', 10);
  expect(dropped).toEqual(['b']);
  expect(budget.bytes).toBe(80);
  owe('e', 101);
  expect(dropped).toEqual(['b', 'c', 'd']);
  expect(budget.bytes).toBe(101);
  owe('f', 1);
  expect(dropped).toEqual(['b', 'c', 'd', 'e']);
  expect(budget.bytes).toBe(1);
});
