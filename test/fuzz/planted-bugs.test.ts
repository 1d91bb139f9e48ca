/** The bugs to plant still have their places: sources change. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { PLANTED_BUGS } from './planted-bugs.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test('each place stands in its file exactly once', () => {
  const misplaced = PLANTED_BUGS.filter(({ file, from }) => {
    return readFileSync(join(ROOT, file), 'utf8').split(from).length !== 2;
  });
  expect(misplaced).toEqual([]);
  expect(PLANTED_BUGS.length).toBeGreaterThan(40);
});
