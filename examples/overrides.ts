/** A call that pretends: another storage, another block, an account that holds a fortune. */
import { createEVM } from '../src/evm/evm.ts';
import { COUNTER, counterState, USER } from './contracts.ts';

const evm = createEVM({ state: counterState() });
const pretended = await evm.call({
  from: USER,
  to: COUNTER,
  overrides: {
    [COUNTER]: { stateDiff: new Map([[0n, 999n]]) },
    [USER]: { balance: 10n ** 24n },
  },
  block: { timestamp: 2_000_000_000n },
});
const real = await evm.call({ from: USER, to: COUNTER });
for (const result of [pretended, real]) {
  if (result.status === 'success') console.log(BigInt(`0x${result.output.toHex()}`)); // 1000n, 42n
}
