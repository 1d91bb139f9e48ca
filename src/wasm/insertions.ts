/**
 * Code that was emitted later than its place: it stands at the end of a body's bytes, with the
 * place where it belongs, until the body is put in order.
 */
import { ByteBuffer } from './buffer.ts';

/** Bytes `from` to `to` belong before the byte at `at`. */
export interface Insertion {
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/** A run of bytes that stays together. */
interface Piece {
  readonly from: number;
  readonly to: number;
}

/** The pieces of a body of `length` bytes in the order in which they belong. */
function piecesOf(length: number, insertions: readonly Insertion[]): Piece[] {
  // An insertion ends a piece where it belongs, and another one where it was emitted.
  const cuts = [
    ...insertions.map((insertion) => ({ at: insertion.at, goOn: insertion.at, insertion })),
    ...insertions.map(({ from, to }) => ({ at: from, goOn: to, insertion: undefined })),
  ].sort((a, b) => a.at - b.at || a.goOn - b.goOn);
  const pieces: Piece[] = [];
  let from = 0;
  for (const { at, goOn, insertion } of cuts) {
    if (at > from) pieces.push({ from, to: at });
    if (insertion !== undefined) pieces.push(insertion);
    from = Math.max(from, goOn);
  }
  if (length > from) pieces.push({ from, to: length });
  return pieces;
}

/** Puts the body in order; gives, for offsets in it, ascending, where they are now. */
export function putInOrder(
  body: ByteBuffer,
  insertions: readonly Insertion[],
): (offset: number) => number {
  const pieces = piecesOf(body.length, insertions);
  const ordered = new ByteBuffer(body.length);
  const starts: { from: number; to: number; start: number }[] = [];
  for (const { from, to } of pieces) {
    starts.push({ from, to, start: ordered.length });
    ordered.append(body.bytes.subarray(from, to));
  }
  body.length = 0;
  body.append(ordered.view());
  starts.sort((a, b) => a.from - b.from);
  let i = 0;
  return (offset) => {
    while (offset >= (starts[i] as Piece).to) i += 1;
    const { from, start } = starts[i] as { from: number; start: number };
    return start + offset - from;
  };
}
