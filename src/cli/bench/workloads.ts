/**
 * The workloads: contracts of our own and of npm packages compiled by solc, pools of Uniswap, and,
 * where the official fixtures are, the ipsilon set.
 */
import type { Workload } from './workload.ts';
import { compileWorkloads } from './workloads/compile.ts';
import { ipsilonWorkloads } from './workloads/ipsilon.ts';
import { ownWorkloads } from './workloads/own.ts';
import { uniswapWorkloads } from './workloads/uniswap.ts';

export interface LoadOptions {
  /** At sizes that show only that everything works. */
  readonly tiny: boolean;
  /** Told what is not there: solc, packages, fixtures. */
  readonly missing: (what: string) => void;
}

export function loadWorkloads({ tiny, missing }: LoadOptions): Workload[] {
  const compiled = compileWorkloads(missing);
  if (compiled === undefined) return ipsilonWorkloads(missing);
  return [
    ...ipsilonWorkloads(missing),
    ...ownWorkloads(compiled, tiny),
    ...uniswapWorkloads(compiled, tiny, missing),
  ];
}
