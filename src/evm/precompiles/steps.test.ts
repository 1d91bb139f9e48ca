/** Long precompiles are done in steps: others may run between two, and a call can be stopped. */
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { bn254 } from '@noble/curves/bn254.js';
import { describe, expect, test } from 'vitest';
import { createEVM } from '../evm.ts';
import { rulesOf } from '../forks/rules.ts';
import { plainTransaction } from '../plain-transaction.ts';
import { FAST } from './fast/libraries.ts';
import type { Libraries, Steps } from './libraries.ts';
import { PORTABLE } from './portable/libraries.ts';
import { finish, inputOf, type Output, toBytes } from './precompile.ts';
import { PRECOMPILES, precompileHost, runPrecompile } from './table.ts';

const rules = rulesOf('osaka');
const blsG1 = Uint8Array.fromHex(
  '0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb' +
    '0000000000000000000000000000000008b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1',
);

/** So many pairs of the generators, whose product is one where they are even. */
function pairs(count: number): Uint8Array {
  const { x, y } = bn254.G1.Point.BASE.toAffine();
  const g2 = bn254.G2.Point.BASE.toAffine();
  const rest = [g2.x.c1, g2.x.c0, g2.y.c1, g2.y.c0];
  const pair = (sign: bigint) => [x, sign, ...rest].flatMap((part) => [...toBytes(part, 32)]);
  const negative = bn254.fields.Fp.neg(y);
  return Uint8Array.from(
    Array.from({ length: count }, (_, i) => pair(i % 2 === 0 ? y : negative)).flat(),
  );
}

/** So many pairs of the generators. */
function blsPairs(count: number): Uint8Array {
  const { x, y } = bls12_381.G2.Point.BASE.toAffine();
  const g2 = [x.c0, x.c1, y.c0, y.c1].flatMap((part) => [...toBytes(part, 64)]);
  return Uint8Array.from(Array.from({ length: count }, () => [...blsG1, ...g2]).flat());
}

function bytes(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);
}

function sums(count: number): Uint8Array {
  const part = [...blsG1, ...toBytes(0x1234567n ** 8n, 32)];
  return Uint8Array.from(Array.from({ length: count }, () => part).flat());
}

function rounds(count: number): Uint8Array {
  const input = Uint8Array.from({ length: 213 }, (_, i) => i);
  input.set(toBytes(BigInt(count), 4));
  input[212] = 1;
  return input;
}

/** A power with an exponent of 500 bytes modulo one of 32 bytes that ends with `last`. */
function power(last: number): Uint8Array {
  const lengths = [32, 500, 32].flatMap((length) => [...toBytes(BigInt(length), 32)]);
  const numbers = Array.from({ length: 564 }, (_, i) => 255 - (i % 251));
  return Uint8Array.from([...lengths, ...numbers.slice(0, -1), last]);
}

const LONG: readonly (readonly [string, number, Uint8Array])[] = [
  ['BN254 pairing', 0x08, pairs(9)],
  ['BN254 pairing that is one', 0x08, pairs(10)],
  ['BLS12-381 sum', 0x0c, sums(40)],
  ['BLAKE2F', 0x09, rounds(200_000)],
  ['MODEXP', 0x05, power(0xff)],
  ['MODEXP of another modulus', 0x05, power(0xf1)],
  ['MODEXP of an even modulus', 0x05, power(0x00)],
  ['BLAKE2F of fewer rounds', 0x09, rounds(150_000)],
  ['BLS12-381 pairing', 0x0f, blsPairs(9)],
  ['SHA256', 0x02, bytes(600_000)],
  ['SHA256 of portions', 0x02, bytes(786_432)],
  ['RIPEMD160', 0x03, bytes(600_000)],
];

function steps(address: number, input: Uint8Array, libraries: Libraries) {
  const run = PRECOMPILES.get(address)?.run(inputOf(input), { rules, libraries });
  if (run === undefined || run instanceof Uint8Array) throw new Error('not in steps');
  return run;
}

describe.each([
  ['fast', FAST],
  ['portable', PORTABLE],
])('long work, %s', (_, libraries) => {
  test('is the same when others run in between', () => {
    const alone = LONG.map(([, address, input]) => {
      let pauses = 0;
      const output = finish(steps(address, input, libraries), () => {
        pauses++;
      }) as Output;
      expect(pauses).toBeGreaterThan(1);
      return output?.toHex();
    });
    const together = LONG.map(([, address, input]) => steps(address, input, libraries));
    const outputs: (string | undefined)[] = [];
    for (let running = together.length; running > 0; ) {
      together.forEach((run, i) => {
        const { done, value } = run.next();
        if (!done || outputs[i] !== undefined) return;
        outputs[i] = (value as Output)?.toHex();
        running--;
      });
    }
    expect(outputs).toEqual(alone);
    // Both pairings that are not one give zero.
    expect(new Set(alone).size).toBe(LONG.length - 1);
  });
});

