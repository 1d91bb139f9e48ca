/**
 * What runtime and host agree on for a block that is executed in parallel: the job, its tasks, and
 * what the transactions have written and observed (docs/design/parallel.md). All of it lies in one
 * region of the shared memory, handed out from its start on and never given back before the job
 * ends, so that what one thread has published no other can see changed.
 */

// ---------------------------------------------------------------- job
// What is written often lies in lines of 64 bytes of its own, by who writes it: another core waits
// 50 ns for a line that was written since.

/** u32: transactions. */
export const J_COUNT = 0;
/** u32: JOB_*. */
export const J_STATUS = 4;
/** ptr: tasks, one a transaction. */
export const J_TASKS = 8;
/** ptr, u32 (a power of two less one): the table of what was written. */
export const J_BUCKETS = 12;
export const J_BUCKET_MASK = 16;
/** ptr: end of the region. */
export const J_END = 20;
/** u64: the block's gas limit. */
export const J_GAS_LIMIT = 24;
/** u32: how wide the window may be. */
export const J_WINDOW_MAX = 32;
/** u32: not 0 = workers dawdle between tasks, for tests: the number that chance begins with. */
export const J_SEED = 36;
/** ptr, u32: entries of the block's versions that the job has changed: CHANGED_BYTES each. */
export const J_CHANGED = 40;
export const J_CHANGED_COUNT = 44;
/** u32: 1 = what each transaction looked at is to be listed (TASK_ACCESSES). */
export const J_LISTS_ACCESSES = 48;

/** u32: the head: the first transaction that does not count yet. */
export const J_HEAD = 64;
/** u32: so many from the head on are executed in advance; adapts itself up to J_WINDOW_MAX. */
export const J_WINDOW = 68;
/** u64: what the transactions that count take of the block's gas. */
export const J_GAS_USED = 72;
/** u32, u32: transactions executed in advance that counted, and that had to be executed again. */
export const J_KEPT = 80;
export const J_AGAIN = 84;
/** u32, u32: executed at the head since the window closed; for how many it stays so. */
export const J_CLOSED = 88;
export const J_CLOSED_FOR = 92;
/** u64: what they take of the block's gas of the state's growth (EIP-8037). */
export const J_STATE_GAS_USED = 96;

/** u32: the first that nobody has taken to execute it in advance. */
export const J_NEXT = 128;

/** ptr: first free byte of the region. */
export const J_FREE = 192;

/** u32: raised for those who sleep on it, having nothing to do. */
export const J_BELL = 256;
/** u32: who sleeps on the bell, or is about to. */
export const J_SLEEPERS = 260;
/** u32: raised when the other workers are to go back to their host, who has news. */
export const J_LEAVE = 264;
/** u32: 1 = one was rung for who is not awake yet. */
export const J_RUNG = 268;

/** u32: the first transaction whose task is not written yet: whoever writes them goes before. */
export const J_READY = 320;

/** u32: 1 = the first worker is awake; 0 = it sleeps, or is with its host. */
export const J_FIRST_WORKS = 324;

/** u32: raised by each worker that waits for state; what the first worker has seen of it. */
export const J_ASKS = 384;
export const J_ASKS_SEEN = 388;
/** u32, u32: requests that nobody waits for: how many were made, and answered. */
export const J_REQUESTS = 392;
export const J_ANSWERED = 396;
/** u32: code objects that became hot, HOT_CODES_MAX at most, and how many. */
export const J_HOT_COUNT = 400;

export const J_HOT = 512;
export const HOT_CODES_MAX = 224;
/** ASKED_BYTES each, ASKED_MAX at most. */
export const J_REQUEST = 1472;
export const ASKED_MAX = 1024;
export const JOB_BYTES = 99_776;

// ---------------------------------------------------------------- what is asked for
/** u32: REQUEST_*; written last, 0 = it is being written. u32: the transaction. */
export const ASKED_KIND = 0;
export const ASKED_INDEX = 4;
/** word, word: as C_REQUEST_ADDRESS and C_REQUEST_SLOT. */
export const ASKED_ADDRESS = 32;
export const ASKED_SLOT = 64;
export const ASKED_BYTES = 96;

