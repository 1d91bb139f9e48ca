/**
 * Where everything lies in the machine's one linear memory, as offsets and codes.
 *
 * This file is read by two compilers: TypeScript (the assembler and the host) and AssemblyScript
 * (the runtime). So it holds nothing but `export const NAME = <integer literal>`; a test checks
 * that the fields of each structure do not overlap. The meaning of the registers, the frame
 * protocol and the runtime calls is in docs/design/machine.md.
 *
 * Conventions
 * - A *word* in memory is 32 bytes: four little-endian u64 limbs, the least significant first.
 *   Addresses are words too (three limbs used), so ADDRESS and CALLER are plain copies.
 * - A *hash* is 32 raw bytes in the order in which Keccak gives them.
 * - Offsets ending in `_SIZE` are byte counts; "ptr" is a u32 address in linear memory.
 */

// ---------------------------------------------------------------- the memory's first page
/** Addresses below belong to AssemblyScript's constant data (never mutated) and to nobody else. */
export const STATIC_DATA_END = 65536;
/** Process-wide header: secret of the hash tables (u64 x 2), then the allocator's state. */
export const GLOBALS = 65536;
export const G_SECRET_0 = 0;
export const G_SECRET_1 = 8;
/** u32 lock of the allocator, u32 ptr to its free lists; owned by runtime/allocator.ts. */
export const G_ALLOCATOR = 64;
/** ptr to the table code hash -> code object; owned by runtime/code.ts. */
export const G_CODES = 128;
/** u32: bytes allocated for the code objects in the table. */
export const G_CODE_BYTES = 132;
/** u32, u32: modules that a worker has compiled for this memory, and how many the host has seen. */
export const G_ARRIVED = 192;
export const G_ARRIVALS_SEEN = 196;
/** 1 KiB in which the host may pass small arguments (one host thread at a time). */
export const G_SCRATCH = 4096;
export const GLOBALS_SIZE = 65536;

// ---------------------------------------------------------------- frame
// One frame a call depth. The EVM stack lies directly below it and grows down, so that the frame
// pointer is the stack's base and every operand has a positive offset from sp:
//
//   fp - 32768 ............ fp - 32, fp | frame (FRAME_BYTES) |
//   ^ full stack (1,024)     ^ first item
export const STACK_BYTES = 32768;
export const FRAME_BYTES = 1024;
/** STACK_BYTES + FRAME_BYTES: distance between the frames of two neighbouring depths. */
export const FRAME_STRIDE = 33792;

/** ptr: the execution context. */
export const F_CTX = 0;
/** ptr: the code object that runs. */
export const F_CODE = 4;
/** ptr: the frame's EVM memory (the `mem` register is a copy). */
export const F_MEM = 8;
/** u32: size of the EVM memory in bytes, a multiple of 32. */
export const F_MEM_SIZE = 12;
/** ptr: next instruction, saved when the frame is left (absolute, in the code object's bytes). */
export const F_IP = 16;
/** ptr: stack pointer, saved when the frame is left. */
export const F_SP = 20;
/** i64: gas left, saved when the frame is left. */
export const F_GAS = 24;
/** i64: state gas of this frame while it runs (runtime/state-gas.ts); zero before Amsterdam. */
export const F_STATE_GAS = 32;
/** u32: table index at which to resume after a call; 0 = the interpreter's opcode at F_IP. */
export const F_RESUME = 40;
/** u32: depth, 0 for the outermost frame. */
export const F_DEPTH = 44;
/** u32: FRAME_KIND_*. */
export const F_KIND = 48;
/** u32: bit set of FRAME_FLAG_*. */
export const F_FLAGS = 52;
/** ptr and u32: call data (in the caller's memory, or the transaction's). */
export const F_INPUT = 56;
export const F_INPUT_SIZE = 60;
/** ptr and u32: what RETURN or REVERT named in this frame's own memory. */
export const F_OUTPUT = 64;
export const F_OUTPUT_SIZE = 68;
/** ptr and u32: this frame's RETURNDATA (in the context's return area); reset on each call. */
export const F_RETURN = 72;
export const F_RETURN_SIZE = 76;
/** u32 offset and u32 size in the *caller's* memory where this frame's output is wanted. */
export const F_WANTED = 80;
export const F_WANTED_SIZE = 84;
/** ptr: overlay entry of the account whose storage this frame uses. */
export const F_ACCOUNT = 88;
/** u32: journal position at entry. */
export const F_CHECKPOINT = 92;
/** u32: log position at entry. */
export const F_LOG_CHECKPOINT = 96;
/** i64: refund counter at entry. */
export const F_REFUND = 104;
/** word: address of the account whose storage this frame uses (ADDRESS). */
export const F_ADDRESS = 128;
/** word: CALLER. */
export const F_CALLER = 160;
/** word: CALLVALUE. */
export const F_VALUE = 192;
/** word: address of the code that runs (differs from F_ADDRESS in a delegate call). */
export const F_CODE_ADDRESS = 224;
/** word: scratch of the opcode functions, valid within one instruction. */
export const F_SCRATCH_0 = 256;
export const F_SCRATCH_1 = 288;
export const F_SCRATCH_2 = 320;
export const F_SCRATCH_3 = 352;
/** i64 x 3: state gas that the frame used; that it got back; that its caller is to get back. */
export const F_STATE_GAS_USED = 896;
export const F_STATE_GAS_REFUNDED = 904;
export const F_STATE_GAS_PENDING = 912;
/** From here to FRAME_BYTES, but for the state gas: private to the runtime. */
export const F_RUNTIME = 384;

