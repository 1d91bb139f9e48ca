import fc from 'fast-check';
import { expect, test } from 'vitest';
import { signHash, signPortably } from './signing.ts';

const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });

test('both ways give the same signature', () => {
  fc.assert(
    fc.property(bytes, bytes, (hash, given) => {
      const key = given.with(0, 1);
      expect(signHash(hash, key)).toEqual(signPortably(hash, key));
    }),
    { numRuns: 50 },
  );
});
