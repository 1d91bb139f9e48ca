/**
 * The immediate byte of DUPN, SWAPN and EXCHANGE (EIP-8024). Bytes that would be JUMPDEST or PUSH
 * are no operands, so that what is a jump's destination stays one: with them the opcode is invalid.
 */

export const DUPN = 0xe6;
export const SWAPN = 0xe7;
export const EXCHANGE = 0xe8;

/** Bytes from here up to VALID_AGAIN are no operands. */
export const SINGLE_INVALID = 91;
export const PAIR_INVALID = 82;
export const VALID_AGAIN = 128;

/** Added to the byte, modulo 256, for DUPN and SWAPN. */
export const SINGLE_OFFSET = 145;
/** The byte exclusive-or this are two numbers of four bits, for EXCHANGE. */
export const PAIR_MASK = 143;
/** Sum that two numbers outside the square of 16 are below. */
export const PAIR_SUM = 29;

/** The `n` of DUPN or SWAPN, 17 to 235; undefined for a byte that is no operand. */
export function decodeSingle(byte: number): number | undefined {
  if (byte >= SINGLE_INVALID && byte < VALID_AGAIN) return undefined;
  return (byte + SINGLE_OFFSET) % 256;
}

/** The items below the top that EXCHANGE exchanges; undefined for a byte that is no operand. */
export function decodePair(byte: number): readonly [number, number] | undefined {
  if (byte >= PAIR_INVALID && byte < VALID_AGAIN) return undefined;
  const both = byte ^ PAIR_MASK;
  const [high, low] = [both >> 4, both & 15];
  return high < low ? [high + 1, low + 1] : [low + 1, PAIR_SUM - high];
}
