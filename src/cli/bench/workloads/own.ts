/**
 * The Solidity workloads of the repository: our own contracts, and loops over those of
 * OpenZeppelin and Solady. Each knows its output from a computation outside the EVM where there is
 * one that is independent.
 */
import { CONTRACT, contractAt, type Workload } from '../workload.ts';
import type { CompiledContracts } from './compile.ts';
import * as expected from './expected.ts';
import { encodeWords } from './scenario.ts';

interface Own {
  readonly contract: string;
  readonly signature: string;
  readonly args: readonly bigint[];
  /** Of `tiny` runs, which only show that the workload works. */
  readonly tinyArgs: readonly bigint[];
  readonly judged: boolean;
  readonly expect: ((...args: bigint[]) => string) | undefined;
}

function own(
  contract: string,
  signature: string,
  args: readonly bigint[],
  tinyArgs: readonly bigint[],
  expect?: (...args: bigint[]) => string,
): Own {
  return { contract, signature, args, tinyArgs, judged: contract === 'TokenLoops', expect };
}

const LIST: readonly Own[] = [
  own('TokenLoops', 'mint(uint256)', [5_000n], [20n], expected.minted),
  own('TokenLoops', 'transferLoop(uint256)', [5_000n], [20n], expected.leftAfterTransfers),
  own('TokenLoops', 'approvalLoop(uint256)', [1_000n], [20n], expected.leftAfterTransfers),
  own('RayTracer', 'line(uint256,uint256,uint256)', [9n, 24n, 14n], [9n, 4n, 12n]),
  own('OrderBook', 'run(uint256)', [1_000n], [50n], expected.traded),
  own('Sha1', 'run(uint256)', [4_096n], [70n], expected.sha1),
  own('Blake2b', 'run(uint256)', [4_096n], [130n], expected.blake2b),
  own('CurveMath', 'run(uint256)', [500n], [5n], expected.doubled),
  own('OptionPricing', 'run(uint256)', [20n], [2n], expected.options),
  own('StorageSort', 'run(uint256)', [200n], [20n], expected.storageSorted),
  own('NftLoops', 'run(uint256)', [200n], [12n], expected.tokensHeld),
  own('AccessLoops', 'run(uint256)', [200n], [12n], expected.members),
  own('VaultLoops', 'run(uint256)', [200n], [9n], expected.vault),
  own('GovernorLoops', 'run(uint256)', [200n], [6n], expected.votes),
  own('SoladyLoops', 'sort(uint256)', [2_000n], [30n], expected.memorySorted),
  own('SoladyLoops', 'math(uint256)', [500n], [5n]),
  own('SoladyLoops', 'base64(uint256)', [12_000n], [100n], expected.base64),
  own('SoladyLoops', 'walk(uint256)', [200n], [12n], expected.walked),
];

/** With `tiny`, at sizes that show only that all works. */
export function ownWorkloads(compiled: CompiledContracts, tiny: boolean): Workload[] {
  return LIST.map(({ contract, signature, judged, expect, ...sizes }) => {
    const found = compiled[contract];
    const selector = found?.selectors[signature];
    if (found === undefined || selector === undefined) {
      throw new RangeError(`there is no workload ${contract} ${signature}`);
    }
    const args = tiny ? sizes.tinyArgs : sizes.args;
    return {
      name: `${contract} ${signature.slice(0, signature.indexOf('('))} ${args.join(' ')}`,
      contract: `${contract} ${signature}`,
      judged,
      accounts: [contractAt(CONTRACT, Uint8Array.fromHex(found.deployed))],
      to: CONTRACT,
      input: Uint8Array.fromHex(selector + encodeWords(args)),
      expected: expect?.(...args),
    };
  });
}
