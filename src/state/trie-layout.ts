// Layout of the trie's linear memory: what its runtime (AssemblyScript, trie-runtime/) and the host
// (trie.ts) both know. This file is compiled by both, so it holds constants alone.
//
// first page: figures of the heap | instances' own bytes
// then: nodes in chunks, buffers in pages

/** u32: first address past the heap. */
export const HEAP_END = 64;
/** u32: the heap never grows past it. */
export const HEAP_LIMIT = 68;
/** u64: bytes in nodes. */
export const HEAP_USED = 72;
/** What several instances hash (trie-runtime/share.ts): u64 count of tasks ‖ the next of them. */
export const HASH_CLAIMS = 256;
/** u32: tasks that are done. */
export const HASH_DONE = 264;
/** u32: an instance failed. */
export const HASH_FAILED = 268;
/** Each instance has so many bytes from here on: free lists, Keccak state, a node's encoding. */
export const INSTANCES = 4096;
export const INSTANCE_BYTES = 8192;
/** Tasks of u32 child, u32 its position: as many as two levels of branches have children. */
export const HASH_TASKS = 61440;
export const HASH_TASK_BYTES = 8;
export const HEAP_START = 65536;

/** Trie: what the host holds of one. */
export const TRIE_BYTES = 96;
/** u32: the root node, 0 = none. */
export const TRIE_ROOT = 0;
/** u8: length of the root's encoding below; 0 = to be computed anew. */
export const TRIE_HASHED = 4;
/** u8: the root changed since it was written. */
export const TRIE_DIRTY = 5;
/** 32 bytes: hash of the root node. */
export const TRIE_HASH = 16;

/** Node: u8 kind. */
export const NODE_KIND = 0;
export const KIND_LEAF = 1;
export const KIND_BRANCH = 2;
/** A branch as its record has it (trie-runtime/packed.ts). */
export const KIND_PACKED = 3;

/** Leaf: u32 size of its value, 32 bytes of key, value. */
export const LEAF_SIZE = 4;
export const LEAF_KEY = 8;
export const LEAF_VALUE = 40;

/** Branch: u8 children it has room for. */
export const BRANCH_ROOM = 1;
/** u8: nibbles before the one that chooses the child. */
export const BRANCH_DEPTH = 2;
/** u8: nibbles before this node, an extension's first included. */
export const BRANCH_POSITION = 3;
/** u16: which children there are. */
export const BRANCH_MASK = 4;
/** u8: changed since it was written. */
export const BRANCH_DIRTY = 6;
/** u8: it has a record of its own, at an odd position. */
export const BRANCH_ALONE = 7;
/** u32: the clock when it was last used. */
export const BRANCH_USED = 8;
/** u8: all children that share a record at the branch's depth are in memory. */
export const BRANCH_COMPLETE = 12;
/** 32 bytes of which the first BRANCH_DEPTH nibbles count. */
export const BRANCH_PATH = 16;
export const BRANCH_CHILDREN = 48;

/** Packed branch: u16 size of the bytes, the bytes. */
export const PACKED_SIZE = 2;
export const PACKED_BRANCH = 8;

/** Child: u32 node, 0 = a branch that is not in memory. */
export const CHILD_BYTES = 40;
export const CHILD_NODE = 0;
/** u8: bytes of the encoding below: 32 a hash, fewer the node itself, 0 to be computed. */
export const CHILD_ENCODED = 4;
/** u8: KIND_*. */
export const CHILD_KIND = 5;
export const CHILD_ENCODING = 8;

/** Entry of an update: 32 bytes of key, u32 address of the value, u32 its size (0 deletes). */
export const ENTRY_BYTES = 40;
export const ENTRY_VALUE = 32;
export const ENTRY_SIZE = 36;

/** Packed entry: 32 bytes of key, u8 size of the value, the value. */
export const PACKED_ENTRY_BYTES = 33;

/** Values of a trie of accounts are the longest. */
export const VALUE_BYTES_MAX = 160;

/** Lists for the host, one after another: u32 address, u32 count, u32 room. */
export const LISTS = 128;
export const LIST_BYTES = 16;
export const LIST_ADDRESS = 0;
export const LIST_COUNT = 4;
/** A count that says that the list did not fit. */
export const LIST_OVERFLOWED = 0xffffffff;
/** Place: 32 bytes of path, u32 nibbles that count. */
export const PLACE_BYTES = 48;
export const PLACE_NIBBLES = 32;

/** Bytes for the host: u32 address, u32 size, u32 room, u32 bytes at which records are taken. */
export const OUTPUT = 192;
export const OUTPUT_ADDRESS = 0;
export const OUTPUT_SIZE = 4;
export const OUTPUT_PORTION = 12;

/** Address of what the host hands over: u32 address, u32 room. */
export const INPUT = 208;
export const INPUT_ADDRESS = 0;
export const INPUT_ROOM = 4;
export const RECORD_INPUT = 216;

/** Slot as the host hands it over: key and value, big-endian. */
export const SLOT_INPUT_BYTES = 64;
export const SLOT_VALUE_BYTES = 48;
/** Account as the host hands it over. */
export const ACCOUNT_INPUT_BYTES = 128;
export const ACCOUNT_EXISTS = 20;
export const ACCOUNT_NONCE = 24;
export const ACCOUNT_BALANCE = 32;
export const ACCOUNT_STORAGE_ROOT = 64;
export const ACCOUNT_CODE_HASH = 96;
