/**
 * A strict reader of JSON that strangers wrote: what `JSON.parse` lets pass in silence is refused.
 *
 *   a member twice in one object    `JSON.parse` keeps the last, other readers the first
 *   numbers                         kept as their text: `JSON.parse` rounds 10^24 and says nothing
 *   depth                           bounded, and what follows the value is refused
 *
 * Objects are maps, so that no member's name means anything to JavaScript. Specification: RFC 8259.
 */

import { IronflyError } from './errors.ts';

/** Text that is no JSON, and where; `json/duplicate` for a member that is there twice. */
export class JsonError extends IronflyError<'json/malformed' | 'json/duplicate' | 'json/value'> {}

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

const WHITESPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const PLAIN = /[^"\\\x00-\x1f]*/y;
const LITERALS = { true: true, false: false, null: null } as const;
const SHOWN_MAX = 20;

/** The value that a text is. @throws JsonError */
export function parseJson(text: string): JsonValue {
  return new Parser(text).whole();
}

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): JsonValue {
    const value = this.#value('');
    this.#skip(WHITESPACE);
    if (this.#at < this.#text.length) throw this.#malformed('the end');
    return value;
  }

  #value(path: string): JsonValue {
    this.#skip(WHITESPACE);
    switch (this.#text[this.#at]) {
      case '{':
        return this.#nested(() => this.#members(path));
      case '[':
        return this.#nested(() => this.#list(path));
      case '"':
        return this.#string();
    }
    for (const [name, value] of Object.entries(LITERALS)) {
      if (!this.#text.startsWith(name, this.#at)) continue;
      this.#at += name.length;
      return value;
    }
    const start = this.#at;
    this.#skip(NUMBER);
    if (this.#at === start) throw this.#malformed('a value');
    return new JsonNumber(this.#text.slice(start, this.#at));
  }

  #nested<Result>(read: () => Result): Result {
    this.#depth += 1;
    if (this.#depth > JSON_DEPTH_MAX) throw this.#malformed(`${JSON_DEPTH_MAX} levels at most`);
    this.#at += 1;
    const result = read();
    this.#depth -= 1;
    return result;
  }

  #members(path: string): JsonMembers {
    const members = new Map<string, JsonValue>();
    if (this.#take('}')) return members;
    do {
      this.#skip(WHITESPACE);
      if (this.#text[this.#at] !== '"') throw this.#malformed('the name of a member');
      const name = this.#string();
      const place = path === '' ? name : `${path}.${name}`;
      if (members.has(name)) {
        throw new JsonError('json/duplicate', `${place} is there twice: leave one`, {
          details: { path: place },
        });
      }
      if (!this.#take(':')) throw this.#malformed(`a colon behind ${JSON.stringify(name)}`);
      members.set(name, this.#value(place));
    } while (this.#take(','));
    if (!this.#take('}')) throw this.#malformed('a comma or }');
    return members;
  }

  #list(path: string): JsonList {
    const items: JsonValue[] = [];
    if (this.#take(']')) return items;
    do items.push(this.#value(`${path}[${items.length}]`));
    while (this.#take(','));
    if (!this.#take(']')) throw this.#malformed('a comma or ]');
    return items;
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

  #malformed(wanted: string): JsonError {
    const found = this.#text.slice(this.#at, this.#at + SHOWN_MAX);
    const line = this.#text.slice(0, this.#at).split('\n').length;
    const what = found === '' ? 'it ends' : `${JSON.stringify(found)} stands`;
    const message = `not JSON: ${what} at line ${line}, offset ${this.#at}, where ${wanted} should`;
    return new JsonError('json/malformed', message, { details: { offset: this.#at } });
  }
}
