/**
 * The time of a development chain: that of the computer, moved as its users say. Each block is
 * later than the one before, whatever was asked.
 */

import { RpcError } from '../rpc/errors.ts';

export interface ClockState {
  /** Seconds by which the chain is ahead of the computer. */
  readonly offset: bigint;
  /** Of the next block alone. */
  readonly next: bigint | undefined;
  /** Seconds from each block to the next, whatever the computer says. */
  readonly interval: bigint | undefined;
}

const U64_MAX = 2n ** 64n - 1n;

export class DevClock {
  #state: ClockState = { offset: 0n, next: undefined, interval: undefined };
  readonly #now: () => bigint;

  /** @param now seconds since 1970 */
  constructor(now: () => bigint = () => BigInt(Math.floor(Date.now() / 1_000))) {
    this.#now = now;
  }

  /** As it is, to be set again: it does not change. */
  get state(): ClockState {
    return this.#state;
  }

  set state(state: ClockState) {
    this.#state = state;
  }

  /** Seconds since 1970, as the chain has them. */
  get now(): bigint {
    return this.#now() + this.#state.offset;
  }

  /** The timestamp of a block upon one of that time. */
  after(parent: bigint): bigint {
    const { next, interval } = this.#state;
    const wanted = next ?? (interval === undefined ? this.now : parent + interval);
    return wanted > parent ? wanted : parent + 1n;
  }

  /** A block has that time: what was said of the next alone is over, and time goes on from it. */
  passed(timestamp: bigint): void {
    const { next } = this.#state;
    if (next === undefined) return;
    this.#state = { ...this.#state, next: undefined, offset: timestamp - this.#now() };
  }

  /** Seconds that the chain is ahead then. */
  increase(seconds: bigint): bigint {
    const offset = this.#state.offset + seconds;
    this.#check(this.#now() + offset);
    this.#state = { ...this.#state, offset };
    return offset;
  }

  /** Seconds that the chain has moved by. */
  set(timestamp: bigint): bigint {
    this.#check(timestamp);
    const moved = timestamp - this.now;
    this.#state = { ...this.#state, offset: timestamp - this.#now(), next: undefined };
    return moved;
  }

  /** @throws RpcError for one that is not after the head's */
  setNext(timestamp: bigint, head: bigint): void {
    this.#check(timestamp);
    if (timestamp <= head) {
      const message = `${timestamp} is lower than or equal to previous block's timestamp ${head}`;
      throw new RpcError('invalid params', `Timestamp error: ${message}`);
    }
    this.#state = { ...this.#state, next: timestamp };
  }

  setInterval(interval: bigint | undefined): void {
    this.#state = { ...this.#state, interval };
  }

  #check(timestamp: bigint): void {
    if (timestamp >= 0n && timestamp <= U64_MAX) return;
    throw new RpcError('invalid params', `Timestamp error: ${timestamp} is no time of a block`);
  }
}
