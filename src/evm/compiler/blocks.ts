/**
 * First pass: the code's basic blocks, with what can be known of each without running it.
 *
 * A block starts at the code's start, at a JUMPDEST, after a JUMPI and after an opcode that leaves
 * the frame and may come back (CALL, CREATE). Bytes that no block reaches (data after an
 * unconditional end) belong to none. PERF: O(code size).
 */
import type { ForkName } from '../forks/names.ts';
import { DUPN, decodePair, decodeSingle, EXCHANGE, SWAPN } from '../opcodes/stack-immediates.ts';
import { OPCODE_BY_BYTE, type OpcodeRow, opcodeAt, staticGas } from '../opcodes/table.ts';

export interface Instruction {
  readonly pc: number;
  readonly row: OpcodeRow;
  /** Static gas in this fork. */
  readonly gas: number;
}

export interface Block {
  readonly pc: number;
  readonly instructions: readonly Instruction[];
  /** pc of the instruction after the last, where the block falls through or is resumed. */
  readonly next: number;
  /** The last instruction may be followed by `next`. */
  readonly continues: boolean;
  /** Items that must be on the stack at entry. */
  readonly need: number;
  /** Most items above the entry height at any time. */
  readonly growth: number;
  /** Height after the block, relative to entry. */
  readonly delta: number;
  readonly isJumpDestination: boolean;
}

const PUSH1 = 0x60;
const DUP1 = 0x80;
const SWAP1 = 0x90;
const LOG0 = 0xa0;
/** Yellow Paper, section 9.1. */
const STACK_ITEMS_MAX = 1_024;

/** Whether a block fails whatever is on the stack: it ends with the instruction that does. */
export function alwaysFails({ need, growth }: Pick<Block, 'need' | 'growth'>): boolean {
  return need + growth > STACK_ITEMS_MAX;
}

/** PUSH1 to PUSH32: pushes its immediate bytes. */
export function isPush({ byte }: OpcodeRow): boolean {
  return byte >= PUSH1 && byte < DUP1;
}

/** DUP1 to DUP16, DUPN: copies the deepest item that it needs. */
export function isDuplicate({ byte }: OpcodeRow): boolean {
  return (byte >= DUP1 && byte < SWAP1) || byte === DUPN;
}

/** SWAP1 to SWAP16, SWAPN: exchanges the top with the deepest item that it needs. */
export function isExchange({ byte }: OpcodeRow): boolean {
  return (byte >= SWAP1 && byte < LOG0) || byte === SWAPN;
}

/** Whether the next instruction may follow: after a JUMPI, or when what was called has ended. */
export function fallsThrough({ byte, name, endsBlock, observesGas }: OpcodeRow): boolean {
  return !endsBlock || byte === JUMPI || (observesGas && name !== 'SELFDESTRUCT');
}

/** What a byte is in one fork. */
interface Decoded {
  readonly row: OpcodeRow;
  readonly gas: number;
}

const JUMPDEST = 0x5b;
const JUMPI = 0x57;
const INVALID = 0xfe;

const DECODERS = new Map<ForkName, readonly Decoded[]>();

/** Row and price of each byte; bytes that the fork does not know are INVALID. */
function decoderOf(fork: ForkName): readonly Decoded[] {
  let decoder = DECODERS.get(fork);
  if (decoder === undefined) {
    const invalid: Decoded = { row: OPCODE_BY_BYTE[INVALID] as OpcodeRow, gas: 0 };
    decoder = Array.from({ length: 256 }, (_, byte) => {
      const row = opcodeAt(byte, fork);
      return row === undefined ? invalid : { row, gas: staticGas(row, fork) };
    });
    DECODERS.set(fork, decoder);
  }
  return decoder;
}

/** The row of the opcode at `pc`; what it needs of the stack may be in its byte (EIP-8024). */
function decodeAt(code: Uint8Array, pc: number, decoder: readonly Decoded[]): Decoded {
  const decoded = decoder[code[pc] as number] as Decoded;
  const { row, gas } = decoded;
  if (row.byte < DUPN || row.byte > EXCHANGE) return decoded;
  const immediate = code[pc + 1] ?? 0;
  const single = row.byte === EXCHANGE ? decodePair(immediate)?.[1] : decodeSingle(immediate);
  if (single === undefined) return decoder[INVALID] as Decoded;
  if (row.byte === DUPN) return { row: { ...row, pops: single, pushes: single + 1 }, gas };
  return { row: { ...row, pops: single + 1, pushes: single + 1 }, gas };
}

/** The blocks of `code` in the order of their pc. */
export function findBlocks(code: Uint8Array, fork: ForkName): Block[] {
  const decoder = decoderOf(fork);
  const blocks: Block[] = [];
  let pc = 0;
  let reachable = true;
  while (pc < code.length) {
    if (!reachable && code[pc] !== JUMPDEST) {
      pc += 1 + decodeAt(code, pc, decoder).row.immediate;
      continue;
    }
    const block = readBlock(code, pc, decoder);
    blocks.push(block);
    reachable = block.continues;
    pc = block.next;
  }
  return blocks;
}

function readBlock(code: Uint8Array, start: number, decoder: readonly Decoded[]): Block {
  const instructions: Instruction[] = [];
  let pc = start;
  let height = 0;
  let need = 0;
  let growth = 0;
  let continues = true;
  while (pc < code.length) {
    const byte = code[pc] as number;
    if (byte === JUMPDEST && pc !== start) break;
    const { row, gas } = decodeAt(code, pc, decoder);
    instructions.push({ pc, row, gas });
    need = Math.max(need, row.pops - height);
    height += row.pushes - row.pops;
    growth = Math.max(growth, height);
    pc += 1 + row.immediate;
    if (alwaysFails({ need, growth })) {
      // What follows is not reached from here.
      continues = false;
      break;
    }
    if (row.endsBlock) {
      continues = fallsThrough(row);
      break;
    }
  }
  return {
    pc: start,
    instructions,
    next: pc,
    continues,
    need,
    growth,
    delta: height,
    isJumpDestination: code[start] === JUMPDEST,
  };
}
