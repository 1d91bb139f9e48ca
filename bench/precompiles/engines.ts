/** What runs a precompile: the two sets, EthereumJS, and a contract that calls it in a loop. */
import { createEVM } from '../../src/evm/evm.ts';
import { rulesOf } from '../../src/evm/forks/rules.ts';
import type { Libraries } from '../../src/evm/precompiles/libraries.ts';
import { inputOf } from '../../src/evm/precompiles/precompile.ts';
import { PRECOMPILES, precompileHost } from '../../src/evm/precompiles/table.ts';
import type { Address } from '../../src/evm/types.ts';
import type { Case } from './inputs.ts';

/** Runs the case once: its output in hexadecimal, 'failed', or undefined where it cannot. */
export type Run = () => string | undefined | Promise<string | undefined>;

export function gasOf({ address, input, fork }: Case): bigint {
  const precompile = PRECOMPILES.get(address);
  if (precompile === undefined) throw new Error(`no precompile stands at ${address}`);
  return precompile.gas(inputOf(input), rulesOf(fork));
}

export function setRun(libraries: Libraries, { address, input, fork }: Case): Run {
  const host = precompileHost(libraries);
  const rules = rulesOf(fork);
  return () => {
    const answer = host(BigInt(address), inputOf(input), 1n << 62n, rules);
    if (answer instanceof Promise) throw new Error('the set is not loaded');
    return answer === undefined ? 'failed' : answer.output.toHex();
  };
}

/** Undefined where EthereumJS is not installed or has not the precompile. */
export async function ethereumJsRun({ address, input, fork }: Case): Promise<Run | undefined> {
  try {
    const { createEVM: create, getActivePrecompiles } = await import('@ethereumjs/evm');
    const { Common, Hardfork, Mainnet } = await import('@ethereumjs/common');
    const hardfork = fork === 'osaka' ? Hardfork.Osaka : Hardfork.Prague;
    const common = new Common({ chain: Mainnet, hardfork });
    const evm = await create({ common });
    const run = getActivePrecompiles(common).get(address.toString(16).padStart(40, '0'));
    // Its point evaluation needs a library with the whole set-up, from elsewhere.
    if (run === undefined || address === 0x0a) return undefined;
    const options = { data: input, gasLimit: 1n << 62n, common, _EVM: evm };
    return async () => {
      const { exceptionError, returnValue } = await run(options);
      return exceptionError === undefined ? returnValue.toHex() : 'failed';
    };
  } catch {
    return undefined;
  }
}

const CONTRACT: Address = `0x${'c0de'.padStart(40, '0')}`;
const LOOP_GAS = 1n << 50n;

/** Calls the precompile so often from one call of a contract: its gas, all costs of calling in. */
export function contractRun(
  { address, input, fork }: Case,
  gas: bigint,
): (count: number) => Promise<bigint> {
  const evm = createEVM({ fork });
  const push = (value: bigint, size: number) =>
    (0x5f + size).toString(16) + value.toString(16).padStart(2 * size, '0');
  const code = (count: number) => {
    const call = `5f5f365f${push(BigInt(address), 2)}${push(gas, 8)}fa50`;
    const head = `365f5f37${push(BigInt(count), 4)}`;
    const start = head.length / 2;
    const next = `600190038060${start.toString(16).padStart(2, '0')}57`;
    return Uint8Array.fromHex(`${head}5b${call}${next}00`);
  };
  return async (count) => {
    const overrides = { [CONTRACT]: { code: code(count) } };
    const call = { to: CONTRACT, data: input, gasLimit: LOOP_GAS, overrides };
    const result = await evm.call(call);
    if (result.status !== 'success') throw new Error(`the loop ended with ${result.status}`);
    return result.gasUsed;
  };
}
