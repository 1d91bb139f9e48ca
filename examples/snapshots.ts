/** Going back, within a block and in the state behind it. */
import { createEVM } from '../src/evm/evm.ts';
import { COUNTER, counterState, countOnce } from './contracts.ts';

const state = counterState();
const evm = createEVM({ state });
const before = evm.snapshot();
await evm.transact(countOnce(0n));
const second = await evm.transact(countOnce(1n));
if (second.status === 'success') console.log(BigInt(`0x${second.output.toHex()}`)); // 43n
evm.revert(before);

// The state itself changes only when changes are applied to it; it has snapshots of its own.
const first = await evm.transact(countOnce(0n));
const kept = state.snapshot();
if (first.status === 'success') state.apply(first.changes);
console.log(state.getStorage(COUNTER, 0n)); // 42n
state.restore(kept);
console.log(state.getStorage(COUNTER, 0n)); // 41n
