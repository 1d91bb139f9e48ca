import { expect, it } from 'vitest';
import { FORKS } from '../forks/names.ts';
import { assembleInterpreter } from '../interpreter/assemble.ts';
import { assembleKernels } from '../kernels/module.ts';
import { assembledModule } from './assembled.ts';

it.each([true, false])('holds what the assembler makes of these sources, shared: %s', (shared) => {
  for (const fork of FORKS) {
    const same = Buffer.from(assembledModule(fork, shared)).equals(
      assembleInterpreter(fork, { shared }),
    );
    expect(same, `${fork}: run node scripts/build-runtime.mjs`).toBe(true);
  }
  expect(assembledModule('kernels', shared)).toEqual(assembleKernels({ shared }));
});
