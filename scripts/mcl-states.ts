/**
 * Writes build/mcl-states.ts: what `mclBn_init` leaves in the memory of an instance of mcl, for
 * each curve, as pieces at addresses; none where mcl-wasm is not installed.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  hasMcl,
  initialiseMcl,
  instantiateMcl,
  MCL_CURVES,
  mclDigest,
} from '../src/evm/precompiles/fast/mcl-module.ts';
import { BUILD, MCL_STATES } from './built.ts';

const HEAD = `/**
 * What mcl has in memory once it has a curve, in Base64 at addresses, and for which module. Written
 * by scripts/mcl-states.ts, put back by src/evm/precompiles/fast/mcl.ts.
 */
type State = readonly (readonly [at: number, bytes: string])[];
`;

/** Equal bytes between two pieces that do not part them. */
const GAP = 64;

export function writeMclStates(): void {
  const installed = hasMcl();
  const curves = installed ? MCL_CURVES : [];
  const states = curves.map((curve) => {
    const pieces = stateOf(curve).map(([at, bytes]) => `  [${at}, '${bytes.toBase64()}'],\n`);
    return ` ${curve}: [\n${pieces.join('')} ],\n`;
  });
  const constants = [
    `export const MCL_MODULE: number = ${installed ? mclDigest() : 0};\n`,
    `export const MCL_STATES: Readonly<Record<number, State>> = {\n${states.join('')}};\n`,
  ];
  const [file = ''] = MCL_STATES.files;
  writeFileSync(join(BUILD, file), HEAD + constants.join(''));
}

/** The pieces of memory that initialising for a curve changes. */
function stateOf(curve: number): [at: number, bytes: Uint8Array][] {
  const instance = instantiateMcl();
  const before = new Uint8Array(instance.memory.buffer).slice();
  initialiseMcl(instance, curve);
  const after = new Uint8Array(instance.memory.buffer);
  const spans: { start: number; end: number }[] = [];
  after.forEach((byte, at) => {
    if (byte === before[at]) return;
    const last = spans.at(-1);
    if (last !== undefined && at < last.end + GAP) last.end = at + 1;
    else spans.push({ start: at, end: at + 1 });
  });
  return spans.map(({ start, end }) => [start, after.subarray(start, end)]);
}
