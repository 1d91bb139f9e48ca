/**
 * The EVM stack while a region is assembled: words that are known or live in locals, above and
 * among items that still lie in memory as they did when the region was entered.
 *
 * Slots count from the entry height: slot -1 is the top item at entry, slot 0 the first one
 * pushed. A slot's home in memory has a fixed, positive offset from the local `low`:
 *
 *   home(slot) = low + 32 (growthMax - 1 - slot)        low = sp at entry - 32 growthMax
 *
 * An item is *stale* while its home does not hold its word. Where a region is left all items are
 * spilled, so the interpreter, another region or the runtime finds the stack as the EVM has it.
 * No item refers to the home of another.
 */
import type { FunctionRef, Local, Value } from '../../wasm/function.ts';
import {
  type Emitter,
  fromLimbs,
  limbsOf,
  pushLimb,
  storeWord,
  WORD_BYTES,
  type Word,
  widthOf,
} from '../words/word.ts';
import type { LocalSet } from './temporaries.ts';

/** A word that is not, or not only, at its home. Never changed. */
export interface Item {
  readonly word: Word;
  /** Its home does not hold it. */
  readonly stale: boolean;
}

/** The state of a virtual stack; undefined where an item is at home only. */
export interface StackSnapshot {
  readonly items: readonly (Item | undefined)[];
  readonly height: number;
  /** No item below this slot is anywhere but at home. */
  readonly bottom: number;
}

export interface StackBounds {
  /** Deepest entry item that is reached. */
  readonly needMax: number;
  /** Most items above the entry height. */
  readonly growthMax: number;
}

/** Functions that store limbs at an address, for code that rarely runs and should be short. */
export interface StoreHelpers {
  /** (base, offset, limb 0) */
  readonly storeLimb: FunctionRef;
  /** (base, offset, limb 0, 1, 2, 3) */
  readonly storeLimbs: FunctionRef;
}

export class VirtualStack {
  readonly needMax: number;
  readonly growthMax: number;
  readonly #emitter: Emitter;
  readonly #low: Local<'i32'>;
  readonly #helpers: StoreHelpers;
  /** By slot + needMax. */
  #items: (Item | undefined)[] = [];
  /** Items relative to the entry height. */
  #height = 0;
  #bottom = 0;

  constructor(emitter: Emitter, low: Local<'i32'>, bounds: StackBounds, helpers: StoreHelpers) {
    this.#emitter = emitter;
    this.#low = low;
    this.needMax = bounds.needMax;
    this.growthMax = bounds.growthMax;
    this.#helpers = helpers;
  }

  get height(): number {
    return this.#height;
  }

  /** Below this slot all items are at home, and only there. */
  get bottom(): number {
    return this.#bottom;
  }

