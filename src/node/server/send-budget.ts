/**
 * Bytes that wait until clients read them, of all connections together: where there are too many,
 * whoever owes the oldest is dropped, so that slow readers cost a server no more than that.
 */

interface Debt {
  readonly bytes: number;
  readonly drop: () => void;
}

export class SendBudget {
  readonly #bytesMax: number;
  /** The oldest first. */
  readonly #debts = new Set<Debt>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Bytes are under way; what it gives is called, once or more, when they are gone. They drop
   * others, never themselves at once.
   */
  owe(bytes: number, drop: () => void): () => void {
    const debt = { bytes, drop };
    this.#debts.add(debt);
    this.#bytes += bytes;
    for (const oldest of this.#debts) {
      if (this.#bytes <= this.#bytesMax || oldest === debt) break;
      this.#settle(oldest);
      oldest.drop();
    }
    return () => this.#settle(debt);
  }

  #settle(debt: Debt): void {
    if (this.#debts.delete(debt)) this.#bytes -= debt.bytes;
  }
}
