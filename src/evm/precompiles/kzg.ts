/**
 * 0x0a: point evaluation of a KZG commitment (EIP-4844). A proof holds when
 *
 *   e(commitment - [y] G1, -G2) * e(proof, [tau] G2 - [z] G2) = 1
 *
 * so of the trusted set-up a single point is needed, [tau] G2: g2_monomial[1] of the ceremony's
 * published result (ethereum/consensus-specs, trusted_setup_4096.json).
 */
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { integer, type Precompile, toBytes } from './precompile.ts';

const { G1, G2, fields } = bls12_381;

const INPUT_BYTES = 192;
const FIELD_ELEMENTS_PER_BLOB = 4_096n;
const BLS_MODULUS = fields.Fr.ORDER;
const VERSION_KZG = 1;

const TAU_G2 = G2.Point.fromHex(
  'b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72' +
    '185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2',
);

export const POINT_EVALUATION: Precompile = {
  name: 'POINT_EVALUATION',
  gas: () => 50_000n,
  run: (input) => {
    if (input.length !== INPUT_BYTES) return undefined;
    const z = integer(input.subarray(32, 64));
    const y = integer(input.subarray(64, 96));
    const commitment = input.slice(96, 144);
    if (z >= BLS_MODULUS || y >= BLS_MODULUS) return undefined;
    const hash = sha256(commitment);
    hash[0] = VERSION_KZG;
    if (hash.some((byte, i) => byte !== input[i])) return undefined;
    if (!verifies(commitment, z, y, input.slice(144, 192))) return undefined;
    const out = new Uint8Array(64);
    out.set(toBytes(FIELD_ELEMENTS_PER_BLOB, 32));
    out.set(toBytes(BLS_MODULUS, 32), 32);
    return out;
  },
};

function verifies(commitment: Uint8Array, z: bigint, y: bigint, proof: Uint8Array): boolean {
  let left: InstanceType<typeof G1.Point>;
  let quotient: InstanceType<typeof G1.Point>;
  try {
    left = readPoint(commitment);
    quotient = readPoint(proof);
  } catch {
    return false;
  }
  if (y !== 0n) left = left.subtract(G1.Point.BASE.multiply(y));
  const shifted = z === 0n ? TAU_G2 : TAU_G2.subtract(G2.Point.BASE.multiply(z));
  const pairs = [
    { g1: left, g2: G2.Point.BASE.negate() },
    { g1: quotient, g2: shifted },
  ].filter(({ g1, g2 }) => !g1.is0() && !g2.is0());
  return pairs.length === 0 || fields.Fp12.eql(bls12_381.pairingBatch(pairs), fields.Fp12.ONE);
}

/** A compressed point of the subgroup. @throws when it is none */
function readPoint(bytes: Uint8Array): InstanceType<typeof G1.Point> {
  const point = G1.Point.fromBytes(bytes);
  if (!point.is0()) point.assertValidity();
  return point;
}
