/**
 * The EVM stack while a region is assembled: words that are known or live in locals, above and
 * among items that still lie in memory as they did when the region was entered.
 *
 * Slots count from the entry height: slot -1 is the top item at entry, slot 0 the first one
 * pushed. A slot's home in memory has a fixed, positive offset from the local `low`:
 *
 *   home(slot) = low + 32 (growthMax - 1 - slot)        low = sp at entry - 32 growthMax
 *
 * *Settling* a slot stores its word at its home. Where a region is left all slots are settled, so
 * the interpreter, another region or the runtime finds the stack as the EVM has it.
 */
import type { Local, Value } from '../../wasm/function.ts';
import { type Emitter, halvesOf, storeWord, WORD_BYTES, type Word } from '../words/word.ts';

/** The state of a virtual stack at a fork of the control flow. */
export interface StackSnapshot {
  readonly items: readonly (Word | undefined)[];
  readonly height: number;
  readonly bottom: number;
}

export interface StackBounds {
  /** Deepest entry item that may be reached. */
  readonly needMax: number;
  /** Most items above the entry height. */
  readonly growthMax: number;
}

export class VirtualStack {
  readonly needMax: number;
  readonly growthMax: number;
  readonly #emitter: Emitter;
  readonly #low: Local<'i32'>;
  /** Words by slot + needMax; undefined where the slot is at home and untouched. */
  #items: (Word | undefined)[] = [];
  /** Items relative to the entry height. */
  #height = 0;
  /** Lowest slot that may not be at home. */
  #bottom = 0;

  constructor(emitter: Emitter, low: Local<'i32'>, bounds: StackBounds) {
    this.#emitter = emitter;
    this.#low = low;
    this.needMax = bounds.needMax;
    this.growthMax = bounds.growthMax;
  }

  get height(): number {
    return this.#height;
  }

  snapshot(): StackSnapshot {
    return { items: this.#items.slice(), height: this.#height, bottom: this.#bottom };
  }

  restore(snapshot: StackSnapshot): void {
    this.#items = snapshot.items.slice();
    this.#height = snapshot.height;
    this.#bottom = snapshot.bottom;
  }

  /** Sets the height back to what it was before the current opcode popped its operands. */
  unwind(height: number): void {
    this.#height = height;
  }

  item(slot: number): Word {
    return this.#items[slot + this.needMax] ?? this.home(slot);
  }

  #put(slot: number, word: Word): void {
    this.#items[slot + this.needMax] = word;
    if (slot < this.#bottom) this.#bottom = slot;
  }

  pop(): Word {
    this.#height -= 1;
    return this.item(this.#height);
  }

  push(word: Word): void {
    this.#put(this.#height, word);
    this.#height += 1;
  }

  /** Pushes the result that a runtime function has stored in the next slot's home. */
  pushHome(): void {
    this.push(this.home(this.#height));
  }

  duplicate(depth: number): void {
    this.push(this.item(this.#height - 1 - depth));
  }

  exchange(depth: number): void {
    const top = this.#height - 1;
    const first = this.item(top);
    const other = this.item(top - depth);
    this.#put(top, other);
    this.#put(top - depth, first);
  }

  // ---------------------------------------------------------------- homes

  offset(slot: number): number {
    return (this.growthMax - 1 - slot) * WORD_BYTES;
  }

  home(slot: number): Word {
    return { kind: 'memory', base: this.#low, offset: this.offset(slot) };
  }

  #isHome(word: Word, slot: number): boolean {
    return word.kind === 'memory' && word.base === this.#low && word.offset === this.offset(slot);
  }

  /** Pushes the stack pointer for a height. */
  pushPointer(height: number): Value<'i32'> {
    return this.pushAddress(height - 1);
  }

  /** Pushes the address of a slot's home. */
  pushAddress(slot: number): Value<'i32'> {
    const { fn } = this.#emitter;
    const offset = this.offset(slot);
    if (offset === 0) return fn.get(this.#low);
    return fn.i32.add(fn.get(this.#low), fn.i32.const(offset));
  }

  /** Settles the slots from `first` up to the top. */
  settleTop(count: number): void {
    this.#settle(this.#height - count, this.#height, this.#items);
  }

  settleAll(): void {
    this.#settle(this.#bottom, this.#height, this.#items);
  }

  /** Emits the settling of all slots below `height`, but assembles on as if nothing had been. */
  settleAside(height: number): void {
    this.#settle(this.#bottom, height, this.#items.slice());
  }

  /**
   * Stores the words of slots [first, end) at their homes. A word that still lies at a place
   * which is about to be overwritten is read first.
   */
  #settle(first: number, end: number, items: (Word | undefined)[]): void {
    const moved: number[] = [];
    for (let slot = first; slot < end; slot++) {
      const word = items[slot + this.needMax];
      if (word !== undefined && !this.#isHome(word, slot)) moved.push(slot);
    }
    if (moved.length === 0) return;
    const overwritten = new Set(moved.map((slot) => this.offset(slot)));
    const live = Math.max(end, this.#height);
    for (let slot = this.#bottom; slot < live; slot++) {
      const word = items[slot + this.needMax];
      if (word === undefined || word.kind !== 'memory' || word.base !== this.#low) continue;
      if (this.#isHome(word, slot) || !overwritten.has(word.offset)) continue;
      items[slot + this.needMax] = halvesOf(this.#emitter, word);
    }
    for (const slot of moved) {
      const word = items[slot + this.needMax] as Word;
      storeWord(this.#emitter, word, this.#low, this.offset(slot));
      items[slot + this.needMax] = this.home(slot);
    }
  }

  /** Reads the words that refer to a slot's home, which a runtime function will overwrite. */
  protect(target: number): void {
    const offset = this.offset(target);
    for (let slot = this.#bottom; slot < target; slot++) {
      const word = this.#items[slot + this.needMax];
      if (word?.kind !== 'memory' || word.base !== this.#low || word.offset !== offset) continue;
      this.#items[slot + this.needMax] = halvesOf(this.#emitter, word);
    }
  }

  /** Adds the locals that the stack refers to. */
  collectLocals(into: Set<Local>): void {
    collectLocals(this.#items, this.#bottom + this.needMax, this.#height + this.needMax, into);
  }

  /** The same for a snapshot. */
  collectSnapshot(snapshot: StackSnapshot, into: Set<Local>): void {
    const { items, bottom, height } = snapshot;
    collectLocals(items, bottom + this.needMax, height + this.needMax, into);
  }
}

function collectLocals(
  items: readonly (Word | undefined)[],
  first: number,
  end: number,
  into: Set<Local>,
): void {
  for (let i = first; i < end; i++) {
    const word = items[i];
    if (word === undefined) continue;
    if (word.kind === 'halves') into.add(word.low).add(word.high);
    else if (word.kind === 'condition') into.add(word.condition);
    else if (word.kind === 'limbs') {
      for (const limb of word.limbs) if (typeof limb !== 'bigint') into.add(limb);
    }
  }
}
