/**
 * Storage slots that code names as constants: what a PUSH put on the stack is loaded or stored by.
 * So are storage variables of Solidity, and the slots of proxies (EIP-1967). Slots of mappings are
 * hashes of what is known only while the code runs: they are not found.
 *
 * One pass over the code follows where each item of the stack was pushed, as far as one
 * instruction leads to the next without a jump. That a slot is named does not say that a call
 * comes to it: it may be read ahead of one, and nothing more can be concluded. So opcodes are
 * those of the last fork, whichever it is that the code runs in.
 */

import { fallsThrough, isDuplicate, isExchange, isPush } from './compiler/blocks.ts';
import { decodePair, decodeSingle, EXCHANGE } from './opcodes/stack-immediates.ts';
import { OPCODE_BY_BYTE, type OpcodeRow, opcodeByte } from './opcodes/table.ts';

/** Of one code: contracts have some ten, and each costs a page of the disk that nobody paid for. */
export const CONSTANT_SLOTS_MAX = 64;

const SLOAD = opcodeByte('SLOAD');
const SSTORE = opcodeByte('SSTORE');
const JUMPDEST = opcodeByte('JUMPDEST');
const PUSH0 = opcodeByte('PUSH0');

/** Yellow Paper, section 9.1. */
const STACK_ITEMS_MAX = 1_024;
/** In place of the pc of a PUSH. */
const UNKNOWN = -1;
/** Bytes that a number holds exactly. */
const NUMBER_BYTES = 6;

/** At most `CONSTANT_SLOTS_MAX`, each once, in the order of the code. PERF: O(code size). */
export function constantSlots(code: Uint8Array): readonly bigint[] {
  const slots = new Set<bigint>();
  const seen = new Set<number>();
  const stack = new PushedStack();
  let reachable = true;
  let pc = 0;
  while (pc < code.length && slots.size < CONSTANT_SLOTS_MAX) {
    const byte = code[pc] as number;
    const row = OPCODE_BY_BYTE[byte];
    if (byte === JUMPDEST && !reachable) {
      // It is jumped to, from wherever: nothing is known of the stack.
      stack.clear();
      reachable = true;
    }
    if (reachable) {
      if (byte === SLOAD || byte === SSTORE) {
        const pushed = stack.top;
        if (pushed !== UNKNOWN && !seen.has(pushed)) {
          seen.add(pushed);
          slots.add(immediateAt(code, pushed));
        }
      }
      reachable = row !== undefined && stack.step(row, pc, code[pc + 1] ?? 0);
    }
    pc += 1 + (row?.immediate ?? 0);
  }
  return [...slots];
}

/** The pc of the PUSH that each item comes from. Items that the code did not push are unknown. */
class PushedStack {
  readonly #items = new Int32Array(STACK_ITEMS_MAX);
  #height = 0;

  get top(): number {
    return this.#height > 0 ? (this.#items[this.#height - 1] as number) : UNKNOWN;
  }

  clear(): void {
    this.#height = 0;
  }

  /** False where the next instruction does not follow. */
  step(row: OpcodeRow, pc: number, immediate: number): boolean {
    if (isPush(row) || row.byte === PUSH0) return this.#push(pc);
    if (row.byte === EXCHANGE) return this.#exchangePair(decodePair(immediate));
    if (isDuplicate(row))
      return this.#duplicate(row.immediate > 0 ? decodeSingle(immediate) : row.pops);
    if (isExchange(row)) {
      return this.#exchange(0, row.immediate > 0 ? decodeSingle(immediate) : row.pops - 1);
    }
    this.#height = Math.max(0, this.#height - row.pops);
    for (let i = 0; i < row.pushes; i++) if (!this.#push(UNKNOWN)) return false;
    return fallsThrough(row);
  }

  #push(pushed: number): boolean {
    if (this.#height === STACK_ITEMS_MAX) return false;
    this.#items[this.#height] = pushed;
    this.#height += 1;
    return true;
  }

  /** Of the `depth`-th item, 1 for the top. */
  #duplicate(depth: number | undefined): boolean {
    if (depth === undefined) return false;
    const known = depth <= this.#height;
    return this.#push(known ? (this.#items[this.#height - depth] as number) : UNKNOWN);
  }

  /** Of two items, by their number below the top. */
  #exchange(first: number, second: number | undefined): boolean {
    if (second === undefined) return false;
    this.#reach(second + 1);
    const items = this.#items;
    const [a, b] = [this.#height - 1 - first, this.#height - 1 - second];
    [items[a], items[b]] = [items[b] as number, items[a] as number];
    return true;
  }

  #exchangePair(pair: readonly [number, number] | undefined): boolean {
    return pair !== undefined && this.#exchange(...pair);
  }

  /** Makes so many items be there: those below what was pushed here. */
  #reach(count: number): void {
    const missing = count - this.#height;
    if (missing <= 0) return;
    this.#items.copyWithin(missing, 0, this.#height);
    this.#items.fill(UNKNOWN, 0, missing);
    this.#height = count;
  }
}

/** What the PUSH at `pc` pushes, of which no byte is behind the code's end. */
function immediateAt(code: Uint8Array, pc: number): bigint {
  const size = (code[pc] as number) - PUSH0;
  const bytes = code.subarray(pc + 1, pc + 1 + size);
  if (size > NUMBER_BYTES) return BigInt(`0x${bytes.toHex()}`);
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  return BigInt(value);
}
