/**
 * The mark of a store: under the key 0x00 its magic and version.
 *
 *   value:  "ironfly state" | u32 version, big-endian
 */

import { concatBytes } from '../../base/bytes.ts';
import { type OrderedStore, type StoreChange, StoreError } from './ordered-store.ts';

/** Rises whenever keys or values are laid out anew. */
export const STORE_VERSION = 2;

const MAGIC = new TextEncoder().encode('ironfly state');
const MARK_KEY = Uint8Array.of(0);
const KEYS_END = Uint8Array.of(0xff, 0xff);

/**
 * Marks a store that is empty; holds any other to its mark.
 * @throws StoreError `store/foreign`, `store/version`
 */
export async function openFormat(store: OrderedStore, name: string): Promise<void> {
  const mark = store.get(MARK_KEY)?.slice();
  if (mark !== undefined) {
    checkMark(mark, name);
    return;
  }
  for (const { key } of store.range(Uint8Array.of(0), KEYS_END)) {
    const message = `${name} holds keys (0x${key.toHex()}) but not the mark of a state`;
    throw new StoreError('store/foreign', `${message}: give another folder`);
  }
  if (!store.readOnly) await store.write([markOf(STORE_VERSION)]);
}

/** What marks a store of a version. */
export function markOf(version: number): StoreChange {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, version);
  return { key: MARK_KEY, value: concatBytes(MAGIC, bytes) };
}

function checkMark(mark: Uint8Array, name: string): void {
  const isOurs = mark.length === MAGIC.length + 4 && MAGIC.every((byte, at) => mark[at] === byte);
  if (!isOurs) {
    const message = `${name} holds something else than a state: give another folder`;
    throw new StoreError('store/foreign', message);
  }
  const version = new DataView(mark.buffer, mark.byteOffset).getUint32(MAGIC.length);
  if (version !== STORE_VERSION) {
    const known = `this program reads version ${STORE_VERSION}`;
    throw new StoreError('store/version', `${name} has version ${version}, ${known}`, {
      details: { version },
    });
  }
}