export const FRAME_KIND_EVM = 0;
export const FRAME_KIND_PRECOMPILE = 1;
export const FRAME_KIND_MODULE = 2;

export const FRAME_FLAG_STATIC = 1;
export const FRAME_FLAG_CREATE = 2;
/** Code runs under an EIP-7702 delegation. */
export const FRAME_FLAG_DELEGATED = 4;

// ---------------------------------------------------------------- code object
/** u32: length of the code in bytes. */
export const CODE_SIZE = 0;
/** u32: number of JUMPDESTs. */
export const CODE_BLOCK_COUNT = 4;
/**
 * ptr: jump map, 16 bytes for each 64 bytes of code: u64 bit set of JUMPDESTs, u32 rank (number
 * of JUMPDESTs before this group), u32 zero.
 */
export const CODE_MAP = 8;
/** ptr: BLOCK entries, one a JUMPDEST, in the order of pc, in an allocation of their own. */
export const CODE_BLOCKS = 12;
/** u32: table index at which a call of this code starts; 0 = the interpreter at byte 0. */
export const CODE_ENTRY = 16;
/** u32: calls of this code (saturating is not needed: it wraps harmlessly). */
export const CODE_CALLS = 20;
/** u32: CODE_TIER_*. */
export const CODE_TIER = 24;
/** u32: not 0 = `codesCollect` leaves it; set by the host before it calls. */
export const CODE_KEPT = 28;
/** u32: C_MACHINE of the machine that it belongs to. */
export const CODE_MACHINE = 32;
/** u32: bytes allocated for this object and its map. */
export const CODE_ALLOCATED = 36;
/** ptr: the next older init code of the context (C_INIT_CODES); of others, while collecting. */
export const CODE_NEXT = 40;
/**
 * u32: accounts that were given it and keep it, CODE_GIVEN added once the host gave it; 0 = none
 * but frames that were undone had it, so who finds it by its hash asks the state.
 */
export const CODE_KNOWN = 44;
export const CODE_GIVEN = 0x80000000;
/** hash of the code (all zero for init code that was not hashed). */
export const CODE_HASH = 64;
/** The code's bytes, followed by at least 64 zero bytes. */
export const CODE_BYTES = 128;
export const CODE_PADDING = 64;

export const CODE_TIER_INTERPRETED = 0;
export const CODE_TIER_REQUESTED = 1;
export const CODE_TIER_COMPILED = 2;
export const CODE_TIER_REFUSED = 3;

/** u32: table index of the function that runs the block (the interpreter's JUMPDEST at first). */
export const BLOCK_FUNCTION = 0;
/** u32: times jumped to while interpreted. */
export const BLOCK_COUNT = 4;
/** u32: pc. */
export const BLOCK_PC = 8;
/** u32: spare. */
export const BLOCK_SPARE = 12;
export const BLOCK_BYTES = 16;

