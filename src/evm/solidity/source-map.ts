/**
 * Source maps of solc: one entry an instruction, `start:length:file:jump:depth`, where an empty
 * field repeats the entry before.
 *
 * Specification: https://docs.soliditylang.org/en/latest/internals/source_mappings.html
 */

export interface SourceRange {
  /** Byte offset in the source, and bytes. */
  readonly start: number;
  readonly length: number;
  /** Index of the source; -1 for what the compiler made up. */
  readonly file: number;
}

export interface SourcePosition {
  /** 1 for the first. */
  readonly line: number;
  readonly column: number;
}

/** The ranges of a map, in the order of instructions. */
export function parseSourceMap(map: string): readonly SourceRange[] {
  let range: SourceRange = { start: -1, length: -1, file: -1 };
  return map.split(';').map((entry) => {
    const [start = '', length = '', file = ''] = entry.split(':');
    range = {
      start: start === '' ? range.start : Number(start),
      length: length === '' ? range.length : Number(length),
      file: file === '' ? range.file : Number(file),
    };
    return range;
  });
}

/** Index of the instruction at each byte of code; bytes of immediates count to theirs. */
export function instructionIndexes(code: Uint8Array): Uint32Array {
  const indexes = new Uint32Array(code.length);
  let index = 0;
  for (let pc = 0; pc < code.length; index++) {
    const op = code[pc] as number;
    const next = pc + 1 + (op >= 0x60 && op <= 0x7f ? op - 0x5f : 0);
    indexes.fill(index, pc, next);
    pc = next;
  }
  return indexes;
}

/** Line and column of a byte offset. Columns count characters. */
export function positionOf(source: string, offset: number): SourcePosition {
  const bytes = new TextEncoder().encode(source).subarray(0, Math.max(0, offset));
  const lines = new TextDecoder().decode(bytes).split('\n');
  return { line: lines.length, column: (lines.at(-1) as string).length + 1 };
}
