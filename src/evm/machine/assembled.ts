/**
 * The modules that are assembled while the package is built: the kernels, and the interpreter of
 * every fork. The same bytes as the assembler's, which a test compares; assembling them here cost
 * two thirds of `createEVM`.
 */
import { MODULES, PIECES } from '../../../build/assembled-modules.ts';
import type { ForkName } from '../forks/names.ts';

/** The module's bytes, for shared or unshared memory. */
export function assembledModule(
  name: 'kernels' | ForkName,
  shared: boolean,
): Uint8Array<ArrayBuffer> {
  const indices = MODULES[shared ? `${name} shared` : name] ?? [];
  const pieces = indices.map((index) => Uint8Array.fromBase64(PIECES[index] ?? ''));
  const module = new Uint8Array(pieces.reduce((bytes, piece) => bytes + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    module.set(piece, at);
    at += piece.length;
  }
  return module;
}
