/** Two independent tools that read WebAssembly: what the builder emits must please both. */
import binaryen from 'binaryen';
import wabtModule from 'wabt';

const wabt = await wabtModule();
/** The published types name another function for this. */
const readWithFeatures = binaryen.readBinary as (
  bytes: Uint8Array,
  features: binaryen.Features,
) => binaryen.Module;

const FEATURES = {
  threads: true,
  simd: true,
  tail_call: true,
  bulk_memory: true,
  reference_types: true,
  sign_extension: true,
  sat_float_to_int: true,
  mutable_globals: true,
} as const;

/** Throws what wabt or Binaryen have against a module. */
export function validateWasm(bytes: Uint8Array): void {
  const module = wabt.readWasm(bytes, { readDebugNames: true, ...FEATURES });
  try {
    // The types leave the parameter out; without it the newer instructions are refused.
    (module.validate as (features: typeof FEATURES) => void)(FEATURES);
  } finally {
    module.destroy();
  }
  const second = readWithFeatures(bytes, binaryen.Features.All);
  try {
    if (second.validate() !== 1) throw new Error('Binaryen refuses the module');
  } finally {
    second.dispose();
  }
}

/** A module in wabt's text: flat, functions and locals by index, without hints. */
export function wabtText(bytes: Uint8Array): string {
  const module = wabt.readWasm(bytes, { readDebugNames: false, ...FEATURES });
  try {
    return module.toText({ foldExprs: false, inlineExport: false });
  } finally {
    module.destroy();
  }
}

/** A module in Binaryen's text: folded, with branch hints. */
export function binaryenText(bytes: Uint8Array): string {
  const module = readWithFeatures(bytes, binaryen.Features.All);
  try {
    return module.emitText();
  } finally {
    module.dispose();
  }
}
