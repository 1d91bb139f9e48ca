/** Hashes of messages that people sign: EIP-191 (text), EIP-712 (typed data). */

import { concatBytes } from '../../base/bytes.ts';
import { keccak256 } from '../../base/keccak.ts';
import { invalidParams } from '../rpc/errors.ts';
import { membersOf, readString } from '../rpc/values.ts';

/** EIP-191, version 0x45. */
export function messageHash(message: Uint8Array): Uint8Array {
  const head = new TextEncoder().encode(`\x19Ethereum Signed Message:\n${message.length}`);
  return keccak256(concatBytes(head, message));
}

interface Field {
  readonly name: string;
  readonly type: string;
}

type Types = ReadonlyMap<string, readonly Field[]>;

/** Structures in structures, and lists in lists. */
const DEPTH_MAX = 32;
const TYPES_MAX = 256;

/** EIP-712 of an object of `types`, `primaryType`, `domain` and `message`, or of its JSON. */
export function typedDataHash(given: unknown): Uint8Array {
  const data = membersOf(typeof given === 'string' ? parsed(given) : given, '1');
  const types = readTypes(membersOf(data['types'], '1.types'));
  const primary = readString(data['primaryType'], '1.primaryType');
  const domain = structHash(types, 'EIP712Domain', data['domain'], 0);
  const parts = [Uint8Array.of(0x19, 0x01), domain];
  if (primary !== 'EIP712Domain') parts.push(structHash(types, primary, data['message'], 0));
  return keccak256(concatBytes(...parts));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidParams('invalid argument 1: typed data is no JSON');
  }
}

function readTypes(given: Readonly<Record<string, unknown>>): Types {
  const entries = Object.entries(given);
  if (entries.length > TYPES_MAX) throw invalidParams('invalid argument 1.types: too many types');
  return new Map(
    entries.map(([name, fields]) => {
      if (!Array.isArray(fields)) throw invalidParams(`invalid argument 1.types.${name}: no list`);
      const read = fields.map((field, index) => {
        const path = `1.types.${name}[${index}]`;
        const { name: own, type } = membersOf(field, path);
        return { name: readString(own, path), type: readString(type, path) };
      });
      return [name, read];
    }),
  );
}

function structHash(types: Types, type: string, value: unknown, depth: number): Uint8Array {
  if (depth > DEPTH_MAX) throw invalidParams('invalid argument 1: typed data is nested too deep');
  const fields = types.get(type);
  if (fields === undefined) throw invalidParams(`invalid argument 1: there is no type ${type}`);
  const members = membersOf(value, `1.${type}`);
  const parts = fields.map((field) => encoded(types, field.type, members[field.name], depth + 1));
  return keccak256(concatBytes(typeHash(types, type), ...parts));
}

/** The type itself, then all that it refers to by name, in the order of the alphabet. */
function typeHash(types: Types, type: string): Uint8Array {
  const found = new Set<string>();
  const collect = (name: string): void => {
    const plain = name.replace(/\[.*$/, '');
    if (found.has(plain) || !types.has(plain)) return;
    found.add(plain);
    for (const field of types.get(plain) ?? []) collect(field.type);
  };
  collect(type);
  found.delete(type);
  const text = [type, ...[...found].sort()]
    .map((name) => {
      const fields = (types.get(name) ?? []).map((field) => `${field.type} ${field.name}`);
      return `${name}(${fields.join(',')})`;
    })
    .join('');
  return keccak256(new TextEncoder().encode(text));
}

/** A field as 32 bytes. */
function encoded(types: Types, type: string, value: unknown, depth: number): Uint8Array {
  const list = /^(.*)\[(\d*)\]$/.exec(type);
  if (list !== null) {
    const [, item = '', size = ''] = list;
    if (!Array.isArray(value) || (size !== '' && value.length !== Number(size))) {
      throw invalidParams(`invalid argument 1: ${type} is no such list`);
    }
    if (depth > DEPTH_MAX) throw invalidParams('invalid argument 1: typed data is nested too deep');
    return keccak256(concatBytes(...value.map((each) => encoded(types, item, each, depth + 1))));
  }
  if (types.has(type)) {
    // A structure that is missing counts as zero (eth_signTypedData_v4).
    return value === null || value === undefined
      ? new Uint8Array(32)
      : structHash(types, type, value, depth);
  }
  if (type === 'string') return keccak256(new TextEncoder().encode(readString(value, `1.${type}`)));
  if (type === 'bytes') return keccak256(bytesOf(value, type));
  return atomic(type, value);
}

function atomic(type: string, value: unknown): Uint8Array {
  const word = new Uint8Array(32);
  const fixed = /^bytes(\d+)$/.exec(type);
  if (fixed !== null) {
    const bytes = bytesOf(value, type);
    if (bytes.length > 32) throw invalidParams(`invalid argument 1: ${type} is too long`);
    word.set(bytes);
    return word;
  }
  if (type === 'bool') {
    word[31] = value === true || value === 'true' ? 1 : 0;
    return word;
  }
  if (type !== 'address' && !/^u?int\d*$/.test(type)) {
    throw invalidParams(`invalid argument 1: there is no type ${type}`);
  }
  const integer = integerOf(value, type);
  return Uint8Array.fromHex(BigInt.asUintN(256, integer).toString(16).padStart(64, '0'));
}

function integerOf(value: unknown, type: string): bigint {
  try {
    if (typeof value === 'number' || typeof value === 'string') return BigInt(value);
  } catch {
    // Said below.
  }
  throw invalidParams(`invalid argument 1: ${type} is no integer`);
}

function bytesOf(value: unknown, type: string): Uint8Array {
  const text = readString(value, `1.${type}`);
  if (!/^0x(?:[0-9a-fA-F]{2})*$/.test(text)) throw invalidParams(`invalid argument 1: ${type}`);
  return Uint8Array.fromHex(text.slice(2));
}
