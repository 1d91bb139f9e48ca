/** A real node, driven over all forks until it finalises, with every fault on the way. */
import { expect, test } from 'vitest';
import { drive } from './driver.ts';
import { FAULTS } from './faults.ts';

test('a node is driven to finality through restarts, kill -9 and every fault', async () => {
  const lines: string[] = [];
  const result = await drive({
    slotSeconds: 12,
    forkSlots: 6,
    isInTime: false,
    say: (line) => lines.push(line),
  });
  expect(result.faults).toBe(FAULTS.length);
  expect(result.restarts).toBe(4);
  expect(result.finalized).toBeGreaterThan(0n);
  expect(result.slots).toBeGreaterThanOrEqual(5 * 6 + FAULTS.length);
});
