import { createEVM } from '../src/evm/evm.ts';
import { MemoryState } from '../src/state/memory.ts';

const state = new MemoryState();
const contract = `0x${'c0de'.padStart(40, '0')}` as const;
const caller = `0x${'ca11'.padStart(40, '0')}` as const;
// PUSH1 2, PUSH1 40, ADD, PUSH0, MSTORE, PUSH1 32, PUSH0, RETURN
const code = Uint8Array.fromHex('60026028015f5260205ff3');
state.setAccount(contract, { nonce: 1n, balance: 0n, code, storage: [] });
const evm = createEVM({ fork: 'osaka', state });
const result = await evm.call({ from: caller, to: contract });
if (result.status === 'success') console.log(BigInt(`0x${result.output.toHex()}`)); // 42n
