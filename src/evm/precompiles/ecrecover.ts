/** 0x01 ECRECOVER: the address whose key signed a hash. */
import { keccak256 } from '../../base/keccak.ts';
import { isBelow, isZero, type Precompile, read, toBytes } from './precompile.ts';

const ORDER = toBytes(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n, 32);

export const ECRECOVER: Precompile = {
  name: 'ECRECOVER',
  uses: ['secp256k1'],
  gas: () => 3_000n,
  run: (input, { libraries }) => {
    const none = new Uint8Array();
    const [hash, v, r, s] = [0, 32, 64, 96].map((at) => read(input, at, 32)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const last = v[31] as number;
    if (!isZero(v, 0, 31) || (last !== 27 && last !== 28)) return none;
    if (!isScalar(r) || !isScalar(s)) return none;
    const key = libraries.secp256k1.recover(hash, r, s, last - 27);
    if (key === undefined) return none;
    const address = new Uint8Array(32);
    address.set(keccak256(key).subarray(12), 12);
    return address;
  },
};

function isScalar(bytes: Uint8Array): boolean {
  return isBelow(bytes, 0, ORDER) && !isZero(bytes, 0, 32);
}
