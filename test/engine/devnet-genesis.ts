/** The first block of a chain that goes through all forks from Paris to Osaka. */

import { type DevAccount, devAccounts } from '../../src/node/dev/accounts.ts';
import { SYSTEM_CONTRACTS } from '../../src/node/dev/system-contracts.ts';

export const CHAIN_ID = 7_331n;
export const DEVNET_FORKS = ['paris', 'shanghai', 'cancun', 'prague', 'osaka'] as const;
export type DevnetFork = (typeof DEVNET_FORKS)[number];

export const ACCOUNTS: readonly DevAccount[] = devAccounts(4);
const BALANCE = `0x${(10n ** 24n).toString(16)}`;

export interface DevnetTimes {
  /** Seconds. */
  readonly genesis: number;
  readonly slotSeconds: number;
  /** Slots that each fork but the last lasts. */
  readonly forkSlots: number;
}

/** When a fork begins. */
export function forkTime(
  fork: DevnetFork,
  { genesis, slotSeconds, forkSlots }: DevnetTimes,
): number {
  return genesis + DEVNET_FORKS.indexOf(fork) * forkSlots * slotSeconds;
}

export function forkAt(timestamp: number, times: DevnetTimes): DevnetFork {
  return DEVNET_FORKS.findLast((fork) => timestamp >= forkTime(fork, times)) ?? 'paris';
}

/** A genesis file, as geth writes it. */
export function devnetGenesis(times: DevnetTimes): string {
  const blocks = ['homestead', 'eip150', 'eip155', 'eip158', 'byzantium', 'constantinople'];
  const more = ['petersburg', 'istanbul', 'berlin', 'london'];
  const byNumber = [...blocks, ...more].map((name) => [`${name}Block`, 0] as const);
  const byTime = DEVNET_FORKS.slice(1).map(
    (fork) => [`${fork}Time`, forkTime(fork, times)] as const,
  );
  const funded = ACCOUNTS.map(({ address }) => [address, { balance: BALANCE }] as const);
  const contracts = SYSTEM_CONTRACTS.map(
    ({ address, code }) => [address, { balance: '0x0', nonce: '0x1', code: `0x${code}` }] as const,
  );
  return JSON.stringify({
    config: {
      chainId: Number(CHAIN_ID),
      ...Object.fromEntries([...byNumber, ...byTime]),
      terminalTotalDifficulty: 0,
    },
    timestamp: `0x${times.genesis.toString(16)}`,
    gasLimit: '0x1c9c380',
    difficulty: '0x0',
    baseFeePerGas: '0x3b9aca00',
    alloc: Object.fromEntries([...funded, ...contracts]),
  });
}
