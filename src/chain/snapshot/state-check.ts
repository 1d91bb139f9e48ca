/**
 * Parts of a state as a snapshot gives them, held against their order, their form and what the
 * head says there is: accounts upwards, of each its slots upwards, codes under their own hashes
 * and before the accounts that have them. What passes is the state of some root; which, the tries
 * say.
 */

import { equalBytes, toHex } from '../../base/bytes.ts';
import { keccak256 } from '../../base/keccak.ts';
import type { AccountChange, Address, Hash, StateChanges } from '../../evm/types.ts';
import { decodeChanges, encodeChanges } from '../../state/change-codec.ts';
import { EMPTY_CODE_HASH } from '../../state/memory.ts';
import { SnapshotError } from './fault.ts';
import type { SnapshotCounts } from './head.ts';

export class StateCheck {
  readonly #counts: SnapshotCounts;
  readonly #hasCode: (hash: Hash) => boolean;
  #accounts = 0n;
  #slots = 0n;
  #codes = 0n;
  #lastCode = '';
  #last: readonly [Address, AccountChange] | undefined;
  #lastSlot = -1n;

  /** @param hasCode says whether a code has come, in an earlier part or in the one that is taken */
  constructor(counts: SnapshotCounts, hasCode: (hash: Hash) => boolean) {
    this.#counts = counts;
    this.#hasCode = hasCode;
  }

  get accounts(): number {
    return Number(this.#accounts);
  }

  get slots(): number {
    return Number(this.#slots);
  }

  /** The next part. @throws SnapshotError `snapshot/damaged` */
  take(content: Uint8Array): StateChanges {
    const changes = decoded(content);
    for (const [hash, code] of changes.codes) this.#takeCode(hash, code);
    for (const [address, change] of changes.accounts) {
      if (change === null || change.storageWiped) throw wrong(`account ${address} is a deletion`);
      this.#takeAccount(address, change, changes);
      for (const [slot, value] of change.storage) {
        if (slot <= this.#lastSlot) throw wrong(`slot ${slot} of ${address} is out of order`);
        if (value === 0n) throw wrong(`slot ${slot} of ${address} is zero`);
        this.#lastSlot = slot;
      }
      this.#slots += BigInt(change.storage.size);
    }
    this.#checkCounts((taken, said) => taken <= said);
    return changes;
  }

  /** @throws SnapshotError when something is missing */
  end(): void {
    this.#checkCounts((taken, said) => taken === said);
  }

  #takeCode(hash: Hash, code: Uint8Array): void {
    if (hash <= this.#lastCode || this.#last !== undefined) throw wrong(`code ${hash} comes late`);
    if (toHex(keccak256(code)) !== hash) throw wrong(`code ${hash} has another hash`);
    this.#lastCode = hash;
    this.#codes += 1n;
  }

  #takeAccount(address: Address, change: AccountChange, { codes }: StateChanges): void {
    const { codeHash, nonce, balance } = change;
    const [before, same] = this.#last ?? ['', undefined];
    if (address < before) throw wrong(`account ${address} is out of order`);
    if (address === before) {
      const goesOn =
        same?.codeHash === codeHash && same.nonce === nonce && same.balance === balance;
      if (!goesOn || change.storage.size === 0) throw wrong(`account ${address} is there twice`);
      return;
    }
    if (codeHash !== EMPTY_CODE_HASH && !codes.has(codeHash) && !this.#hasCode(codeHash)) {
      throw wrong(`the code ${codeHash} of account ${address} is missing`);
    }
    this.#accounts += 1n;
    this.#last = [address, change];
    this.#lastSlot = -1n;
  }

  #checkCounts(fits: (taken: bigint, said: bigint) => boolean): void {
    const { accounts, slots, codes } = this.#counts;
    const rows = [
      ['accounts', this.#accounts, accounts],
      ['slots', this.#slots, slots],
      ['codes', this.#codes, codes],
    ] as const;
    for (const [what, taken, said] of rows) {
      if (!fits(taken, said)) throw wrong(`it holds ${taken} ${what}, its head says ${said}`);
    }
  }
}

/** A value has one encoding: what does not come out as it came in is none. */
function decoded(content: Uint8Array): StateChanges {
  let changes: StateChanges;
  let again: Uint8Array;
  try {
    changes = decodeChanges(content);
    again = encodeChanges(changes);
  } catch (error) {
    throw wrong(`a part does not have the form of one: ${(error as Error).message}`);
  }
  if (!equalBytes(again, content)) throw wrong('a part does not have the form of one');
  return changes;
}

function wrong(what: string): SnapshotError {
  return new SnapshotError('snapshot/damaged', `the snapshot’s state is damaged: ${what}`);
}
