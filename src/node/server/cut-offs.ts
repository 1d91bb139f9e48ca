/**
 * What a server says in its log of clients that it cuts off because they do not read: an operator
 * should see it, and thousands of them must not fill the disk. So there are so many lines a
 * minute, and the next one says how many were left out.
 */

import type { Logger } from '../operations/logger.ts';

/** Why a client was cut off. */
export type CutOffReason =
  | 'its unread answers are too many'
  | 'it read nothing for too long'
  | 'unread answers of all clients are too many, its the oldest';

const LINES_A_MINUTE = 10;
const MINUTE_MS = 60_000;

export class CutOffs {
  readonly #log: Logger;
  readonly #endpoint: string;
  /** When the minute began, by `performance.now()`. */
  #beganMs = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #leftOut = 0;

  constructor(log: Logger, endpoint: string) {
    this.#log = log;
    this.#endpoint = endpoint;
  }

  /** @param client its address */
  say(client: string, why: CutOffReason, nowMs: number = performance.now()): void {
    if (nowMs - this.#beganMs >= MINUTE_MS) {
      this.#beganMs = nowMs;
      this.#lines = 0;
    }
    if (this.#lines === LINES_A_MINUTE) {
      this.#leftOut += 1;
      return;
    }
    this.#lines += 1;
    const leftOut = this.#leftOut === 0 ? undefined : this.#leftOut;
    this.#leftOut = 0;
    const endpoint = this.#endpoint;
    this.#log.warn('client cut off: slow reader', { endpoint, client, why, leftOut });
  }
}
