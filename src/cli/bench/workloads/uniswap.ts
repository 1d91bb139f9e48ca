/** Swaps in pools of Uniswap v2, v3 and v4: the bytecode that its packages carry. */
import { readFileSync } from 'node:fs';
import type { Address } from '../../../evm/types.ts';
import { CALLER, type Workload } from '../workload.ts';
import { type CompiledContracts, fileOfPackage } from './compile.ts';
import { swappedInRange, swappedV2 } from './expected.ts';
import { encodeWords, openScenario } from './scenario.ts';

interface Pool {
  /** Contract of ours that trades. */
  readonly trader: string;
  readonly package: string;
  /** Artifact of what makes pools, in its package. */
  readonly artifact: string;
  /** Words for its constructor. */
  readonly args: readonly Address[];
  readonly expect: (count: bigint) => string;
}

const POOLS: readonly Pool[] = [
  {
    trader: 'UniswapV2Loops',
    package: '@uniswap/v2-core',
    artifact: 'build/UniswapV2Factory.json',
    args: [CALLER],
    expect: swappedV2,
  },
  {
    trader: 'UniswapV3Loops',
    package: '@uniswap/v3-core',
    artifact: 'artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json',
    args: [],
    expect: swappedInRange,
  },
  {
    trader: 'UniswapV4Loops',
    package: '@uniswap/v4-core',
    artifact: 'out/PoolManager.sol/PoolManager.json',
    args: [CALLER],
    expect: swappedInRange,
  },
];

const SWAPS = 100n;
const SWAPS_TINY = 6n;

export function uniswapWorkloads(
  compiled: CompiledContracts,
  tiny: boolean,
  missing: (what: string) => void,
): Workload[] {
  return POOLS.flatMap((pool) => {
    const makerCode = readCreationCode(`${pool.package}/${pool.artifact}`);
    if (makerCode !== undefined) return [poolWorkload(pool, makerCode, compiled, tiny)];
    missing(`${pool.trader} (npm install ${pool.package})`);
    return [];
  });
}

/** Of a file that Truffle, Hardhat or Foundry wrote; undefined where it is not installed. */
function readCreationCode(path: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(fileOfPackage(path), 'utf8');
  } catch {
    return undefined;
  }
  const { bytecode } = JSON.parse(text) as { bytecode: string | { object: string } };
  return (typeof bytecode === 'string' ? bytecode : bytecode.object).replace(/^0x/, '');
}

function poolWorkload(
  { trader, package: source, args, expect }: Pool,
  makerCode: string,
  compiled: CompiledContracts,
  tiny: boolean,
): Workload {
  const [coin, trading] = [compiled['Coin'], compiled[trader]];
  if (coin === undefined || trading === undefined) throw new RangeError(`no contract ${trader}`);
  const selector = (name: string): string => {
    const found = Object.entries(trading.selectors).find(([key]) => key.startsWith(`${name}(`));
    if (found === undefined) throw new RangeError(`${trader} has no function ${name}`);
    return found[1];
  };
  const scenario = openScenario();
  const coins = [scenario.create(coin.creation), scenario.create(coin.creation)];
  const maker = scenario.create(makerCode, ...args);
  const to = scenario.create(trading.creation);
  scenario.call(to, selector('setUp'), maker, ...coins);
  const count = tiny ? SWAPS_TINY : SWAPS;
  return {
    name: `${trader} run ${count}`,
    contract: `${trader} run`,
    judged: false,
    accounts: scenario.accounts().map((account) => {
      const { address } = account;
      const name = address === to ? trader : coins.includes(address) ? 'Coin' : undefined;
      return { ...account, name: name ?? `${source}${address === maker ? '' : ' pool'}` };
    }),
    to,
    input: Uint8Array.fromHex(selector('run') + encodeWords([count])),
    expected: expect(count),
  };
}
