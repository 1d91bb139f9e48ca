/**
 * Copies of bytes that are lent for the length of a call: always the same memory, since a new copy
 * for each of many large inputs costs more than what is done with them.
 */

/** Larger ones are copied anew, and not kept. */
const KEPT_MAX = 4_194_304;

export class LentBytes {
  #bytes = new Uint8Array(0);
  #lent = false;

  /** Calls `use` with a copy, its own until it returns, or until what it promises is there. */
  lend<Result>(given: Uint8Array, use: (copy: Uint8Array) => Result): Result {
    const { length } = given;
    if (this.#lent || length > KEPT_MAX) return use(given.slice());
    if (length > this.#bytes.length) this.#bytes = new Uint8Array(Math.min(2 * length, KEPT_MAX));
    const copy = this.#bytes.subarray(0, length);
    copy.set(given);
    this.#lent = true;
    try {
      const result = use(copy);
      // What goes on has the memory for itself.
      if (result instanceof Promise) this.#bytes = new Uint8Array(0);
      return result;
    } finally {
      this.#lent = false;
    }
  }
}
