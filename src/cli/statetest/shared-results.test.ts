import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { rulesOf } from '../../evm/forks/rules.ts';
import type { PrecompileHost } from '../../evm/precompiles/precompile.ts';
import { sharingResults } from './shared-results.ts';

it('long results are kept by their input; all else is run each time', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ironfly-shared-'));
  try {
    let runs = 0;
    const host: PrecompileHost = (_, input, gas) => {
      runs++;
      const gasUsed = BigInt(new DataView(input.buffer).getUint32(0));
      return gas < gasUsed ? undefined : { gasUsed, output: input.slice(0, 64) };
    };
    const input = (rounds: number, last: number) => {
      const bytes = new Uint8Array(213);
      new DataView(bytes.buffer).setUint32(0, rounds);
      bytes[212] = last;
      return bytes;
    };
    const rules = rulesOf('cancun');
    const ask = (bytes: Uint8Array, gas = 2n ** 40n, address = 9n) =>
      sharingResults(folder, host)(address, bytes, gas, rules);
    const long = input(0xffff_ffff, 0);
    const first = await ask(long);
    expect(await ask(long)).toEqual(first);
    expect(runs).toBe(1);
    expect(await ask(long, 5n)).toBeUndefined();
    await ask(input(0xffff_ffff, 1));
    await ask(long, 2n ** 40n, 8n);
    for (let i = 0; i < 2; i++) await ask(input(12, 0));
    expect(runs).toBe(6);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
