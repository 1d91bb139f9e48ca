/** A block that can be executed by itself, as often as one likes. */
import type { Rules } from '../../src/evm/forks/rules.ts';
import type { BlockEnvironment, StateReader, Transaction } from '../../src/evm/types.ts';

export interface Recordable {
  readonly rules: Rules;
  readonly chainId: bigint;
  readonly block: BlockEnvironment;
  readonly state: StateReader;
  readonly transactions: readonly Transaction[];
}