describe('a library that is loaded in steps', () => {
  /** The fast set, as if BN254 had still to be loaded, in three steps. */
  function loading(): Libraries & { readonly loaded: () => boolean } {
    let loaded = false;
    function* load(): Steps<void> {
      yield;
      yield;
      loaded = true;
    }
    return {
      hashes: FAST.hashes,
      secp256k1: FAST.secp256k1,
      p256: FAST.p256,
      bls12381: FAST.bls12381,
      get bn254() {
        if (!loaded) throw new Error('not loaded');
        return FAST.bn254;
      },
      opening: (name) => (name === 'bn254' && !loaded ? load() : undefined),
      loaded: () => loaded,
    };
  }
  const add = (libraries: Libraries, pause?: () => Promise<void> | void) =>
    precompileHost(libraries)(0x06n, inputOf(new Uint8Array(128)), 1_000n, rules, pause);

  test('is there before the precompile runs, and a call can be stopped before', async () => {
    let pauses = 0;
    const count = () => {
      pauses++;
    };
    const libraries = loading();
    expect(add(libraries, count)).toMatchObject({ output: new Uint8Array(64) });
    expect(pauses).toBe(3);
    expect(add(libraries, count)).toMatchObject({ output: new Uint8Array(64) });
    expect(pauses).toBe(3);

    const stopped = loading();
    const stop = () => {
      throw new Error('stopped');
    };
    expect(() => add(stopped, stop)).toThrow('stopped');
    expect(stopped.loaded()).toBe(false);
    expect(add(stopped)).toMatchObject({ output: new Uint8Array(64) });

    const awaited = add(loading(), () => Promise.resolve());
    expect(awaited).toBeInstanceOf(Promise);
    expect(await awaited).toMatchObject({ output: new Uint8Array(64) });
  });
});

/** A signal that is aborted at its nth look. */
function abortedAt(look: number): { readonly signal: AbortSignal; readonly looks: () => number } {
  let looks = 0;
  const signal: AbortSignal = Object.create(AbortSignal.prototype, {
    aborted: { get: () => ++looks >= look },
    reason: { value: 'counted' },
  });
  return { signal, looks: () => looks };
}

describe('a call of a long precompile stops wherever it is', () => {
  test.each(LONG)('%s', (_, address, data) => {
    const evm = createEVM({ fork: 'osaka' });
    const to = `0x${address.toString(16).padStart(40, '0')}` as const;
    const call = (signal?: AbortSignal) => {
      const transaction = plainTransaction({ sender: to, gasLimit: 10n ** 9n, to, data });
      const options = { callOnly: true, commit: false, ...(signal && { signal }) };
      const result = evm.transactSync(transaction, options);
      return result.status === 'success' ? result.output.toHex() : result.status;
    };
    const output = call();
    const all = abortedAt(Number.POSITIVE_INFINITY);
    expect(call(all.signal)).toBe(output);
    expect(all.looks()).toBeGreaterThan(3);
    for (let look = 1; look <= all.looks(); look += Math.ceil(all.looks() / 6)) {
      expect(() => call(abortedAt(look).signal)).toThrow(
        expect.objectContaining({ code: 'evm/stopped' }),
      );
    }
    expect(call()).toBe(output);
  });
});

test('past the end of an input there are zeros, whatever was there', () => {
  const input = inputOf(Uint8Array.of(1, 2, 3));
  for (const [start, expected] of [
    [0, '01020300'],
    [2, '03000000'],
    [3, '00000000'],
    [9, '00000000'],
  ] as const) {
    const to = new Uint8Array(4).fill(0xff);
    input.copy(to, start);
    expect(to.toHex()).toBe(expected);
  }
});

describe('bytes are read', () => {
  const size = 8 << 20;
  const counted = () => {
    let bytes = 0;
    const input = {
      length: size,
      copy: (to: Uint8Array) => {
        bytes += to.length;
        to.fill(0);
      },
    };
    return { input, read: () => bytes };
  };

  test.each([...PRECOMPILES])('by %i for its price no more than its head', (address) => {
    for (const fork of ['byzantium', 'berlin', 'osaka'] as const) {
      const { input, read } = counted();
      PRECOMPILES.get(address)?.gas(input, rulesOf(fork));
      expect(read()).toBeLessThanOrEqual(128);
    }
  });

  test.each([...PRECOMPILES])('by %i no more than it is paid for', (address) => {
    const { input, read } = counted();
    const price = PRECOMPILES.get(address)?.gas(input, rules) ?? 0n;
    expect(runPrecompile(BigInt(address), input, price - 1n, rules)).toBeUndefined();
    expect(read()).toBeLessThanOrEqual(256);
    // What has a price by length reads all; an input of the wrong length is not read at all.
    if (price < 100_000n) runPrecompile(BigInt(address), input, price, rules);
    expect(read()).toBeLessThanOrEqual(512);
  });
});

describe('a call of a long precompile', () => {
  const to = `0x${'8'.padStart(40, '0')}` as const;
  // Seconds of work, if it were not stopped.
  const call = { to, data: pairs(2_000) };

  test('stops at its deadline', async () => {
    const evm = createEVM({ fork: 'osaka' });
    await expect(evm.call({ ...call, timeoutMs: 20 })).rejects.toMatchObject({
      code: 'evm/stopped',
      details: { reason: 'timeout' },
    });
    expect((await evm.call({ to, data: pairs(2) })).status).toBe('success');
  });

  test('stops at a signal, for which the event loop gets its turns', async () => {
    const evm = createEVM({ fork: 'osaka' });
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 20);
    await expect(evm.call({ ...call, signal: stop.signal })).rejects.toMatchObject({
      code: 'evm/stopped',
      details: { reason: 'signal' },
    });
  });

  test('runs beside others', async () => {
    const evm = createEVM({ fork: 'osaka' });
    const { signal } = new AbortController();
    const calls = [12, 13, 14, 15].map((count) => evm.call({ to, data: pairs(count), signal }));
    const outputs = (await Promise.all(calls)).map((result) =>
      result.status === 'success' ? result.output.at(-1) : undefined,
    );
    expect(outputs).toEqual([1, 0, 1, 0]);
  });
});
