/**
 * Machines for calls (`eth_call`, gas estimates, traces), each at the state of one block. They are
 * apart from the machines that execute blocks, so a call neither waits for a block nor holds one up
 * for longer than two milliseconds: long calls give way to the event loop (`signal`).
 */

import { createEVM, type EVM } from '../../evm/evm.ts';
import type { Rules } from '../../evm/forks/rules.ts';
import type { StateReader } from '../../evm/types.ts';
import { RpcError } from '../rpc/errors.ts';

/** A state that is to be closed. */
export interface ClosableState extends StateReader {
  close(): void;
}

/** Where a machine stands. */
export interface Standing {
  /** Of the state and the rules: machines with the same key are the same. */
  readonly key: string;
  readonly rules: Rules;
  readonly chainId: bigint;
  readonly open: () => Promise<ClosableState>;
}

/** A machine for as long as it is used. */
export interface Lease {
  readonly evm: EVM;
  readonly state: StateReader;
  release(): void;
}

interface Place {
  readonly standing: Standing;
  readonly evm: EVM;
  readonly state: ClosableState;
  users: number;
}

/** 30 MB each. */
const MACHINES_MAX = 4;
/** Machines of one's own at a time: who asks for more waits. */
const ALONE_MAX = 4;

export class CallMachines {
  /** The one used longest ago first. */
  readonly #places = new Map<string, Promise<Place>>();
  /** Without a place, for who comes next with the same rules. */
  readonly #idle: EVM[] = [];
  #alone = 0;
  /** Who has found a place, and does not use it yet. */
  #coming = 0;
  /** Who waits for a machine of his own, the first first. */
  readonly #waiting: (() => void)[] = [];

  /** A machine that stands there; whoever gets it releases it. Calls must not commit. */
  async acquire(standing: Standing): Promise<Lease> {
    const { key } = standing;
    let found = this.#places.get(key);
    if (found === undefined) {
      found = this.#make(standing);
      // One that could not be opened is tried again.
      found.catch(() => this.#places.delete(key));
    } else this.#places.delete(key);
    this.#places.set(key, found);
    const place = await this.#enter(found);
    if (this.#places.size > MACHINES_MAX) await this.#shrink();
    let isReleased = false;
    return {
      evm: place.evm,
      state: place.state,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        place.users -= 1;
        // Gone from the list while it was used.
        if (place.users === 0 && this.#places.get(key) !== found) this.#retire(place);
      },
    };
  }

  /**
   * A machine of one's own, which may commit: blocks are executed once more upon it to be traced.
   * Waits where four are given out already. @throws RpcError when `signal` is aborted
   */
  async acquireAlone(standing: Omit<Standing, 'key'>, signal?: AbortSignal): Promise<Lease> {
    await this.#turnAlone(signal);
    try {
      const { evm, state } = await this.#make({ ...standing, key: '' });
      let isReleased = false;
      const release = (): void => {
        if (isReleased) return;
        isReleased = true;
        this.#retire({ evm, state });
        this.#endAlone();
      };
      return { evm, state, release };
    } catch (error) {
      this.#endAlone();
      throw error;
    }
  }

  async #enter(found: Promise<Place>): Promise<Place> {
    this.#coming += 1;
    try {
      const place = await found;
      place.users += 1;
      return place;
    } finally {
      this.#coming -= 1;
    }
  }

  /** Nobody calls for now: states are closed, which cost something with every block. */
  async rest(): Promise<void> {
    for (const [key, found] of this.#places) {
      const place = await found.catch(() => undefined);
      if (this.#coming > 0) return;
      if (place === undefined || place.users > 0 || this.#places.get(key) !== found) continue;
      this.#places.delete(key);
      this.#retire(place);
    }
  }

  async #turnAlone(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) throw timedOut();
    if (this.#alone < ALONE_MAX) {
      this.#alone += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const begin = (): void => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(begin), 1);
        reject(timedOut());
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#waiting.push(begin);
    });
  }

  /** Who waits longest has the turn; else there is one more. */
  #endAlone(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#alone -= 1;
    else next();
  }

  async #make(standing: Standing): Promise<Place> {
    const state = await standing.open();
    const at = this.#idle.findIndex(({ rules }) => rules === standing.rules);
    const [idle] = at < 0 ? [] : this.#idle.splice(at, 1);
    const evm = idle ?? createEVM({ rules: standing.rules });
    evm.setState(state);
    evm.setChainId(standing.chainId);
    return { standing, evm, state, users: 0 };
  }

  async #shrink(): Promise<void> {
    for (const [key, place] of this.#places) {
      if (this.#places.size <= MACHINES_MAX) return;
      this.#places.delete(key);
      const settled = await place.catch(() => undefined);
      if (settled !== undefined && settled.users === 0) this.#retire(settled);
    }
  }

  #retire({ evm, state }: Pick<Place, 'evm' | 'state'>): void {
    state.close();
    if (this.#idle.length < MACHINES_MAX) this.#idle.push(evm);
  }
}

function timedOut(): RpcError {
  return new RpcError('resource unavailable', 'request timed out');
}
