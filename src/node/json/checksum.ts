/** Addresses as people read them: the case of the letters is a checksum (EIP-55). */

import { keccak256 } from '../../base/keccak.ts';
import type { Address } from '../../evm/types.ts';

const ASCII = new TextEncoder();

/** An address with its checksum; geth's texts have it so. */
export function withChecksum(address: Address): Address {
  const digits = address.slice(2).toLowerCase();
  const hash = keccak256(ASCII.encode(digits)).toHex();
  let text = '0x';
  for (let index = 0; index < digits.length; index++) {
    const digit = digits.charAt(index);
    text += hash.charAt(index) >= '8' ? digit.toUpperCase() : digit;
  }
  return text as Address;
}
