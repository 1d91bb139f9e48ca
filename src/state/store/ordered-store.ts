/**
 * An embedded store of bytes by bytes, in the order of its keys: what the state lies in.
 *
 * A store belongs to one process that writes. What is in it is marked with a magic and a version
 * (store-format.ts): one of anything else, of another version, or damaged is refused on opening,
 * and nothing in it changes then.
 */

import { IronflyError } from '../../base/errors.ts';

export type StoreFault =
  | 'store/missing'
  | 'store/foreign'
  | 'store/version'
  | 'store/damaged'
  | 'store/read only'
  | 'store/failed'
  | 'store/unfinished'
  | 'store/closed';

export class StoreError extends IronflyError<StoreFault> {}

/** Keys are 1 to `KEY_BYTES_MAX` bytes. */
export const KEY_BYTES_MAX = 511;

/** A value to put under a key, or, without one, a key to delete. */
export interface StoreChange {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

export interface StoreEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export interface OrderedStore {
  readonly readOnly: boolean;
  /** The value of a key: a view, good until the store is called again. */
  get(key: Uint8Array): Uint8Array | undefined;
  /**
   * Entries from `from` on and before `to`, in the order of their keys, as they are now; the
   * caller's own. To be gone through at once, or left.
   */
  range(from: Uint8Array, to: Uint8Array): Iterable<StoreEntry>;
  /**
   * Writes all changes or none, sorted by key, each key once; they are on the disk when it
   * resolves, and reads show them from then on. Reads of their keys meanwhile may show either.
   * `PackedChanges` are taken over.
   * @throws StoreError `store/failed` when nothing was written; `store/unfinished` when the rest is
   *   written as the store is opened again: it refuses everything from then on; `store/read only`,
   *   `store/closed`
   */
  write(changes: Iterable<StoreChange>): Promise<void>;
  /**
   * These keys will be asked for soon: their pages are read meanwhile, by other threads. Only
   * stores on a disk have it. The keys are taken over.
   */
  readAhead?(keys: readonly Uint8Array[]): void;
  close(): Promise<void>;
}

/** The first key behind all that begin with `prefix`, which is not all 0xff. */
export function prefixEnd(prefix: Uint8Array): Uint8Array {
  const end = prefix.slice(0, prefix.findLastIndex((byte) => byte !== 0xff) + 1);
  end[end.length - 1] = (end.at(-1) as number) + 1;
  return end;
}

export function closedStore(): StoreError {
  return new StoreError('store/closed', 'the store is closed');
}

export function readOnlyStore(): StoreError {
  return new StoreError('store/read only', 'the store was opened to be read only');
}
