/** 0x50, 0x5f to 0x9f, 0xe6 to 0xe8: POP, PUSH, DUP, SWAP, EXCHANGE. */
import { ZERO } from '../words/word.ts';
import type { Meaning, Meanings } from './assembler.ts';

function numbered(prefix: string, count: number, meaning: (n: number) => Meaning): Meanings {
  const entries = Array.from({ length: count }, (_, i): [string, Meaning] => [
    `${prefix}${i + 1}`,
    meaning(i + 1),
  ]);
  return Object.fromEntries(entries);
}

export const STACK: Meanings = {
  POP: (m) => void m.pop(),
  PUSH0: (m) => m.push(ZERO),
  ...numbered('PUSH', 32, () => (m) => m.push(m.immediate())),
  ...numbered('DUP', 16, (n) => (m) => m.duplicate(n - 1)),
  ...numbered('SWAP', 16, (n) => (m) => m.exchange(n)),
  DUPN: (m) => m.duplicateByImmediate(),
  SWAPN: (m) => m.exchangeByImmediate(),
  EXCHANGE: (m) => m.exchangePairByImmediate(),
};
