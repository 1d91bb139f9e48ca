/** A node's parts, as its methods see them. Who puts them together: dev/ and full/. */

import type { BlockRequest } from '../chain/block-builder.ts';
import type { KnownBlock } from '../chain/block-tree.ts';
import type { Address } from '../evm/types.ts';
import type { CallMachines } from './execution/call-machines.ts';
import type { CallWorkers } from './execution/workers/call-workers.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { TransactionPool } from './pool/pool.ts';

/** Bounds of what one request may cost. */
export interface RequestLimits {
  /** Gas of a call or an estimate. */
  readonly callGasMax: bigint;
  /** Milliseconds of a call or a trace. */
  readonly callMsMax: number;
  /** Logs of an answer, and blocks that one request looks through. */
  readonly logsMax: number;
  readonly logBlocksMax: number;
}

export const REQUEST_LIMITS: RequestLimits = {
  callGasMax: 550_000_000n,
  callMsMax: 30_000,
  logsMax: 100_000,
  logBlocksMax: 1_000_000,
};

export interface Node {
  readonly ledger: Ledger;
  readonly machines: CallMachines;
  readonly pool: TransactionPool;
  readonly limits: RequestLimits;
  /** `web3_clientVersion`. */
  readonly clientVersion: string;
  /** What the next block has beside its transactions, for `pending`; as of now when left out. */
  readonly nextBlock?: (parent: KnownBlock) => Omit<BlockRequest, 'transactions' | 'senderOf'>;
  /** Takes what contracts print in an `eth_call`: of a development chain, whose log shows it. */
  readonly contractLog?: (() => ((text: string) => void) | undefined) | undefined;
  /** Threads for long calls and traces; without any, all run in the node's own. */
  readonly callWorkers?: CallWorkers | undefined;
  /** `eth_coinbase`; a node that makes no blocks has none. */
  readonly coinbase?: () => Address;
}
