/** A node's parts, as its methods see them. Who puts them together: dev/ and full/. */

import type { CallMachines } from './execution/call-machines.ts';
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
}
