// Compiles the runtime (AssemblyScript) into build/runtime-shared.wasm and build/runtime.wasm, for
// shared and unshared memory, and writes both into build/runtime-bytes.ts, which the machine
// imports: so it loads at once wherever modules load. Then assembles the modules that every machine
// needs (assemble-modules.ts). Does nothing when the sources have not changed.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ASSEMBLED,
  BUILD as build,
  isCurrent,
  markCurrent,
  RUNTIME,
  ROOT as root,
} from './built.ts';

const VARIANTS = [
  {
    file: 'runtime-shared.wasm',
    name: 'RUNTIME_SHARED',
    flags: ['--sharedMemory', '--enable', 'threads'],
  },
  { file: 'runtime.wasm', name: 'RUNTIME', flags: ['--enable', 'threads'] },
];
const BYTES_FILE = 'runtime-bytes.ts';
/** End of the page that constant data may use (layout.ts, STATIC_DATA_END). */
const STATIC_DATA_END = 65_536;

mkdirSync(build, { recursive: true });
if (!isCurrent(RUNTIME)) {
  const { default: asc } = await import('assemblyscript/asc');
  for (const { file, flags } of VARIANTS) await compile(asc, file, flags);
  writeBytes();
  markCurrent(RUNTIME);
}
if (!isCurrent(ASSEMBLED)) {
  const { writeAssembledModules } = await import('./assemble-modules.ts');
  writeAssembledModules();
  markCurrent(ASSEMBLED);
}

/** The modules as text: 4 characters for 3 bytes. */
function writeBytes() {
  const constants = VARIANTS.map(({ file, name }) => {
    const text = readFileSync(join(build, file)).toString('base64');
    return `export const ${name}: string =\n  '${text}';\n`;
  });
  const head = '/** The compiled runtime in Base64. Written by scripts/build-runtime.mjs. */\n';
  writeFileSync(join(build, BYTES_FILE), head + constants.join(''));
}

async function compile(asc, file, flags) {
  const { error, stdout, stderr } = await asc.main(
    [
      'src/evm/runtime/index.ts',
      ...['--baseDir', root, '--outFile', join('build', file)],
      ...['--runtime', 'stub', '--importMemory', '--importTable', '--memoryBase', '1024'],
      ...['--initialMemory', '16', '--maximumMemory', '65536', '--enable', 'simd'],
      ...['--noAssert', '-O3', '--converge', '--use', 'abort='],
      ...flags,
    ],
    { reportDiagnostic: undefined },
  );
  if (error) {
    process.stderr.write(`${stderr.toString()}${stdout.toString()}\n`);
    process.stderr.write(`the runtime does not compile (${file}): ${error.message}\n`);
    process.exit(1);
  }
  checkStaticData(file);
}

/** All active data segments must end within the first page. */
function checkStaticData(file) {
  const bytes = readFileSync(join(build, file));
  if (!WebAssembly.validate(bytes)) {
    process.stderr.write(`${file} is not a valid module\n`);
    process.exit(1);
  }
  const end = endOfData(bytes);
  if (end > STATIC_DATA_END) {
    process.stderr.write(`${file} has constant data up to ${end}, past ${STATIC_DATA_END}\n`);
    process.exit(1);
  }
}

/** End of the last active data segment of a module. */
function endOfData(bytes) {
  let at = 8;
  let end = 0;
  const u32 = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value |= (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return value >>> 0;
    }
  };
  while (at < bytes.length) {
    const id = bytes[at++];
    const size = u32();
    const next = at + size;
    if (id === 11) {
      for (let count = u32(); count > 0; count--) {
        const mode = u32();
        let offset = 0;
        if (mode === 0) {
          at += 1;
          offset = u32();
          at += 1;
        }
        const length = u32();
        at += length;
        if (mode === 0) end = Math.max(end, offset + length);
      }
    }
    at = next;
  }
  return end;
}