// ---------------------------------------------------------------- execution context
/** ptr: first frame (depth 0). */
export const C_FRAMES = 0;
/** ptr: frame that runs or is suspended. */
export const C_FRAME = 4;
/** ptr, ptr: EVM memory region of the arena: [base, end). */
export const C_MEM_BASE = 8;
export const C_MEM_END = 12;
/** ptr: rules (RULES_*). */
export const C_RULES = 16;
/** u32: nonzero asks the driver to stop at its next safe point (written by other threads). */
export const C_STOP = 20;
/** i64: gas held back from the running frame: its slice ends before its gas does. */
export const C_GAS_RESERVE = 24;
/** i64: gas granted at a time. */
export const C_GAS_SLICE = 32;
/** i64: refund counter. */
export const C_REFUND = 40;
/** u32: status with which the outermost frame ended. */
export const C_STATUS = 48;
/** u32: jumps between two looks at a block's heat: 0 switches tiering off. */
export const C_HOT_THRESHOLD = 52;
/** ptr and u32: output of the outermost frame, once it ended. */
export const C_OUTPUT = 56;
export const C_OUTPUT_SIZE = 60;
/** ptr, u32: logs [base, top): see runtime/logs.ts for the record. */
export const C_LOG_BASE = 64;
export const C_LOG_TOP = 68;
export const C_LOG_END = 72;
export const C_LOG_COUNT = 76;
/** ptr: journal of undo records [base, top), end of its region. */
export const C_JOURNAL_BASE = 80;
export const C_JOURNAL_TOP = 84;
export const C_JOURNAL_END = 88;
/** ptr: log of reads [base, top), end of its region. */
export const C_READS_BASE = 92;
export const C_READS_TOP = 96;
export const C_READS_END = 100;
/** ptr: the block's versions (layer 2) and the view's cache (layer 1). */
export const C_VERSIONS = 104;
export const C_VIEW = 108;
/** u32: which request suspended the call: REQUEST_*. */
export const C_REQUEST = 112;
/** ptr: code object that became hot and waits for the host to look at it; 0 = none. */
export const C_HOT_CODE = 116;
/** u32, ptr: blob hashes of the transaction: count, words. */
export const C_BLOB_HASH_COUNT = 120;
export const C_BLOB_HASHES = 124;
/** words a request is about: address, slot (or u64 block number, or code hash as raw bytes). */
export const C_REQUEST_ADDRESS = 128;
export const C_REQUEST_SLOT = 160;
// The environment as words, ready to be pushed.
export const C_ORIGIN = 192;
export const C_GAS_PRICE = 224;
export const C_COINBASE = 256;
export const C_TIMESTAMP = 288;
export const C_NUMBER = 320;
/** PREVRANDAO from Paris on, DIFFICULTY before. */
export const C_PREVRANDAO = 352;
export const C_GAS_LIMIT = 384;
export const C_CHAIN_ID = 416;
export const C_BASE_FEE = 448;
export const C_BLOB_BASE_FEE = 480;
/** Slot number (EIP-7843), zero before Amsterdam. */
export const C_SLOT_NUMBER = 512;
/** 544 to 1023: the transaction (TX_*), see below. 1024 on: private to the runtime. */
export const C_TX = 544;
export const C_RUNTIME = 1024;
/** Block hashes known: 256 records {u64 number + 1, 24 bytes zero, word hash}, by number & 255. */
export const C_BLOCK_HASHES = 4096;
export const CONTEXT_BYTES = 32768;

// ---------------------------------------------------------------- transaction (inside a context)
// Written by the host before `transact`; offsets from C_TX.
/** u32: 0 to 4. */
export const TX_TYPE = 0;
/** u32: bit set of TX_FLAG_*. */
export const TX_FLAGS = 4;
/** u64 */
export const TX_NONCE = 8;
/** u64 */
export const TX_GAS = 16;
/** ptr, u32: call data or init code. */
export const TX_DATA = 24;
export const TX_DATA_SIZE = 28;
/**
 * ptr, u32 (entries): access list: for each entry word address, u32 number of slots, 28 bytes
 * zero, then the slots as words.
 */
export const TX_ACCESS_LIST = 32;
export const TX_ACCESS_LIST_COUNT = 36;
/**
 * ptr, u32: EIP-7702 authorisations, 128 bytes each: word authority, word delegate, word chain
 * id, u64 nonce, u32 valid (0 when no signer could be recovered), padding.
 */
export const TX_AUTHORIZATIONS = 40;
export const TX_AUTHORIZATION_COUNT = 44;
export const TX_SENDER = 64;
/** word; ignored when TX_FLAG_CREATE is set. */
export const TX_TO = 96;
export const TX_VALUE = 128;
/** word: gas price of types 0 and 1, max fee per gas of the others. */
export const TX_MAX_FEE = 160;
/** word: equals TX_MAX_FEE for types 0 and 1. */
export const TX_MAX_PRIORITY_FEE = 192;
export const TX_MAX_BLOB_FEE = 224;
/** Results, u64: gas used, gas refunded, gas price effective (word at TX_EFFECTIVE). */
export const TX_GAS_USED = 256;
export const TX_GAS_REFUNDED = 264;
/** u32: TX_STATUS_*, and which reason when refused (REFUSED_*). */
export const TX_STATUS = 272;
export const TX_REFUSED = 276;
/** word: address created, when TX_FLAG_CREATE. */
export const TX_CREATED = 288;
export const TX_EFFECTIVE_PRICE = 320;
/** u64: gas that the floor of EIP-7623 demands, intrinsic gas. */
export const TX_FLOOR_GAS = 352;
export const TX_INTRINSIC_GAS = 360;
/** u64: gas available in the block (host writes; transaction's gas limit may not exceed it). */
export const TX_BLOCK_GAS_LEFT = 368;
/** u64: result: state gas used (EIP-8037), which TX_GAS_USED includes. */
export const TX_STATE_GAS_USED = 376;
/** Private to runtime/transaction.ts up to 479. */
export const TX_RUNTIME = 384;

