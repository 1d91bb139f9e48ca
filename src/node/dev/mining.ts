/** When a development chain makes blocks: at once, at intervals, both, or when it is told to. */

import type { DevChain } from './dev-chain.ts';

/** A timer of Node.js takes no more. */
export const INTERVAL_MS_MAX: number = 2 ** 31 - 1;

export class IntervalMining {
  readonly #chain: DevChain;
  readonly #failed: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #isMining = false;
  #milliseconds = 0;

  constructor(chain: DevChain, failed: (error: unknown) => void) {
    this.#chain = chain;
    this.#failed = failed;
  }

  /** 0: none. */
  get milliseconds(): number {
    return this.#milliseconds;
  }

  /** A block each so many milliseconds from now on; 0 ends it. */
  set(milliseconds: number): void {
    clearInterval(this.#timer);
    this.#milliseconds = milliseconds;
    if (milliseconds === 0) return;
    this.#timer = setInterval(() => void this.#mine(), milliseconds);
  }

  /** Blocks that take longer than the interval are left out, not heaped up. */
  async #mine(): Promise<void> {
    if (this.#isMining) return;
    this.#isMining = true;
    try {
      await this.#chain.mine(1);
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#isMining = false;
    }
  }
}
