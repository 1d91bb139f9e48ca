/** What no number of cores makes shorter: transactions that wait for each other's writes. */
import type { ReadAndWritten } from '../../chain/executor/read-and-written.ts';

export interface TimedTransaction extends ReadAndWritten {
  readonly micros: number;
}

export interface Chain {
  readonly micros: number;
  /** Of its transactions, in order. */
  readonly indices: readonly number[];
}

/**
 * The chain of transactions that takes longest, of which each reads what the one before it wrote.
 * PERF: O(reads and writes).
 */
export function longestChain(transactions: readonly TimedTransaction[]): Chain {
  const writers = new Map<string, number>();
  const ends: number[] = [];
  const before: (number | undefined)[] = [];
  let last: number | undefined;
  for (const [index, { micros, reads, writes }] of transactions.entries()) {
    let start = 0;
    let from: number | undefined;
    for (const name of reads) {
      const writer = writers.get(name);
      if (writer === undefined || (ends[writer] as number) <= start) continue;
      start = ends[writer] as number;
      from = writer;
    }
    ends.push(start + micros);
    before.push(from);
    for (const name of writes) writers.set(name, index);
    if (last === undefined || start + micros > (ends[last] as number)) last = index;
  }
  const indices: number[] = [];
  for (let at = last; at !== undefined; at = before[at]) indices.push(at);
  return { micros: last === undefined ? 0 : (ends[last] as number), indices: indices.reverse() };
}
