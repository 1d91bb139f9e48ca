/**
 * Which transactions are likely to read what another of the same kind has written, as the blocks
 * before have shown: kinds of which most had to be executed again. A kind is to call one contract
 * by one selector, or to name one slot in an access list. A hint says only in what order it is
 * worth to execute in advance.
 */
import type { TransactionKind } from './job-memory.ts';

/** Kinds that are remembered. */
const KINDS_MAX = 1_024;
/** Blocks for which one is taken for conflicting, after the last in which it was. */
const BLOCKS = 16;
/** Fewer that were executed again are an accident. */
const AGAIN_MIN = 8;

export class ConflictHints {
  /** By kind: for how many blocks it counts; the longest ago comes first. */
  readonly #blocks = new Map<TransactionKind, number>();

  /** For each transaction of a block in turn, by its kinds, the one that it is to follow. */
  follow(): (kinds: readonly TransactionKind[], index: number) => number | undefined {
    const last = new Map<TransactionKind, number>();
    return (kinds, index) => {
      let before: number | undefined;
      for (const kind of kinds) {
        if (!this.#blocks.has(kind)) continue;
        const of = last.get(kind);
        if (of !== undefined && (before === undefined || of > before)) before = of;
        last.set(kind, index);
      }
      return before;
    };
  }

  /**
   * A block of so many transactions has ended; `heldOf` says of each whether what came in advance
   * held.
   */
  learn(
    count: number,
    kindsOf: (index: number) => readonly TransactionKind[],
    heldOf: (index: number) => boolean | undefined,
  ): void {
    const met = new Map<TransactionKind, { kept: number; again: number }>();
    for (let index = 0; index < count; index++) {
      const held = heldOf(index);
      for (const kind of kindsOf(index)) {
        const counts = met.get(kind) ?? { kept: 0, again: 0 };
        if (held === true) counts.kept += 1;
        if (held === false) counts.again += 1;
        met.set(kind, counts);
      }
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
