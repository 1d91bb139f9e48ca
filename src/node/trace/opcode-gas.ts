/** What each opcode of a transaction took, all its uses together. */

import { opcodeWord } from './failure-words.ts';
import type { TraceTarget } from './target.ts';

export interface OpcodeGas {
  readonly opcode: string;
  readonly count: number;
  readonly gasUsed: number;
}

/** In the order of the opcodes' first use. @throws RpcError */
export async function opcodeGasOf(target: TraceTarget): Promise<OpcodeGas[]> {
  const uses = new Map<number, { count: number; gas: bigint }>();
  await target.run({
    onStep: ({ op, gasCost }) => {
      const use = uses.get(op);
      if (use === undefined) uses.set(op, { count: 1, gas: gasCost });
      else {
        use.count += 1;
        use.gas += gasCost;
      }
    },
  });
  return [...uses].map(([op, { count, gas }]) => ({
    opcode: opcodeWord(op),
    count,
    gasUsed: Number(gas),
  }));
}
