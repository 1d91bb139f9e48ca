/**
 * Results of the longest precompile, kept in a folder for all threads and engines of a run: an
 * official test asks BLAKE2F for 2^32 - 1 rounds, two minutes each time, on six forks and three
 * engines, whose runtime is the same. One of them runs it itself; for the others it is a custom
 * precompile that is run once.
 */

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { keccak256 } from '../../base/keccak.ts';
import type { CustomPrecompile, CustomPrecompiles } from '../../evm/execution-options.ts';
import type { ForkName } from '../../evm/forks/names.ts';
import { rulesOf } from '../../evm/forks/rules.ts';
import { inputOf } from '../../evm/precompiles/precompile.ts';
import { runPrecompile } from '../../evm/precompiles/table.ts';
import type { Address, Engine } from '../../evm/types.ts';

/** Only a transaction with so much gas can pay for that many rounds. */
const LONG_GAS = 0xffff_ffffn;
const BLAKE2F: Address = `0x${'9'.padStart(40, '0')}`;
const INPUT_BYTES = 213;

/** What runs the precompile where no result is there: rounds of the input have been paid for. */
export type RunBlake2f = (input: Uint8Array) => Uint8Array;

/** The package's own. */
export const runBlake2f: RunBlake2f = (input) => {
  const answer = runPrecompile(BigInt(BLAKE2F), inputOf(input), 2n ** 40n, rulesOf('cancun'));
  if (answer === undefined || answer instanceof Promise) throw new Error('BLAKE2F did not run');
  return answer.output;
};

export interface LongJob {
  readonly engine: Engine;
  readonly fork: ForkName;
  readonly gasLimit: bigint;
}

/** BLAKE2F with results out of the folder, for a job that may be long and is not the one. */
export function sharedPrecompiles(
  folder: string,
  run: RunBlake2f,
  { engine, fork, gasLimit }: LongJob,
): CustomPrecompiles | undefined {
  if (gasLimit < LONG_GAS) return undefined;
  if (engine === 'interpreter' && fork === 'cancun') return undefined;
  return { [BLAKE2F]: sharedBlake2f(folder, run) };
}

function sharedBlake2f(folder: string, run: RunBlake2f): CustomPrecompile {
  return (input, gas) => {
    if (input.length !== INPUT_BYTES || (input[212] as number) > 1) return undefined;
    const gasUsed = BigInt(new DataView(input.buffer, input.byteOffset).getUint32(0));
    if (gas < gasUsed) return undefined;
    const file = join(folder, keccak256(input).toHex());
    if (existsSync(file)) return { gasUsed, output: new Uint8Array(readFileSync(file)) };
    const output = run(input);
    const unfinished = `${file}.${threadId}`;
    writeFileSync(unfinished, output);
    renameSync(unfinished, file);
    return { gasUsed, output };
  };
}
