/**
 * Vectors of others on both sets of libraries: of geth and the EIPs (outputs, failures, gas), of
 * c-kzg (EIP-4844's proofs) and Wycheproof (signatures that verifiers got wrong).
 */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fixtures } from '../../../test/fixtures.ts';
import { keccak256 } from '../../base/keccak.ts';
import type { ForkName } from '../forks/names.ts';
import { rulesOf } from '../forks/rules.ts';
import { FAST } from './fast/libraries.ts';
import type { Libraries } from './libraries.ts';
import { PORTABLE } from './portable/libraries.ts';
import { inputOf } from './precompile.ts';
import { PRECOMPILES, precompileHost } from './table.ts';

interface Vector {
  readonly Name: string;
  readonly Input: string;
  readonly Expected?: string;
  readonly ExpectedError?: string;
  readonly Gas?: number;
}

/** Which precompile a file is about, and the fork whose prices it has. */
const FILES: Readonly<Record<string, readonly [number, ForkName]>> = {
  ecRecover: [0x01, 'osaka'],
  modexp: [0x05, 'byzantium'],
  modexp_eip2565: [0x05, 'berlin'],
  modexp_eip7883: [0x05, 'osaka'],
  bn256Add: [0x06, 'istanbul'],
  bn256ScalarMul: [0x07, 'istanbul'],
  bn256Pairing: [0x08, 'istanbul'],
  blake2F: [0x09, 'istanbul'],
  'fail-blake2f': [0x09, 'istanbul'],
  pointEvaluation: [0x0a, 'cancun'],
  blsG1Add: [0x0b, 'prague'],
  'fail-blsG1Add': [0x0b, 'prague'],
  blsG1MultiExp: [0x0c, 'prague'],
  'fail-blsG1MultiExp': [0x0c, 'prague'],
  blsG2Add: [0x0d, 'prague'],
  'fail-blsG2Add': [0x0d, 'prague'],
  blsG2MultiExp: [0x0e, 'prague'],
  'fail-blsG2MultiExp': [0x0e, 'prague'],
  blsPairing: [0x0f, 'prague'],
  'fail-blsPairing': [0x0f, 'prague'],
  blsMapG1: [0x10, 'prague'],
  'fail-blsMapG1': [0x10, 'prague'],
  blsMapG2: [0x11, 'prague'],
  'fail-blsMapG2': [0x11, 'prague'],
  p256Verify: [0x100, 'osaka'],
  'eip-7951/test-vectors.json': [0x100, 'osaka'],
  add_G1_bls: [0x0b, 'prague'],
  'fail-add_G1_bls': [0x0b, 'prague'],
  msm_G1_bls: [0x0c, 'prague'],
  mul_G1_bls: [0x0c, 'prague'],
  'fail-msm_G1_bls': [0x0c, 'prague'],
  'fail-mul_G1_bls': [0x0c, 'prague'],
  add_G2_bls: [0x0d, 'prague'],
  'fail-add_G2_bls': [0x0d, 'prague'],
  mul_G2_bls: [0x0e, 'prague'],
  'fail-msm_G2_bls': [0x0e, 'prague'],
  'fail-mul_G2_bls': [0x0e, 'prague'],
  pairing_check_bls: [0x0f, 'prague'],
  'fail-pairing_check_bls': [0x0f, 'prague'],
  map_fp_to_G1_bls: [0x10, 'prague'],
  'fail-map_fp_to_G1_bls': [0x10, 'prague'],
  map_fp2_to_G2_bls: [0x11, 'prague'],
  'fail-map_fp2_to_G2_bls': [0x11, 'prague'],
};

/** Vectors with the price of a draft: the EIP says 6,900. */
const OLD_PRICES: ReadonlySet<string> = new Set(['eip-7951/test-vectors.json']);

/** Most vectors of a file, all with IRONFLY_ALL_VECTORS; the portable set is slow. */
const ALL = process.env['IRONFLY_ALL_VECTORS'] !== undefined;
const SETS = [
  { set: 'fast', libraries: FAST, most: ALL ? Number.POSITIVE_INFINITY : 50 },
  { set: 'portable', libraries: PORTABLE, most: ALL ? Number.POSITIVE_INFINITY : 10 },
];

function run(
  address: number,
  input: Uint8Array,
  fork: ForkName,
  libraries: Libraries,
): string | undefined {
  const host = precompileHost(libraries);
  const answer = host(BigInt(address), inputOf(input), 1n << 62n, rulesOf(fork));
  if (answer instanceof Promise) throw new Error('a precompile waits');
  return answer?.output.toHex();
}

/** Files of vectors below the fixtures of geth and the EIPs. */
const files = ['geth', 'EIPs-assets'].flatMap((suite) => {
  const folder = fixtures(suite);
  if (folder === undefined) return [];
  return globSync('**/*.json', { cwd: folder }).map((file) => ({ file, folder }));
});

