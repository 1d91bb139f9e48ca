/** The shares that the results report, on code whose shares are known; the hard contracts. */
import { describe, expect, test } from 'vitest';
import { findBlocks } from '../../evm/compiler/blocks.ts';
import { hardContracts, realContracts, timeCompiler } from './compile-figures.ts';
import { coverageOf, replay } from './coverage.ts';
import { CONTRACT, contractAt, type Workload } from './workload.ts';

function workload(code: string): Workload {
  const accounts = [contractAt(CONTRACT, Uint8Array.fromHex(code))];
  const input = new Uint8Array();
  return { name: 'x', contract: 'x', judged: false, accounts, to: CONTRACT, input, expected: '0x' };
}

/** 100 rounds from 2 on: each calls a function at 18, which returns to 8 by a dynamic jump. */
const LOOP = '60645b60086012565b6001900380600257005b60015056';

describe('coverage', () => {
  test('all of a hot loop is in regions, its function return resolved', async () => {
    const found = await coverageOf(workload(LOOP));
    expect(found.instructions).toBe(1 + 100 * (4 + 4 + 7) + 1);
    expect(found.inRegions).toBe(found.instructions);
    expect(found.dynamicJumps).toBe(100);
    expect(found.resolvedJumps).toBeGreaterThan(90);
  });

  test('a jump to where the caller says is not resolved', async () => {
    // CALLDATASIZE PUSH1 7 ADD JUMP, from 7 on JUMPDEST STOP.
    const found = await coverageOf(workload('366007015600005b00'));
    expect(found).toMatchObject({ instructions: 6, dynamicJumps: 1, resolvedJumps: 0 });
  });

  test('code that is refused has nothing in regions', () => {
    const code = new Uint8Array(20_000).fill(0x5b);
    const blocks = new Map(findBlocks(code, 'osaka').map((block) => [block.pc, block]));
    const found = replay({ code, blocks, frames: [[0, 1, 2]] });
    expect(found).toEqual({ instructions: 3, inRegions: 0, dynamicJumps: 0, resolvedJumps: 0 });
  });
});

describe('contracts made to be hard', () => {
  test.each([...hardContracts()])(
    '%s: of a size that may be deployed, its jumps land',
    (_, code) => {
      expect(code.length).toBeLessThanOrEqual(24_576);
      const blocks = findBlocks(code, 'osaka');
      const destinations = new Set(blocks.map(({ pc }) => pc));
      for (const { instructions } of blocks) {
        const push = instructions.at(-2);
        if (instructions.at(-1)?.row.name !== 'JUMPI' || push?.row.name !== 'PUSH2') continue;
        const target = ((code[push.pc + 1] as number) << 8) | (code[push.pc + 2] as number);
        expect(code[target]).toBe(0x5b);
        expect(destinations).toContain(target);
      }
    },
  );

  test('a limit that is reached is named', () => {
    const code = hardContracts().get('all JUMPDEST') as Uint8Array;
    const [figure] = timeCompiler(new Map([['x', code]]));
    expect(figure?.refused).toBe('too many blocks: 24576, limit 16384');
  });
});

test('the contracts of workloads are looked at once each', () => {
  const [a, b] = [workload(LOOP), workload(LOOP)];
  expect([...realContracts([a, b]).keys()]).toEqual(['x']);
});