export const JOB_RUNS = 0;
export const JOB_DONE = 1;
/**
 * Somebody found what only the sequential executor can settle: a limit of the host, a region that
 * is full. Nothing of the job has reached the block's versions.
 */
export const JOB_GIVEN_UP = 2;

/** How a transaction came to count: executed at the head, or in advance, and it held or did not. */
export const COUNTED_FIRST = 0;
export const COUNTED_KEPT = 1;
export const COUNTED_AGAIN = 2;

// ---------------------------------------------------------------- task
/** u32: TASK_*; of one that runs, who runs it, by number from 1 on, in the bits above. */
export const TASK_STATE = 0;
/** ptr: the latest of the records that the transaction has written, chained. */
export const TASK_RECORDS = 4;
/** ptr, u32, u32: what it observed: accounts, then slots, and how many. */
export const TASK_READS = 8;
export const TASK_READ_ACCOUNTS = 12;
export const TASK_READ_SLOTS = 16;
/** u32: how the outermost frame ended: STATUS_*. */
export const TASK_STATUS = 20;
/** ptr, u32: bloom and RLP of its logs (runtime/receipt-logs.ts). */
export const TASK_LOGS = 24;
export const TASK_LOGS_BYTES = 28;
/** u64: gas used. */
export const TASK_GAS_USED = 32;
/** ptr, u32: blob hashes. */
export const TASK_BLOB_HASHES = 40;
export const TASK_BLOB_HASH_COUNT = 44;
/** u32: where the head was when somebody began to execute it in advance, or to look at it. */
export const TASK_LOOKED = 48;
/** u32: why it is refused, REFUSED_*: then it has changed nothing; 0 = it is not. */
export const TASK_REFUSED = 52;
/** u32: 1 = it is too large for the contexts of all but the first worker. */
export const TASK_LARGE = 56;
/** u32: COUNTED_*. */
export const TASK_HOW = 60;
/** u32: 1 = it is not to be executed in advance: it was refused, or waits for state. */
export const TASK_STAYS = 108;
/** u32: a transaction that it is likely to read from, by number from 1 on; 0 = none is known. */
export const TASK_AFTER = 112;
/** u32: who has executed it, by number. */
export const TASK_BY = 104;
/** u64, u64: what it takes of the block's gas, and of that of the state's growth (EIP-8037). */
export const TASK_BLOCK_GAS_USED = 96;
export const TASK_STATE_GAS_USED = 120;
/** ptr: what it looked at and wrote, if only for a while (ACCESSED_*); 0 = nobody asked. */
export const TASK_ACCESSES = 116;
/** word: address created. */
export const TASK_CREATED = 64;
/** The transaction, as it lies in a context (TX_*). */
export const TASK_TX = 128;
export const TASK_TX_BYTES = 480;
export const TASK_BYTES = 640;

export const TASK_WAITS = 0;
export const TASK_EXECUTED = 1;
export const TASK_COUNTS = 2;
export const TASK_RUNS = 3;
export const TASK_OWNER_SHIFT = 8;

// ---------------------------------------------------------------- transactions as blocks hold them
/** Bytes of the sender's address, which stands before them. */
export const RAW_SENDER_BYTES = 20;
/** Bit set that `writeRaw` answers: the task is written, or left to the host. */
export const RAW_LEFT = 0;
export const RAW_WRITTEN = 1;
/** Nobody has asked for the sender's account yet, or for the recipient's. */
export const RAW_LACKS_SENDER = 2;
export const RAW_LACKS_RECIPIENT = 4;

// ---------------------------------------------------------------- what was written
/** An account or a slot that a transaction has written. ptr: the next of its bucket. */
export const W_NEXT = 0;
/** ptr: its records, the latest transaction's first. */
export const W_RECORDS = 4;
/** u32: WRITTEN_*. */
export const W_KIND = 8;
/** u32: 1 = it is in the block's versions. */
export const W_FOLDED = 12;
/** ptr: the record of the last transaction that counts; 0 = of none. */
export const W_COUNTED = 16;
/** ptr: of an account: its entry as it was before the block; 0 = not looked for yet. */
export const W_BEFORE = 20;
/** word, word: the slot and its account; of an account its address and zero. */
export const W_KEY = 32;
export const W_OWNER = 64;
export const W_BYTES = 128;

