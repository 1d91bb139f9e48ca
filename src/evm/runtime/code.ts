// Code objects: bytes, jump map and block entries in one allocation, found by code hash.
//
//   object | bytes | padding | map (16 bytes a 64 bytes of code) | blocks (16 bytes a JUMPDEST)
import {
  BLOCK_BYTES, BLOCK_FUNCTION, BLOCK_PC, CODE_ALLOCATED, CODE_BLOCKS, CODE_BLOCK_COUNT,
  CODE_BYTES, CODE_HASH, CODE_KEPT, CODE_MACHINE, CODE_MAP, CODE_NEXT, CODE_PADDING, CODE_SIZE,
  C_HOT_CODE, C_INIT_CODES, C_MACHINE, GLOBALS, G_CODES, G_CODE_BYTES,
} from "../layout";
import { allocate, release } from "./allocator";
import { tableAdd, tableClear, tableFind, tableInit, tableNext, TABLE_BYTES } from "./tables";

const JUMPDEST: u32 = 0x5b;
const PUSH1: u32 = 0x60;
const PUSH32: u32 = 0x7f;

/** Entry of the code table: word hash | u32 machine | u32 object. */
const ENTRY_MACHINE: u32 = 32;
const ENTRY_OBJECT: u32 = 36;
const ENTRY_BYTES: u32 = 64;

/** Makes the table of codes; false without memory. */
export function codesInit(): bool {
  const table = allocate(TABLE_BYTES);
  if (table == 0) return false;
  memory.fill(table, 0, TABLE_BYTES);
  store<u32>(GLOBALS + G_CODES, table);
  return tableInit(table, ENTRY_BYTES);
}

/** The code object with this hash, 0 when it is not there. */
export function codeByHash(ctx: u32, hash: u32): u32 {
  const table = load<u32>(GLOBALS + G_CODES);
  const entry = tableFind(table, hash, load<u32>(ctx + C_MACHINE), ENTRY_MACHINE);
  return entry == 0 ? 0 : load<u32>(entry + ENTRY_OBJECT);
}

/** The object for these bytes; `hash` may be 0 (init code). 0 = host limit. */
export function codeCreate(ctx: u32, bytes: u32, size: u32, hash: u32): u32 {
  if (hash != 0) {
    const known = codeByHash(ctx, hash);
    if (known != 0) return known;
  }
  const groups = (size >> 6) + 1;
  const blocks = countJumpdests(bytes, size);
  const mapAt: u64 = (<u64>CODE_BYTES + size + CODE_PADDING + 63) & ~63;
  const blocksAt = mapAt + ((<u64>groups) << 4);
  const total = blocksAt + <u64>(blocks + 1) * BLOCK_BYTES;
  if (total > 0x20000000) return 0;
  const code = allocate(<u32>total);
  if (code == 0) return 0;
  memory.fill(code, 0, CODE_BYTES);
  memory.copy(code + CODE_BYTES, bytes, size);
  const end = code + CODE_BYTES + size;
  memory.fill(end, 0, <u32>blocksAt - CODE_BYTES - size);
  store<u32>(code + CODE_SIZE, size);
  store<u32>(code + CODE_MAP, code + <u32>mapAt);
  store<u32>(code + CODE_BLOCKS, code + <u32>blocksAt);
  store<u32>(code + CODE_BLOCK_COUNT, blocks);
  store<u32>(code + CODE_ALLOCATED, <u32>total);
  analyse(code, size);
  if (hash != 0) {
    memory.copy(code + CODE_HASH, hash, 32);
    const entry = tableAdd(load<u32>(GLOBALS + G_CODES), hash, load<u32>(ctx + C_MACHINE), ENTRY_MACHINE);
    if (entry == 0) {
      release(code, <u32>total);
      return 0;
    }
    store<u32>(entry + ENTRY_OBJECT, code);
    store<u32>(code + CODE_MACHINE, load<u32>(ctx + C_MACHINE));
    countBytes(<u32>total);
  } else {
    store<u32>(code + CODE_NEXT, load<u32>(ctx + C_INIT_CODES));
    store<u32>(ctx + C_INIT_CODES, code);
  }
  return code;
}

