/**
 * Second pass: which blocks are assembled together.
 *
 * Every block keeps a function of its own (its generic form), which others tail-call. From a
 * root (the entry, a loop's header, a hot destination) a region grows along edges that are known
 * while assembling, until its budget of bytecode is used up. A loop's header is always a root and
 * never grown into, so that a loop runs within its own region.
 */
import type { Block } from './blocks.ts';
import type { RegionPlan } from './region-assembler.ts';

/** How often the interpreter entered the block at each JUMPDEST. */
export type Profile = ReadonlyMap<number, number>;

/** Bytes of bytecode in the region of a hot root. */
export const REGION_BYTES_MAX = 2000;
/** The same for a block that is no root: a little, so that short tails are not a call each. */
export const TAIL_BYTES_MAX = 64;
/** Copies of one block in one region. */
export const CLONES_MAX = 8;

const JUMP = 0x56;
const JUMPI = 0x57;
const REVERT = 0xfd;
const INVALID = 0xfe;

export class Regions {
  readonly #blocks: ReadonlyMap<number, Block>;
  readonly #headers: ReadonlySet<number>;
  readonly #profile: Profile | undefined;
  readonly #hot: number;
  readonly #compiled: ReadonlySet<number>;

  constructor(code: Uint8Array, blocks: readonly Block[], profile: Profile | undefined) {
    this.#blocks = new Map(blocks.map((block) => [block.pc, block]));
    this.#headers = findLoopHeaders(code, blocks);
    this.#profile = profile;
    const most = Math.max(0, ...(profile?.values() ?? []));
    this.#hot = Math.max(1, most / 1024);
    this.#compiled = new Set(blocks.filter((block) => this.#isWarm(block)).map(({ pc }) => pc));
  }

  /** Whether the block is entered by a jump back. */
  isHeader(block: Block): boolean {
    return this.#headers.has(block.pc);
  }

  /**
   * The blocks that get a function, the most worthwhile first: loop headers, the entry, then by
   * their counts. What has not been entered yet stays interpreted.
   */
  roots(): Block[] {
    const weight = (block: Block) => this.#profile?.get(block.pc) ?? 0;
    const rank = (block: Block) => (this.isHeader(block) ? 2 : block.pc === 0 ? 1 : 0);
    return [...this.#blocks.values()]
      .filter(({ pc }) => this.#compiled.has(pc))
      .sort((a, b) => rank(b) - rank(a) || weight(b) - weight(a) || a.pc - b.pc);
  }

  /**
   * Which blocks grow together from a root. `limit` bounds their bytes: 0 gives the block's generic
   * form.
   */
  planFor(root: Block, limit: number): RegionPlan {
    const isRoot = root.pc === 0 || this.isHeader(root) || this.#isHot(root);
    let budget = Math.min(limit, isRoot ? REGION_BYTES_MAX : TAIL_BYTES_MAX);
    const clones = new Map<number, number>();
    return {
      root,
      loops: this.isHeader(root),
      inline: (pc) => {
        const block = this.#blocks.get(pc);
        if (block === undefined || this.isHeader(block) || isCold(block)) return undefined;
        if (!this.#compiled.has(pc)) return undefined;
        const size = block.next - block.pc;
        const copies = clones.get(pc) ?? 0;
        if (size > budget || copies >= CLONES_MAX) return undefined;
        budget -= size;
        clones.set(pc, copies + 1);
        return block;
      },
    };
  }

  #isHot(block: Block): boolean {
    return (this.#profile?.get(block.pc) ?? 0) >= this.#hot;
  }

  /** JUMPDESTs that were jumped to; what only falls through is as warm as what it follows. */
  #isWarm(block: Block): boolean {
    if (this.#profile === undefined || block.pc === 0) return true;
    return !block.isJumpDestination || this.#isHot(block);
  }
}

/** Blocks that only fail: what Solidity emits for a failed check. */
function isCold(block: Block): boolean {
  const last = block.instructions.at(-1)?.row.byte;
  return last === REVERT || last === INVALID;
}

/** Destinations of jumps back, as far as they are constants pushed right before the jump. */
function findLoopHeaders(code: Uint8Array, blocks: readonly Block[]): ReadonlySet<number> {
  const headers = new Set<number>();
  for (const { instructions } of blocks) {
    const last = instructions.at(-1);
    const push = instructions.at(-2);
    if (last === undefined || push === undefined || push.row.immediate === 0) continue;
    if (last.row.byte !== JUMP && last.row.byte !== JUMPI) continue;
    let destination = 0;
    for (let i = 1; i <= Math.min(push.row.immediate, 4); i++) {
      destination = destination * 256 + (code[push.pc + i] ?? 0);
    }
    if (destination <= last.pc) headers.add(destination);
  }
  return headers;
}
