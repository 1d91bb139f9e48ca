// Code objects, found by code hash: bytes and jump map in one allocation, block entries in another.
//
//   object | bytes | padding | map (16 bytes a 64 bytes of code)
//   blocks (16 bytes a JUMPDEST)
import {
  BLOCK_BYTES, BLOCK_FUNCTION, BLOCK_PC, CODE_ALLOCATED, CODE_BLOCKS, CODE_BLOCK_COUNT,
  CODE_BYTES, CODE_GIVEN, CODE_HASH, CODE_KEPT, CODE_KNOWN, CODE_MACHINE, CODE_MAP, CODE_NEXT,
  CODE_PADDING, CODE_SIZE, C_HOT_CODE, C_INIT_CODES, C_MACHINE, GLOBALS, G_CODES, G_CODE_BYTES,
} from "../layout";
import { G_CODES_LOCK } from "../parallel-layout";
import { allocate, release } from "./allocator";
import { lock, unlock } from "./parallel/lock";
import { clearWatched, copyWatched } from "./portions";
import {
  tableAdd, tableClear, tableFind, tableInit, tableNext, tablePublish, tableReserve, tableTake, TABLE_BYTES,
} from "./tables";
import { mustStop, NOBODY } from "./watch";

const JUMPDEST: u32 = 0x5b;
const PUSH1: u32 = 0x60;
/** Of an object with its blocks. */
const BYTES_MAX: u64 = 0x20000000;
/** Bytes of code, and groups of its map, between two looks for a stop: under a millisecond. */
const PORTION: u32 = 1 << 18;
const GROUPS_PORTION: u32 = 1 << 10;

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

/** The object for bytes by their hash. 0 = host limit. For the host, which nothing stops. */
export function codeCreate(ctx: u32, bytes: u32, size: u32, hash: u32): u32 {
  const code = createByHash(ctx, NOBODY, bytes, size, hash);
  if (code != 0) store<u32>(code + CODE_KNOWN, load<u32>(code + CODE_KNOWN) | CODE_GIVEN);
  return code;
}

/** The same within a transaction: 0 also when it was stopped. */
export function codeCreateWatched(ctx: u32, bytes: u32, size: u32, hash: u32): u32 {
  return createByHash(ctx, ctx, bytes, size, hash);
}

function createByHash(ctx: u32, watcher: u32, bytes: u32, size: u32, hash: u32): u32 {
  const known = codeByHash(ctx, hash);
  if (known != 0) return known;
  const code = create(watcher, bytes, size);
  if (PARALLEL) return code == 0 ? 0 : publishByHash(ctx, code, hash);
  if (code == 0 || addByHash(ctx, code, hash)) return code;
  free(code);
  return 0;
}

/** The object with this hash that others find from now on: this one, or whose another was first. */
function publishByHash(ctx: u32, code: u32, hash: u32): u32 {
  if (!lock(GLOBALS + G_CODES_LOCK)) return 0;
  let kept = codeByHash(ctx, hash);
  if (kept == 0 && fillEntry(ctx, code, hash)) kept = code;
  unlock(GLOBALS + G_CODES_LOCK);
  if (kept != code) free(code);
  return kept;
}

function fillEntry(ctx: u32, code: u32, hash: u32): bool {
  const table = load<u32>(GLOBALS + G_CODES);
  const machine = load<u32>(ctx + C_MACHINE);
  const entry = tableTake(table, hash, machine, ENTRY_MACHINE);
  if (entry == 0) return false;
  memory.copy(code + CODE_HASH, hash, 32);
  store<u32>(code + CODE_MACHINE, machine);
  store<u32>(entry + ENTRY_OBJECT, code);
  countBytes(bytesOf(code));
  tablePublish(table, entry, ENTRY_MACHINE);
  return true;
}

/** Room for so many more codes. */
export function codesReserve(more: u32): bool {
  return tableReserve(load<u32>(GLOBALS + G_CODES), more, ENTRY_MACHINE);
}

/** The object of init code, which has no hash. 0 = host limit, or it was stopped. */
export function initCodeCreate(ctx: u32, bytes: u32, size: u32): u32 {
  const code = create(ctx, bytes, size);
  if (code == 0) return 0;
  store<u32>(code + CODE_NEXT, load<u32>(ctx + C_INIT_CODES));
  store<u32>(ctx + C_INIT_CODES, code);
  return code;
}

function create(watcher: u32, bytes: u32, size: u32): u32 {
  const code = allocateCode(size);
  if (code == 0 || (copyCode(watcher, code, bytes) && analyse(watcher, code))) return code;
  free(code);
  return 0;
}

/** An object of so many bytes, which are still to be copied; 0 = host limit. */
function allocateCode(size: u32): u32 {
  const mapAt: u64 = (<u64>CODE_BYTES + size + CODE_PADDING + 63) & ~63;
  const total = mapAt + (<u64>groupsOf(size) << 4);
  if (total > BYTES_MAX) return 0;
  const code = allocate(<u32>total);
  if (code == 0) return 0;
  memory.fill(code, 0, CODE_BYTES);
  store<u32>(code + CODE_SIZE, size);
  store<u32>(code + CODE_MAP, code + <u32>mapAt);
  store<u32>(code + CODE_ALLOCATED, <u32>total);
  return code;
}