// @ts-ignore: decorator
@inline
function countBytes(change: u32): void {
  store<u32>(GLOBALS + G_CODE_BYTES, load<u32>(GLOBALS + G_CODE_BYTES) + change);
}

/**
 * Frees the code objects of a machine that are not kept (CODE_KEPT), while nothing of it runs.
 * False: the table cannot be filled again, and what is missing from it is asked for once more.
 * PERF: O(code objects).
 */
export function codesCollect(machine: u32): bool {
  const table = load<u32>(GLOBALS + G_CODES);
  let kept: u32 = 0;
  for (let entry = tableNext(table, 0); entry != 0; entry = tableNext(table, entry)) {
    const code = load<u32>(entry + ENTRY_OBJECT);
    if (load<u32>(code + CODE_MACHINE) == machine && load<u32>(code + CODE_KEPT) == 0) {
      const bytes = load<u32>(code + CODE_ALLOCATED);
      countBytes(0 - bytes);
      release(code, bytes);
      continue;
    }
    store<u32>(code + CODE_KEPT, 0);
    store<u32>(code + CODE_NEXT, kept);
    kept = code;
  }
  tableClear(table);
  for (let code = kept; code != 0; code = load<u32>(code + CODE_NEXT)) {
    const entry = tableAdd(table, code + CODE_HASH, load<u32>(code + CODE_MACHINE), ENTRY_MACHINE);
    if (entry == 0) return false;
    store<u32>(entry + ENTRY_OBJECT, code);
  }
  return true;
}

/** Frees the context's newest object that has no hash: the innermost creation's. */
export function codeRelease(ctx: u32, code: u32): void {
  store<u32>(ctx + C_INIT_CODES, load<u32>(code + CODE_NEXT));
  // Reported as hot in its last slice, and gone before the host could look.
  if (load<u32>(ctx + C_HOT_CODE) == code) store<u32>(ctx + C_HOT_CODE, 0);
  release(code, load<u32>(code + CODE_ALLOCATED));
}

/** Frees the init code that a transaction left when it was stopped or hit a limit. */
export function initCodesRelease(ctx: u32): void {
  let code = load<u32>(ctx + C_INIT_CODES);
  while (code != 0) {
    codeRelease(ctx, code);
    code = load<u32>(ctx + C_INIT_CODES);
  }
}

// @ts-ignore: decorator
@inline
function lengthOf(opcode: u32): u32 {
  return opcode >= PUSH1 && opcode <= PUSH32 ? opcode - PUSH1 + 2 : 1;
}

function countJumpdests(bytes: u32, size: u32): u32 {
  let count: u32 = 0;
  let pc: u32 = 0;
  while (pc < size) {
    const opcode = <u32>load<u8>(bytes + pc);
    if (opcode == JUMPDEST) count++;
    pc += lengthOf(opcode);
  }
  return count;
}

/** Fills the jump map and the block entries. */
function analyse(code: u32, size: u32): void {
  const bytes = code + CODE_BYTES;
  const map = load<u32>(code + CODE_MAP);
  let block = load<u32>(code + CODE_BLOCKS);
  let pc: u32 = 0;
  while (pc < size) {
    const opcode = <u32>load<u8>(bytes + pc);
    if (opcode == JUMPDEST) {
      const group = map + ((pc >> 6) << 4);
      store<u64>(group, load<u64>(group) | (<u64>1 << (pc & 63)));
      store<u64>(block, JUMPDEST, BLOCK_FUNCTION);
      store<u64>(block, pc, BLOCK_PC);
      block += BLOCK_BYTES;
    }
    pc += lengthOf(opcode);
  }
  let rank: u32 = 0;
  for (let group: u32 = 0; group <= size >> 6; group++) {
    store<u32>(map + (group << 4), rank, 8);
    rank += <u32>popcnt<u64>(load<u64>(map + (group << 4)));
  }
}
