/**
 * A development node that builds the same blocks in memory: transactions are sent, then a block is
 * mined. The state is set by the methods that Hardhat and Anvil share.
 */

import { toHex } from '../../src/base/bytes.ts';
import type { Ask } from '../../src/cli/bench/anvil.ts';
import type { MadeBlock } from './chain.ts';
import type { Scenario, Sender } from './scenario.ts';

/** Milliseconds of each block. */
export interface PeerTimes {
  /** Mining alone: the transactions wait in the pool, their senders known. */
  readonly mined: readonly number[];
  /** With what it takes to send them. */
  readonly sent: readonly number[];
}

const quantity = (value: bigint): string => `0x${value.toString(16)}`;
const word = (value: bigint): string => `0x${value.toString(16).padStart(64, '0')}`;

/** @throws where a block takes other gas than ours */
export async function mineOver(
  ask: Ask,
  { name, accounts }: Scenario,
  senders: readonly Sender[],
  blocks: readonly MadeBlock[],
): Promise<PeerTimes> {
  for (const { address, code, nonce, storage } of accounts) {
    await ask('hardhat_setNonce', [address, quantity(nonce)]);
    await ask('hardhat_setCode', [address, toHex(code)]);
    for (const [slot, value] of storage) {
      await ask('hardhat_setStorageAt', [address, quantity(slot), word(value)]);
    }
  }
  for (const { address } of senders) {
    await ask('hardhat_setBalance', [address, quantity(10n ** 24n)]);
  }
  const mined: number[] = [];
  const sent: number[] = [];
  for (const { transactions, gasUsed, timestamp } of blocks) {
    const begun = performance.now();
    for (const bytes of transactions) await ask('eth_sendRawTransaction', [toHex(bytes)]);
    await ask('evm_setNextBlockTimestamp', [Number(timestamp)]);
    const start = performance.now();
    await ask('evm_mine', []);
    const end = performance.now();
    mined.push(end - start);
    sent.push(end - begun);
    const block = (await ask('eth_getBlockByNumber', ['latest', false])) as { gasUsed: string };
    if (BigInt(block.gasUsed) !== gasUsed) {
      throw new Error(`${name}: the peer used ${BigInt(block.gasUsed)} gas, not ${gasUsed}`);
    }
  }
  return { mined, sent };
}
