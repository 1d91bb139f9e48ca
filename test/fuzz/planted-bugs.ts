/** Bugs to plant, one at a time: subtle edits of meanings, prices, the runtime and the compiler. */

export interface PlantedBug {
  readonly what: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly from: string;
  readonly to: string;
}

const bug = (what: string, file: string, from: string, to: string): PlantedBug => ({
  what,
  file: `src/evm/${file}`,
  from,
  to,
});

const CALLS = 'runtime/calls.ts';
const COPIES = 'runtime/copies.ts';
const STATE = 'runtime/stateops.ts';
const SHIFTS = 'words/shifts.ts';
const TABLE = 'opcodes/table.ts';
const REGION = 'compiler/region-assembler.ts';

// biome-ignore format: what is edited is given as it stands in the sources
export const PLANTED_BUGS: readonly PlantedBug[] = [
  bug(
    'ADD loses a carry that comes of a carry',
    'words/arithmetic.ts',
    'm.fn.i64.or(pushValue(m, a), pushValue(m, b))',
    'm.fn.i64.and(pushValue(m, a), pushValue(m, b))',
  ),
  bug(
    'SUB of known limbs borrows when equal',
    'words/arithmetic.ts',
    'a < b ? 1n : 0n]',
    'a <= b ? 1n : 0n]',
  ),
  bug(
    'SLT compares the top limb unsigned',
    'words/comparison.ts',
    'signed && i === 3',
    'signed && i === 4',
  ),
  bug(
    'LT takes a tie in a limb for less',
    'words/comparison.ts',
    'const tied = fn.i32.and(fn.i64.eq(push(x, i), push(y, i)), fn.get(less));',
    'const tied = fn.i64.eq(push(x, i), push(y, i));',
  ),
  bug('SAR by 256 and more gives zero', SHIFTS, "if (kind !== 'sar') return ZERO;", 'return ZERO;'),
  bug(
    'shifts by a register see only 64 bits of the distance',
    SHIFTS,
    '  for (let i = 1; i < widthOf(distance); i++) above = fn.i64.or(above, pushLimb(m, distance, i));\n',
    '',
  ),
  bug(
    'BYTE of 32 is a byte',
    SHIFTS,
    'if (known >= 32n) return ZERO;',
    'if (known > 32n) return ZERO;',
  ),
  bug(
    'SIGNEXTEND of byte 30 does not extend',
    SHIFTS,
    'return known >= 31n ? value',
    'return known >= 30n ? value',
  ),
  bug('CLZ of zero is 255', SHIFTS, 'fn.i64.const(192)));', 'fn.i64.const(191)));'),
  bug(
    'a quotient of narrow words by zero is not zero',
    'opcodes/division.ts',
    'return keep(m, fn.select(result, fn.i64.const(0), fn.i64.ne(fn.get(y), fn.i64.const(0))));',
    'return keep(m, result);',
  ),
  bug(
    'MOD by a power of two keeps a bit too many',
    'opcodes/division.ts',
    'constant((1n << bits) - 1n)',
    'constant((2n << bits) - 1n)',
  ),
  bug(
    'EXP forgets a bit of the exponent in its price',
    'opcodes/arithmetic.ts',
    'fn.i64.add(fn.get(bits), fn.i64.const(7))',
    'fn.i64.add(fn.get(bits), fn.i64.const(6))',
  ),
  bug(
    'EXP costs 10 a byte in Spurious Dragon',
    'opcodes/arithmetic.ts',
    "forkIndex('spuriousDragon')",
    "forkIndex('byzantium')",
  ),
  bug(
    'BALANCE costs 400 in Istanbul',
    TABLE,
    '{ frontier: 20, tangerineWhistle: 400, istanbul: 700, berlin: 100 }',
    '{ frontier: 20, tangerineWhistle: 400, berlin: 100 }',
  ),
  bug(
    'CHAINID exists in Petersburg',
    TABLE,
    "'CHAINID', [0, 1], 2, { since: 'istanbul' }",
    "'CHAINID', [0, 1], 2, { since: 'petersburg' }",
  ),
  bug('MULMOD costs 5', TABLE, "'MULMOD', [3, 1], 8", "'MULMOD', [3, 1], 5"),
  bug(
    'CALLDATALOAD past the end gives the last bytes',
    'opcodes/environment.ts',
    'const end = fn.i64.add(pushValue(m, position), fn.i64.const(32));',
    'const end = fn.i64.add(pushValue(m, position), fn.i64.const(31));',
  ),
  bug(
    'BLOBHASH takes an index of 2^64 for 0',
    'opcodes/environment.ts',
    'fn.i32.and(fn.i64.ltU(pushValue(m, position), fn.get(count)), pushFitsOneLimb(m, index)),',
    'fn.i64.ltU(pushValue(m, position), fn.get(count)),',
  ),
  bug(
    'MSTORE8 touches 32 bytes',
    'opcodes/memory.ts',
    'touchMemory(m, offset, 1)',
    'touchMemory(m, offset, 32)',
  ),
  bug(
    'memory grows for an offset above 2^64',
    'opcodes/memory.ts',
    'for (let i = 1; i < widthOf(word); i++) union = fn.i64.or(union, pushLimb(m, word, i));',
    '',
  ),
  bug(
    'MCOPY pays for its destination only',
    COPIES,
    'load<u32>(sp) > load<u32>(sp + 32) ? sp : sp + 32',
    'load<u32>(sp) > 0 ? sp : sp + 32',
  ),
  bug(
    'RETURNDATACOPY may read one byte too far',
    COPIES,
    '> <u64>available',
    '> <u64>available + 1',
  ),
  bug(
    'KECCAK256 of a part of a word costs nothing for it',
    COPIES,
    'const left = gas - wordsCost(size, load<u32>(rulesOf(fp) + R_KECCAK_WORD));',
    'const left = gas - wordsCost(size & ~31, load<u32>(rulesOf(fp) + R_KECCAK_WORD));',
  ),
  bug(
    'LOG may be made in a static call',
    'runtime/logs.ts',
    '  if (load<u32>(fp + F_FLAGS) & FRAME_FLAG_STATIC) return -STATUS_STATIC_VIOLATION;\n',
    '',
  ),
  bug(
    'EXTCODEHASH of an empty account is that of nothing',
    STATE,
    '== 0 || isEmpty(ctx, a)) zeroWord(sp);',
    '== 0) zeroWord(sp);',
  ),
  bug('SSTORE needs one gas less than the stipend', STATE, '<= sentry) return', '< sentry) return'),
  bug(
    'resetting a slot gives too much back',
    STATE,
    'wasSet ? R_SSTORE_RESET : R_SSTORE_SET',
    'wasSet ? R_SSTORE_SET : R_SSTORE_SET',
  ),
  bug(
    'TSTORE may be made in a static call',
    STATE,
    'export function opTstore(fp: u32, sp: u32, gas: i64): i64 {\n  if (load<u32>(fp + F_FLAGS) & FRAME_FLAG_STATIC) return -STATUS_STATIC_VIOLATION;\n',
    'export function opTstore(fp: u32, sp: u32, gas: i64): i64 {\n',
  ),
  bug(
    'a call keeps a 63rd part',
    CALLS,
    'given = min<i64>(given, left - left / 64)',
    'given = min<i64>(given, left - left / 63)',
  ),
  bug(
    'CALLCODE pays for a new account',
    CALLS,
    'if (op == CALL && makesAccount(ctx, rules, target, transfers))',
    'if (hasValue && makesAccount(ctx, rules, target, transfers))',
  ),
  bug(
    'DELEGATECALL sees the wrong caller',
    CALLS,
    'op == DELEGATECALL ? fp + F_CALLER : fp + F_ADDRESS',
    'fp + F_ADDRESS',
  ),
  bug(
    'a static call does not make those beneath it static',
    CALLS,
    'isStatic || op == STATICCALL ? FRAME_FLAG_STATIC : 0',
    'op == STATICCALL ? FRAME_FLAG_STATIC : 0',
  ),
  bug('depth ends one call too late', CALLS, 'DEPTH_MAX: u32 = 1024', 'DEPTH_MAX: u32 = 1025'),
  bug(
    'a creator of the last nonce creates',
    CALLS,
    'poor || nonce == u64.MAX_VALUE || load',
    'poor || load',
  ),
  bug(
    'a collision leaves the nonce',
    CALLS,
    '  setNonce(ctx, self, nonce + 1);\n  warmAccount(ctx, account);\n  if (collides) {',
    '  warmAccount(ctx, account);\n  if (!collides) setNonce(ctx, self, nonce + 1);\n  if (collides) {',
  ),
  bug(
    'self-destruction gives back twice',
    CALLS,
    '  if (!hasFlag(self, ACCOUNT_SELFDESTRUCTED)) {\n',
    '  {\n',
  ),
  bug(
    'return data of a creation that succeeded',
    'runtime/frames.ts',
    'const size: u32 = creates && good ? 0 : load',
    'const size: u32 = load',
  ),
  bug(
    'a reverted call keeps its refunds',
    'runtime/frames.ts',
    '    store<i64>(ctx + C_REFUND, load<i64>(fp + F_REFUND));\n',
    '',
  ),
  bug('a byte of call data costs 68 in Istanbul', 'forks/rules.ts', '    txDataNonzero: 16,\n', ''),
  bug(
    'code of 24,577 bytes is deployed',
    'forks/rules.ts',
    'maxCodeSize: 24_576 }',
    'maxCodeSize: 24_577 }',
  ),
  bug(
    'a side exit keeps what was prepaid',
    REGION,
    'return this.#prepaid === 0 ? left : fn.i64.add(left, fn.i64.const(this.#prepaid));',
    'return left;',
  ),
  bug(
    'a region may overflow the stack by a word',
    REGION,
    'const room = layout.STACK_BYTES - (needMax + growthMax) * WORD_BYTES;',
    'const room = layout.STACK_BYTES - (needMax + growthMax - 1) * WORD_BYTES;',
  ),
  bug(
    'what is known of memory survives a branch',
    REGION,
    '    this.#memoryEnd = memoryEnd;\n    this.#node = node;',
    '    this.#node = node;',
  ),
  bug(
    'data of PUSH32 is taken for code',
    'runtime/code.ts',
    'opcode >= PUSH1 ? opcode',
    'opcode >= PUSH1 && opcode < 0x7f ? opcode',
  ),
];
