/**
 * Transactions that fail deep within, by `ironfly dev`: their traces over RPC, together with the
 * source maps of npm's solc, name the line of the source that failed. Anvil, where it is there,
 * steps through the same transactions beside it.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { encodeFunctionData, getContractAddress, type Hex } from 'viem';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AnvilProcess, findBinary, launchAnvil } from '../../src/cli/bench/anvil.ts';
import { type Artifacts, type KnownCode, loadArtifacts } from '../../src/evm/solidity/artifacts.ts';
import { positionOf } from '../../src/evm/solidity/source-map.ts';
import { type DevProcess, startDev } from './dev-process.ts';

const FIRST = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';
const OUTER = getContractAddress({ from: FIRST, nonce: 0n });
const GAS = '0x200000';
/** Of TooLarge(uint256,uint256). */
const TOO_LARGE = '0x677fd0e3';
const content = readFileSync(new URL('Deep.sol', import.meta.url), 'utf8');

/** What is called, and what the innermost frame says of it; the line that fails has the name. */
const FAILURES = [
  { name: 'require', kind: 1n, given: 7n, depth: 2, says: 'deep within' },
  { name: 'custom', kind: 2n, given: 101n, depth: 2, says: TOO_LARGE },
  { name: 'division', kind: 3n, given: 9n, depth: 2, says: 'division or modulo by zero' },
  { name: 'index', kind: 4n, given: 8n, depth: 2, says: 'out-of-bounds access' },
  { name: 'modifier', kind: 4n, given: 1_000n, depth: 2, says: 'modifier says no' },
  { name: 'constructor', kind: 5n, given: 1n, depth: 2, says: 'assert(false)' },
  { name: 'caught', kind: 6n, given: 1n, depth: 1, says: 'after a catch' },
] as const;

interface Frame {
  readonly type: string;
  readonly to: Hex;
  readonly input: Hex;
  readonly output?: Hex;
  readonly error?: string;
  readonly revertReason?: string;
  readonly calls?: readonly Frame[];
}

interface Step {
  readonly pc: number;
  readonly op: string;
  readonly depth: number;
}

interface Compiled {
  readonly abi: readonly unknown[];
  readonly creation: Hex;
  readonly artifacts: Artifacts;
}

function compile(isOptimised: boolean): Compiled {
  const solc = createRequire(import.meta.url)('solc') as { compile(input: string): string };
  const codes = ['bytecode', 'deployedBytecode'].map((each) => `evm.${each}`);
  const input = {
    language: 'Solidity',
    sources: { 'Deep.sol': { content } },
    settings: {
      // Else lines that fail alike have their code together, and of the map one of them.
      optimizer: { enabled: isOptimised, details: { deduplicate: false } },
      outputSelection: { '*': { '*': ['abi', ...codes] } },
    },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const { abi, evm } = output.contracts['Deep.sol'].Outer;
  const creation: Hex = `0x${evm.bytecode.object}`;
  return { abi, creation, artifacts: loadArtifacts([{ input, output }]) };
}

/** The frames from the outermost to that in which it began to fail: others hand its output on. */
function failingPath(outermost: Frame): readonly Frame[] {
  const path = [outermost];
  for (;;) {
    const frame = path.at(-1) as Frame;
    const last = frame.calls?.at(-1);
    if (last?.error === undefined || last.output !== frame.output) return path;
    path.push(last);
  }
}

/** The line of the last step that is of the source, not of what the compiler adds. */
function lineOf({ ranges, instructions }: KnownCode, steps: readonly Step[]): string {
  for (const { pc } of steps.toReversed()) {
    const range = ranges[instructions[pc] as number];
    if (range?.file !== 0) continue;
    return content.split('\n')[positionOf(content, range.start).line - 1] ?? '';
  }
  throw new Error('no step is of the source');
}

let dev: DevProcess;

async function send(transaction: object): Promise<string> {
  const sent = { from: FIRST, gas: GAS, ...transaction };
  return (await dev.ask('eth_sendTransaction', sent)) as string;
}

const traced = async (hash: string, options: object = {}) =>
  (await dev.ask('debug_traceTransaction', hash, options)) as unknown;

describe.each([false, true])('a trace and a source map (optimised: %s)', (isOptimised) => {
  const compiled = compile(isOptimised);
  const sent: string[] = [];

  const call = (kind: bigint, given: bigint) => {
    const args = [kind, given];
    return {
      to: OUTER,
      data: encodeFunctionData({ ...compiled, functionName: 'run', args } as never),
    };
  };

  beforeAll(async () => {
    dev = await startDev('--hardfork', 'osaka');
    sent.push(await send({ data: compiled.creation }));
    for (const { kind, given } of FAILURES) sent.push(await send(call(kind, given)));
  }, 60_000);

  afterAll(async () => {
    expect(await dev.stop()).toBe(0);
  });

  test.each(FAILURES.map((each, index) => ({ ...each, index })))(
    'name the line that fails: $name',
    async ({ name, depth, says, index }) => {
      const hash = sent[index + 1] as string;
      expect(await dev.ask('eth_getTransactionReceipt', hash)).toMatchObject({ status: '0x0' });
      const path = failingPath((await traced(hash, { tracer: 'callTracer' })) as Frame);
      expect(path.length).toBe(depth);
      const frame = path.at(-1) as Frame;
      expect(frame.error).toBe('execution reverted');
      expect(frame.revertReason ?? frame.output).toContain(says);
      const { structLogs } = (await traced(hash)) as { structLogs: readonly Step[] };
      const last = structLogs.findLastIndex((step) => step.depth === depth);
      expect(structLogs[last]).toMatchObject({ op: 'REVERT' });
      const before = structLogs.slice(0, last).findLastIndex((step) => step.depth < depth);
      const own = structLogs.slice(before + 1, last + 1).filter((step) => step.depth === depth);
      const creation = frame.type === 'CREATE';
      const hex = creation ? frame.input : await dev.ask('eth_getCode', frame.to, 'latest');
      const code = compiled.artifacts.find(Uint8Array.fromHex(String(hex).slice(2)), creation);
      expect(lineOf(code as KnownCode, own)).toContain(`// fails: ${name}`);
    },
  );

  test.skipIf(findBinary() === undefined)('the steps are those of Anvil', async () => {
    const anvil = (await launchAnvil(['--hardfork', 'osaka', '--steps-tracing'])) as AnvilProcess;
    try {
      await anvil.ask('evm_setAutomine', [true]);
      const calls = FAILURES.map(({ kind, given }) => call(kind, given));
      for (const [index, each] of [{ data: compiled.creation }, ...calls].entries()) {
        const hash = await anvil.ask('eth_sendTransaction', [{ from: FIRST, gas: GAS, ...each }]);
        await expect.poll(() => anvil.ask('eth_getTransactionReceipt', [hash])).not.toBeNull();
        const theirs = (await anvil.ask('debug_traceTransaction', [hash, {}])) as never;
        const ours = (await traced(sent[index] as string)) as never;
        const steps = ({ structLogs }: { structLogs: readonly Step[] }) =>
          structLogs.map(({ pc, op, depth }) => `${depth} ${pc} ${op}`);
        expect(steps(ours).length).toBeGreaterThan(100);
        expect(steps(ours)).toEqual(steps(theirs));
      }
    } finally {
      anvil.stop();
    }
  });
});
