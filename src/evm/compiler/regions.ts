/**
 * Second pass: where code is hot, and so which blocks are worth a function.
 *
 * The interpreter counts the jumps to each JUMPDEST. What was hardly jumped to stays interpreted;
 * without counts everything is taken as warm.
 */
import { type Block, isPush } from './blocks.ts';

/** How often the interpreter jumped to each JUMPDEST, by pc. */
export type Profile = ReadonlyMap<number, number>;

/** A block is hot when it was entered at least this part of the hottest block's times. */
const HOT_PART = 1024;

/** From this part of the hottest block's times on, a root is worth a whole region. */
const WHOLE_PART = 16;

const JUMP = 0x56;
const JUMPI = 0x57;
const REVERT = 0xfd;
const INVALID = 0xfe;

/** What growing regions asks about the blocks of a contract. */
export class Heat {
  readonly #blocks: ReadonlyMap<number, Block>;
  readonly #headers: ReadonlySet<number>;
  readonly #profile: Profile | undefined;
  readonly #hot: number;
  readonly #most: number;

  constructor(code: Uint8Array, blocks: readonly Block[], profile: Profile | undefined) {
    this.#blocks = new Map(blocks.map((block) => [block.pc, block]));
    this.#headers = findLoopHeaders(code, blocks);
    this.#profile = profile;
    this.#most = [...(profile?.values() ?? [])].reduce((a, b) => Math.max(a, b), 1);
    this.#hot = Math.max(1, this.#most / HOT_PART);
  }

  blockAt(pc: number): Block | undefined {
    return this.#blocks.get(pc);
  }

  isDestination(pc: number): boolean {
    return this.#blocks.get(pc)?.isJumpDestination === true;
  }

  /** Whether a jump back to the block stands in the code. */
  isHeader(pc: number): boolean {
    return this.#headers.has(pc);
  }

  /** Jumps to the block; without counts as many for all. */
  countOf(pc: number): number {
    if (this.#profile === undefined) return 1;
    return this.#profile.get(pc) ?? 0;
  }

  /** How large a region is worth its bytes for a root of this count: 1 for a hot one, else less. */
  worthOf(count: number): number {
    return Math.min(1, (count * WHOLE_PART) / this.#most);
  }

  /** Whether a jump to the block is worth following. */
  isHot(pc: number): boolean {
    return this.#profile === undefined || this.countOf(pc) >= this.#hot;
  }

  /** The entry, and the hot headers of loops, the hottest first. */
  first(): Block[] {
    const entry = this.#blocks.get(0);
    const headers = this.#hottest([...this.#headers]);
    return entry === undefined ? headers : [entry, ...headers.filter(({ pc }) => pc !== 0)];
  }

  /** The hot JUMPDESTs, the hottest first: where a jump may lead that is not known. */
  destinations(): Block[] {
    return this.#hottest([...this.#blocks.keys()].filter((pc) => this.isDestination(pc)));
  }

  #hottest(pcs: readonly number[]): Block[] {
    return pcs
      .filter((pc) => this.isDestination(pc) && this.isHot(pc))
      .sort((a, b) => this.countOf(b) - this.countOf(a) || a - b)
      .map((pc) => this.#blocks.get(pc) as Block);
  }
}

/** Blocks that only fail: what Solidity emits for a failed check. */
export function isCold(block: Block): boolean {
  const last = block.instructions.at(-1)?.row.byte;
  return last === REVERT || last === INVALID;
}

/** Destinations of jumps back, as far as they are constants pushed right before the jump. */
function findLoopHeaders(code: Uint8Array, blocks: readonly Block[]): ReadonlySet<number> {
  const headers = new Set<number>();
  for (const { instructions } of blocks) {
    const last = instructions.at(-1);
    const push = instructions.at(-2);
    if (last === undefined || push === undefined || !isPush(push.row)) continue;
    if (last.row.byte !== JUMP && last.row.byte !== JUMPI) continue;
    const destination = smallImmediate(code, push.pc, push.row.immediate);
    if (destination !== undefined && destination <= last.pc) headers.add(destination);
  }
  return headers;
}

/** The immediate of the PUSH at `pc`, or undefined where it is 2^32 or more. */
export function smallImmediate(code: Uint8Array, pc: number, bytes: number): number | undefined {
  let value = 0;
  for (let i = 1; i <= bytes; i++) {
    value = value * 256 + (code[pc + i] ?? 0);
    if (value >= 2 ** 32) return undefined;
  }
  return value;
}
