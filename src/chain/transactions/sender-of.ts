/**
 * The sender of a transaction by its bytes alone, for whoever needs nothing else of it: what was
 * signed is cut out of them, where the decoder would take it apart to be put together again.
 */

import { bigintFromBytes, concatBytes } from '../../base/bytes.ts';
import { keccak256 } from '../../base/keccak.ts';
import { encodeRlp, rlpItemOffsets } from '../../base/rlp.ts';
import type { Address } from '../../evm/types.ts';
import { protectedChainId } from './encode.ts';
import { FIELDS_MAX, SIGNATURE_FIELDS, UNSIGNED_FIELDS } from './fields.ts';
import { recoverAddress } from './signature.ts';
import type { TransactionType } from './types.ts';

/** First byte of a legacy transaction's RLP list; below lie the types of EIP-2718. */
const LIST = 0xc0;
const STRING = 0x80;
const WORD_BYTES = 32;
/** Two empty strings, behind the chain id (EIP-155). */
const PROTECTED_END = Uint8Array.of(STRING, STRING);

/**
 * Of a transaction that `acceptTransaction` accepts, its sender; undefined where the signature is
 * nobody's. Of other bytes, either.
 */
export function senderOf(bytes: Uint8Array): Address | undefined {
  const type = typeOf(bytes);
  if (type === undefined) return undefined;
  const list = type === 0 ? bytes : bytes.subarray(1);
  const offsets = rlpItemOffsets(list, FIELDS_MAX);
  const unsigned = UNSIGNED_FIELDS[type].length;
  if (offsets?.length !== unsigned + SIGNATURE_FIELDS.length + 1) return undefined;
  const [v, r, s] = SIGNATURE_FIELDS.map((_, index) =>
    wordIn(list, offsets[unsigned + index] as number, offsets[unsigned + index + 1] as number),
  );
  if (v === undefined || r === undefined || s === undefined) return undefined;
  const fields = list.subarray(offsets[0], offsets[unsigned]);
  const parity = bigintFromBytes(v);
  if (type !== 0) {
    const signed = encodeRlp({ encodedItems: fields });
    return recoverAddress(keccak256(concatBytes(Uint8Array.of(type), signed)), r, s, parity);
  }
  const isProtected = parity >= 35n;
  const items = isProtected
    ? concatBytes(fields, encodeRlp(protectedChainId(parity)), PROTECTED_END)
    : fields;
  const hash = keccak256(encodeRlp({ encodedItems: items }));
  return recoverAddress(hash, r, s, isProtected ? (parity - 35n) % 2n : parity - 27n);
}

/** By the first byte; undefined where there is no such type. */
export function typeOf(bytes: Uint8Array): TransactionType | undefined {
  const first = bytes[0] ?? 0;
  if (first >= LIST) return 0;
  return first > 0 && first <= 4 ? (first as TransactionType) : undefined;
}

/** The string at an offset as 32 bytes, zeros first; undefined where it is longer, or a list. */
function wordIn(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
  const first = bytes[start] as number;
  const from = first < STRING ? start : start + 1;
  if (first >= LIST || end - from > WORD_BYTES) return undefined;
  const word = new Uint8Array(WORD_BYTES);
  word.set(bytes.subarray(from, end), WORD_BYTES - (end - from));
  return word;
}
