/** A contract as the compiler sees it: its blocks, its regions, and what became of each. */
import { alwaysFails, type Block, findBlocks } from '../../evm/compiler/blocks.ts';
import {
  type CompileRefusal,
  compileContract,
  type RegionReport,
  WASM_BYTES_A_BYTE,
  WASM_BYTES_FREE,
} from '../../evm/compiler/compile.ts';
import { Heat, isCold, type Profile } from '../../evm/compiler/regions.ts';
import type { ForkName } from '../../evm/forks/names.ts';
import { readModule } from '../../wasm/reader.ts';
import { functionText } from '../../wasm/text.ts';

export interface Explanation {
  readonly name: string;
  readonly fork: ForkName;
  readonly codeBytes: number;
  readonly refusal: CompileRefusal | undefined;
  readonly wasmBytes: number;
  readonly ms: number;
  readonly blocks: readonly ExplainedBlock[];
  /** The largest first. */
  readonly regions: readonly ExplainedRegion[];
  /** Whether a run's counts chose what was compiled. */
  readonly hasCounts: boolean;
}

export interface ExplainedBlock {
  readonly block: Block;
  /** Static gas of all its instructions. */
  readonly gas: number;
  readonly isHeader: boolean;
  /** Jumps to it in the run; undefined without a run. */
  readonly count: number | undefined;
  /** Roots of the regions that hold it. */
  readonly regions: readonly number[];
  /** Why it is left to the interpreter; undefined where it is compiled. */
  readonly interpreted: string | undefined;
}

export interface ExplainedRegion {
  readonly report: RegionReport;
  /** Bytes of bytecode of its nodes, a block as often as it is in it. */
  readonly codeBytes: number;
  /** The function as text. */
  wasm(): string;
}

export interface ExplainInput {
  readonly name: string;
  readonly code: Uint8Array;
  readonly fork: ForkName;
  /** Jumps to each JUMPDEST in a run; without, everything counts as warm. */
  readonly profile: Profile | undefined;
}

export function explain({ name, code, fork, profile }: ExplainInput): Explanation {
  const started = performance.now();
  const base = { fork, shared: false };
  const result = compileContract(code, profile === undefined ? base : { ...base, profile });
  const ms = performance.now() - started;
  const blocks = findBlocks(code, fork);
  const compiled = 'refused' in result ? undefined : result;
  const reports = compiled?.regions ?? [];
  const byPc = new Map(blocks.map((block) => [block.pc, block]));
  const module = compiled && readModule(compiled.bytes);
  const regions = reports.map((report) => ({
    report,
    codeBytes: report.nodes.reduce((sum, { pc }) => sum + sizeOf(byPc.get(pc)), 0),
    wasm: () => {
      const fn = module?.functions.find((other) => other.name === `region ${report.root}`);
      return module === undefined || fn === undefined ? '' : functionText(module, fn.index);
    },
  }));
  const fates = new Fates(code, blocks, profile, result);
  return {
    name,
    fork,
    codeBytes: code.length,
    refusal: 'refused' in result ? result : undefined,
    wasmBytes: compiled?.bytes.length ?? 0,
    ms,
    blocks: blocks.map((block) => fates.explain(block)),
    regions: regions.sort((a, b) => b.report.bytes - a.report.bytes),
    hasCounts: profile !== undefined,
  };
}

function sizeOf(block: Block | undefined): number {
  return block === undefined ? 0 : block.next - block.pc;
}

/** What becomes of blocks, and why. */
class Fates {
  readonly #heat: Heat;
  readonly #profile: Profile | undefined;
  readonly #rootsOf = new Map<number, Set<number>>();
  readonly #refusal: CompileRefusal | undefined;
  #oversized: ReadonlySet<number> = new Set();
  /** The budget, where it was used up. */
  readonly #spent: number | undefined;

  constructor(
    code: Uint8Array,
    blocks: readonly Block[],
    profile: Profile | undefined,
    result: ReturnType<typeof compileContract>,
  ) {
    this.#heat = new Heat(code, blocks, profile);
    this.#profile = profile;
    if ('refused' in result) {
      this.#refusal = result;
      return;
    }
    for (const { root, nodes } of result.regions) {
      for (const { pc } of nodes) {
        const roots = this.#rootsOf.get(pc) ?? new Set();
        this.#rootsOf.set(pc, roots.add(root));
      }
    }
    this.#oversized = new Set(result.oversized);
    this.#spent = result.isBudgetSpent
      ? WASM_BYTES_FREE + code.length * WASM_BYTES_A_BYTE
      : undefined;
  }

  explain(block: Block): ExplainedBlock {
    const regions = [...(this.#rootsOf.get(block.pc) ?? [])];
    return {
      block,
      gas: block.instructions.reduce((sum, { gas }) => sum + gas, 0),
      isHeader: this.#heat.isHeader(block.pc),
      count: this.#profile && (this.#profile.get(block.pc) ?? 0),
      regions,
      interpreted: regions.length > 0 ? undefined : this.#whyNot(block),
    };
  }

  #whyNot(block: Block): string {
    if (this.#refusal !== undefined) return describeRefusal(this.#refusal);
    if (alwaysFails(block)) return 'it always fails: no stack has so much, or room for so much';
    if (isCold(block)) return 'it only fails: ends in REVERT or INVALID';
    if (block.isJumpDestination && !this.#heat.isHot(block.pc)) {
      return 'the run hardly jumped to it';
    }
    if (this.#oversized.has(block.pc)) return 'its function would be too large';
    if (this.#spent !== undefined) return `the budget of ${this.#spent} bytes of wasm is used up`;
    return 'nothing that is compiled leads to it';
  }
}

export function describeRefusal({ refused, actual, limit }: CompileRefusal): string {
  return `the contract stays interpreted: ${refused} (${actual}, the limit is ${limit})`;
}
