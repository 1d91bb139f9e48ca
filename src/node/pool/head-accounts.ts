/** Accounts of the head's state, read once each until the head changes. */

import type { BlockView } from '../../chain/block-tree.ts';
import type { Address } from '../../evm/types.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type KnownSender, readSender } from './checks.ts';

/** Above it all are read anew. */
const ACCOUNTS_MAX = 65_536;

export class HeadAccounts {
  readonly #ledger: Ledger;
  readonly #accounts = new Map<Address, KnownSender>();
  #view: Promise<BlockView> | undefined;
  #version = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Rises when the state has changed. */
  get version(): number {
    return this.#version;
  }

  async get(address: Address): Promise<KnownSender> {
    const known = this.#accounts.get(address);
    if (known !== undefined) return known;
    for (;;) {
      const version = this.#version;
      this.#view ??= this.#ledger.openView(this.#ledger.head.hash);
      try {
        const sender = await readSender(await this.#view, address);
        if (version !== this.#version) continue;
        if (this.#accounts.size >= ACCOUNTS_MAX) this.#accounts.clear();
        this.#accounts.set(address, sender);
        return sender;
      } catch (error) {
        // The view was closed meanwhile: there is another one.
        if (version === this.#version) throw error;
      }
    }
  }

  /** The state is another one. */
  forget(): void {
    this.#version += 1;
    this.#accounts.clear();
    this.close();
  }

  close(): void {
    this.#view?.then(
      (view) => view.close(),
      () => {},
    );
    this.#view = undefined;
  }
}
