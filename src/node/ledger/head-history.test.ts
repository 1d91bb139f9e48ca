import { expect, it } from 'vitest';
import { RecentItems } from './head-history.ts';

it('gives each what came since he was there last, as long as it is kept', () => {
  const items = new RecentItems<number>(10);
  expect(items.since(items.end)).toEqual([]);
  const early = items.end;
  for (let item = 0; item < 19; item++) items.push(item);
  expect(items.since(early)?.length).toBe(19);
  const late = items.end;
  items.push(19);
  expect(items.since(late)).toEqual([19]);
  expect(items.since(early)).toBeUndefined();
  expect(items.since(10)?.[0]).toBe(10);
});
