/** The precompiles by address, and how a machine calls them. */
import { BLAKE2F } from './blake2f.ts';
import {
  BLS_G1_ADD,
  BLS_G1_MSM,
  BLS_G2_ADD,
  BLS_G2_MSM,
  BLS_MAP_FP,
  BLS_MAP_FP2,
  BLS_PAIRING,
} from './bls12381.ts';
import { BN254_ADD, BN254_MUL, BN254_PAIRING } from './bn254.ts';
import { IDENTITY, RIPEMD160, SHA256 } from './digests.ts';
import { ECRECOVER } from './ecrecover.ts';
import { POINT_EVALUATION } from './kzg.ts';
import { MODEXP } from './modexp.ts';
import { P256VERIFY } from './p256.ts';
import type { Precompile, PrecompileHost } from './precompile.ts';

/** Address as a number. Which of them a fork has stands in its rules. */
export const PRECOMPILES: ReadonlyMap<number, Precompile> = new Map([
  [0x01, ECRECOVER],
  [0x02, SHA256],
  [0x03, RIPEMD160],
  [0x04, IDENTITY],
  [0x05, MODEXP],
  [0x06, BN254_ADD],
  [0x07, BN254_MUL],
  [0x08, BN254_PAIRING],
  [0x09, BLAKE2F],
  [0x0a, POINT_EVALUATION],
  [0x0b, BLS_G1_ADD],
  [0x0c, BLS_G1_MSM],
  [0x0d, BLS_G2_ADD],
  [0x0e, BLS_G2_MSM],
  [0x0f, BLS_PAIRING],
  [0x10, BLS_MAP_FP],
  [0x11, BLS_MAP_FP2],
  [0x100, P256VERIFY],
]);

/** Runs a precompile when its gas is there. */
export const runPrecompile: PrecompileHost = (address, input, gas, rules) => {
  const precompile = PRECOMPILES.get(Number(address));
  if (precompile === undefined) return undefined;
  const gasUsed = precompile.gas(input, rules);
  if (gasUsed > gas) return undefined;
  const output = precompile.run(input, rules);
  return output === undefined ? undefined : { gasUsed, output };
};