describe.skipIf(files.length === 0).each(SETS)('precompile vectors, $set', (choice) => {
  const { libraries, most } = choice;
  for (const { file, folder } of files) {
    const known = FILES[basename(file, '.json')] ?? FILES[file];
    if (known === undefined) continue;
    const [address, fork] = known;
    const vectors = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Vector[];
    const step = Math.max(1, Math.ceil(vectors.length / most));
    test(`${file}: ${vectors.length} vectors`, () => {
      vectors
        .filter((_, i) => i % step === 0)
        .forEach((vector) => {
          const input = Uint8Array.fromHex(vector.Input.replace(/^0x/, ''));
          const output = run(address, input, fork, libraries);
          expect(output, vector.Name).toBe(vector.Expected?.replace(/^0x/, ''));
          if (vector.Gas === undefined || OLD_PRICES.has(file)) return;
          const gas = PRECOMPILES.get(address)?.gas(inputOf(input), rulesOf(fork));
          expect(gas, vector.Name).toBe(BigInt(vector.Gas));
        });
    });
  }
});

const proofs = fixtures('c-kzg-tests');

describe.skipIf(proofs === undefined).each(SETS)('c-kzg, $set', ({ libraries }) => {
  test('proofs', () => {
    let [valid, invalid] = [0, 0];
    const cases = globSync('verify_kzg_proof/**/data.yaml', { cwd: proofs ?? '' });
    for (const path of cases) {
      const text = readFileSync(join(proofs ?? '', path), 'utf8');
      const field = (name: string) =>
        Uint8Array.fromHex(new RegExp(`${name}: '0x([0-9a-f]*)'`).exec(text)?.[1] ?? '');
      const commitment = field('commitment');
      const hash = libraries.hashes.sha256(commitment);
      hash[0] = 1;
      const parts = [hash, field('z'), field('y'), commitment, field('proof')];
      const input = Uint8Array.from(parts.flatMap((part) => [...part]));
      const passes = /output: true/.test(text);
      const output = run(0x0a, input, 'cancun', libraries);
      expect(output !== undefined, path).toBe(passes);
      if (passes) valid++;
      else invalid++;
    }
    expect(valid).toBeGreaterThan(20);
    expect(invalid).toBeGreaterThan(20);
  });
});

interface WycheproofFile {
  readonly testGroups: readonly {
    readonly publicKey: { readonly uncompressed: string };
    readonly tests: readonly {
      readonly tcId: number;
      readonly comment: string;
      readonly msg: string;
      readonly sig: string;
      readonly result: 'valid' | 'invalid';
    }[];
  }[];
}

const wycheproof = fixtures('wycheproof');
const SIGNATURE = /^[0-9a-f]{128}$/;

/** Signatures of 64 bytes with their keys (x and y) and the message's hash. */
function* signatures(file: string) {
  const text = readFileSync(join(wycheproof ?? '', file), 'utf8');
  for (const { publicKey, tests } of (JSON.parse(text) as WycheproofFile).testGroups) {
    for (const { sig, msg, result, tcId, comment } of tests) {
      if (!SIGNATURE.test(sig)) continue;
      const hash = PORTABLE.hashes.sha256(Uint8Array.fromHex(msg)).toHex();
      const name = `${tcId}: ${comment}`;
      yield { key: publicKey.uncompressed.slice(2), sig, hash, valid: result === 'valid', name };
    }
  }
}

describe.skipIf(wycheproof === undefined).each(SETS)('Wycheproof, $set', ({ libraries }) => {
  test('secp256r1', () => {
    let count = 0;
    for (const { key, sig, hash, valid, name } of signatures(
      'ecdsa_secp256r1_sha256_p1363_test.json',
    )) {
      const output = run(0x100, Uint8Array.fromHex(hash + sig + key), 'osaka', libraries);
      expect(output === `${'0'.repeat(63)}1`, name).toBe(valid);
      count++;
    }
    expect(count).toBeGreaterThan(100);
  });

  test('secp256k1: the key is among those recovered where the signature is valid', () => {
    let count = 0;
    for (const { key, sig, hash, valid, name } of signatures(
      'ecdsa_secp256k1_sha256_p1363_test.json',
    )) {
      const address = keccak256(Uint8Array.fromHex(key)).subarray(12).toHex();
      const recovered = ['1b', '1c'].map((v) =>
        run(0x01, Uint8Array.fromHex(hash + v.padStart(64, '0') + sig), 'osaka', libraries),
      );
      // An x of the group's order or more needs a `v` of 29 or 30, which ECRECOVER does not know.
      const possible = valid && !/k\*G has a large x|x with a reduction/.test(name);
      expect(recovered.includes('0'.repeat(24) + address), name).toBe(possible);
      count++;
    }
    expect(count).toBeGreaterThan(100);
  });
});
