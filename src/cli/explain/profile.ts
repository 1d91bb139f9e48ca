/** What a run of the code would have counted: how often it jumped to each JUMPDEST. */
import type { Profile } from '../../evm/compiler/regions.ts';
import { createEVM } from '../../evm/evm.ts';
import type { ForkName } from '../../evm/forks/names.ts';
import type { Address } from '../../evm/types.ts';
import { MemoryState } from '../../state/memory.ts';

const CONTRACT: Address = `0x${'c0de'.padStart(40, '0')}`;
const JUMPDEST = 0x5b;
/** Steps are watched one by one, so a run is kept short. */
const GAS = 20_000_000n;

/** Counts of one call, whatever comes of it. */
export async function countJumps(
  code: Uint8Array,
  fork: ForkName,
  data: Uint8Array,
): Promise<Profile> {
  const state = new MemoryState();
  state.setAccount(CONTRACT, { nonce: 1n, balance: 0n, code, storage: [] });
  const counts = new Map<number, number>();
  const evm = createEVM({ fork, state, engine: 'interpreter' });
  await evm.call({
    to: CONTRACT,
    data,
    gas: GAS,
    onStep: ({ pc, op }) => {
      if (op === JUMPDEST) counts.set(pc, (counts.get(pc) ?? 0) + 1);
    },
  });
  return counts;
}
