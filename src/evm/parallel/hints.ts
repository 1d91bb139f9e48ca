/**
 * Which calls are likely to read what another of the same kind has written, as the blocks before
 * have shown: those of one contract and one selector of which most had to be executed again. A hint
 * says only in what order it is worth to execute in advance.
 */
import type { Address, Transaction } from '../types.ts';

/** Kinds of calls that are remembered. */
const KINDS_MAX = 1_024;
/** Blocks for which one is taken for conflicting, after the last in which it was. */
const BLOCKS = 16;
/** Fewer that were executed again are an accident. */
const AGAIN_MIN = 8;
const SELECTOR_BYTES = 4;

export class ConflictHints {
  /** By kind: for how many blocks it counts; the longest ago comes first. */
  readonly #blocks = new Map<string, number>();

  /** For each transaction of a block in turn, the one that it is to follow. */
  follow(): (transaction: Transaction, index: number) => number | undefined {
    const last = new Map<string, number>();
    return (transaction, index) => {
      // PERF: most blocks have no such calls.
      if (this.#blocks.size === 0) return undefined;
      const kind = kindOf(transaction);
      if (kind === undefined || !this.#blocks.has(kind)) return undefined;
      const before = last.get(kind);
      last.set(kind, index);
      return before;
    };
  }

  /** A block has ended; `heldOf` says of a transaction whether what came in advance held. */
  learn(
    transactions: readonly Transaction[],
    heldOf: (index: number) => boolean | undefined,
  ): void {
    const met = new Map<string, { kept: number; again: number }>();
    for (const [index, transaction] of transactions.entries()) {
      const kind = kindOf(transaction);
      if (kind === undefined) continue;
      const counts = met.get(kind) ?? { kept: 0, again: 0 };
      const held = heldOf(index);
      if (held === true) counts.kept += 1;
      if (held === false) counts.again += 1;
      met.set(kind, counts);
    }
    for (const [kind, { kept, again }] of met) {
      const conflicts = again >= AGAIN_MIN && again > 2 * kept;
      const left = conflicts ? BLOCKS : (this.#blocks.get(kind) ?? 1) - 1;
      this.#blocks.delete(kind);
      if (left > 0) this.#blocks.set(kind, left);
    }
    for (const kind of this.#blocks.keys()) {
      if (this.#blocks.size <= KINDS_MAX) break;
      this.#blocks.delete(kind);
    }
  }

  /** Whether nothing is known. */
  get isEmpty(): boolean {
    return this.#blocks.size === 0;
  }
}

/** A contract and what it is asked to do; a transfer is of no kind. */
function kindOf({ to, data }: Transaction): `${Address} ${string}` | undefined {
  if (to === undefined || data.length < SELECTOR_BYTES) return undefined;
  return `${to} ${data.subarray(0, SELECTOR_BYTES).toHex()}`;
}
