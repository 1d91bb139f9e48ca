/**
 * Decoding of ABI-encoded values, as far as messages and errors need it. Input is whatever a
 * contract returned: every offset and length is checked, and the work is bounded.
 *
 * Specification: https://docs.soliditylang.org/en/latest/abi-spec.html
 */
import { keccak256 } from '../../base/keccak.ts';

/** A parameter as compilers write it into an ABI. */
export interface AbiParameter {
  readonly name?: string;
  readonly type: string;
  /** Of a tuple. */
  readonly components?: readonly AbiParameter[];
}

/** An entry of an ABI; only errors and functions are looked at. */
export interface AbiEntry {
  readonly type: string;
  readonly name?: string;
  readonly inputs?: readonly AbiParameter[];
}

export type AbiValue = bigint | string | boolean | readonly AbiValue[];

/** Values that one decoding yields at most: nested offsets could name the same bytes again. */
export const VALUES_MAX = 4_096;

/** `name(type,type)`, with tuples written out. */
export function signatureOf(name: string, inputs: readonly AbiParameter[]): string {
  return `${name}(${inputs.map(typeOf).join(',')})`;
}

function typeOf({ type, components }: AbiParameter): string {
  if (!type.startsWith('tuple')) return type;
  return `(${(components ?? []).map(typeOf).join(',')})${type.slice(5)}`;
}

/** First four bytes of a signature's hash, as eight hexadecimal digits. */
export function selectorOf(signature: string): string {
  return keccak256(new TextEncoder().encode(signature)).toHex().slice(0, 8);
}

/** The values, or undefined where the bytes are not an encoding of these types. */
export function decodeAbi(
  types: readonly AbiParameter[],
  bytes: Uint8Array,
): readonly AbiValue[] | undefined {
  try {
    return readTuple({ bytes, valuesLeft: VALUES_MAX }, types, 0);
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}

class MalformedError extends Error {}

interface Reader {
  readonly bytes: Uint8Array;
  valuesLeft: number;
}

function word({ bytes }: Reader, at: number): bigint {
  if (at + 32 > bytes.length) throw new MalformedError();
  return BigInt(`0x${bytes.subarray(at, at + 32).toHex()}`);
}

/** An offset or a length: no larger than the bytes. */
function size(reader: Reader, at: number): number {
  const value = word(reader, at);
  if (value > BigInt(reader.bytes.length)) throw new MalformedError();
  return Number(value);
}

function readTuple(reader: Reader, types: readonly AbiParameter[], base: number): AbiValue[] {
  let at = base;
  return types.map((type) => {
    if (isDynamic(type)) {
      const value = readValue(reader, type, base + size(reader, at));
      at += 32;
      return value;
    }
    const value = readValue(reader, type, at);
    at += staticSize(type);
    return value;
  });
}

/** Type of the elements and their number, undefined where the array is dynamic. */
function arrayOf(
  type: AbiParameter,
): { item: AbiParameter; count: number | undefined } | undefined {
  const found = /^(.*)\[(\d*)\]$/.exec(type.type);
  if (found === null) return undefined;
  const [, inner = '', count = ''] = found;
  return { item: { ...type, type: inner }, count: count === '' ? undefined : Number(count) };
}

function isDynamic(type: AbiParameter): boolean {
  const array = arrayOf(type);
  if (array !== undefined) return array.count === undefined || isDynamic(array.item);
  if (type.type === 'tuple') return (type.components ?? []).some(isDynamic);
  return type.type === 'string' || type.type === 'bytes';
}

function staticSize(type: AbiParameter): number {
  const array = arrayOf(type);
  if (array !== undefined) return (array.count ?? 0) * staticSize(array.item);
  if (type.type !== 'tuple') return 32;
  return (type.components ?? []).reduce((sum, component) => sum + staticSize(component), 0);
}

function readValue(reader: Reader, type: AbiParameter, at: number): AbiValue {
  reader.valuesLeft -= 1;
  if (reader.valuesLeft < 0) throw new MalformedError();
  const array = arrayOf(type);
  if (array !== undefined) {
    const { item, count = size(reader, at) } = array;
    if (count > reader.valuesLeft) throw new MalformedError();
    const start = array.count === undefined ? at + 32 : at;
    return readTuple(reader, new Array<AbiParameter>(count).fill(item), start);
  }
  if (type.type === 'tuple') return readTuple(reader, type.components ?? [], at);
  if (type.type === 'string' || type.type === 'bytes') {
    const length = size(reader, at);
    if (at + 32 + length > reader.bytes.length) throw new MalformedError();
    const content = reader.bytes.subarray(at + 32, at + 32 + length);
    return type.type === 'bytes' ? `0x${content.toHex()}` : new TextDecoder().decode(content);
  }
  return readWordAs(type.type, word(reader, at));
}

function readWordAs(type: string, value: bigint): AbiValue {
  if (type === 'bool') return value !== 0n;
  if (type.startsWith('uint')) return value;
  if (type.startsWith('int')) return BigInt.asIntN(256, value);
  const digits = value.toString(16).padStart(64, '0');
  if (type === 'address' || type.startsWith('contract')) return `0x${digits.slice(24)}`;
  const bytes = /^bytes(\d+)$/.exec(type);
  if (bytes !== null) return `0x${digits.slice(0, 2 * Number(bytes[1]))}`;
  if (type === 'function') return `0x${digits.slice(0, 48)}`;
  throw new MalformedError();
}
