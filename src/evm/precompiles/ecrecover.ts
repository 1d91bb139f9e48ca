/** 0x01 ECRECOVER: the address whose key signed a hash. */
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { integer, type Precompile, slice } from './precompile.ts';

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

export const ECRECOVER: Precompile = {
  name: 'ECRECOVER',
  gas: () => 3_000n,
  run: (input) => {
    const v = integer(slice(input, 32, 32));
    const r = integer(slice(input, 64, 32));
    const s = integer(slice(input, 96, 32));
    const none = new Uint8Array();
    if ((v !== 27n && v !== 28n) || r === 0n || r >= ORDER || s === 0n || s >= ORDER) return none;
    try {
      const signature = new secp256k1.Signature(r, s, Number(v - 27n));
      const key = signature.recoverPublicKey(slice(input, 0, 32)).toBytes(false);
      const address = new Uint8Array(32);
      address.set(keccak_256(key.subarray(1)).subarray(12), 12);
      return address;
    } catch {
      return none;
    }
  },
};
