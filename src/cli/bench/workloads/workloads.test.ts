/**
 * Every workload that ships, at tiny size: on each engine, with modules arriving in mid-run, and on
 * EthereumJS, the output is the one that was computed outside.
 */
import { describe, expect, test } from 'vitest';
import { createEVM, type EVMOptions } from '../../../evm/evm.ts';
import { loadEthereumJs } from '../ethereumjs.ts';
import { open, stateOf } from '../machine.ts';
import type { Workload } from '../workload.ts';
import { loadWorkloads } from '../workloads.ts';

const workloads = loadWorkloads({ tiny: true, missing: () => {} }).filter(
  // The fixtures' set has no tiny size; it is measured where the fixtures are.
  ({ judged, contract }) => !judged || contract.startsWith('TokenLoops'),
);
const ethereumjs = await loadEthereumJs();

const MACHINES: Readonly<Record<string, EVMOptions>> = {
  interpreter: { engine: 'interpreter' },
  compiler: { engine: 'compiler' },
  'auto, switching in mid-run': { engine: 'auto', hotThreshold: 3 },
};

function outputOf(workload: Workload, options: EVMOptions): string {
  const { transaction } = open(workload, 'interpreter');
  const evm = createEVM({ ...options, state: stateOf(workload) });
  const result = evm.transactSync(transaction, { callOnly: true, commit: false });
  return result.status === 'success' ? `0x${result.output.toHex()}` : result.status;
}

test('all that are promised are there', () => {
  expect(workloads.length).toBeGreaterThanOrEqual(21);
  const computed = workloads.filter((workload) => workload.expected !== undefined);
  expect(computed.length).toBeGreaterThanOrEqual(workloads.length - 2);
});

describe.each(workloads.map((workload) => [workload.name, workload] as const))(
  '%s',
  (_, workload) => {
    test('gives what EthereumJS gives, and what was computed outside', async () => {
      const { output } = (await ethereumjs?.call(workload)) ?? {};
      expect(output).toMatch(/^0x(..)+$/);
      expect(workload.expected ?? output).toBe(output);
      for (const [engine, options] of Object.entries(MACHINES)) {
        expect(outputOf(workload, options), engine).toBe(output);
      }
    });
  },
);
