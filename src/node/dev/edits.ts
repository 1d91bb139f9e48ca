/**
 * What users of a development chain set by hand upon the head's state. All edits since a block
 * stand in one list, so that going back to a snapshot is to cut the list: a snapshot costs nothing.
 */

import { WordMap } from '../../base/word-map.ts';
import type { Account, AccountChange, Address, Hash, StateChanges } from '../../evm/types.ts';
import { ChangeSet } from '../../state/change-set.ts';
import { EMPTY_CODE_HASH } from '../../state/memory.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** Where the list stood, of which block. */
export interface EditMark {
  readonly upon: Hash;
  readonly edits: readonly StateChanges[];
  readonly count: number;
}

/** What is set of an account; the rest stays. */
export interface AccountEdit {
  readonly balance?: bigint;
  readonly nonce?: bigint;
  readonly code?: { readonly hash: Hash; readonly bytes: Uint8Array };
  readonly slots?: ReadonlyMap<bigint, bigint>;
  /** All there is in storage then is in `slots`. */
  readonly wipesStorage?: boolean;
}

const NOTHING: Account = { nonce: 0n, balance: 0n, codeHash: EMPTY_CODE_HASH };

/** Of all ledgers: what was read under one number is of that state for ever. */
let version = 0;

export class StateEditor {
  readonly #ledger: Ledger;
  #upon: Hash;
  #list: StateChanges[] = [];
  #changes = new ChangeSet();
  /** A copy of the changes, for whoever reads; made when somebody does. */
  #frozen: StateChanges | undefined;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.#upon = ledger.head.hash;
  }

  /** All that the next block begins with; undefined for nothing. */
  get changes(): StateChanges | undefined {
    if (this.#list.length === 0) return undefined;
    this.#frozen ??= frozen(this.#changes);
    return this.#frozen;
  }

  /** Sets something of an account of the head's state. */
  async edit(address: Address, edit: AccountEdit): Promise<void> {
    const view = await this.#ledger.openView(this.#upon);
    try {
      const before = await view.getAccount(address);
      const { balance, nonce, codeHash } = before ?? NOTHING;
      const change: AccountChange = {
        balance: edit.balance ?? balance,
        nonce: edit.nonce ?? nonce,
        codeHash: edit.code?.hash ?? codeHash,
        storageWiped: edit.wipesStorage === true,
        storage: edit.slots ?? new Map(),
      };
      const isEmpty =
        change.balance === 0n && change.nonce === 0n && change.codeHash === EMPTY_CODE_HASH;
      const keepsSlots = edit.wipesStorage !== true && (await view.hasStorage(address));
      const hasSlots = change.storage.size > 0 || keepsSlots;
      // An account of nothing is none (EIP-161).
      const accounts = new Map([[address, isEmpty && !hasSlots ? null : change]]);
      const codes = edit.code === undefined ? [] : [[edit.code.hash, edit.code.bytes] as const];
      this.#add({ accounts, codes: new Map(codes) });
    } finally {
      view.close();
    }
  }

  /** Machines and answers of the head's state are none of it any more. */
  touch(): void {
    this.#publish();
  }

  /** The head is another block, with nothing set upon it. */
  begin(upon: Hash): void {
    this.#upon = upon;
    this.#list = [];
    this.#changes = new ChangeSet();
    this.#publish();
  }

  /** PERF: O(1). */
  mark(): EditMark {
    return { upon: this.#upon, edits: this.#list, count: this.#list.length };
  }

  /** Goes back to a mark; younger ones are good no more. PERF: O(edits). */
  restore({ upon, edits, count }: EditMark): void {
    this.#upon = upon;
    this.#list = edits.slice(0, count);
    this.#changes = new ChangeSet();
    for (const each of this.#list) this.#changes.add(each);
    this.#publish();
  }

  #add(changes: StateChanges): void {
    this.#list.push(changes);
    this.#changes.add(changes);
    this.#publish();
  }

  #publish(): void {
    this.#frozen = undefined;
    version += 1;
    const changes = () => this.changes ?? new ChangeSet();
    this.#ledger.setEdits({ upon: this.#upon, version, changes });
  }
}

/** What does not change when more is added. */
function frozen(changes: ChangeSet): StateChanges {
  const accounts = [...changes.accounts].map(([address, change]) => {
    const copy = change && { ...change, storage: new WordMap(change.storage) };
    return [address, copy] as const;
  });
  return { accounts: new Map(accounts), codes: new Map(changes.codes) };
}
