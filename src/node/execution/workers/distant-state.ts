/**
 * The state of a block as a worker reads it: what it lacks it asks the node's thread for, and what
 * asked is suspended until the answer is there. A question takes as long as ten reads there, so it
 * brings along what will probably be asked for next:
 *
 *   what followed that read in the state of an earlier block (`reading-order.ts`), or
 *   the slots behind it, where the slot before was read just now: Solidity's arrays and structs.
 *
 * A wrong guess is a read of the node's thread for nothing: so no more are made than the right ones
 * and the questions of this state have earned. Answers are of the one state that was asked, which
 * does not change while it is open, and go with it.
 */

import type { BlockView } from '../../../chain/block-tree.ts';
import type { Account, Address, Awaitable, Hash } from '../../../evm/types.ts';
import { EMPTY_CODE_HASH } from '../../../state/memory.ts';
import type { Question } from './messages.ts';
import { type ReadingOrder, readName, type StateRead } from './reading-order.ts';

/** Asks the node's thread. */
export interface NodeLine {
  ask(question: Question): Promise<unknown>;
  /** A state that is read no more. */
  close(view: number): void;
}

/** Of a question: 0.1 ms of the node's thread. Where they take it too long it answers fewer. */
const GUESSES_MAX = 64;
/** Guesses that may be wrong before one was right. */
const TRUST = 8;
/** Answers that nobody has asked for yet: 2 MB. */
const AHEAD_MAX = 8_192;
const SLOT_MAX = 2n ** 256n - 1n;

export class DistantState implements BlockView {
  readonly #line: NodeLine;
  readonly #order: ReadingOrder;
  readonly #view: number;
  /** Answers to guesses, until they are asked for: the machine keeps them from then on. */
  readonly #ahead = new Map<string, unknown>();
  #last: { readonly name: string; readonly read: StateRead } | undefined;
  #questions = 0;
  #guessed = 0;
  #guessedRight = 0;

  constructor(line: NodeLine, order: ReadingOrder, view: number) {
    this.#line = line;
    this.#order = order;
    this.#view = view;
  }

  getAccount(address: Address): Awaitable<Account | undefined> {
    return this.#read({ address, slot: undefined }) as Awaitable<Account | undefined>;
  }

  getStorage(address: Address, slot: bigint): Awaitable<bigint> {
    return this.#read({ address, slot }) as Awaitable<bigint>;
  }

  getCode(hash: Hash): Promise<Uint8Array> | Uint8Array {
    if (hash === EMPTY_CODE_HASH) return new Uint8Array(0);
    return this.#ask({ what: 'code', view: this.#view, hash });
  }

  hasStorage(address: Address): Promise<boolean> {
    return this.#ask({ what: 'has storage', view: this.#view, address });
  }

  getBlockHash(number: bigint): Promise<Hash> {
    return this.#ask({ what: 'block hash', view: this.#view, number });
  }

  close(): void {
    this.#ahead.clear();
    this.#line.close(this.#view);
  }

  #read(read: StateRead): unknown {
    const name = readName(read);
    const before = this.#last;
    this.#order.note(name, read, before?.name);
    this.#last = { name, read };
    if (!this.#ahead.has(name)) return this.#askFor(read, this.#guess(name, read, before?.read));
    const value = this.#ahead.get(name);
    this.#ahead.delete(name);
    this.#guessedRight += 1;
    return value;
  }

  async #askFor(read: StateRead, guesses: ReadonlyMap<string, StateRead>): Promise<unknown> {
    const reads = [read, ...guesses.values()];
    this.#guessed += guesses.size;
    const values = await this.#ask<readonly unknown[]>({
      what: 'reads',
      view: this.#view,
      addresses: reads.map(({ address }) => address),
      slots: reads.map(({ slot }) => slot),
    });
    const answered = values.length - 1;
    if (this.#ahead.size + answered > AHEAD_MAX) this.#ahead.clear();
    let index = 0;
    for (const name of guesses.keys()) {
      if (++index > answered) break;
      this.#ahead.set(name, values[index]);
    }
    return values[0];
  }

  #guess(
    name: string,
    { address, slot }: StateRead,
    before: StateRead | undefined,
  ): Map<string, StateRead> {
    this.#questions += 1;
    const earned = TRUST + this.#questions + 2 * this.#guessedRight - this.#guessed;
    const countMax = Math.min(GUESSES_MAX, earned);
    const guesses = this.#order.after(name, countMax);
    for (const known of guesses.keys()) if (this.#ahead.has(known)) guesses.delete(known);
    if (guesses.size > 0 || slot === undefined || before?.slot === undefined) return guesses;
    if (before.address !== address || slot !== before.slot + 1n) return guesses;
    for (let next = slot + 1n; guesses.size < countMax && next <= SLOT_MAX; next++) {
      const read = { address, slot: next };
      guesses.set(readName(read), read);
    }
    return guesses;
  }

  /** What `StateDesk` answers to that question. */
  #ask<T>(question: Question): Promise<T> {
    return this.#line.ask(question) as Promise<T>;
  }
}
