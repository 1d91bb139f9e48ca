/** Decoders of hostile bytes, a short run; and that the fuzzer sees faults. */
import { describe, expect, it } from 'vitest';
import { DECODERS, fuzzDecoders, tryInput } from './decoders.ts';

describe('decoders of hostile bytes', () => {
  it.each(DECODERS)('take what is real: $name', async (decoder) => {
    const isBare = decoder.isBare === true;
    for (const seed of decoder.seeds) expect(await tryInput(decoder, seed)).toBe(!isBare);
  });

  it('give a value or a refusal of theirs', { timeout: 600_000 }, async () => {
    const counts = await fuzzDecoders(Date.now() % 1_000_000, (inputs) => inputs >= 46_000);
    for (const { name, inputs, accepted } of counts) {
      expect(accepted, name).toBeLessThan(inputs);
    }
  });

  it('are seen when they fail otherwise', async () => {
    const faulty = (decode: () => boolean) => () =>
      tryInput({ name: 'faulty', seeds: [], decode }, Uint8Array.of(1, 2));
    const fails = () => {
      throw new RangeError('offset is out of bounds');
    };
    const message = 'faulty: RangeError: offset is out of bounds: 0x0102';
    await expect(faulty(fails)()).rejects.toThrow(message);
    const writes = (bytes: Uint8Array) => {
      bytes[0] = 9;
      return true;
    };
    const writer = { name: 'writer', seeds: [], decode: writes };
    await expect(tryInput(writer, Uint8Array.of(1))).rejects.toThrow('wrote to its input');
  });
});
