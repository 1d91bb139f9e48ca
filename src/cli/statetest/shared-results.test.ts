import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sharedPrecompiles } from './shared-results.ts';

it('a long result is kept by its input, for all jobs but one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ironfly-shared-'));
  try {
    let runs = 0;
    const run = (input: Uint8Array) => {
      runs++;
      return input.slice(0, 64);
    };
    const input = (last: number) => {
      const bytes = new Uint8Array(213);
      bytes.fill(0xff, 0, 4);
      bytes[212] = last;
      return bytes;
    };
    const job = { engine: 'compiler', fork: 'cancun', gasLimit: 10n ** 10n } as const;
    const ask = (bytes: Uint8Array, gas: bigint) =>
      Object.values(sharedPrecompiles(folder, run, job) ?? {})[0]?.(bytes, gas);
    const first = ask(input(0), 2n ** 32n);
    expect(first).toEqual({ gasUsed: 0xffff_ffffn, output: input(0).slice(0, 64) });
    expect(ask(input(0), 2n ** 32n)).toEqual(first);
    expect(runs).toBe(1);
    expect(ask(input(1), 2n ** 32n)).toBeDefined();
    expect(runs).toBe(2);
    expect(ask(input(0), 1000n)).toBeUndefined();
    expect(ask(input(2), 2n ** 32n)).toBeUndefined();
    expect(ask(input(0).slice(1), 2n ** 32n)).toBeUndefined();
    expect(runs).toBe(2);
    const one = { ...job, engine: 'interpreter' } as const;
    expect(sharedPrecompiles(folder, run, one)).toBeUndefined();
    expect(sharedPrecompiles(folder, run, { ...job, gasLimit: 10n ** 9n })).toBeUndefined();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
