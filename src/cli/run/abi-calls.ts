/** Calls by a function's name and results by their types, as far as an artifact's ABI tells. */
import {
  type AbiEntry,
  type AbiParameter,
  type AbiValue,
  decodeAbi,
  selectorOf,
  signatureOf,
} from '../../evm/solidity/abi.ts';
import type { Log } from '../../evm/types.ts';

/** An entry of an ABI as artifacts hold it. */
export interface ArtifactEntry extends AbiEntry {
  readonly outputs?: readonly AbiParameter[];
  readonly inputs?: readonly (AbiParameter & { readonly indexed?: boolean })[];
}

/** The data of a call written as `name(value, ...)`. @throws TypeError that says what is wrong */
export function encodeCall(text: string, abi: readonly ArtifactEntry[]): Uint8Array {
  const found = /^\s*(\w+)\s*\((.*)\)\s*$/s.exec(text);
  if (found === null) throw new TypeError(`${text} is not a call: write name(value, ...)`);
  const [, name = '', list = ''] = found;
  const values = list.trim() === '' ? [] : list.split(',').map((value) => value.trim());
  const named = abi.filter((entry) => entry.type === 'function' && entry.name === name);
  const entry = named.find(({ inputs = [] }) => inputs.length === values.length);
  if (entry === undefined) {
    const known = (named.length > 0 ? named : abi.filter(({ type }) => type === 'function')).map(
      ({ name: other = '', inputs = [] }) => signatureOf(other, inputs),
    );
    throw new TypeError(`the ABI has no ${name} with ${values.length} values: ${known.join(', ')}`);
  }
  const inputs = entry.inputs ?? [];
  const words = inputs.map(({ type }, i) => encodeWord(type, values[i] ?? ''));
  return Uint8Array.fromHex(selectorOf(signatureOf(name, inputs)) + words.join(''));
}

/** A value of one word. */
function encodeWord(type: string, text: string): string {
  const number = /^(u?)int(\d*)$/.exec(type);
  if (number !== null) {
    const bits = Number(number[2] || 256);
    const value = /^-?\d+$|^0x[0-9a-fA-F]+$/.test(text) ? integer(text) : undefined;
    const wrap = number[1] === 'u' ? BigInt.asUintN : BigInt.asIntN;
    if (value !== undefined && wrap(bits, value) === value) {
      return BigInt.asUintN(256, value).toString(16).padStart(64, '0');
    }
  }
  if (type === 'bool' && (text === 'true' || text === 'false')) {
    return (text === 'true' ? '1' : '0').padStart(64, '0');
  }
  const digits = /^0x([0-9a-fA-F]*)$/.exec(text)?.[1]?.toLowerCase();
  if (type === 'address' && digits?.length === 40) return digits.padStart(64, '0');
  const size = /^bytes(\d+)$/.exec(type)?.[1];
  if (size !== undefined && digits?.length === 2 * Number(size)) return digits.padEnd(64, '0');
  const way = size === undefined && !/^(u?int\d*|bool|address)$/.test(type);
  throw new TypeError(
    way
      ? `a value of type ${type} cannot be written here: encode the call and give it by --input`
      : `${text} is not a value of type ${type}`,
  );
}

function integer(text: string): bigint {
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
}

/** What a called function returned, a line a value; undefined where the ABI does not tell. */
export function decodeOutput(
  input: Uint8Array,
  output: Uint8Array,
  abi: readonly ArtifactEntry[],
): string[] | undefined {
  const selector = input.subarray(0, 4).toHex();
  const entry = abi.find(
    ({ type, name = '', inputs = [] }) =>
      type === 'function' && selectorOf(signatureOf(name, inputs)) === selector,
  );
  const outputs = entry?.outputs ?? [];
  if (entry === undefined || outputs.length === 0) return undefined;
  const values = decodeAbi(outputs, output);
  return values?.map((value, i) => labelled(outputs[i], value));
}

/** An event by name with its values; undefined where the ABI does not tell. */
export function decodeLog(
  { topics, data }: Log,
  abi: readonly ArtifactEntry[],
): string | undefined {
  for (const { type, name = '', inputs = [] } of abi) {
    if (type !== 'event' || !topics[0]?.startsWith(`0x${selectorOf(signatureOf(name, inputs))}`)) {
      continue;
    }
    const indexed = inputs.filter((input) => input.indexed === true);
    const rest = decodeAbi(
      inputs.filter((input) => input.indexed !== true),
      data,
    );
    if (rest === undefined || indexed.length !== topics.length - 1) continue;
    const left = { topics: topics.slice(1), rest: [...rest] };
    const values = inputs.map((input) => {
      if (input.indexed !== true) return labelled(input, left.rest.shift() ?? '');
      const topic = left.topics.shift() ?? '0x';
      // What takes more than a word is indexed by its hash.
      const [value = topic] = isWord(input.type)
        ? (decodeAbi([input], Uint8Array.fromHex(topic.slice(2))) ?? [])
        : [];
      return labelled(input, value);
    });
    return `${name}(${values.join(', ')})`;
  }
  return undefined;
}

function isWord(type: string): boolean {
  return /^(u?int\d*|bool|address|bytes\d+)$/.test(type);
}

function labelled(parameter: AbiParameter | undefined, value: AbiValue): string {
  const name = parameter?.name ?? '';
  return name === '' ? shown(value) : `${name} = ${shown(value)}`;
}

function shown(value: AbiValue): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (typeof value === 'string' && !/^0x[0-9a-f]*$/.test(value)) return JSON.stringify(value);
  return String(value);
}
