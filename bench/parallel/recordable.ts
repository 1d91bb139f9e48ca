/** A block that can be executed by itself, as often as one likes. */
import type { Rules } from '../../src/evm/forks/rules.ts';
import type {
  Account,
  Address,
  BlockEnvironment,
  StateReader,
  Transaction,
} from '../../src/evm/types.ts';

/** A state that answers at once. */
export interface SyncState extends StateReader {
  getAccount(address: Address): Account | undefined;
}

export interface Recordable {
  readonly rules: Rules;
  readonly chainId: bigint;
  readonly block: BlockEnvironment;
  readonly state: SyncState;
  readonly transactions: readonly Transaction[];
}
