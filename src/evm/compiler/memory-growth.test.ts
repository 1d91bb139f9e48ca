/** Memory that compiled code grows by itself is zero, and costs what the interpreter pays. */
import { expect, test } from 'vitest';
import { at, hex, open, size } from '../../../test/opened-machine.ts';
import type { EVM } from '../evm-interface.ts';
import { plainTransaction } from '../plain-transaction.ts';

const CONTRACT = at('c0');
const END = 3_000;
const ENGINES = ['interpreter', 'compiler'] as const;

/**
 * for (i = 0; i < END; i += step) { found |= mload(i); mstore(i, not(0)) }
 * return (found, msize)
 */
function filling(step: number): string {
  const found = '80518217' + '9150';
  const fill = '5f198152';
  const next = `61${size(step, 4)}018061${size(END, 4)}11600257`;
  return `5f5f5b${found}${fill}${next}505f525960205260405ff3`;
}

function run(evm: EVM, gasLimit: bigint) {
  const transaction = plainTransaction({ sender: at('aa'), gasLimit, to: CONTRACT, data: hex('') });
  const result = evm.transactSync(transaction, { callOnly: true, commit: false });
  if (result.status === 'refused') throw new Error(result.reason);
  const { status, gasUsed, output } = result;
  return { status, gasUsed, output: output.toHex() };
}

test.each([32, 33, 63, 64, 65, 96, 97, 160])('in steps of %i bytes', (step) => {
  const machines = ENGINES.map((engine) => open({ [CONTRACT]: filling(step) }, { engine }).evm);
  const outcomes = (gas: bigint) => machines.map((evm) => run(evm, gas));
  const [expected] = outcomes(10n ** 9n);
  expect(expected?.status).toBe('success');
  // The memory that the first call has filled is zero again, where steps do not overlap.
  expect(BigInt(`0x${expected?.output.slice(0, 64)}`)).toBe(0n);
  for (const less of [0n, 1n, 2n, 3n, 20n, 100n, 500n]) {
    const [interpreted, compiled] = outcomes((expected?.gasUsed as bigint) - less);
    expect(compiled).toEqual(interpreted);
    expect(interpreted?.status === 'success').toBe(less === 0n);
  }
});

test('in steps shorter than a word', () => {
  for (const step of [1, 7, 31]) {
    const results = ENGINES.map((engine) =>
      run(open({ [CONTRACT]: filling(step) }, { engine }).evm, 10n ** 9n),
    );
    expect(results[1]).toEqual(results[0]);
  }
});