// @ts-ignore: decorator
@inline
function groupsOf(size: u32): u32 {
  return (size >> 6) + 1;
}

/** Copies the bytes, and clears what follows them; false when it was stopped. */
function copyCode(watcher: u32, code: u32, bytes: u32): bool {
  const size = load<u32>(code + CODE_SIZE);
  const end = code + CODE_BYTES + size;
  const rest = load<u32>(code + CODE_ALLOCATED) - CODE_BYTES - size;
  return copyWatched(watcher, code + CODE_BYTES, bytes, size) && clearWatched(watcher, end, rest);
}

/** False: the table of codes cannot grow. */
function addByHash(ctx: u32, code: u32, hash: u32): bool {
  const machine = load<u32>(ctx + C_MACHINE);
  const entry = tableAdd(load<u32>(GLOBALS + G_CODES), hash, machine, ENTRY_MACHINE);
  if (entry == 0) return false;
  memory.copy(code + CODE_HASH, hash, 32);
  store<u32>(entry + ENTRY_OBJECT, code);
  store<u32>(code + CODE_MACHINE, machine);
  countBytes(bytesOf(code));
  return true;
}

// @ts-ignore: decorator
@inline
function blockBytes(count: u32): u32 {
  return max<u32>(count, 1) * BLOCK_BYTES;
}

/** Of the object and its blocks. */
function bytesOf(code: u32): u32 {
  return load<u32>(code + CODE_ALLOCATED) + blockBytes(load<u32>(code + CODE_BLOCK_COUNT));
}

function free(code: u32): void {
  const blocks = load<u32>(code + CODE_BLOCKS);
  if (blocks != 0) release(blocks, blockBytes(load<u32>(code + CODE_BLOCK_COUNT)));
  release(code, load<u32>(code + CODE_ALLOCATED));
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
      countBytes(0 - bytesOf(code));
      free(code);
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
  free(code);
}

/** Frees the init code that a transaction left when it was stopped or hit a limit. */
export function initCodesRelease(ctx: u32): void {
  let code = load<u32>(ctx + C_INIT_CODES);
  while (code != 0) {
    codeRelease(ctx, code);
    code = load<u32>(ctx + C_INIT_CODES);
  }
}

/** Fills map and blocks; false at a host limit, or when it was stopped. */
function analyse(watcher: u32, code: u32): bool {
  if (!markJumpdests(watcher, code)) return false;
  const count = load<u32>(code + CODE_BLOCK_COUNT);
  if (<u64>load<u32>(code + CODE_ALLOCATED) + <u64>count * BLOCK_BYTES > BYTES_MAX) return false;
  const blocks = allocate(blockBytes(count));
  if (blocks == 0) return false;
  store<u32>(code + CODE_BLOCKS, blocks);
  return fillBlocks(watcher, code);
}

/** Sets the bits of the map, and counts them. */
function markJumpdests(watcher: u32, code: u32): bool {
  const bytes = code + CODE_BYTES;
  const size = load<u32>(code + CODE_SIZE);
  const map = load<u32>(code + CODE_MAP);
  let count: u32 = 0;
  let pc: u32 = 0;
  while (pc < size) {
    for (const end = min<u32>(size, pc + PORTION); pc < end; ) {
      // PERF: JUMPDEST and the pushes are the greatest of signed bytes. The padding has none.
      const ahead = i8x16.gt_s(v128.load(bytes + pc), i8x16.splat(<i8>JUMPDEST - 1));
      const found = i8x16.bitmask(ahead);
      if (found == 0) {
        pc += 16;
        continue;
      }
      pc += <u32>ctz<i32>(found);
      const opcode = <u32>load<u8>(bytes + pc);
      if (opcode == JUMPDEST) {
        const group = map + ((pc >> 6) << 4);
        store<u64>(group, load<u64>(group) | (<u64>1 << (pc & 63)));
        count++;
      }
      pc += opcode >= PUSH1 ? opcode - PUSH1 + 2 : 1;
    }
    if (pc < size && mustStop(watcher)) return false;
  }
  store<u32>(code + CODE_BLOCK_COUNT, count);
  return true;
}

/** Ranks of the map's groups, and the entries of the blocks. */
function fillBlocks(watcher: u32, code: u32): bool {
  const groups = groupsOf(load<u32>(code + CODE_SIZE));
  let group = load<u32>(code + CODE_MAP);
  let block = load<u32>(code + CODE_BLOCKS);
  let rank: u32 = 0;
  for (let i: u32 = 0; i < groups; i++) {
    store<u32>(group, rank, 8);
    for (let bits = load<u64>(group); bits != 0; bits &= bits - 1) {
      store<u64>(block, JUMPDEST, BLOCK_FUNCTION);
      store<u64>(block, (i << 6) + <u32>ctz<u64>(bits), BLOCK_PC);
      block += BLOCK_BYTES;
      rank++;
    }
    group += 16;
    if (i % GROUPS_PORTION == GROUPS_PORTION - 1 && mustStop(watcher)) return false;
  }
  return true;
}
