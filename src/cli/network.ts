/** Chains by name: mainnet, and the networks of the official tests (blocktest/networks.ts). */

import { InvalidArgumentError } from 'commander';
import type { ChainSpec } from '../chain/chain-spec.ts';
import { MAINNET } from '../chain/networks.ts';
import { BLOB_PARAMETER_ONLY } from '../evm/forks/blob.ts';
import { networkSpec } from './blocktest/networks.ts';

/** What Ethereum's own forks of blobs alone have. */
const BLOBS = new Map(
  Object.entries(BLOB_PARAMETER_ONLY).map(([name, schedule]) => [name.toUpperCase(), schedule]),
);

/** The chain of a name; undefined for one that means none, a fork whose blobs are not known too. */
export function network(name: string, chainId: bigint): ChainSpec | undefined {
  if (name === 'mainnet') return { ...MAINNET, chainId };
  return networkSpec(name, chainId, BLOBS);
}

/** With the chain id of mainnet. @throws InvalidArgumentError */
export function parseNetwork(name: string): ChainSpec {
  return network(parseNetworkName(name), 1n) as ChainSpec;
}

/** @throws InvalidArgumentError */
export function parseNetworkName(name: string): string {
  if (network(name, 1n) !== undefined) return name;
  throw new InvalidArgumentError(`${name} is no network: give mainnet, or a fork such as Prague.`);
}
