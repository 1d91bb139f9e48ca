/**
 * Values of a JSON file, each with its path, so that what is refused is named where it stands.
 *
 * Members of objects are found without regard to letter case, as readers in Go find them; two that
 * differ in nothing else are refused.
 */

import type { Hex } from './bytes.ts';
import { JsonError, type JsonMembers, JsonNumber, type JsonValue, parseJson } from './json.ts';

const SHOWN_MAX = 60;
/** Digits of an integer: more are in no range that a field has. */
const DIGITS_MAX = 100;
const INTEGER = /^(?:0x[0-9a-f]*|[0-9]+)$/i;
/** What Python and JavaScript write for large round numbers. */
const SCIENTIFIC = /^([0-9]+)(?:\.([0-9]+))?e\+?([0-9]{1,2})$/i;

/** The value that a text is. @throws JsonError */
export function readJson(text: string): JsonField {
  return new JsonField(parseJson(text));
}

export class JsonField {
  readonly value: JsonValue | undefined;
  readonly #parent: JsonField | undefined;
  readonly #step: string | number;

  /** @param step the name in the parent, or the index; empty of what stands alone */
  constructor(value: JsonValue | undefined, parent?: JsonField, step: string | number = '') {
    this.value = value;
    this.#parent = parent;
    this.#step = step;
  }

  /** From the top of the file, as `alloc.0xab.nonce`; empty for the whole. */
  get path(): string {
    const above = this.#parent?.path ?? '';
    if (typeof this.#step === 'number') return `${above}[${this.#step}]`;
    const step = cut(this.#step);
    return above === '' ? step : `${above}.${step}`;
  }

  /** Not there, or null. */
  get isAbsent(): boolean {
    return this.value === undefined || this.value === null;
  }

  /** @throws JsonError for anything but an object, or for names that differ in case alone */
  object(): JsonObject {
    if (this.value instanceof Map) return new JsonObject(this, this.value);
    throw this.refusal('an object');
  }

  list(): JsonField[] {
    if (!Array.isArray(this.value)) throw this.refusal('a list');
    return this.value.map((item, index) => new JsonField(item, this, index));
  }

  text(): string {
    if (typeof this.value === 'string') return this.value;
    throw this.refusal('a string');
  }

  boolean(): boolean {
    if (typeof this.value === 'boolean') return this.value;
    throw this.refusal('true or false');
  }

  /** A number, or a string of decimal digits or of hex digits behind 0x: 0 for `0x` alone. */
  integer(max: bigint): bigint {
    const text = this.value instanceof JsonNumber ? this.value.text : this.value;
    const integer = typeof text === 'string' ? integerOf(text) : undefined;
    if (integer !== undefined && integer <= max) return integer;
    throw this.refusal(`an integer from 0 to ${max}`);
  }

  /** Whole bytes in hex; 0x before them is optional. */
  bytes(): Uint8Array {
    return Uint8Array.fromHex(this.#digits('whole bytes in hex', /^(?:[0-9a-f]{2})*$/));
  }

  /** So many bytes in hex; 0x before them is optional. */
  fixedBytes(size: number): Hex {
    const digits = this.#digits(`${size} bytes in hex`, /^[0-9a-f]*$/);
    if (digits.length === 2 * size) return `0x${digits}`;
    throw this.refusal(`${size} bytes in hex`);
  }

  /** An error that says what stands here, and what should. */
  refusal(wanted: string): JsonError {
    const { path } = this;
    const message = `${path === '' ? 'the file' : path} is ${shown(this.value)}: give ${wanted}`;
    return new JsonError('json/value', message, { details: { path } });
  }

  #digits(wanted: string, form: RegExp): string {
    if (typeof this.value !== 'string') throw this.refusal(wanted);
    const digits = withoutPrefix(this.value).toLowerCase();
    if (form.test(digits)) return digits;
    throw this.refusal(wanted);
  }
}

export class JsonObject {
  readonly #field: JsonField;
  readonly #members = new Map<string, JsonField>();

  constructor(whole: JsonField, members: JsonMembers) {
    this.#field = whole;
    for (const [name, value] of members) {
      const field = new JsonField(value, whole, name);
      const lower = name.toLowerCase();
      const before = this.#members.get(lower);
      if (before !== undefined) {
        const message = `${field.path} is there already as ${before.path}: leave one`;
        throw new JsonError('json/duplicate', message, { details: { path: field.path } });
      }
      this.#members.set(lower, field);
    }
  }

  get path(): string {
    return this.#field.path;
  }

  /** A member by its name in whatever case; one without a value where there is none. */
  get(name: string): JsonField {
    return this.#members.get(name.toLowerCase()) ?? new JsonField(undefined, this.#field, name);
  }

  /** By name in lower case. */
  entries(): Iterable<readonly [name: string, field: JsonField]> {
    return this.#members;
  }
}

function cut(name: string): string {
  return name.length > SHOWN_MAX ? `${name.slice(0, SHOWN_MAX)}...` : name;
}

/** Hex digits without the 0x that may stand before them. */
export function withoutPrefix(text: string): string {
  return /^0x/i.test(text) ? text.slice(2) : text;
}

function integerOf(text: string): bigint | undefined {
  if (text.length > DIGITS_MAX) return undefined;
  if (INTEGER.test(text))
    return text.length === 2 && /x/i.test(text) ? 0n : BigInt(text.toLowerCase());
  const [, whole, fraction = '', exponent] = SCIENTIFIC.exec(text) ?? [];
  if (whole === undefined || Number(exponent) < fraction.length) return undefined;
  return BigInt(whole + fraction.padEnd(Number(exponent), '0'));
}

function shown(value: JsonValue | undefined): string {
  if (value === undefined) return 'missing';
  if (value instanceof JsonNumber) return value.text.slice(0, SHOWN_MAX);
  if (value instanceof Map) return 'an object';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  const json = JSON.stringify(value);
  return json.length > SHOWN_MAX ? `${json.slice(0, SHOWN_MAX)}...` : json;
}
