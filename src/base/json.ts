/**
 * A strict reader of JSON that strangers wrote: what `JSON.parse` lets pass in silence is refused.
 *
 *   a member twice in one object    `JSON.parse` keeps the last, other readers the first
 *   numbers                         kept as their text: `JSON.parse` rounds 10^24 and says nothing
 *   depth, and number of values     bounded, and what follows the value is refused
 *
 * Objects are maps, so that no member's name means anything to JavaScript. Specification: RFC 8259.
 */

import { IronflyError } from './errors.ts';

/** Text that is no JSON, and where; `json/duplicate` for a member that is there twice. */
export class JsonError extends IronflyError<
  'json/malformed' | 'json/duplicate' | 'json/value' | 'json/too large'
> {}

/** A number as it was written. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type JsonValue = null | boolean | string | JsonNumber | JsonList | JsonMembers;
export type JsonList = readonly JsonValue[];
export type JsonMembers = ReadonlyMap<string, JsonValue>;

/** No file that this reads nests as deep. */
export const JSON_DEPTH_MAX = 64;
/** Some 40 bytes each, beside their text; an object or list has 200 and counts as five. */
export const JSON_VALUES_MAX = 10_000_000;
const NESTED_VALUES = 5;

const WHITESPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const PLAIN = /[^"\\\x00-\x1f]*/y;
const LITERALS = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const;
const SHOWN_MAX = 20;

/** The value that a text is. @throws JsonError */
export function parseJson(text: string): JsonValue {
  return new Parser(text).whole();
}

class Parser {
  readonly #text: string;
  #at = 0;
  /** Where the value stands that is read: names and indices. */
  readonly #path: (string | number)[] = [];
  #values = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): JsonValue {
    const value = this.#value();
    this.#skip(WHITESPACE);
    if (this.#at < this.#text.length) throw this.#malformed('the end');
    return value;
  }

  #value(): JsonValue {
    this.#skip(WHITESPACE);
    this.#count(1);
    switch (this.#text[this.#at]) {
      case '{':
        return this.#members();
      case '[':
        return this.#list();
      case '"':
        return this.#string();
    }
    for (const [name, value] of LITERALS) {
      if (!this.#text.startsWith(name, this.#at)) continue;
      this.#at += name.length;
      return value;
    }
    const start = this.#at;
    this.#skip(NUMBER);
    if (this.#at === start) throw this.#malformed('a value');
    return new JsonNumber(this.#text.slice(start, this.#at));
  }

  #members(): JsonMembers {
    const members = new Map<string, JsonValue>();
    this.#enter();
    if (this.#take('}')) return this.#leave(members);
    const level = this.#path.length - 1;
    do {
      this.#skip(WHITESPACE);
      if (this.#text[this.#at] !== '"') throw this.#malformed('the name of a member');
      const name = this.#string();
      this.#path[level] = name;
      if (members.has(name)) throw this.#duplicate();
      if (!this.#take(':')) throw this.#malformed(`a colon behind ${JSON.stringify(name)}`);
      members.set(name, this.#value());
    } while (this.#take(','));
    if (!this.#take('}')) throw this.#malformed('a comma or }');
    return this.#leave(members);
  }

  #list(): JsonList {
    const items: JsonValue[] = [];
    this.#enter();
    if (this.#take(']')) return this.#leave(items);
    const level = this.#path.length - 1;
    do {
      this.#path[level] = items.length;
      items.push(this.#value());
    } while (this.#take(','));
    if (!this.#take(']')) throw this.#malformed('a comma or ]');
    return this.#leave(items);
  }

  /** Goes past the bracket. */
  #enter(): void {
    if (this.#path.length >= JSON_DEPTH_MAX)
      throw this.#malformed(`${JSON_DEPTH_MAX} levels at most`);
    this.#count(NESTED_VALUES - 1);
    this.#path.push(0);
    this.#at += 1;
  }

  #leave<Value>(value: Value): Value {
    this.#path.pop();
    return value;
  }

  #count(values: number): void {
    this.#values += values;
    if (this.#values <= JSON_VALUES_MAX) return;
    const most = `${JSON_VALUES_MAX}, objects and lists as ${NESTED_VALUES}`;
    const message = `more values than ${most}, at offset ${this.#at}: split the file`;
    throw new JsonError('json/too large', message, { details: { offset: this.#at } });
  }

  #string(): string {
    const start = this.#at;
    this.#at += 1;
    this.#skip(PLAIN);
    if (this.#text[this.#at] === '"') {
      this.#at += 1;
      return this.#text.slice(start + 1, this.#at - 1);
    }
    while (this.#text[this.#at] === '\\') {
      this.#at += 2;
      this.#skip(PLAIN);
    }
    if (this.#text[this.#at] !== '"') throw this.#malformed('the end of a string');
    this.#at += 1;
    try {
      return JSON.parse(this.#text.slice(start, this.#at)) as string;
    } catch {
      throw this.#malformed('a string whose escapes are those of JSON');
    }
  }

  /** Passes over a sign, if it comes next. */
  #take(sign: string): boolean {
    this.#skip(WHITESPACE);
    if (this.#text[this.#at] !== sign) return false;
    this.#at += 1;
    return true;
  }

  #skip(what: RegExp): void {
    what.lastIndex = this.#at;
    if (what.test(this.#text)) this.#at = what.lastIndex;
  }

  #duplicate(): JsonError {
    const steps = this.#path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`));
    const path = steps.join('').replace(/^\./, '');
    return new JsonError('json/duplicate', `${path} is there twice: leave one`, {
      details: { path },
    });
  }

  #malformed(wanted: string): JsonError {
    const found = this.#text.slice(this.#at, this.#at + SHOWN_MAX);
    const line = this.#text.slice(0, this.#at).split('\n').length;
    const what = found === '' ? 'it ends' : `${JSON.stringify(found)} stands`;
    const message = `not JSON: ${what} at line ${line}, offset ${this.#at}, where ${wanted} should`;
    return new JsonError('json/malformed', message, { details: { offset: this.#at } });
  }
}
