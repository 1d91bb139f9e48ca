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
  #few: Map<bigint, Value> | undefined = new Map();
  /** By their text, once they are not few. */
  readonly #many = new Map<string, [bigint, Value]>();

  constructor(entries: Iterable<readonly [bigint, Value]> = []) {
    for (const [word, value] of entries) this.set(word, value);
  }

  get size(): number {
    return (this.#few ?? this.#many).size;
  }

  get(word: bigint): Value | undefined {
    return this.#few === undefined ? this.#many.get(textOf(word))?.[1] : this.#few.get(word);
  }

  has(word: bigint): boolean {
    return this.#few?.has(word) ?? this.#many.has(textOf(word));
  }

  set(word: bigint, value: Value): this {
    if (this.#few === undefined) {
      const text = textOf(word);
      const known = this.#many.get(text);
      if (known === undefined) this.#many.set(text, [word, value]);
      else known[1] = value;
      return this;
    }
    this.#few.set(word, value);
    if (this.#few.size > FEW) {
      for (const entry of this.#few) this.#many.set(textOf(entry[0]), entry);
      this.#few = undefined;
    }
    return this;
  }

  delete(word: bigint): boolean {
    return this.#few?.delete(word) ?? this.#many.delete(textOf(word));
  }

  /** In the order in which they were put, as of a Map. */
  entries(): MapIterator<[bigint, Value]> {
    return this.#few?.entries() ?? this.#many.values();
  }

  [Symbol.iterator](): MapIterator<[bigint, Value]> {
    return this.entries();
  }

  keys(): MapIterator<bigint> {
    return this.#few?.keys() ?? this.#many.values().map(([word]) => word);
  }

  values(): MapIterator<Value> {
    return this.#few?.values() ?? this.#many.values().map(([, value]) => value);
  }

  forEach(look: (value: Value, word: bigint, map: ReadonlyMap<bigint, Value>) => void): void {
    for (const [word, value] of this) look(value, word, this);
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
