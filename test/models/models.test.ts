/** The models at sizes that take seconds; bugs that are planted in them are found. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { canExplore, explore } from './explore.ts';

const MODEL = readFileSync(new URL('./parallel.pml', import.meta.url), 'utf8');
const SMALL = { constants: { WORKERS: 2, TRANSACTIONS: 3, AGAIN: 1, LARGE: 1 } };
const LEFT = { constants: { WORKERS: 2, TRANSACTIONS: 4, AGAIN: 1, LARGE: 1, LEFT: 2 } };
const WIDER = { constants: { WORKERS: 3, TRANSACTIONS: 2, AGAIN: 1, LARGE: 1 } };

/** What stands there, and what instead. */
const PLANTED: Readonly<Record<string, readonly [string, string]>> = {
  'what was executed in advance counts unseen': [
    ':: v == observed[t]\n        :: else -> write(t, v)\n        fi;\n        count(t)',
    ':: skip\n        fi;\n        count(t)',
  ],
  'the head is looked at while others may take its task': [
    ':: atomic { state[t] == EXECUTED -> state[t] = RUNS; owner[t] = me };\n        lookUp',
    ':: state[t] == EXECUTED ->\n        lookUp',
  ],
  'the head is moved twice': ['if :: head == t -> head++ :: else fi', 'head++'],
  'records that are replaced count on': [
    'd_step { record0[t] = 0; record1[t] = 0 };\n  d_step {',
    'd_step {',
  ],
};

describe.skipIf(!canExplore())('the model of parallel execution (needs spin)', () => {
  test('nothing is violated', () => {
    for (const size of [SMALL, LEFT, WIDER]) {
      const { states, fault } = explore(MODEL, size);
      expect(fault).toBeUndefined();
      expect(states).toBeGreaterThan(100_000);
    }
  });

  test.each(Object.entries(PLANTED))('it shows when %s', (_, [there, instead]) => {
    expect(MODEL).toContain(there);
    expect(explore(MODEL.replace(there, instead), SMALL).fault).toBeDefined();
  });
});
