/**
 * Answers in the node's thread what a worker asks of the chain. A state that the worker reads is
 * held open here, and read key by key: the layers of the state stay in one thread, and what a
 * call costs this one is its reads.
 */

import type { ChainBlock } from '../../../chain/block-tree.ts';
import type {
  Account,
  AccountChange,
  Address,
  Awaitable,
  StateChanges,
} from '../../../evm/types.ts';
import type { ClosableState, Standing } from '../call-machines.ts';
import type { CallNode } from '../call-node.ts';
import type { FoundState, Question, ReadsQuestion } from './messages.ts';

/** Of the node's thread, for guesses: all threads for calls may ask before its next turn. */
const GUESSES_MS = 0.2;

interface Place {
  readonly job: number;
  readonly standing: Standing;
}

export class StateDesk {
  readonly #node: CallNode;
  readonly #guessesMs: number;
  readonly #views = new Map<number, ClosableState>();
  readonly #places = new Map<number, Place>();
  #last = 0;
  #isClosed = false;

  /** @param guessesMs for which those of one question are looked up */
  constructor(node: CallNode, guessesMs: number = GUESSES_MS) {
    this.#node = node;
    this.#guessesMs = guessesMs;
  }

  /** States that are open. */
  get open(): number {
    return this.#views.size;
  }

  /** What `Question` is answered with. @throws RpcError, and what a state throws */
  answer(question: Question): Awaitable<unknown> {
    const { ledger } = this.#node;
    switch (question.what) {
      case 'reads':
        return readsOf(this.#view(question.view), question, this.#guessesMs);
      case 'code':
        return codeOf(this.#view(question.view).getCode(question.hash));
      case 'has storage':
        return this.#view(question.view).hasStorage(question.address);
      case 'block hash':
        return this.#view(question.view).getBlockHash(question.number);
      case 'block':
        return ledger.block(question.id).then(bodyOf);
      case 'required block':
        return ledger.requireBlock(question.id).then(bodyOf);
      case 'parent block':
        return ledger.parentBlock(question.hash).then((found) => {
          if (found === undefined) return undefined;
          const { hash, header, uncles, totalDifficulty } = found;
          return { hash, header, uncles, totalDifficulty };
        });
      case 'transaction place':
        return ledger.transactionPlace(question.hash);
      case 'edits':
        return Promise.resolve(ledger.editsIn(question.hash)).then(sendable);
      case 'state':
        return this.#find(question);
      case 'open state':
        return this.#keep(this.#place(question.place).open());
      case 'open block':
        return this.#keep(ledger.openBlock(question.hash));
    }
  }

  /** The worker reads it no more. */
  close(view: number): void {
    this.#views.get(view)?.close();
    this.#views.delete(view);
  }

  /** A job has ended: places that it named are forgotten; what it opened may serve others. */
  end(job: number): void {
    for (const [number, place] of this.#places) {
      if (place.job === job) this.#places.delete(number);
    }
  }

  closeAll(): void {
    this.#isClosed = true;
    for (const view of this.#views.keys()) this.close(view);
    this.#places.clear();
  }

  async #find({ id, job }: Question & { readonly what: 'state' }): Promise<FoundState> {
    const { block, standing } = await this.#node.blockState(id);
    const place = ++this.#last;
    this.#places.set(place, { job, standing });
    return { block: bodyOf(block) as ChainBlock, key: standing.key, place };
  }

  async #keep(opening: Promise<ClosableState>): Promise<number> {
    const view = await opening;
    // Who asked for it has gone meanwhile.
    if (this.#isClosed) view.close();
    const number = ++this.#last;
    if (!this.#isClosed) this.#views.set(number, view);
    return number;
  }

  #view(number: number): ClosableState {
    const view = this.#views.get(number);
    if (view === undefined) throw new Error(`no state ${number} is open for the worker`);
    return view;
  }

  #place(number: number): Standing {
    const place = this.#places.get(number);
    if (place === undefined) throw new Error(`no state ${number} was found for the worker`);
    return place.standing;
  }
}

/** Of an object of a class a message takes the public fields, and a map of words has none. */
function sendable(changes: StateChanges | undefined): StateChanges | undefined {
  if (changes === undefined) return undefined;
  const accounts = new Map<Address, AccountChange | null>();
  for (const [address, change] of changes.accounts) {
    accounts.set(address, change && { ...change, storage: new Map(change.storage) });
  }
  return { accounts, codes: changes.codes };
}

/**
 * What a worker needs, and as much of what it guesses as is at hand: none of it is waited for, and
 * what fails will fail again once it is needed.
 */
function readsOf(
  state: ClosableState,
  { addresses, slots }: ReadsQuestion,
  guessesMs: number,
): Awaitable<readonly unknown[]> {
  const read = (index: number): Awaitable<unknown> => {
    const slot = slots[index];
    const address = addresses[index] as Address;
    if (slot !== undefined) return state.getStorage(address, slot);
    const account = state.getAccount(address);
    return account instanceof Promise ? account.then(accountOf) : accountOf(account);
  };
  const needed = read(0);
  if (needed instanceof Promise) return needed.then((value) => [value]);
  const values: unknown[] = [needed];
  const endMs = performance.now() + guessesMs;
  while (values.length < addresses.length && performance.now() < endMs) {
    const guessed = tryRead(() => read(values.length));
    if (guessed === NOT_AT_HAND) break;
    values.push(guessed);
  }
  return values;
}

/** What changed beside it, the storage too, may hang on what a state gives. */
function accountOf(account: Account | undefined): Account | undefined {
  if (account === undefined) return undefined;
  const { nonce, balance, codeHash } = account;
  return { nonce, balance, codeHash };
}

const NOT_AT_HAND = Symbol('not at hand');

function tryRead(read: () => Awaitable<unknown>): unknown {
  try {
    const value = read();
    if (!(value instanceof Promise)) return value;
    value.catch(() => {});
  } catch {
    // Of no interest until somebody needs it.
  }
  return NOT_AT_HAND;
}

/** Bytes without what lies around them, which would be copied with them. */
function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : Uint8Array.from(bytes);
}

function codeOf(code: Awaitable<Uint8Array>): Awaitable<Uint8Array> {
  return code instanceof Promise ? code.then(ownBytes) : ownBytes(code);
}

/** What a trace reads of a block: receipts are half of its bytes. */
function bodyOf(block: ChainBlock | undefined): ChainBlock | undefined {
  if (block === undefined) return undefined;
  const { accessList: _, transactions, ...rest } = block;
  return { ...rest, transactions: transactions.map(ownBytes), receipts: [] };
}
