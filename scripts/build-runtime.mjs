// Compiles the runtimes (AssemblyScript): the machine's into build/runtime-shared.wasm and
// build/runtime.wasm, for shared and unshared memory, that of parallel execution into
// build/parallel-runtime.wasm, the tries' into build/trie-runtime.wasm, the
// root of lists into build/list-root.wasm, and Keccak by itself into build/keccak.wasm; and writes
// them into modules that the sources import: so they load at once wherever modules load. Then
// assembles the modules that every machine needs (assemble-modules.ts), and writes down the states
// of mcl (mcl-states.ts). Does nothing when the sources have not changed.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ASSEMBLED,
  BUILD as build,
  isCurrent,
  KECCAK,
  LIST_ROOT,
  MCL_STATES,
  markCurrent,
  PARALLEL_RUNTIME,
  RUNTIME,
  ROOT as root,
  TRIE_RUNTIME,
} from './built.ts';

const THREADS = ['--enable', 'threads'];
const SHARED = ['--sharedMemory', ...THREADS];
/** `dataEnd`: end of what constant data may use. */
const COMPILED = [
  {
    product: RUNTIME,
    source: 'src/evm/runtime/index.ts',
    variants: [
      { file: 'runtime-shared.wasm', name: 'RUNTIME_SHARED', flags: SHARED },
      { file: 'runtime.wasm', name: 'RUNTIME', flags: THREADS },
    ],
    bytesFile: 'runtime-bytes.ts',
    // layout.ts, STATIC_DATA_END
    dataEnd: 65_536,
  },
  {
    product: PARALLEL_RUNTIME,
    source: 'src/evm/runtime/parallel/entry.ts',
    variants: [
      { file: 'parallel-runtime.wasm', name: 'PARALLEL_RUNTIME', flags: SHARED, parallel: 1 },
    ],
    bytesFile: 'parallel-runtime-bytes.ts',
    // layout.ts, STATIC_DATA_END
    dataEnd: 65_536,
  },
  {
    product: TRIE_RUNTIME,
    source: 'src/state/trie-runtime/index.ts',
    variants: [{ file: 'trie-runtime.wasm', name: 'TRIE_RUNTIME', flags: SHARED }],
    bytesFile: 'trie-runtime-bytes.ts',
    // trie-layout.ts, INSTANCES
    dataEnd: 4_096,
  },
  {
    product: LIST_ROOT,
    source: 'src/state/trie-runtime/list-root.ts',
    variants: [{ file: 'list-root.wasm', name: 'LIST_ROOT', flags: [] }],
    bytesFile: 'list-root-bytes.ts',
    // list-root.ts, SCRATCH
    dataEnd: 4_096,
  },
  {
    product: KECCAK,
    source: 'src/evm/runtime/hashes/alone.ts',
    variants: [{ file: 'keccak.wasm', name: 'KECCAK', flags: THREADS }],
    bytesFile: 'keccak-bytes.ts',
    // src/base/keccak.ts, SCRATCH
    dataEnd: 4_096,
  },
];

mkdirSync(build, { recursive: true });
for (const { product, source, variants, bytesFile, dataEnd } of COMPILED) {
  if (isCurrent(product)) continue;
  const { default: asc } = await import('assemblyscript/asc');
  for (const variant of variants) await compile(asc, source, variant, dataEnd);
  writeBytes(bytesFile, variants);
  markCurrent(product);
}
if (!isCurrent(ASSEMBLED)) {
  const { writeAssembledModules } = await import('./assemble-modules.ts');
  writeAssembledModules();
  markCurrent(ASSEMBLED);
}
if (!isCurrent(MCL_STATES)) {
  const { writeMclStates } = await import('./mcl-states.ts');
  writeMclStates();
  markCurrent(MCL_STATES);
}

/** The modules as text: 4 characters for 3 bytes. */
function writeBytes(bytesFile, variants) {
  const constants = variants.map(({ file, name }) => {
    const text = readFileSync(join(build, file)).toString('base64');
    return `export const ${name}: string =\n  '${text}';\n`;
  });
  const head = '/** The compiled runtime in Base64. Written by scripts/build-runtime.mjs. */\n';
  writeFileSync(join(build, bytesFile), head + constants.join(''));
}

async function compile(asc, source, { file, flags, parallel = 0 }, dataEnd) {
  const { error, stdout, stderr } = await asc.main(
    [
      source,
      ...['--baseDir', root, '--outFile', join('build', file)],
      ...['--runtime', 'stub', '--importMemory', '--importTable', '--memoryBase', '1024'],
      ...['--initialMemory', '16', '--maximumMemory', '65536', '--enable', 'simd'],
      ...['--noAssert', '-O3', '--converge', '--use', `abort=,PARALLEL=${parallel}`],
      ...flags,
    ],
    { reportDiagnostic: undefined },
  );
  if (error) {
    process.stderr.write(`${stderr.toString()}${stdout.toString()}\n`);
    process.stderr.write(`the runtime does not compile (${file}): ${error.message}\n`);
    process.exit(1);
  }
  checkStaticData(file, dataEnd);
}

/** All active data segments must end before what the layout begins with. */
function checkStaticData(file, dataEnd) {
  const bytes = readFileSync(join(build, file));
  if (!WebAssembly.validate(bytes)) {
    process.stderr.write(`${file} is not a valid module\n`);
    process.exit(1);
  }
  const end = endOfData(bytes);
  if (end > dataEnd) {
    process.stderr.write(`${file} has constant data up to ${end}, past ${dataEnd}\n`);
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
