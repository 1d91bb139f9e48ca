import { expect, it } from 'vitest';
import { loop } from '../../../test/opened-machine.ts';
import { compileJob } from './compilation.ts';
import { warmUp } from './warm-up.ts';

it.each([true, false])(
  'calls each function without gas, and nothing comes of it (shared %s)',
  (shared) => {
    // A loop, storage, a call, a creation and a log: all that can leave the code.
    const code = `${loop(3, 1).slice(0, 28)}5f545f555f5f5f5f5f5f5af1505f5f5ff0505f5fa05b56`;
    const { compiled } = compileJob({
      hash: `0x${'00'.repeat(32)}`,
      code: Uint8Array.fromHex(code),
      fork: 'osaka',
      shared,
      heat: undefined,
      generation: 1,
      directory: undefined,
    });
    if (compiled === undefined) throw new Error('was refused');
    expect(compiled.slots.length).toBeGreaterThan(1);
    expect(warmUp(compiled, shared)).toBe(compiled.slots.length);
  },
);