export const TX_FLAG_CREATE = 1;
/** Checks switched off, for calls and simulations. */
export const TX_FLAG_SKIP_NONCE = 2;
export const TX_FLAG_SKIP_BALANCE = 4;
export const TX_FLAG_SKIP_BASE_FEE = 8;
/** EIP-3607 (sender has code) is not checked. */
export const TX_FLAG_SKIP_SENDER_CODE = 16;
/** A bare call: no intrinsic gas, no nonce, no fees, no refund; the frame alone. */
export const TX_FLAG_CALL_ONLY = 32;
/** No transaction: TX_VALUE wei that come from nobody are added to TX_TO. */
export const TX_FLAG_CREDIT = 64;
/** With TX_FLAG_CALL_ONLY: the chain calls. Sender and coinbase are neither looked at nor warm. */
export const TX_FLAG_SYSTEM = 128;

// ---------------------------------------------------------------- statuses
// What an opcode function, a frame and the driver return (i32).
/** The frame ended well, with no output / with output. */
export const STATUS_STOP = 1;
export const STATUS_RETURN = 2;
export const STATUS_REVERT = 3;
/** Exceptional halts: all gas of the frame is consumed. */
export const STATUS_OUT_OF_GAS = 4;
export const STATUS_INVALID_OPCODE = 5;
export const STATUS_STACK_UNDERFLOW = 6;
export const STATUS_STACK_OVERFLOW = 7;
export const STATUS_BAD_JUMP = 8;
export const STATUS_STATIC_VIOLATION = 9;
export const STATUS_RETURN_DATA_OUT_OF_BOUNDS = 10;
export const STATUS_CREATE_COLLISION = 11;
export const STATUS_CODE_TOO_LARGE = 12;
export const STATUS_INVALID_CODE_PREFIX = 13;
export const STATUS_INIT_CODE_TOO_LARGE = 14;
export const STATUS_NONCE_OVERFLOW = 15;
export const STATUS_PRECOMPILE_FAILURE = 16;
export const STATUS_SELFDESTRUCT = 17;
/** Last status that ends a frame. */
export const STATUS_LAST_HALT = 31;
/** To the driver: another frame was entered or left, go on with C_FRAME. */
export const STATUS_SWITCH_FRAME = 32;
/** To the host: state is missing (C_REQUEST); supply it and call `resume`. */
export const STATUS_NEED_STATE = 33;
/** To the host: a precompile's frame waits to be executed by the host. */
export const STATUS_NEED_PRECOMPILE = 34;
/** To the host: it asked to be called between slices (CONTEXT_FLAG_WATCH). To be resumed. */
export const STATUS_POLL = 35;
/** To the host: one instruction was executed (stepping interpreter). */
export const STATUS_STEP = 36;
/** To the host: a stop was seen, maybe in the middle of an instruction. The transaction is void. */
export const STATUS_STOPPED = 37;
/** To the host: C_HOT_CODE wants to be compiled. The call can be resumed. */
export const STATUS_HOT = 38;
/** To the host: a limit of the host (memory, tables, logs) was reached. The transaction is void. */
export const STATUS_HOST_LIMIT = 39;
/** To the host: a native module's frame waits to be executed by the host. */
export const STATUS_NEED_MODULE = 40;
/** To the host: hook of call enter or exit. The call can be resumed. */
export const STATUS_HOOK = 41;
/** To the host: init code wants analysis by no one; reserved. */
export const STATUS_INTERNAL_ERROR = 48;

export const REQUEST_NONE = 0;
export const REQUEST_ACCOUNT = 1;
export const REQUEST_SLOT = 2;
export const REQUEST_CODE = 3;
export const REQUEST_HAS_STORAGE = 4;
export const REQUEST_BLOCK_HASH = 5;

export const TX_STATUS_PENDING = 0;
export const TX_STATUS_DONE = 1;
export const TX_STATUS_REFUSED = 2;

