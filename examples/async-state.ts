/** A state that answers by promises: the call waits where it stands, and asks for nothing twice. */
import { createEVM } from '../src/evm/evm.ts';
import type { StateReader } from '../src/evm/types.ts';
import { COUNTER, counterState } from './contracts.ts';

const near = counterState();
let questions = 0;
async function fetched<T>(value: T): Promise<T> {
  questions += 1;
  await new Promise((resolve) => setTimeout(resolve, 1));
  return value;
}
const far: StateReader = {
  getAccount: (address) => fetched(near.getAccount(address)),
  getStorage: (address, slot) => fetched(near.getStorage(address, slot)),
  getCode: (hash) => fetched(near.getCode(hash)),
  hasStorage: (address) => fetched(near.hasStorage(address)),
  getBlockHash: (number) => fetched(near.getBlockHash(number)),
};
const evm = createEVM({ state: far });
const result = await evm.call({ to: COUNTER });
if (result.status === 'success') console.log(BigInt(`0x${result.output.toHex()}`)); // 42n
const asked = questions;
await evm.call({ to: COUNTER });
console.log(questions === asked); // true
