/**
 * Compiled modules in a folder, so that the next process compiles nothing again (Node.js).
 *
 *   <code hash>-<fork>-<shared|own>-<compiler>.module:
 *   32 bytes SHA-256 of what follows | u32 count | count x u32 pc of each slot | wasm
 *
 * A file is written beside its name and renamed, so a reader sees all of it or nothing. One that
 * is damaged is passed over. The checksum finds accidents, not attackers: whoever may write the
 * folder decides what is executed, as with the program itself.
 */
import { compileContract } from '../compiler/compile.ts';
import * as layout from '../layout.ts';
import type { CompiledCode, CompileJob } from './compilation.ts';
import { nodeBuiltin } from './node-builtins.ts';

/** Files in one folder; past it those go that were not read for longest. */
export const FILES_MAX = 16_384;
const SUFFIX = '.module';
const CHECKSUM_BYTES = 32;

/** What the folder has for a job; a note where it has something that is of no use. */
export function keptModule(job: CompileJob): { found?: CompiledCode; note?: string } {
  const { directory } = job;
  const fs = nodeBuiltin('node:fs');
  if (directory === undefined || fs === undefined || job.generation > 1) return {};
  const path = pathOf(job, directory);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = Uint8Array.from(fs.readFileSync(path));
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return {};
    return { note: `${path} cannot be read and is compiled again: ${String(error)}` };
  }
  try {
    const found = decode(bytes);
    const now = new Date();
    fs.utimesSync(path, now, now);
    return { found };
  } catch (error) {
    return { note: `${path} is damaged and is compiled again: ${String(error)}` };
  }
}

/** Keeps a module for later processes; a note where that was not possible. */
export function keepModule(
  job: CompileJob,
  module: { readonly bytes: Uint8Array; readonly slots: readonly number[] },
): string | undefined {
  const { directory } = job;
  const fs = nodeBuiltin('node:fs');
  if (directory === undefined || fs === undefined) return undefined;
  const path = pathOf(job, directory);
  const draft = `${path}.${globalThis.crypto.randomUUID()}.draft`;
  try {
    fs.mkdirSync(directory, { recursive: true });
    fs.writeFileSync(draft, encode(module));
    fs.renameSync(draft, path);
    prune(directory);
    return undefined;
  } catch (error) {
    fs.rmSync(draft, { force: true });
    return `${path} cannot be written: ${String(error)}`;
  }
}

function encode({ bytes, slots }: { bytes: Uint8Array; slots: readonly number[] }): Uint8Array {
  const file = new Uint8Array(CHECKSUM_BYTES + 4 + 4 * slots.length + bytes.length);
  const view = new DataView(file.buffer);
  view.setUint32(CHECKSUM_BYTES, slots.length, true);
  slots.forEach((pc, i) => view.setUint32(CHECKSUM_BYTES + 4 + 4 * i, pc, true));
  file.set(bytes, file.length - bytes.length);
  file.set(sha256(file.subarray(CHECKSUM_BYTES)));
  return file;
}

function decode(file: Uint8Array<ArrayBuffer>): CompiledCode {
  const view = new DataView(file.buffer);
  const checksum = sha256(file.subarray(CHECKSUM_BYTES));
  if (file.length < CHECKSUM_BYTES + 4 || checksum.some((byte, i) => byte !== file[i])) {
    throw new RangeError('its checksum does not match');
  }
  const count = view.getUint32(CHECKSUM_BYTES, true);
  const start = CHECKSUM_BYTES + 4 + 4 * count;
  if (start > file.length) throw new RangeError(`it has no room for ${count} slots`);
  const slots = Array.from({ length: count }, (_, i) =>
    view.getUint32(CHECKSUM_BYTES + 4 + 4 * i, true),
  );
  const module = new WebAssembly.Module(file.subarray(start));
  return { module, slots, wasmBytes: file.length - start };
}

function sha256(bytes: Uint8Array): Uint8Array {
  const crypto = nodeBuiltin('node:crypto');
  if (crypto === undefined) throw new Error('files of modules need Node.js');
  return crypto.createHash('sha256').update(bytes).digest();
}

function pathOf(job: CompileJob, directory: string): string {
  const { hash, fork, shared } = job;
  const memory = shared ? 'shared' : 'own';
  return `${directory}/${hash.slice(2)}-${fork}-${memory}-${compilerVersion(job)}${SUFFIX}`;
}

/** Files that this thread has written since it last counted them. */
const written = new Map<string, number>();

/** Lets go of the files that were not read for longest, once there are too many. */
function prune(directory: string): void {
  const fs = nodeBuiltin('node:fs');
  const since = (written.get(directory) ?? FILES_MAX) + 1;
  written.set(directory, since);
  if (fs === undefined || since < FILES_MAX / 16) return;
  written.set(directory, 0);
  const names = fs.readdirSync(directory).filter((name) => name.endsWith(SUFFIX));
  if (names.length <= FILES_MAX) return;
  const files = names.map((name) => {
    const path = `${directory}/${name}`;
    return { path, readMs: fs.statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 };
  });
  files.sort((a, b) => a.readMs - b.readMs);
  for (const { path } of files.slice(0, files.length - FILES_MAX)) fs.rmSync(path, { force: true });
}

const versions = new Map<string, string>();

/**
 * What the compiler makes of a contract with every opcode, and the layout that it compiles
 * against, as a short hash: another compiler finds none of this one's files.
 */
function compilerVersion({ fork, shared }: CompileJob): string {
  const known = versions.get(fork);
  if (known !== undefined) return known;
  // Each byte in a block of its own, which may be entered and left; PUSH data is zeros.
  const code: number[] = [];
  for (let byte = 0; byte < 256; byte++) {
    const pushes = byte >= 0x60 && byte < 0x80 ? byte - 0x5f : 0;
    code.push(0x5b, 0x60, 7, byte, ...new Array<number>(pushes).fill(0), 0x5f, 0x35, 0x5f, 0x57);
  }
  const made = compileContract(Uint8Array.from(code), { fork, shared });
  const text = JSON.stringify(layout) + ('refused' in made ? made.refused : made.bytes.toHex());
  const version = sha256(new TextEncoder().encode(text)).toHex().slice(0, 16);
  versions.set(fork, version);
  return version;
}
