/** Values as transition tools get them: hex or decimal digits, or numbers; null is nothing. */

import type { JsonField, JsonObject } from '../../base/json-field.ts';
import type { Address, Hash } from '../../evm/types.ts';

const U64_MAX = 2n ** 64n - 1n;
const WORD_MAX = 2n ** 256n - 1n;

/** Below 2^256. @throws JsonError */
export function integer(field: JsonField): bigint {
  return field.integer(WORD_MAX);
}

/** Below 2^64. @throws JsonError */
export function integer64(field: JsonField): bigint {
  return field.integer(U64_MAX);
}

/** @throws JsonError */
export function address(field: JsonField): Address {
  return field.fixedBytes(20);
}

/** @throws JsonError */
export function hash(field: JsonField): Hash {
  return field.fixedBytes(32);
}

/** An integer below 2^256 in the place of a hash. @throws JsonError */
export function word(field: JsonField): Hash {
  return `0x${integer(field).toString(16).padStart(64, '0')}`;
}

/** What `read` makes of a field, or undefined where there is none. */
export function optional<T>(
  from: JsonObject,
  name: string,
  read: (field: JsonField) => T,
): T | undefined {
  const field = from.get(name);
  return field.isAbsent ? undefined : read(field);
}

/** What `read` makes of each item of a list; nothing where there is none. */
export function listed<T>(field: JsonField, read: (item: JsonField) => T): T[] {
  return field.isAbsent ? [] : field.list().map(read);
}