// ---------------------------------------------------------------- rules
// One structure a rule set, written once by forks/encode.ts and read by the runtime. All u32
// unless said. Prices first, then switches (0 or 1). The assembler bakes the static prices of
// opcodes in; only what the runtime charges or decides stands here.
/** Extra of a cold account over the opcode's static price: 2500 from Berlin, else 0. */
export const R_COLD_ACCOUNT_EXTRA = 0;
/** Extra of a cold slot in SLOAD over its static price: 2000 from Berlin, else 0. */
export const R_COLD_SLOAD_EXTRA = 4;
/** Price of a cold slot in SSTORE: 2100 from Berlin, else 0. */
export const R_COLD_SSTORE = 8;
/** SSTORE: 0 Frontier, 1 EIP-1283, 2 EIP-2200 and later (stipend checked). */
export const R_SSTORE_METERING = 12;
/** SSTORE: no-op or dirty slot: 200 Constantinople, 800 Istanbul, 100 Berlin. */
export const R_SSTORE_DIRTY = 16;
export const R_SSTORE_SET = 20;
export const R_SSTORE_RESET = 24;
export const R_SSTORE_CLEAR_REFUND = 28;
/** SSTORE fails when gas left is at most this: 2300 from Istanbul, else 0. */
export const R_SSTORE_SENTRY = 32;
export const R_CALL_VALUE = 36;
export const R_CALL_STIPEND = 40;
export const R_CALL_NEW_ACCOUNT = 44;
export const R_SELFDESTRUCT_NEW_ACCOUNT = 48;
export const R_SELFDESTRUCT_REFUND = 52;
export const R_CREATE_DATA_BYTE = 56;
export const R_INIT_CODE_WORD = 60;
/** 0 = unlimited. */
export const R_MAX_CODE_SIZE = 64;
export const R_MAX_INIT_CODE_SIZE = 68;
export const R_COPY_WORD = 72;
export const R_KECCAK_WORD = 76;
export const R_LOG_DATA_BYTE = 80;
export const R_LOG_TOPIC = 84;
/** Refund is capped at gas used / this: 2, from London 5. */
export const R_REFUND_QUOTIENT = 88;
export const R_TX_BASE = 92;
export const R_TX_CREATE = 96;
export const R_TX_DATA_ZERO = 100;
export const R_TX_DATA_NONZERO = 104;
export const R_TX_ACCESS_ADDRESS = 108;
export const R_TX_ACCESS_SLOT = 112;
/** EIP-7623: price of a token in the floor, 0 before Prague. */
export const R_TX_FLOOR_TOKEN = 116;
/** EIP-7702: price and refund of an authorisation (25000, 12500), 0 before Prague. */
export const R_TX_AUTHORIZATION = 120;
export const R_TX_AUTHORIZATION_REFUND = 124;
/** EIP-7825: gas limit of one transaction (2^24 from Osaka), 0 = none. u64. */
export const R_TX_GAS_LIMIT = 128;
export const R_BLOB_GAS = 136;
/** EIP-7594: blobs of one transaction, 0 = only the block's limit counts. */
export const R_MAX_BLOBS_TX = 140;
export const R_MAX_BLOBS_BLOCK = 144;
/** EIP-7976: tokens of a zero byte in the floor. EIP-7981: price of a byte of the access list. */
export const R_TX_FLOOR_ZERO_TOKENS = 148;
export const R_TX_ACCESS_BYTE = 152;
/** EIP-8037: hash of a word of deposited code: 6, before Amsterdam 0. */
export const R_CREATE_DATA_WORD = 156;
/** Switches. */
/** EIP-150: all but one 64th. */
export const R_ALL_BUT_ONE_64TH = 160;
/** EIP-158/161: empty accounts touched are deleted, new-account gas only with value, nonce 1. */
export const R_CLEAR_EMPTY = 164;
/** EIP-2: creation fails when the deposit cannot be paid (Homestead on). */
export const R_CREATE_MUST_PAY = 168;
/** EIP-3541: code may not start with 0xEF. */
export const R_REJECT_EF = 172;
/** EIP-2929. */
export const R_WARMTH = 176;
/** EIP-3651: the coinbase is warm. */
export const R_WARM_COINBASE = 180;
/** EIP-6780: SELFDESTRUCT deletes only what the same transaction created. */
export const R_SELFDESTRUCT_ONLY_NEW = 184;
/** EIP-1559: base fee is burnt, fees are bounded by it. */
export const R_BASE_FEE = 188;
/** EIP-3607: senders with code are refused (applied to every fork, as all clients do). */
export const R_REFUSE_SENDER_CODE = 192;
/** EIP-7702. */
export const R_DELEGATION = 196;
/** EIP-2681: nonce below 2^64 - 1. */
export const R_MAX_NONCE = 200;
/** EIP-3860: init code is limited and priced. */
export const R_LIMIT_INIT_CODE = 204;
/** Types of transaction allowed: bit t for type t. */
export const R_TX_TYPES = 208;
/** EIP-150: SELFDESTRUCT charges for a new account. */
export const R_SELFDESTRUCT_CHARGES = 212;
/** EIP-7610 / EIP-684: creation at an address with nonce, code or storage fails. */
export const R_CREATE_CHECKS_STORAGE = 216;
/** Highest precompile address in a row (4, 8, 9, 10, 17), and whether 0x100 is one. */
export const R_PRECOMPILES = 220;
export const R_PRECOMPILE_P256 = 224;
/** ptr, u32: further precompile and module addresses as words (a host's own). */
export const R_CUSTOM = 228;
export const R_CUSTOM_COUNT = 232;
/** EIP-8037: bytes of a new slot, a new account, an authorisation. All 0 before Amsterdam. */
export const R_STATE_BYTES_SLOT = 236;
export const R_STATE_BYTES_ACCOUNT = 240;
export const R_STATE_BYTES_AUTHORIZATION = 244;
/** EIP-8037: the limit of a transaction's gas is one of execution; what is above is state gas. */
export const R_STATE_GAS = 248;
/** EIP-8037: state gas of a byte, 0 = C_STATE_BYTE_PRICE. */
export const R_STATE_BYTE_PRICE = 252;
/** EIP-7708: transfers of ether leave logs. EIP-7778: a block counts gas before refunds. */
export const R_LOG_TRANSFERS = 256;
export const R_BLOCK_GAS_BEFORE_REFUNDS = 260;
/**
 * EIP-8037, where its drafts differ. State gas is kept: a failed transaction's, and a failed
 * creation's for its account; a deleted account's. An authorisation's refund comes off the block's.
 */
