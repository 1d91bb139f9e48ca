/** Text for the terminal: tables, numbers with their nouns. */
import { styleText } from 'node:util';

export function bold(text: string): string {
  return styleText('bold', text, { stream: process.stdout });
}

/** Lines of cells, each column as wide as its widest. */
export function alignLeft(lines: readonly (readonly string[])[]): string[] {
  const widths = lines[0]?.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  return lines.map((line) =>
    line
      .map((cell, i) => cell.padEnd(widths?.[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** `1 block`, `2 blocks`. */
export function amountOf(value: number, noun: string): string {
  return `${value} ${noun}${value === 1 ? '' : 's'}`;
}
