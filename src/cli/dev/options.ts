/** The options of `ironfly dev` as they are read. */

import type { ForkName } from '../../evm/forks/names.ts';
import type { Address } from '../../evm/types.ts';

export interface DevOptions {
  readonly accounts: number;
  /** Ether. */
  readonly balance: bigint;
  readonly mnemonic?: string;
  readonly derivationPath?: string;
  readonly chainId: bigint;
  readonly hardfork: ForkName;
  /** Where it was said: a fork of the main network has its own otherwise. */
  readonly hardforkGiven?: ForkName;
  readonly forkUrl?: string;
  readonly forkBlockNumber?: bigint;
  /** Where it was said: a fork has the remote's otherwise. */
  readonly chainIdGiven?: bigint;
  readonly forkHeader?: readonly string[];
  /** Requests a second. */
  readonly forkRate?: number;
  /** Milliseconds. */
  readonly forkRetryBackoff?: number;
  readonly retries?: number;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly storageCaching: boolean;
  readonly cachePath?: string;
  readonly gasLimit: bigint;
  /** Wei. */
  readonly blockBaseFeePerGas: bigint;
  readonly timestamp?: bigint;
  readonly number?: bigint;
  readonly coinbase?: Address;
  /** Seconds. */
  readonly blockTime?: number;
  readonly mining: boolean;
  readonly mixedMining?: boolean;
  readonly order: 'fees' | 'fifo';
  readonly autoImpersonate?: boolean;
  readonly disableDefaultCreate2Deployer?: boolean;
  readonly init?: string;
  readonly loadState?: string;
  readonly dumpState?: string;
  readonly state?: string;
  /** Seconds. */
  readonly stateInterval?: number;
  readonly port: number;
  readonly host: string;
  readonly ipc?: string | true;
  readonly allowOrigin?: string;
  readonly cors: boolean;
  readonly callWorkers: number;
  readonly configOut?: string;
  readonly disableConsoleLog?: boolean;
  readonly quiet?: boolean;
  readonly silent?: boolean;
}
