/** What `ironfly dev` says first: who has money, where it listens, what to try. */

import type { DevAccount } from '../../node/dev/accounts.ts';
import { withChecksum } from '../../node/json/checksum.ts';

export interface BannerFields {
  readonly accounts: readonly DevAccount[];
  /** Ether. */
  readonly balance: bigint;
  readonly chainId: bigint;
  readonly fork: string;
  readonly urls: readonly string[];
  readonly mining: string;
}

/** Of more accounts the first ones are shown. */
const SHOWN_MAX = 20;

export function banner({ accounts, balance, chainId, fork, urls, mining }: BannerFields): string {
  const rows = accounts.slice(0, SHOWN_MAX).map(({ address, privateKey }, index) => {
    return `  (${index}) ${withChecksum(address)}  0x${privateKey.toHex()}`;
  });
  const more = accounts.length - rows.length;
  const [url = ''] = urls;
  return [
    `ironfly dev: chain ${chainId}, ${fork}, ${mining}`,
    '',
    ...(accounts.length === 0
      ? []
      : [
          `Accounts with ${balance} ether each, and their keys, which everybody knows:`,
          ...rows,
          ...(more > 0 ? [`  and ${more} more`] : []),
          '',
        ]),
    `Listening at ${urls.join(' ')}`,
    '',
    'Try:',
    `  cast block-number --rpc-url ${url}`,
    ...(accounts.length < 2 ? [] : [sendLine(accounts, url)]),
    '  Ctrl-C ends it.',
    '',
  ].join('\n');
}

function sendLine(accounts: readonly DevAccount[], url: string): string {
  const [from, to] = accounts.map(({ address }) => withChecksum(address));
  return `  cast send ${to} --value 1ether --from ${from} --unlocked --rpc-url ${url}`;
}

/** The same for programs (`--config-out`). */
export function configJson(fields: BannerFields): string {
  const { accounts, chainId, fork, urls } = fields;
  const config = {
    available_accounts: accounts.map(({ address }) => withChecksum(address)),
    private_keys: accounts.map(({ privateKey }) => `0x${privateKey.toHex()}`),
    chain_id: `${chainId}`,
    hardfork: fork,
    endpoints: urls,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