  snapshot(): StackSnapshot {
    return { items: this.#items.slice(), height: this.#height, bottom: this.#bottom };
  }

  restore({ items, height, bottom }: StackSnapshot): void {
    this.#items = items.slice();
    this.#height = height;
    this.#bottom = bottom;
  }

  /** Sets the height to what it was before the current opcode popped its operands, or after. */
  unwind(height: number): void {
    this.#height = height;
  }

  itemAt(slot: number): Item | undefined {
    return this.#items[slot + this.needMax];
  }

  #put(slot: number, item: Item | undefined): void {
    this.#items[slot + this.needMax] = item;
    if (slot < this.#bottom) this.#bottom = slot;
  }

  wordAt(slot: number): Word {
    return this.itemAt(slot)?.word ?? this.home(slot);
  }

  pop(): Word {
    this.#height -= 1;
    return this.wordAt(this.#height);
  }

  push(word: Word): void {
    const slot = this.#height;
    this.#height += 1;
    if (this.#isAtHome(word, slot)) this.#put(slot, undefined);
    else this.#put(slot, { word: this.#lifted(word), stale: true });
  }

  /** Pushes the result that a runtime function has stored in the next slot's home. */
  pushHome(): void {
    this.#put(this.#height, undefined);
    this.#height += 1;
  }

  duplicate(depth: number): void {
    this.push(this.#lift(this.#height - 1 - depth));
  }

  /** Exchanges two items below the top. */
  exchangePair([first, second]: readonly [number, number]): void {
    this.exchange(first);
    this.exchange(second);
    this.exchange(first);
  }

  exchange(depth: number): void {
    const top = this.#height - 1;
    const first = this.#lift(top);
    const other = this.#lift(top - depth);
    this.#put(top, { word: other, stale: true });
    this.#put(top - depth, { word: first, stale: true });
  }

  /** Puts `same` for each copy of `word`. */
  refine(word: Word, same: Word): void {
    if (word.kind !== 'limbs' && word.kind !== 'halves') return;
    for (let i = this.#bottom + this.needMax; i < this.#height + this.needMax; i++) {
      const item = this.#items[i];
      if (item === undefined || !isSame(item.word, word)) continue;
      this.#items[i] = { word: same, stale: item.stale };
    }
  }

  /** The slot's word, in locals from now on. */
  #lift(slot: number): Word {
    const item = this.itemAt(slot);
    if (item !== undefined) return item.word;
    const word = this.#lifted(this.home(slot));
    this.#put(slot, { word, stale: false });
    return word;
  }

  /** A word that does not lie on the stack in memory. */
  #lifted(word: Word): Word {
    if (word.kind !== 'memory') return word;
    return fromLimbs(limbsOf(this.#emitter, word));
  }

  // ---------------------------------------------------------------- homes

  offset(slot: number): number {
    return (this.growthMax - 1 - slot) * WORD_BYTES;
  }

  home(slot: number): Word {
    return { kind: 'memory', base: this.#low, offset: this.offset(slot) };
  }

  #isAtHome(word: Word, slot: number): boolean {
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

  /** Stores the stale ones of the top items. */
  spillTop(count: number): void {
    for (let slot = this.#height - count; slot < this.#height; slot++) this.spill(slot);
  }

  spillAll(): void {
    this.spillTop(this.#height - this.#bottom);
  }

  spill(slot: number): void {
    const item = this.itemAt(slot);
    if (item?.stale !== true) return;
    this.store(slot, item);
    this.#put(slot, { word: item.word, stale: false });
  }

  /** Stores an item at the home of a slot. */
  store(slot: number, { word }: Item): void {
    storeWord(this.#emitter, word, this.#low, this.offset(slot));
  }

  /** Stores the stale items below `height` by short code, and goes on as if nothing had been. */
  spillAside(height: number): void {
    for (let slot = this.#bottom; slot < height; slot++) {
      const item = this.itemAt(slot);
      if (item?.stale === true) this.#storeShort(item.word, this.offset(slot));
    }
  }

  #storeShort(word: Word, offset: number): void {
    const { fn } = this.#emitter;
    if (word.kind === 'halves') {
      storeWord(this.#emitter, word, this.#low, offset);
      return;
    }
    fn.get(this.#low);
    fn.i32.const(offset);
    pushLimb(this.#emitter, word, 0);
    if (widthOf(word) <= 1) {
      fn.call(this.#helpers.storeLimb);
      return;
    }
    for (let i = 1; i < 4; i++) pushLimb(this.#emitter, word, i);
    fn.call(this.#helpers.storeLimbs);
  }

  /** Adds the locals that the stack refers to. */
  collectLocals(into: LocalSet): void {
    const { needMax } = this;
    collectItems(this.#items, this.#bottom + needMax, this.#height + needMax, into);
  }
}

/** Whether two words are the same locals and constants. */
export function isSame(a: Word, b: Word): boolean {
  if (a.kind === 'halves') return b.kind === 'halves' && a.low === b.low && a.high === b.high;
  if (a.kind !== 'limbs' || b.kind !== 'limbs') return false;
  return a.limbs.every((limb, i) => limb === b.limbs[i]);
}

/** Adds the locals that a snapshot refers to. */
export function collectSnapshot(
  { items, height, bottom }: StackSnapshot,
  needMax: number,
  into: LocalSet,
): void {
  collectItems(items, bottom + needMax, height + needMax, into);
}

function collectItems(
  items: readonly (Item | undefined)[],
  first: number,
  end: number,
  into: LocalSet,
): void {
  for (let i = first; i < end; i++) {
    const item = items[i];
    if (item !== undefined) collectWord(item.word, into);
  }
}

/** Adds the locals that a word refers to. */
export function collectWord(word: Word, into: LocalSet): void {
  if (word.kind === 'halves') {
    into.add(word.low);
    into.add(word.high);
  } else if (word.kind === 'condition') into.add(word.condition);
  else if (word.kind === 'limbs') {
    for (const limb of word.limbs) if (typeof limb !== 'bigint') into.add(limb);
  }
}
