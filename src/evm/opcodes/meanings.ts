/** All meanings, by byte. */
import { ARITHMETIC } from './arithmetic.ts';
import type { Meaning } from './assembler.ts';
import { COMPARISON } from './comparison.ts';
import { ENVIRONMENT } from './environment.ts';
import { FLOW } from './flow.ts';
import { MEMORY } from './memory.ts';
import { STACK } from './stack.ts';
import { STORAGE } from './storage.ts';
import { OPCODE_BY_BYTE } from './table.ts';

const BY_NAME = {
  ...ARITHMETIC,
  ...COMPARISON,
  ...ENVIRONMENT,
  ...MEMORY,
  ...STACK,
  ...STORAGE,
  ...FLOW,
};

/** The meaning of each byte that has a row in the table; undefined for the others. */
export const MEANINGS: readonly (Meaning | undefined)[] = OPCODE_BY_BYTE.map((opcode) =>
  opcode === undefined ? undefined : BY_NAME[opcode.name],
);
