/** The structures of the layouts: fields do not overlap, statuses are unique. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const SOURCE = ['layout.ts', 'parallel-layout.ts']
  .map((file) => readFileSync(new URL(`../src/evm/${file}`, import.meta.url), 'utf8'))
  .join('\n');

interface Field {
  readonly name: string;
  readonly offset: number;
  readonly comment: string;
}

/** Constants with the comment that stands over them. */
function fieldsOf(prefix: string): Field[] {
  const fields: Field[] = [];
  let comment = '';
  for (const line of SOURCE.split('\n')) {
    const text = line.trim();
    const found = /^export const (\w+) = (-?\d+);$/.exec(text);
    if (text.startsWith('/**') || text.startsWith('*') || text.startsWith('//')) comment += text;
    else if (found !== null) {
      const [, name = '', value = ''] = found;
      if (name.startsWith(prefix)) fields.push({ name, offset: Number(value), comment });
    } else comment = '';
    if (text.startsWith('/**') && found === null) comment = text;
  }
  return fields;
}

function sizeOf({ name, comment }: Field): number {
  if (/^R_TX_GAS_LIMIT$/.test(name)) return 8;
  if (/\bi64\b|\bu64\b/.test(comment) && !/u64 block number/.test(comment)) return 8;
  return 4;
}

const PREFIXES = ['F_', 'R_', 'CODE_', 'S_', 'BLOCK_', 'J_', 'W_', 'V_'];

test.each(PREFIXES)('fields of %s* lie apart', (prefix) => {
  const ignored = /_BYTES$|_PADDING$|_TIER_|_RUNTIME$|^CODE_MAP$/;
  const fields = fieldsOf(prefix).filter(({ name }) => !ignored.test(name));
  expect(fields.length).toBeGreaterThan(3);
  const sorted = fields.toSorted((a, b) => a.offset - b.offset);
  for (const [i, field] of sorted.entries()) {
    const next = sorted[i + 1];
    if (next === undefined || next.offset === field.offset + 0) {
      expect(next?.offset ?? -1, `${field.name} and ${next?.name}`).not.toBe(field.offset);
      continue;
    }
    expect(field.offset + Math.min(sizeOf(field), 4), field.name).toBeLessThanOrEqual(next.offset);
  }
});

test('statuses, requests and refusals are unique', () => {
  for (const prefix of ['STATUS_', 'REQUEST_', 'REFUSED_', 'TX_FLAG_', 'CONTEXT_FLAG_']) {
    const values = fieldsOf(prefix)
      .filter(({ name }) => name !== 'STATUS_LAST_HALT')
      .map(({ offset }) => offset);
    expect(values.length).toBeGreaterThan(2);
    expect(new Set(values).size, prefix).toBe(values.length);
  }
});
