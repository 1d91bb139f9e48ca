/** Anvil building the same blocks in memory: transactions are sent, then a block is mined. */

import { toHex } from '../../src/base/bytes.ts';
import { launchAnvil } from '../../src/cli/bench/anvil.ts';
import type { MadeBlock } from './chain.ts';
import { CHAIN_ID, GAS_LIMIT, type Scenario, type Sender } from './scenario.ts';

/** Milliseconds of each block. */
export interface PeerTimes {
  /** Mining alone: the transactions wait in the pool, their senders known. */
  readonly mined: readonly number[];
  /** With what it takes to send them. */
  readonly sent: readonly number[];
}

const quantity = (value: bigint): string => `0x${value.toString(16)}`;

/** Undefined where npm has no binary for this platform. */
export async function mineInAnvil(
  { name, accounts }: Scenario,
  senders: readonly Sender[],
  blocks: readonly MadeBlock[],
): Promise<PeerTimes | undefined> {
  const anvil = await launchAnvil([
    ...['--hardfork', 'osaka', '--chain-id', CHAIN_ID.toString(), '--order', 'fifo'],
    ...['--gas-limit', GAS_LIMIT.toString()],
  ]);
  if (anvil === undefined) return undefined;
  const { ask, stop } = anvil;
  try {
    for (const { address, code, storage } of accounts) {
      await ask('anvil_setCode', [address, toHex(code)]);
      for (const [slot, value] of storage) {
        const words = [slot, value].map((word) => `0x${word.toString(16).padStart(64, '0')}`);
        await ask('anvil_setStorageAt', [address, ...words]);
      }
    }
    for (const { address } of senders) {
      await ask('anvil_setBalance', [address, quantity(10n ** 24n)]);
    }
    const mined: number[] = [];
    const sent: number[] = [];
    for (const { transactions, gasUsed } of blocks) {
      const begun = performance.now();
      for (const bytes of transactions) await ask('eth_sendRawTransaction', [toHex(bytes)]);
      const start = performance.now();
      await ask('evm_mine', []);
      const end = performance.now();
      mined.push(end - start);
      sent.push(end - begun);
      const block = (await ask('eth_getBlockByNumber', ['latest', false])) as { gasUsed: string };
      if (BigInt(block.gasUsed) !== gasUsed) {
        throw new Error(`${name}: Anvil used ${BigInt(block.gasUsed)} gas, not ${gasUsed}`);
      }
    }
    return { mined, sent };
  } finally {
    stop();
  }
}
