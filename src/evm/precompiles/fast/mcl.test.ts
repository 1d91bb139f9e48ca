/** What the build wrote down of mcl is what mcl computes. */
import { describe, expect, test } from 'vitest';
import { restoreMcl } from './mcl.ts';
import { hasMcl, initialiseMcl, instantiateMcl, MCL_CURVES } from './mcl-module.ts';

describe.skipIf(!hasMcl())('the state of an instance', () => {
  test.each(MCL_CURVES)('curve %i', (curve) => {
    const [computed, restored] = [instantiateMcl(), instantiateMcl()];
    initialiseMcl(computed, curve);
    const bytesOf = ({ memory }: { readonly memory: WebAssembly.Memory }) =>
      Buffer.from(memory.buffer);
    expect(bytesOf(restored).equals(bytesOf(computed))).toBe(false);
    expect(restoreMcl(restored, curve)).toBe(true);
    expect(bytesOf(restored).equals(bytesOf(computed))).toBe(true);
  });

  test('no other curve is restored', () => {
    expect(restoreMcl(instantiateMcl(), 0)).toBe(false);
  });
});
