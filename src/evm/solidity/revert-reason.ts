/** Why a call reverted: `Error(string)`, `Panic(uint256)`, or an error of a contract's ABI. */
import { type AbiEntry, type AbiValue, decodeAbi, selectorOf, signatureOf } from './abi.ts';

export type RevertReason =
  | { readonly kind: 'none'; readonly text: string }
  | { readonly kind: 'error'; readonly message: string; readonly text: string }
  | { readonly kind: 'panic'; readonly code: bigint; readonly text: string }
  | {
      readonly kind: 'custom';
      readonly name: string;
      readonly values: readonly AbiValue[];
      readonly text: string;
    }
  | { readonly kind: 'unknown'; readonly data: Uint8Array; readonly text: string };

/** Meanings of Solidity's panic codes. */
export const PANICS: Readonly<Record<number, string>> = {
  0: 'a panic of the compiler',
  1: 'an assertion failed',
  17: 'arithmetic overflow or underflow',
  18: 'division or modulo by zero',
  33: 'conversion to an enum that has no such value',
  34: 'a storage byte array is encoded wrongly',
  49: 'pop of an empty array',
  50: 'array index out of bounds',
  65: 'too much memory was allocated',
  81: 'call of an internal function that is zero',
};

const ERROR = selectorOf('Error(string)');
const PANIC = selectorOf('Panic(uint256)');

/** Reads revert data; `abi` holds the errors that may be in it, of all contracts involved. */
export function decodeRevert(data: Uint8Array, abi: readonly AbiEntry[] = []): RevertReason {
  if (data.length === 0) return { kind: 'none', text: 'reverted without a reason' };
  const selector = data.subarray(0, 4).toHex();
  const body = data.subarray(4);
  if (selector === ERROR) {
    const [message] = decodeAbi([{ type: 'string' }], body) ?? [];
    if (typeof message === 'string') return { kind: 'error', message, text: message };
  }
  if (selector === PANIC) {
    const [code] = decodeAbi([{ type: 'uint256' }], body) ?? [];
    if (typeof code === 'bigint') {
      const meaning = PANICS[Number(code)] ?? 'unknown';
      return { kind: 'panic', code, text: `panic 0x${code.toString(16)}: ${meaning}` };
    }
  }
  for (const { type, name = '', inputs = [] } of abi) {
    if (type !== 'error' || selectorOf(signatureOf(name, inputs)) !== selector) continue;
    const values = decodeAbi(inputs, body);
    if (values === undefined) continue;
    return { kind: 'custom', name, values, text: `${name}(${values.map(String).join(', ')})` };
  }
  return { kind: 'unknown', data, text: `reverted with 0x${data.toHex()}` };
}
