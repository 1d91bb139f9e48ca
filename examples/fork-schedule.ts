/** A chain with a schedule of its own: larger contracts from block 100 on. */
import { createEVM } from '../src/evm/evm.ts';
import { type ForkSchedule, MAINNET, rulesAt } from '../src/evm/forks/schedule.ts';

const schedule: ForkSchedule = [
  { fork: 'cancun' },
  { fork: 'prague', block: 100n, rules: { maxCodeSize: 65_536, maxInitCodeSize: 131_072 } },
];
for (const number of [99n, 100n]) {
  const block = { number, timestamp: 1n };
  const evm = createEVM({ rules: rulesAt(schedule, block), block });
  console.log(evm.rules.fork, evm.rules.maxCodeSize); // cancun 24576, prague 65536
}
console.log(rulesAt(MAINNET, { number: 15_537_394n, timestamp: 1_663_224_179n }).fork); // paris
