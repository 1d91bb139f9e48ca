/** The first block of a development chain. */

import type { ChainSpec } from '../../chain/chain-spec.ts';
import type { GenesisFile } from '../../chain/genesis-files/genesis-file.ts';
import { genesisOf } from '../../chain/open-chain.ts';
import { type ForkName, forkIndex } from '../../evm/forks/names.ts';
import type { Address } from '../../evm/types.ts';
import { MemoryState } from '../../state/memory.ts';
import { CREATE2_DEPLOYER, SYSTEM_CONTRACTS } from './system-contracts.ts';

export interface DevGenesis {
  readonly chainId: bigint;
  readonly fork: ForkName;
  readonly gasLimit: bigint;
  /** Wei. */
  readonly baseFee: bigint;
  /** Seconds. */
  readonly timestamp: bigint;
  readonly number: bigint;
  /** Each with that balance, in wei. */
  readonly accounts: readonly Address[];
  readonly balance: bigint;
  readonly hasCreate2Deployer: boolean;
}

export function devGenesis(given: DevGenesis): GenesisFile {
  const { chainId, fork, gasLimit, baseFee, timestamp, number } = given;
  const spec: ChainSpec = { chainId, forks: [{ fork }] };
  const state = new MemoryState();
  const contracts = [...SYSTEM_CONTRACTS, ...(given.hasCreate2Deployer ? [CREATE2_DEPLOYER] : [])];
  for (const { address, since, code } of contracts) {
    if (forkIndex(fork) < forkIndex(since)) continue;
    const account = { nonce: 1n, balance: 0n, code: Uint8Array.fromHex(code), storage: [] };
    state.setAccount(address, account);
  }
  for (const address of given.accounts) {
    const account = { nonce: 0n, balance: given.balance, code: new Uint8Array(0), storage: [] };
    state.setAccount(address, account);
  }
  const header = {
    gasLimit,
    timestamp,
    number,
    ...(forkIndex(fork) >= forkIndex('london') ? { baseFeePerGas: baseFee } : {}),
  };
  return genesisOf({ spec, state, header });
}
