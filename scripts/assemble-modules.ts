/**
 * Assembles the kernels and the interpreter of every fork into build/assembled-modules.ts, so that
 * `createEVM` need not: assembling takes 40 ms of a process that has just begun.
 *
 * Modules are cut into pieces at the functions of their code section, and equal pieces are kept
 * once: 16 forks, for shared and unshared memory, share most of their instructions.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FORKS } from '../src/evm/forks/names.ts';
import { assembleInterpreter } from '../src/evm/interpreter/assemble.ts';
import { assembleKernels } from '../src/evm/kernels/module.ts';
import { ASSEMBLED, BUILD } from './built.ts';

const HEADER_BYTES = 8;
const CODE_SECTION = 10;

const HEAD = `/**
 * The kernels, and the interpreter of every fork, cut into pieces in Base64. Written by
 * scripts/assemble-modules.ts, put together by src/evm/machine/assembled.ts.
 */
`;

export function writeAssembledModules(): void {
  const pieces = new Map<string, number>();
  const modules: Record<string, number[]> = {};
  const add = (name: string, module: Uint8Array): void => {
    modules[name] = cut(module).map((piece) => {
      const text = Buffer.from(piece).toString('base64');
      const index = pieces.get(text) ?? pieces.size;
      pieces.set(text, index);
      return index;
    });
  };
  for (const shared of [true, false]) {
    const suffix = shared ? ' shared' : '';
    add(`kernels${suffix}`, assembleKernels({ shared }));
    for (const fork of FORKS) add(`${fork}${suffix}`, assembleInterpreter(fork, { shared }));
  }
  const texts = JSON.stringify([...pieces.keys()], undefined, 1);
  const lists = Object.entries(modules).map(([name, list]) => ` '${name}': [${list.join(',')}],\n`);
  const constants = [
    `export const PIECES: readonly string[] = ${texts};\n`,
    `export const MODULES: Readonly<Record<string, readonly number[]>> = {\n${lists.join('')}};\n`,
  ];
  const [file = ''] = ASSEMBLED.files;
  writeFileSync(join(BUILD, file), HEAD + constants.join(''));
}

/** All of a module's bytes, cut before and after each function of the code section. */
function cut(module: Uint8Array): Uint8Array[] {
  const cuts = [0];
  let at = HEADER_BYTES;
  const u32 = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = module[at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return value >>> 0;
    }
  };
  while (at < module.length) {
    const id = module[at++];
    const size = u32();
    const end = at + size;
    if (id === CODE_SECTION) {
      const count = u32();
      for (let i = 0; i < count; i++) {
        cuts.push(at);
        const bytes = u32();
        at += bytes;
      }
      cuts.push(at);
    }
    at = end;
  }
  cuts.push(module.length);
  return cuts.slice(1).map((end, i) => module.subarray(cuts[i], end));
}
