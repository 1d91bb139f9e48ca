/**
 * How much of a run is executed inside regions, and how many of its dynamic jumps a region has
 * resolved: the run's blocks, as the interpreter meets them, are followed through the graphs that
 * the compiler makes of their counts. Steps are watched one by one, so only a run's beginning is
 * looked at.
 */
import { type Block, findBlocks, isPush } from '../../evm/compiler/blocks.ts';
import { compileContract, type RegionReport } from '../../evm/compiler/compile.ts';
import { createEVM } from '../../evm/evm.ts';
import type { ForkName } from '../../evm/forks/names.ts';
import { stateOf } from './machine.ts';
import { CALLER, type Workload } from './workload.ts';

export interface Coverage {
  /** Of the beginning that is looked at. */
  readonly gas: bigint;
  readonly instructions: number;
  readonly inRegions: number;
  /** Jumps whose destination is not pushed right before. */
  readonly dynamicJumps: number;
  /** Those that a region has as an edge. */
  readonly resolvedJumps: number;
}

const FORK: ForkName = 'osaka';
/** Gas of the beginning that is looked at, where nobody says otherwise. */
const GAS = 1_500_000n;

const JUMP = 0x56;
const JUMPI = 0x57;

export async function coverageOf(workload: Workload, gasMax: bigint = GAS): Promise<Coverage> {
  const { runs, gas } = await follow(workload, gasMax);
  const sum = { instructions: 0, inRegions: 0, dynamicJumps: 0, resolvedJumps: 0 };
  for (const run of runs) {
    const part = replay(run);
    sum.instructions += part.instructions;
    sum.inRegions += part.inRegions;
    sum.dynamicJumps += part.dynamicJumps;
    sum.resolvedJumps += part.resolvedJumps;
  }
  return { gas, ...sum };
}

/** What was executed of one contract's code. */
export interface CodeRun {
  readonly code: Uint8Array;
  readonly blocks: ReadonlyMap<number, Block>;
  /** pcs of the blocks of each frame, in order. */
  readonly frames: number[][];
}

async function follow(
  workload: Workload,
  gasMax: bigint,
): Promise<{ runs: CodeRun[]; gas: bigint }> {
  const runs = new Map<string, CodeRun>();
  /** By depth: a frame's last step is told after its exit. */
  const stack: { readonly run: CodeRun; readonly pcs: number[] }[] = [];
  const evm = createEVM({ fork: FORK, engine: 'interpreter', state: stateOf(workload) });
  const result = await evm.call({
    from: CALLER,
    to: workload.to,
    data: workload.input,
    gas: gasMax,
    hooks: {
      onEnter: ({ code, depth }) => {
        const bytes = code();
        const key = bytes.toHex();
        const blocks = () => new Map(findBlocks(bytes, FORK).map((block) => [block.pc, block]));
        const run = runs.get(key) ?? { code: bytes, blocks: blocks(), frames: [] };
        runs.set(key, run);
        const pcs: number[] = [];
        run.frames.push(pcs);
        stack[depth] = { run, pcs };
      },
    },
    onStep: ({ pc, depth }) => {
      const frame = stack[depth - 1];
      if (frame?.run.blocks.has(pc)) frame.pcs.push(pc);
    },
  });
  // What runs out of gas has used all of it.
  return { runs: [...runs.values()], gas: result.status === 'refused' ? 0n : result.gasUsed };
}

/** Follows the frames through the regions. */
export function replay({ code, blocks, frames }: CodeRun): Omit<Coverage, 'gas'> {
  const counts = new Map<number, number>();
  for (const pc of frames.flat()) {
    if (blocks.get(pc)?.isJumpDestination) counts.set(pc, (counts.get(pc) ?? 0) + 1);
  }
  const compiled = compileContract(code, { fork: FORK, shared: false, profile: counts });
  const regions = 'refused' in compiled ? [] : compiled.regions;
  const byRoot = new Map(regions.map((region) => [region.root, region]));
  const sum = { instructions: 0, inRegions: 0, dynamicJumps: 0, resolvedJumps: 0 };
  for (const frame of frames) {
    let at: Place | undefined;
    let before: Block | undefined;
    for (const pc of frame) {
      const block = blocks.get(pc) as Block;
      const dynamic = before !== undefined && jumpsFar(before) && jumped(before, pc);
      const inside = at && successor(at, pc);
      // Code is entered at its start, after a call, and by jumps.
      const enters = before === undefined || at !== undefined || jumped(before, pc);
      const entered = enters ? byRoot.get(pc) : undefined;
      at = inside ?? (entered && { region: entered, node: 0 });
      sum.instructions += block.instructions.length;
      if (at !== undefined) sum.inRegions += block.instructions.length;
      if (dynamic) sum.dynamicJumps += 1;
      if (dynamic && inside !== undefined) sum.resolvedJumps += 1;
      before = block;
    }
  }
  return sum;
}

interface Place {
  readonly region: RegionReport;
  readonly node: number;
}

function successor({ region, node }: Place, pc: number): Place | undefined {
  const next = region.nodes[node]?.successors.find((to) => region.nodes[to]?.pc === pc);
  return next === undefined ? undefined : { region, node: next };
}

function jumped({ instructions, next }: Block, pc: number): boolean {
  const last = instructions.at(-1)?.row.byte;
  return last === JUMP || (last === JUMPI && pc !== next);
}

/** Whether the block ends in a jump whose destination is not pushed right before. */
function jumpsFar({ instructions }: Block): boolean {
  const last = instructions.at(-1)?.row.byte;
  if (last !== JUMP && last !== JUMPI) return false;
  const before = instructions.at(-2);
  return before === undefined || !isPush(before.row);
}
