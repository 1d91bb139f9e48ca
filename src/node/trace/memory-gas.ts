/** What memory costs: 3 gas a word, and a 512th of the words squared (Yellow Paper, H.1). */

const WORD = 32n;
/** Whatever is larger no gas can pay. */
const SIZE_MAX = 1n << 40n;

/** Gas to grow a memory of `before` bytes so that it holds `size` bytes from `offset` on. */
export function memoryGas(before: number, offset: bigint, size: bigint): bigint {
  if (size === 0n) return 0n;
  const end = offset + size;
  const wordsBefore = BigInt(before) / WORD;
  const words = (end > SIZE_MAX ? SIZE_MAX : end + WORD - 1n) / WORD;
  return words <= wordsBefore ? 0n : priceOf(words) - priceOf(wordsBefore);
}

function priceOf(words: bigint): bigint {
  return 3n * words + (words * words) / 512n;
}
