import type { EVM } from '../../evm/evm.ts';
import type { PendingState } from '../../state/pending.ts';
import type { BlockRules, ChainSpec } from '../chain-spec.ts';
import type { Spreading } from './parallel.ts';

/** Where a block is executed. */
export interface BlockSetting {
  readonly spec: ChainSpec;
  readonly blockRules: BlockRules;
  /** Set up for the rules of the block. */
  readonly evm: EVM;
  /** Whether the EVM has the parent's state already: it executed the parent last. */
  readonly isAtParent?: boolean;
  /** Where several threads may execute the block's transactions. */
  readonly spreading?: Spreading | undefined;
  /** The parent's state, and where the changes go. */
  readonly state: PendingState;
}
