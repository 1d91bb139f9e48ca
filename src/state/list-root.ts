/**
 * Root of the trie that holds a list under the RLP of its indices: a block's transactions, receipts
 * or withdrawals. In WebAssembly (trie-runtime/list-root.ts).
 */

import { LIST_ROOT } from '../../build/list-root-bytes.ts';
import { EMPTY_ROOT } from './trie.ts';

/** Where the runtime's own memory ends: constants, working memory, buffers. */
const OWN_BYTES = 32_768;
/** u32 address, u32 size. */
const ROW_BYTES = 8;
/** Before a value: headers of leaf, path and value. */
const ROOM_BEFORE = 32;
/** Behind it: a block of Keccak's. */
const ROOM_BEHIND = 144;
const PAGE = 65_536;
/** What a larger list took goes with it. */
const KEPT_BYTES = 8_388_608;

interface Runtime {
  readonly memory: WebAssembly.Memory;
  listRoot(to: number, table: number, items: number): void;
}

let module: WebAssembly.Module | undefined;
let kept: Runtime | undefined;

/** 32 bytes. PERF: O(bytes), 2 us an item of 500 bytes. */
export function listRoot(items: readonly Uint8Array[]): Uint8Array {
  if (items.length === 0) return Uint8Array.fromHex(EMPTY_ROOT.slice(2));
  const table = OWN_BYTES;
  let size = table + items.length * ROW_BYTES;
  for (const { length } of items) size += ROOM_BEFORE + length + ROOM_BEHIND;
  const runtime = runtimeFor(size);
  const bytes = new Uint8Array(runtime.memory.buffer);
  const view = new DataView(runtime.memory.buffer);
  let at = table + items.length * ROW_BYTES;
  for (let index = 0; index < items.length; index++) {
    const item = items[index] as Uint8Array;
    at += ROOM_BEFORE;
    bytes.set(item, at);
    view.setUint32(table + index * ROW_BYTES, at, true);
    view.setUint32(table + index * ROW_BYTES + 4, item.length, true);
    at += item.length + ROOM_BEHIND;
  }
  runtime.listRoot(0, table, items.length);
  return bytes.slice(0, 32);
}

function runtimeFor(bytes: number): Runtime {
  if (bytes > KEPT_BYTES) return open(bytes);
  kept ??= open(KEPT_BYTES);
  return kept;
}

function open(bytes: number): Runtime {
  module ??= new WebAssembly.Module(Uint8Array.fromBase64(LIST_ROOT));
  const pages = Math.ceil(bytes / PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return { memory, listRoot: exports['listRoot'] as Runtime['listRoot'] };
}