export const WRITTEN_ACCOUNT = 1;
export const WRITTEN_SLOT = 2;

/** A record. ptr: the next of the same account or slot; the next of the same transaction. */
export const V_NEXT = 0;
export const V_NEXT_OWN = 4;
/** u32: the transaction. */
export const V_INDEX = 8;
/** u32: 1 = it was replaced. */
export const V_DEAD = 12;
/** u32: of an account: bit set of VERSION_*. */
export const V_FIELDS = 16;
/** ptr: of whom it is a record: an entry W_*. */
export const V_ENTRY = 20;
/** u32: bit set of READ_*: what the transaction observed of it; 0 = that stands elsewhere. */
export const V_READS = 24;
/** u32: of an account: 1 = it was empty. */
export const V_EMPTY_BEFORE = 28;
/** word: balance, or what was added to it; of a slot its value. */
export const V_VALUE = 32;
/** word: of a slot: the value that was observed. */
export const VS_OBSERVED = 64;
/** hash, u64, u32 (ACCOUNT_EXISTS or 0): of an account, as in A_*, so that it stands for one. */
export const V_CODE_HASH = 64;
export const V_NONCE = 96;
export const V_FLAGS = 104;
/** u32: storage generation, of an account or of a slot. */
export const V_GENERATION = 108;
export const SLOT_VERSION_BYTES = 128;
/** ptr, u64, word: of an account; the word is the balance, or else the least it had to be. */
export const V_CODE = 112;
export const V_NONCE_BEFORE = 120;
export const V_OBSERVED = 128;
export const ACCOUNT_VERSION_BYTES = 192;

/** The balance as such; else what was added to it. */
export const VERSION_BALANCE = 1;
export const VERSION_ADDED = 2;
export const VERSION_NONCE = 4;
/** Existence, code and storage generation. */
export const VERSION_REST = 8;

// ---------------------------------------------------------------- what was observed
/** word: address. */
export const O_ADDRESS = 0;
/** word, word: balance, and the least that it had to be. */
export const O_BALANCE = 32;
export const O_NEEDED = 64;
/** hash, u64, u32, u32: code hash, nonce, storage generation, bit set of READ_*. */
export const O_CODE_HASH = 96;
export const O_NONCE = 128;
export const O_GENERATION = 140;
export const O_READS = 144;
/** u32: 1 = it was empty. */
export const O_EMPTY = 148;
export const OBSERVED_ACCOUNT_BYTES = 160;

/** word, word, word, u32: slot, account, value, storage generation. */
export const O_SLOT = 0;
export const O_SLOT_OWNER = 32;
export const O_SLOT_VALUE = 64;
export const O_SLOT_GENERATION = 96;
export const OBSERVED_SLOT_BYTES = 112;

// ---------------------------------------------------------------- what was looked at
/** u32, u32: accounts, and behind them slots: a word an account; two a slot, key and account. */
export const ACCESSED_ACCOUNTS = 0;
export const ACCESSED_SLOTS = 4;
export const ACCESSED_LIST = 32;
export const ACCESSED_ACCOUNT_BYTES = 32;
export const ACCESSED_SLOT_BYTES = 64;
export const ACCESSED_OWNER = 32;

