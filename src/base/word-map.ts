/**
 * Maps and sets of 256-bit words that a stranger may choose, such as slots. V8 hashes a bigint by
 * its lowest 64 bits, without a secret: among words that differ above them alone, a lookup in a Map
 * of bigints goes through all of them, 50 us of 20,000. So where there are many, they are kept as
 * text, which is hashed whole, by a secret of the process, in 0.1 us more.
 */

/** Words that are kept as they are: in the worst case a lookup takes 3 us. */
const FEW = 2_048;

export class WordMap<Value> implements ReadonlyMap<bigint, Value> {
  /** A message would lose what is private: it refuses what has a function. */
  readonly unsendable: () => never = refuse;
  readonly #few = new Map<bigint, Value>();
  /** In place of the few, by their text. */
  #many: Map<string, [bigint, Value]> | undefined;

  constructor(entries: Iterable<readonly [bigint, Value]> = []) {
    for (const [word, value] of entries) this.set(word, value);
  }

  get size(): number {
    return (this.#many ?? this.#few).size;
  }

  get(word: bigint): Value | undefined {
    return this.#many === undefined ? this.#few.get(word) : this.#many.get(textOf(word))?.[1];
  }

  has(word: bigint): boolean {
    return this.#many?.has(textOf(word)) ?? this.#few.has(word);
  }

  set(word: bigint, value: Value): this {
    if (this.#many === undefined) {
      this.#few.set(word, value);
      if (this.#few.size > FEW) this.#begin();
      return this;
    }
    const text = textOf(word);
    const known = this.#many.get(text);
    if (known === undefined) this.#many.set(text, [word, value]);
    else known[1] = value;
    return this;
  }

  delete(word: bigint): boolean {
    return this.#many?.delete(textOf(word)) ?? this.#few.delete(word);
  }

  /** In the order in which they were put, as of a Map. */
  entries(): MapIterator<[bigint, Value]> {
    return this.#many?.values() ?? this.#few.entries();
  }

  [Symbol.iterator](): MapIterator<[bigint, Value]> {
    return this.entries();
  }

  keys(): MapIterator<bigint> {
    return this.#many?.values().map(([word]) => word) ?? this.#few.keys();
  }

  values(): MapIterator<Value> {
    return this.#many?.values().map(([, value]) => value) ?? this.#few.values();
  }

  forEach(look: (value: Value, word: bigint, map: ReadonlyMap<bigint, Value>) => void): void {
    for (const [word, value] of this) look(value, word, this);
  }

  #begin(): void {
    this.#many = new Map();
    for (const entry of this.#few) this.#many.set(textOf(entry[0]), entry);
    this.#few.clear();
  }
}

// As Node.js shows it.
Object.defineProperty(WordMap.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: WordMap<unknown>) {
    return new Map(this);
  },
});

/** What a message takes is `new Map(words)`. */
function refuse(): never {
  throw new Error('give a Map of its entries');
}

export class WordSet implements Iterable<bigint> {
  readonly #words = new WordMap<true>();

  constructor(words: Iterable<bigint> = []) {
    for (const word of words) this.add(word);
  }

  get size(): number {
    return this.#words.size;
  }

  has(word: bigint): boolean {
    return this.#words.has(word);
  }

  add(word: bigint): this {
    this.#words.set(word, true);
    return this;
  }

  [Symbol.iterator](): MapIterator<bigint> {
    return this.#words.keys();
  }
}

function textOf(word: bigint): string {
  return word.toString(16);
}
