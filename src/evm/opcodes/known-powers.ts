/** Words that are known, while assembling, to be powers of two: arithmetic by them is shifting. */
import { constantOf, type Word } from '../words/word.ts';

/** The exponent of such a word. */
export function powerOfTwo(word: Word): bigint | undefined {
  const value = constantOf(word);
  if (value === undefined || value === 0n || (value & (value - 1n)) !== 0n) return undefined;
  return BigInt(value.toString(2).length - 1);
}
