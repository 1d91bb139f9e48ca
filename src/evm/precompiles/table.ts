/** The precompiles by address, and how a machine calls them. */
import type { Awaitable } from '../types.ts';
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
import { FAST } from './fast/libraries.ts';
import { POINT_EVALUATION } from './kzg.ts';
import type { Libraries, Steps } from './libraries.ts';
import { MODEXP } from './modexp.ts';
import { P256VERIFY } from './p256.ts';
import { PackageLoading } from './packages.ts';
import {
  finish,
  type Output,
  type Precompile,
  type PrecompileAnswer,
  type PrecompileHost,
} from './precompile.ts';

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

/** A host that runs the precompiles with a set of libraries, each when its gas is there. */
export function precompileHost(libraries: Libraries): PrecompileHost {
  /** Those whose libraries are there. */
  const ready = new Set<Precompile>();
  return (address, input, gas, rules, pause = goOn) => {
    const precompile = PRECOMPILES.get(Number(address));
    if (precompile === undefined) return undefined;
    const gasUsed = precompile.gas(input, rules);
    if (gasUsed > gas) return undefined;
    const answer = (output: Output): PrecompileAnswer => output && { gasUsed, output };
    const run = (): Awaitable<PrecompileAnswer> => {
      const output = precompile.run(input, { rules, libraries });
      if (output === undefined || output instanceof Uint8Array) return answer(output);
      return next(finish(output, pause), answer);
    };
    if (ready.has(precompile)) return whenLoaded(run);
    return whenLoaded(() =>
      next(finish(open(precompile, libraries), pause), () => {
        ready.add(precompile);
        return run();
      }),
    );
  };
}

/** Loads what a precompile uses. */
function* open({ uses = [] }: Precompile, libraries: Libraries): Steps<void> {
  for (const name of uses) {
    const opening = libraries.opening?.(name);
    if (opening === undefined) continue;
    yield* opening;
    yield;
  }
}

function next<T, U>(value: Awaitable<T>, then: (value: T) => Awaitable<U>): Awaitable<U> {
  return value instanceof Promise ? value.then(then) : then(value);
}

function goOn(): void {}

/** Runs at once, or again when the package that it needs has been loaded. */
function whenLoaded<T>(run: () => Awaitable<T>): Awaitable<T> {
  const again = (error: unknown): Promise<T> => {
    if (!(error instanceof PackageLoading)) throw error;
    return error.ready.then(() => whenLoaded(run));
  };
  try {
    const value = run();
    return value instanceof Promise ? value.catch(again) : value;
  } catch (error) {
    return again(error);
  }
}

/** The package's precompiles: the fast set where there is one. */
export const runPrecompile: PrecompileHost = precompileHost(FAST);