export const R_KEEP_FAILED_STATE_GAS = 264;
export const R_KEEP_DELETED_STATE_GAS = 268;
export const R_STATE_GAS_AFTER_AUTHORIZATIONS = 272;
/**
 * Warm from the start: precompiles up to this in a row, 0x100, and those of R_CUSTOM but for so
 * many at its beginning. They are the fork's, whatever a call puts in their place or elsewhere.
 */
export const R_WARM_PRECOMPILES = 276;
export const R_WARM_P256 = 280;
export const R_CUSTOM_COLD = 284;
export const RULES_BYTES = 320;

// ---------------------------------------------------------------- overlay entries (runtime/state)
// Entry of an account in a context's overlay. The machine reads A_*; only runtime/state writes.
/** word */
export const A_ADDRESS = 0;
/** word */
export const A_BALANCE = 32;
/** hash of the code (KECCAK of nothing for accounts without). */
export const A_CODE_HASH = 64;
/** u64 */
export const A_NONCE = 96;
/** u32: bit set of ACCOUNT_*. */
export const A_FLAGS = 104;
/** u32: storage generation; slots of an older one read as zero. */
export const A_GENERATION = 108;
/** ptr: code object, 0 = not loaded yet (or no code: see the hash). */
export const A_CODE = 112;
/** ptr: the entry's last record in the journal, 0 = none since the transaction began. */
export const A_SAVED = 116;
/** 124 to 255: private to runtime/state. */
export const A_RUNTIME = 124;
export const ACCOUNT_BYTES = 256;

export const ACCOUNT_EXISTS = 1;
export const ACCOUNT_WARM = 2;
/** Created by this transaction (CREATE, CREATE2 or a creating transaction). */
export const ACCOUNT_CREATED = 4;
export const ACCOUNT_SELFDESTRUCTED = 8;
/** EIP-158: touched, so deleted at the end of the transaction when empty. */
export const ACCOUNT_TOUCHED = 16;
/** Some field differs from the layer below (set on every write, never cleared by a revert). */
export const ACCOUNT_DIRTY = 32;

/** Of a version: taken back by the host, so the layer below counts. */
export const ACCOUNT_ABSENT = 128;
/** Storage generation of a version's slot that was taken back: no account has it. */
export const GENERATION_ABSENT = 4294967295;

/** The code differs from the layer below. */
export const ACCOUNT_CODE_CHANGED = 64;

/** Entry of a slot in a context's overlay. */
/** word: slot key. */
export const S_KEY = 0;
/** word: current value. */
export const S_VALUE = 32;
/** word: value at the start of the transaction. */
export const S_ORIGINAL = 64;
/** u32: bit set of SLOT_*. */
export const S_FLAGS = 96;
/** ptr: account entry. */
export const S_ACCOUNT = 100;
/** ptr: the entry's last record in the journal, 0 = none since the transaction began. */
export const S_SAVED = 104;
export const S_GENERATION = 108;
export const S_RUNTIME = 112;
export const SLOT_BYTES = 128;

export const SLOT_WARM = 1;
export const SLOT_DIRTY = 2;

