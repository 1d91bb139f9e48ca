/**
 * Answers that are made while they are sent: the struct log of a long transaction is larger than
 * any text that a process should hold. Whoever makes one writes pieces of JSON and waits while
 * nobody takes them, so that only a few are in memory at a time.
 */

import { RpcError } from './errors.ts';

/** A method's result as JSON text in pieces. Whoever gets one iterates it, or cancels it. */
export class Streamed {
  /** Good for one iteration; ends with an error when what was made cannot be ended. */
  readonly pieces: AsyncIterable<string>;
  /** Whether all of it had been made when it was given. */
  readonly isWhole: boolean;
  readonly #cancel: () => void;

  constructor(pieces: AsyncIterable<string>, cancel: () => void = () => {}, isWhole = false) {
    this.pieces = pieces;
    this.isWhole = isWhole;
    this.#cancel = cancel;
  }

  /** Nobody wants the rest: what holds it up lets go. */
  cancel(): void {
    this.#cancel();
  }

  /** The same within other text, as a result is within its answer. */
  within(before: string, after: string): Streamed {
    const { pieces } = this;
    async function* framed(): AsyncGenerator<string> {
      yield before;
      yield* pieces;
      yield after;
    }
    return new Streamed(framed(), () => this.cancel(), this.isWhole);
  }
}

/** Writes on; a promise where the reader is behind: to be awaited before more is written. */
export type Write = (text: string) => Promise<void> | undefined;

/** Characters of a piece: a socket takes so much at once. */
const PIECE_CHARACTERS = 64 << 10;
/** Pieces that wait for the reader. */
const PIECES_MAX = 4;

/** What nobody reads any more, or not in time, ends with this. */
export class StreamCancelled extends RpcError {
  constructor() {
    super('resource unavailable', 'request timed out');
  }
}

/**
 * An answer that `produce` writes. It begins at once, and stands still while four pieces wait.
 * Resolves with the first piece, so that what fails before is an error like any other.
 * @param signal the reader's: aborted, the writer is told by an error
 * @throws what `produce` throws before its first piece is full
 */
export async function streamOf(
  produce: (write: Write) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<Streamed> {
  const channel = new PieceChannel();
  const cancel = (): void => channel.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  if (signal?.aborted) cancel();
  const produced = produce((text) => channel.write(text)).finally(() =>
    signal?.removeEventListener('abort', cancel),
  );
  const ended = produced.then(
    () => channel.end(undefined),
    (error: unknown) => {
      channel.end(error);
      if (!channel.hasBegun) throw error;
    },
  );
  await Promise.race([ended, channel.begun]);
  // What fails later is told to the reader.
  ended.catch(() => {});
  return new Streamed(channel, cancel, channel.isEnded);
}

class PieceChannel implements AsyncIterable<string> {
  readonly #pieces: string[] = [];
  #open = '';
  #state: 'open' | 'ended' | 'cancelled' = 'open';
  #fault: unknown;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;
  #begin: () => void = () => {};
  /** Resolves with the first piece. */
  readonly begun: Promise<void> = new Promise((resolve) => {
    this.#begin = resolve;
  });
  /** Whether a piece was given to the reader, or is about to be. */
  hasBegun = false;

  get isEnded(): boolean {
    return this.#state === 'ended';
  }

  write(text: string): Promise<void> | undefined {
    if (this.#state === 'cancelled') throw new StreamCancelled();
    this.#open += text;
    if (this.#open.length < PIECE_CHARACTERS) return undefined;
    this.#push();
    this.hasBegun = true;
    this.#begin();
    if (this.#pieces.length < PIECES_MAX) return undefined;
    return new Promise((resolve) => {
      this.#wakeWriter = resolve;
    });
  }

  end(fault: unknown): void {
    if (this.#state === 'open') this.#state = 'ended';
    this.#fault = fault;
    this.#push();
  }

  cancel(): void {
    this.#state = 'cancelled';
    this.#fault ??= new StreamCancelled();
    this.#pieces.length = 0;
    this.#wakeWriter?.();
    this.#wakeReader?.();
  }

  #push(): void {
    if (this.#open !== '') this.#pieces.push(this.#open);
    this.#open = '';
    this.#wakeReader?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    try {
      for (;;) {
        const piece = this.#pieces.shift();
        if (piece !== undefined) {
          this.#wakeWriter?.();
          yield piece;
        } else if (this.#state === 'open') {
          await new Promise<void>((resolve) => {
            this.#wakeReader = resolve;
          });
        } else {
          if (this.#fault !== undefined) throw this.#fault;
          return;
        }
      }
    } finally {
      if (this.#state === 'open') this.cancel();
    }
  }
}
