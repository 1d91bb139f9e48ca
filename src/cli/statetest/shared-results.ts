/**
 * Results of the longest precompiles, kept in a folder for all threads and engines of a run: an
 * official test asks BLAKE2F for 2^32 - 1 rounds, two minutes each time, on every fork and engine,
 * which all run it by the same code.
 */

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { keccak256 } from '../../base/keccak.ts';
import type { PrecompileAnswer, PrecompileHost } from '../../evm/precompiles/precompile.ts';

const BLAKE2F = 9n;
const INPUT_BYTES = 213;
/** A second of rounds; what takes less is run each time. */
const ROUNDS_MIN = 40_000_000;

/** A host that runs what `host` runs, and looks first whether a long one was run before. */
export function sharingResults(folder: string, host: PrecompileHost): PrecompileHost {
  return (address, input, gas, rules, pause) => {
    const run = () => host(address, input, gas, rules, pause);
    if (address !== BLAKE2F || input.length !== INPUT_BYTES) return run();
    const rounds = new DataView(input.buffer, input.byteOffset).getUint32(0);
    const gasUsed = BigInt(rounds);
    if (rounds < ROUNDS_MIN || gas < gasUsed) return run();
    const file = join(folder, keccak256(input).toHex());
    if (existsSync(file)) return { gasUsed, output: new Uint8Array(readFileSync(file)) };
    const keep = (answer: PrecompileAnswer): PrecompileAnswer => {
      if (answer === undefined) return undefined;
      const unfinished = `${file}.${threadId}`;
      writeFileSync(unfinished, answer.output);
      renameSync(unfinished, file);
      return answer;
    };
    const answer = run();
    return answer instanceof Promise ? answer.then(keep) : keep(answer);
  };
}
