/** The access list that makes accesses warm, and what the transaction then costs. */
import { createEVM } from '../src/evm/evm.ts';
import { COUNTER, counterState, countOnce } from './contracts.ts';

const evm = createEVM({ state: counterState() });
const { accessList, gasUsed } = await evm.createAccessList(countOnce(0n));
console.log(accessList[0]?.address === COUNTER, accessList[0]?.storageKeys.length); // true 1
const result = await evm.transact({ ...countOnce(0n), accessList });
console.log(result.status === 'success' && result.gasUsed === gasUsed); // true