// ---------------------------------------------------------------- the heap (in GLOBALS)
/** u32: next free byte and end of the heap that runtime/allocator.ts hands out. */
export const G_HEAP_TOP = 16;
export const G_HEAP_END = 20;
/** u32 x 32 from here: free lists by power of two. */
export const G_FREE_LISTS = 256;
/**
 * Secret of the hash tables: 8 x u32 added to a key, u64 factor of the salt, u64 factor of the
 * sum (runtime/tables.ts).
 */
export const G_HASH_KEYS = 384;
export const G_HASH_KEYS_BYTES = 48;
/** Scratch of the arithmetic of one runtime instance: offsets are its own affair, but for these. */
export const SCRATCH_BYTES = 4096;
/** word x 2: operands and result of kernels/divide.ts. */
export const SCRATCH_KERNELS = 704;
/**
 * Reciprocals of moduli (kernels/mulmod.ts): a direct-mapped cache. It belongs to an instance, that
 * is to one thread, so an entry is never read half written.
 */
export const SCRATCH_RECIPROCALS = 2560;
/** A power of two. */
export const RECIPROCAL_COUNT = 8;
/** word: the modulus; all ones, which needs no reciprocal, where there is none yet. */
export const RECIPROCAL_MODULUS = 0;
/** word: the divisor: the modulus, shifted left to 256 bits where it has fewer than 251. */
export const RECIPROCAL_DIVISOR = 32;
/** u32 x 9: the divisor's digits of 30 bits. */
export const RECIPROCAL_DIVISOR_DIGITS = 64;
/** u32 x 10: the digits of floor(2^540 / divisor). */
export const RECIPROCAL_DIGITS = 100;
/** u64: by how many bits the divisor is shifted, below 64. */
export const RECIPROCAL_SHIFT = 144;
/** word: the last modulus that was looked for here in vain. */
export const RECIPROCAL_SEEN = 160;
export const RECIPROCAL_BYTES = 192;

// ---------------------------------------------------------------- private to the runtime
/** In a context, from C_RUNTIME: the overlay's tables (TABLE_BYTES each). */
export const C_ACCOUNTS = 1024;
export const C_SLOTS = 1056;
export const C_TRANSIENT = 1088;
/** RECENT_SLOTS x {ptr: entry of the overlay, u32: the table's epoch}: slots looked for last. */
export const C_RECENT_SLOTS = 3072;
/** A power of two. */
export const RECENT_SLOTS = 64;
/** BLOOM_BITS x BLOOM_BITS_BYTES: addresses and topics hashed last (runtime/receipt-logs.ts). */
export const C_BLOOM_BITS = 20480;
export const BLOOM_BITS = 256;
export const BLOOM_BITS_BYTES = 48;
/** u32: a limit of the host was hit: the transaction is void. */
export const C_LIMIT_HIT = 1120;
/** u32: machine (rule set) id, part of the code cache's key. */
export const C_MACHINE = 1124;
/** ptr: code object of accounts without code. */
export const C_EMPTY_CODE = 1128;
/** u32: bit set of CONTEXT_FLAG_*. */
export const C_FLAGS = 1132;
/** ptr: the journal where the frame that runs began. */
export const C_CHECKPOINT = 1136;
/** ptr: end of the return data at the end of the memory region. */
export const C_RETURN_DATA = 1148;
/** u32: status with which the host answered a precompile's frame, 0 = not yet. */
export const C_PRECOMPILE = 1152;
/** word: hash of the empty string. */
export const C_EMPTY_HASH = 1184;
/** word x 2: scratch of the runtime. */
export const C_SCRATCH = 1216;

/** ptr: cache of hashes of one or two words, of one transaction (runtime/hashes/pairs.ts). */
export const C_PAIR_HASHES = 1156;

/** ptr: init code of this context that lives, the innermost first; chained by CODE_NEXT. */
export const C_INIT_CODES = 1160;
/** ptr: layer of one call's state overrides, over the block's versions; 0 = none. */
export const C_OVERRIDES = 1164;
/** u32: what STATUS_HOOK reports: HOOK_*. */
export const C_HOOK = 1168;
/** ptr: the frame that it is about. */
export const C_HOOK_FRAME = 1172;
/** u32: status with which the last frame that was left ended, its deposit of code included. */
export const C_HOOK_STATUS = 1176;
/** u32: why a call failed before it began: CALL_FAILURE_*. */
export const C_HOOK_FAILURE = 1180;
/** 256 bits: block hashes that the transaction read, by number & 255. */
export const C_BLOCK_HASH_READS = 1408;

/** i64: state gas that came into being (positive) or was lost, and counts as no gas used. */
export const C_STATE_GAS_GRANTED = 1440;
/** i64: state gas of a byte by the block's gas limit (EIP-8037). */
export const C_STATE_BYTE_PRICE = 1448;

