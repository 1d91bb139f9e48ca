/** The precompile vectors of geth, on both sets of libraries: outputs, failures and gas. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fixtures } from '../../../test/fixtures.ts';
import type { ForkName } from '../forks/names.ts';
import { rulesOf } from '../forks/rules.ts';
import { FAST } from './fast/libraries.ts';
import { PORTABLE } from './portable/libraries.ts';
import { PRECOMPILES } from './table.ts';

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
};

/** Most vectors of a file, all with IRONFLY_ALL_VECTORS; the portable set is slow. */
const ALL = process.env['IRONFLY_ALL_VECTORS'] !== undefined;
const SETS = [
  { set: 'fast', libraries: FAST, most: ALL ? Number.POSITIVE_INFINITY : 50 },
  { set: 'portable', libraries: PORTABLE, most: ALL ? Number.POSITIVE_INFINITY : 10 },
];

const folder = fixtures('geth');
const files = folder === undefined ? [] : globSync('**/precompiles/*.json', { cwd: folder });
const checkpoint = (): void => {};

describe.skipIf(files.length === 0).each(SETS)('precompile vectors, $set', (choice) => {
  const { libraries, most } = choice;
  for (const file of files) {
    const name = basename(file, '.json');
    const known = FILES[name];
    if (known === undefined) continue;
    const [address, fork] = known;
    const path = join(folder ?? '', file);
    if (!existsSync(path)) continue;
    const vectors = JSON.parse(readFileSync(path, 'utf8')) as Vector[];
    const step = Math.max(1, Math.ceil(vectors.length / most));
    const rules = rulesOf(fork);
    test(`${name}: ${vectors.length} vectors`, () => {
      const precompile = PRECOMPILES.get(address);
      if (precompile === undefined) throw new Error(`no precompile stands at ${address}`);
      vectors
        .filter((_, i) => i % step === 0)
        .forEach((vector) => {
          const input = Uint8Array.fromHex(vector.Input.replace(/^0x/, ''));
          const output = precompile.run(input, { rules, libraries, checkpoint })?.toHex();
          expect(output, vector.Name).toBe(vector.Expected?.replace(/^0x/, ''));
          if (vector.Gas === undefined) return;
          expect(precompile.gas(input, rules), vector.Name).toBe(BigInt(vector.Gas));
        });
    });
  }
});
