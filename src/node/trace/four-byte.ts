/** `4byteTracer`: which functions were called, with how many bytes of arguments, how often. */

import type { TraceTarget } from './target.ts';

const SELECTOR_BYTES = 4;
const COUNTED: ReadonlySet<string> = new Set(['call', 'callcode', 'delegatecall', 'staticcall']);

/** By selector and bytes behind it, as `0x27dc297e-128`. @throws RpcError */
export async function fourByteTracer(target: TraceTarget): Promise<Record<string, number>> {
  const counts = new Map<string, number>();
  const count = (input: Uint8Array): void => {
    const selector = `0x${input.subarray(0, SELECTOR_BYTES).toHex()}`;
    const key = `${selector}-${input.length - SELECTOR_BYTES}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  };
  await target.run({
    hooks: {
      onEnter: ({ kind, input, precompile }) => {
        if (input.length >= SELECTOR_BYTES && COUNTED.has(kind) && !precompile) count(input);
      },
    },
  });
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
