/**
 * What became of the branch lately, for who asks now and then: each asks from where he was last.
 * Bounded: who comes too late is told so.
 */

/** A block that came to the branch, or left it. */
export interface BranchStep {
  readonly hash: `0x${string}`;
  readonly removed: boolean;
}

/** Items in their order, the last so many of them. */
export class RecentItems<T> {
  readonly #itemsMax: number;
  #items: T[] = [];
  /** Of all there ever were, those before the first that is kept. */
  #dropped = 0;

  constructor(itemsMax: number) {
    this.#itemsMax = itemsMax;
  }

  /** Where who asks next begins. */
  get end(): number {
    return this.#dropped + this.#items.length;
  }

  push(item: T): void {
    this.#items.push(item);
    // PERF: half of them at once, so that each is moved once.
    if (this.#items.length < 2 * this.#itemsMax) return;
    this.#items = this.#items.slice(this.#itemsMax);
    this.#dropped += this.#itemsMax;
  }

  /** Those from `position` on; undefined where some of them are gone. */
  since(position: number): readonly T[] | undefined {
    return position < this.#dropped ? undefined : this.#items.slice(position - this.#dropped);
  }
}