// ---------------------------------------------------------------- in a context
/** ptr: the job that the context works on; 0 = none. */
export const C_JOB = 1456;
/** u32, ptr: the transaction that it executes, and its task; the pointer is 0 between two. */
export const C_TASK_INDEX = 1460;
export const C_TASK = 1464;
/** u32: whether it executes at the head. */
export const C_AT_HEAD = 1468;
/** u32: who works in it, by number from 1 on. */
export const C_WORKER = 1472;
/** u32: COUNTED_*, of what is executed at the head. */
export const C_COUNTS_AS = 1480;
/** u32: 1 = the worker may touch the job. */
export const C_INSIDE = 1484;
/** u32: ASKS* = it waits for state that its request names. */
export const C_ASKS = 1488;
/** u32: J_LEAVE as it was when its host looked for news. */
export const C_LEAVE_SEEN = 1500;
/** u32: what chance is at (J_SEED). */
export const C_CHANCE = 1504;
/** ptr, ptr: what is left of the part of the region that the worker has for itself. */
export const C_CHUNK = 1508;
export const C_CHUNK_END = 1512;
/** ptr, ptr: where the next event is noted (EVENT_*), and the end of the room; 0 = none are. */
export const C_EVENTS = 1492;
export const C_EVENTS_END = 1496;
/** Entries of an account and of a slot: scratch of a worker. */
export const C_JOB_SCRATCH = 1536;

// ---------------------------------------------------------------- in GLOBALS
/** u32: 1 = somebody adds to the table of codes. */
export const G_CODES_LOCK = 200;

/** u32: in an entry of an overlay, of an account or a slot: its record says what was observed. */
export const A_IN_RECORD = 140;
export const S_IN_RECORD = 116;
/** In an account's entry of an overlay, while there is a job: as the transaction found it. */
export const A_NONCE_BEFORE = 144;
export const A_EXISTS_BEFORE = 152;
export const A_BALANCE_BEFORE = 160;
export const A_CODE_HASH_BEFORE = 192;
/** word: the balance had to be so much at least. */
export const A_NEEDED = 224;

/** In place of READ_BALANCE: something was added; the balance was at least A_NEEDED. */
export const READ_ADDED = 64;
export const READ_TAKEN = 128;
/** In a record: it says what was observed, if only that the account has its storage still. */
export const READ_SOMETHING = 256;

// ---------------------------------------------------------------- what `work` answers
/** The job is done, or was given up. Others are those with which a transaction asks the host. */
export const WORK_DONE = -1;
/** There is nothing to do before the bell rings. */
export const WORK_WAITS = -2;
/** One task was seen to. */
export const WORK_GOES_ON = -3;
/** The worker looks whether it is answered yet; it is to be woken. */
export const ASKS = 1;
export const ASKS_ASLEEP = 2;
/** To the first worker: others ask for state. */
export const WORK_SERVES = -4;
/** To the others: their hosts have news to look for (J_LEAVE). */
export const WORK_LEAVES = -5;
/** The one whose host has the state, and whose context is large. */
export const FIRST_WORKER = 1;

// ---------------------------------------------------------------- what has changed
/** ptr: an account's or a slot's entry of the block's versions. */
export const CHANGED_ENTRY = 0;
/** u32: WRITTEN_*. */
export const CHANGED_KIND = 4;
/** u32, u32: of an account, whether its storage was wiped, and whether it has another code. */
export const CHANGED_WIPED = 8;
export const CHANGED_CODE = 12;
export const CHANGED_BYTES = 16;

// ---------------------------------------------------------------- events
/** f64: milliseconds of the host's clock. */
export const EVENT_TIME = 0;
/** u32: what happened, the lines below; u32: the transaction. */
export const EVENT_KIND = 8;
export const EVENT_INDEX = 12;
/** word, word: account and slot of which something else was observed; u32: WRITTEN_*. */
export const EVENT_KEY_KIND = 16;
export const EVENT_ADDRESS = 32;
export const EVENT_SLOT = 64;
export const EVENT_BYTES = 96;

export const EVENT_EXECUTES_AT_HEAD = 1;
export const EVENT_EXECUTES_IN_ADVANCE = 2;
export const EVENT_LOOKS = 3;
/** What it observed is not so any more. */
export const EVENT_STALE = 4;
export const EVENT_COUNTS = 5;
/** Given back: executed in advance, or looked at. */
export const EVENT_GIVES_BACK = 6;
/** There was nothing to do; until its next event. */
export const EVENT_SLEEPS = 7;
export const EVENT_ASKS = 8;
export const EVENT_IS_ANSWERED = 9;
