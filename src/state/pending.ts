/** The state of a block in the making: its parent's, and what was applied since. */

import type { Account, Address, Hash, StateChanges, StateReader } from '../evm/types.ts';

export interface PendingState extends StateReader {
  getAccount(address: Address): Account | undefined;
  apply(changes: StateChanges): void;
  /** The state root. */
  root(): Hash;
}