export const HOOK_ENTER = 1;
export const HOOK_EXIT = 2;
/**
 * A call or creation that failed before it began. C_HOOK_FRAME is the caller's, and F_SCRATCH_2 of
 * it holds u32 the operands' place, u32 bytes of input, i64 gas that was meant for it.
 */
export const HOOK_FAILED = 3;
export const CALL_FAILURE_DEPTH = 1;
export const CALL_FAILURE_BALANCE = 2;
export const CALL_FAILURE_NONCE = 3;
export const CALL_FAILURE_COLLISION = 4;
/** u32 in a frame: whether its hooks were reported: FRAME_HOOK_*. */
export const F_HOOK = 408;
export const FRAME_HOOK_NONE = 0;
export const FRAME_HOOK_ENTERED = 1;
export const FRAME_HOOK_LEFT = 2;

/** Return to the host after each instruction. */
export const CONTEXT_FLAG_STEP = 1;
/** Return STATUS_HOOK at call enter and exit. */
export const CONTEXT_FLAG_HOOKS = 2;
/** Return STATUS_HOT when code became hot. */
export const CONTEXT_FLAG_TIERS = 4;

/** Report code when it is first entered, not only when it is hot. */
export const CONTEXT_FLAG_COMPILE_FIRST = 8;
/** With CONTEXT_FLAG_STEP: return once before the first instruction; cleared by the driver. */
export const CONTEXT_FLAG_STEP_FIRST = 16;

/** Ask the host's `watch` between slices, as frames change, and within long instructions. */
export const CONTEXT_FLAG_WATCH = 32;
/** What `watch` answers: go on, return to the host (STATUS_POLL), stop where it stands. */
export const WATCH_GO_ON = 0;
export const WATCH_RETURN = 1;
export const WATCH_STOP = 2;

/** A layer (versions or view): two tables. */
export const LAYER_ACCOUNTS = 0;
export const LAYER_SLOTS = 32;
export const LAYER_BYTES = 64;

/** u32 in an account entry: always zero (the table's salt). */
export const A_SALT = 124;
/** u32: of a view's entry: 0 unknown, 1 no storage, 2 storage. */
export const A_HAS_STORAGE = 128;
/** u32, u32: of a version: slots that are not zero, and the storage generation they are of. */
export const A_SLOT_COUNT = 128;
export const A_SLOT_GENERATION = 132;
/** u32: bit set of READ_*: what was read, never undone. */
export const A_READS = 132;
/** u32: of an overlay entry: storage generation when the transaction began. */
export const A_GENERATION_BEFORE = 136;
/** u32: of a slot: bit set of READ_*. */
export const S_READS = 112;

export const READ_BALANCE = 1;
export const READ_NONCE = 2;
export const READ_CODE = 4;
export const READ_EXISTENCE = 8;
export const READ_HAS_STORAGE = 16;
export const READ_SLOT = 32;

/** Block hash record. */
export const BLOCK_HASH_BYTES = 64;

/** u32 in TX_RUNTIME: 0 = not begun, 1 = frames run, 2 = done. */
export const TX_PHASE = 384;
export const TX_PHASE_RUNNING = 1;
/** word: what the sender paid in advance (blob gas not counted). */
export const TX_SCRATCH = 416;
/** u64: state gas left in the block (host writes), and how much of TX_INTRINSIC_GAS is such. */
export const TX_BLOCK_STATE_GAS_LEFT = 448;
export const TX_INTRINSIC_STATE_GAS = 456;
/** u64: result: gas that counts towards the block's limit, state gas apart. */
export const TX_BLOCK_GAS_USED = 464;

// Why a transaction is refused (TX_REFUSED), in the order of RefusalReason in types.ts.
export const REFUSED_TYPE = 1;
export const REFUSED_NONCE_LOW = 2;
export const REFUSED_NONCE_HIGH = 3;
export const REFUSED_NONCE_OVERFLOW = 4;
export const REFUSED_SENDER_CODE = 5;
export const REFUSED_FUNDS = 6;
export const REFUSED_INTRINSIC = 7;
export const REFUSED_FLOOR = 8;
export const REFUSED_BLOCK_GAS = 9;
export const REFUSED_GAS_LIMIT = 10;
export const REFUSED_BASE_FEE = 11;
export const REFUSED_PRIORITY = 12;
export const REFUSED_INIT_CODE = 13;
export const REFUSED_BLOB_FEE = 14;
export const REFUSED_NO_BLOBS = 15;
export const REFUSED_BLOBS = 16;
export const REFUSED_BLOB_VERSION = 17;
export const REFUSED_BLOB_CREATE = 18;
export const REFUSED_NO_AUTHORIZATIONS = 19;
export const REFUSED_SET_CODE_CREATE = 20;
export const REFUSED_OVERFLOW = 21;
