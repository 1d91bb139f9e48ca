/** Calls as they begin and end, and what the state was asked, without stepping. */
import { createEVM } from '../src/evm/evm.ts';
import { COUNTER, counterState } from './contracts.ts';

const evm = createEVM({ state: counterState() });
const result = await evm.call({
  to: COUNTER,
  accesses: true,
  hooks: {
    onEnter: ({ kind, depth }) => console.log('enter', kind, depth), // enter call 0
    onExit: ({ status, output }) => console.log('exit', status, output.length), // exit success 32
  },
});
if (result.status === 'success') {
  const slots = result.accesses?.accounts.get(COUNTER)?.slots;
  console.log(slots?.get(0n)); // { read: true, written: true }
}
