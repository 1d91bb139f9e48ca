/** 0x0a: point evaluation of a KZG commitment (EIP-4844). */
import { isBelow, type Precompile, read, toBytes } from './precompile.ts';

const INPUT_BYTES = 192;
const FIELD_ELEMENTS_PER_BLOB = 4_096n;
const BLS_MODULUS = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
const MODULUS_BYTES = toBytes(BLS_MODULUS, 32);
const VERSION_KZG = 1;

/**
 * [tau] G2 of the ceremony, compressed: g2_monomial[1] of its published result
 * (ethereum/consensus-specs, trusted_setup_4096.json). A proof holds when
 *
 *   e(commitment - [y] G1, -G2) * e(proof, [tau] G2 - [z] G2) = 1
 *
 * so of the set-up no other point is needed.
 */
export const TAU_G2: string =
  'b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72' +
  '185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2';

export const POINT_EVALUATION: Precompile = {
  name: 'POINT_EVALUATION',
  uses: ['hashes', 'bls12381'],
  gas: () => 50_000n,
  *run(given, { libraries }) {
    if (given.length !== INPUT_BYTES) return undefined;
    const input = read(given, 0, INPUT_BYTES);
    if (!isBelow(input, 32, MODULUS_BYTES) || !isBelow(input, 64, MODULUS_BYTES)) return undefined;
    const commitment = input.slice(96, 144);
    const hash = libraries.hashes.sha256(commitment);
    hash[0] = VERSION_KZG;
    if (hash.some((byte, i) => byte !== input[i])) return undefined;
    const [z, y, proof] = [input.slice(32, 64), input.slice(64, 96), input.slice(144, 192)];
    if (!(yield* libraries.bls12381.verifyKzg({ commitment, z, y, proof }))) return undefined;
    const out = new Uint8Array(64);
    out.set(toBytes(FIELD_ELEMENTS_PER_BLOB, 32));
    out.set(MODULUS_BYTES, 32);
    return out;
  },
};
