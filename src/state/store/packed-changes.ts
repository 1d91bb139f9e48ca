/**
 * Changes packed into a few pieces of memory, which go to another thread without being copied.
 *
 *   piece:    changes, one after another
 *   change:   u16 bytes of key | u32 bytes of value | u8 1 where the key is deleted | key | value
 *
 * Integers are little-endian. They are sorted by construction: what is out of order is refused
 * when it is added.
 */

import { assert } from '../../base/assert.ts';
import { KEY_BYTES_MAX, type StoreChange } from './ordered-store.ts';

const HEAD_BYTES = 7;
/** Of a piece; a change that is larger has one of its own. */
const PIECE_BYTES = 1_048_576;

/** What another thread is given of them. */
export interface Pieces {
  readonly pieces: readonly ArrayBuffer[];
  /** How many bytes of each piece count. */
  readonly ends: readonly number[];
}

export class PackedChanges implements Iterable<StoreChange> {
  count = 0;
  bytes = 0;
  readonly #pieces: Uint8Array<ArrayBuffer>[] = [];
  readonly #ends: number[] = [];
  #view: DataView = new DataView(new ArrayBuffer(0));
  #last: Uint8Array | undefined;

  /** @throws AssertionError as `add` does */
  static of(changes: Iterable<StoreChange>): PackedChanges {
    const packed = new PackedChanges();
    for (const { key, value } of changes) packed.add(key, value);
    return packed;
  }

  /** Those that another thread took: to be gone through, not added to. */
  static from({ pieces, ends }: Pieces): PackedChanges {
    const packed = new PackedChanges();
    for (const [index, piece] of pieces.entries()) {
      const end = ends[index] as number;
      packed.#pieces.push(new Uint8Array(piece));
      packed.#ends.push(end);
      packed.bytes += end;
    }
    return packed;
  }

  /**
   * Copies a change; without a value, the key is deleted.
   * @throws AssertionError for a key that is not behind the one before, or of a wrong size
   */
  add(key: Uint8Array, value: Uint8Array | undefined): void {
    assert(key.length > 0 && key.length <= KEY_BYTES_MAX, 'store: a key of such a size', {
      size: key.length,
    });
    if (this.#last !== undefined) {
      assert(Buffer.compare(this.#last, key) < 0, 'store: changes are not sorted by key');
    }
    const valueBytes = value?.length ?? 0;
    const size = HEAD_BYTES + key.length + valueBytes;
    const piece = this.#pieceFor(size);
    const at = this.#ends.at(-1) as number;
    this.#view.setUint16(at, key.length, true);
    this.#view.setUint32(at + 2, valueBytes, true);
    piece[at + 6] = value === undefined ? 1 : 0;
    const keyAt = at + HEAD_BYTES;
    piece.set(key, keyAt);
    this.#last = piece.subarray(keyAt, keyAt + key.length);
    if (value !== undefined) piece.set(value, keyAt + key.length);
    this.#ends[this.#ends.length - 1] = at + size;
    this.count += 1;
    this.bytes += size;
  }

  /**
   * Takes over all of another's, which come behind those that are there: it is not to be used any
   * more. @throws AssertionError as `add` does
   */
  append(other: PackedChanges): void {
    if (other.count === 0) return;
    const first = other.#first();
    if (this.#last !== undefined && first !== undefined) {
      assert(Buffer.compare(this.#last, first) < 0, 'store: changes are not sorted by key');
    }
    this.#pieces.push(...other.#pieces);
    this.#ends.push(...other.#ends);
    this.#view = other.#view;
    this.#last = other.#last;
    this.count += other.count;
    this.bytes += other.bytes;
  }

  #first(): Uint8Array | undefined {
    for (const { key } of this) return key;
    return undefined;
  }

  /** Hands the pieces over, to be transferred: there are none any more here. */
  take(): Pieces {
    const pieces = this.#pieces.splice(0).map(({ buffer }) => buffer);
    const ends = this.#ends.splice(0);
    this.#last = undefined;
    this.count = 0;
    this.bytes = 0;
    return { pieces, ends };
  }

  /** Keys and values are views of the pieces. */
  *[Symbol.iterator](): Iterator<StoreChange> {
    for (const [index, piece] of this.#pieces.entries()) {
      const view = new DataView(piece.buffer);
      const end = this.#ends[index] as number;
      for (let at = 0; at < end; ) {
        const keyAt = at + HEAD_BYTES;
        const valueAt = keyAt + view.getUint16(at, true);
        const next = valueAt + view.getUint32(at + 2, true);
        const key = piece.subarray(keyAt, valueAt);
        yield { key, value: piece[at + 6] === 1 ? undefined : piece.subarray(valueAt, next) };
        at = next;
      }
    }
  }

  #pieceFor(size: number): Uint8Array {
    const last = this.#pieces.at(-1);
    if (last !== undefined && (this.#ends.at(-1) as number) + size <= last.length) return last;
    const piece = new Uint8Array(Math.max(PIECE_BYTES, size));
    this.#pieces.push(piece);
    this.#ends.push(0);
    this.#view = new DataView(piece.buffer);
    return piece;
  }
}
