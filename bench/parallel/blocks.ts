/** Blocks to be simulated: of one kind, and of mainnet. */

import { decodeBlock } from '../../src/chain/blocks/block.ts';
import { blockEnvironment } from '../../src/chain/executor/sequential.ts';
import { MAINNET } from '../../src/chain/networks.ts';
import { acceptTransaction } from '../../src/chain/transactions/check.ts';
import { type Rules, rulesOf } from '../../src/evm/forks/rules.ts';
import { plainTransaction } from '../../src/evm/plain-transaction.ts';
import type { Address, BlockEnvironment, StateReader, Transaction } from '../../src/evm/types.ts';
import { MemoryState } from '../../src/state/memory.ts';
import { beginningOf, makeBlocks, SPEC } from '../blocks/chain.ts';
import { type MainnetBlock, rulesOf as mainnetRulesOf } from '../blocks/mainnet.ts';
import { GAS_LIMIT, type Scenario, type Sender } from '../blocks/scenario.ts';
import type { Recordable, SyncState } from './recordable.ts';

const OSAKA: Rules = rulesOf('osaka');
const COUNTER: Address = `0x${'cc'.repeat(20)}`;
/** Adds one to a slot. */
const COUNT_CODE = Uint8Array.fromHex('5f546001015f5500');
const LOOP: Address = `0x${'dd'.repeat(20)}`;
/** Counts down from 20,000, and sets the caller's slot. */
const LOOP_CODE = Uint8Array.fromHex('614e205b6001900380600357600133550000');
const PRICE = 1_000_000_000n;
const RICH = 10n ** 24n;
const BLOCK: BlockEnvironment = {
  number: 1n,
  timestamp: 1n,
  coinbase: `0x${'c0'.repeat(20)}`,
  gasLimit: GAS_LIMIT,
  prevRandao: 0n,
  difficulty: 0n,
  baseFee: PRICE,
  blobBaseFee: 1n,
};

/** One each, to somebody else. */
export function transfers(senders: readonly Sender[]): Recordable {
  return ofCalls(senders, ({ address }) => ({ to: reversed(address), value: 1n }));
}

/** Each goes through a loop, some 10 us of it, and writes a slot of its own. */
export function computing(senders: readonly Sender[]): Recordable {
  return ofCalls(senders, () => ({ to: LOOP, gasLimit: 800_000n }));
}

/** Each counts in the same slot. */
export function conflicting(senders: readonly Sender[]): Recordable {
  return ofCalls(senders, () => ({ to: COUNTER }));
}

function ofCalls(
  senders: readonly Sender[],
  call: (sender: Sender) => {
    readonly to: Address;
    readonly value?: bigint;
    readonly gasLimit?: bigint;
  },
): Recordable {
  const state = new MemoryState();
  const none = new Uint8Array();
  for (const { address } of senders) {
    state.setAccount(address, { nonce: 0n, balance: RICH, code: none, storage: [] });
    state.setAccount(reversed(address), { nonce: 0n, balance: 1n, code: none, storage: [] });
  }
  state.setAccount(LOOP, { nonce: 1n, balance: 0n, code: LOOP_CODE, storage: [] });
  state.setAccount(COUNTER, { nonce: 1n, balance: 0n, code: COUNT_CODE, storage: [] });
  const transactions = senders.map((sender) =>
    plainTransaction({
      sender: sender.address,
      gasLimit: 60_000n,
      maxFeePerGas: PRICE,
      maxPriorityFeePerGas: PRICE,
      ...call(sender),
    }),
  );
  return {
    rules: OSAKA,
    chainId: 1n,
    block: { ...BLOCK, gasLimit: 10n ** 9n },
    state,
    transactions,
  };
}

function reversed(address: Address): Address {
  return `0x${[...address.slice(2)].reverse().join('')}`;
}

/** A full block of a scenario, the first upon its beginning. */
export async function ofScenario(
  scenario: Scenario,
  senders: readonly Sender[],
): Promise<Recordable> {
  const beginning = beginningOf(scenario, senders);
  const [made] = await makeBlocks(scenario, senders, beginning, 1);
  if (made === undefined) throw new Error(`${scenario.name}: no block`);
  const { header, transactions } = decodeBlock(made.bytes);
  return {
    rules: OSAKA,
    chainId: SPEC.chainId,
    block: { ...BLOCK, ...header, baseFee: header.baseFeePerGas ?? 0n },
    state: readerOf(beginning.state),
    transactions: transactions.map((bytes) => accepted(bytes, SPEC.chainId, OSAKA)),
  };
}

export function ofMainnet(block: MainnetBlock): Recordable {
  const { header, transactions } = decodeBlock(block.bytes);
  const blockRules = mainnetRulesOf({ header });
  const { rules } = blockRules;
  const hashOf = (number: bigint) => block.hashes.get(number) ?? `0x${'00'.repeat(32)}`;
  return {
    rules,
    chainId: MAINNET.chainId,
    block: blockEnvironment(header, blockRules),
    state: { ...readerOf(block.state), getBlockHash: hashOf as StateReader['getBlockHash'] },
    transactions: transactions.map((bytes) => accepted(bytes, MAINNET.chainId, rules)),
  };
}

function readerOf(state: MemoryState): SyncState {
  return {
    getAccount: (address) => state.getAccount(address),
    getStorage: (address, slot) => state.getStorage(address, slot),
    getCode: (hash) => state.getCode(hash),
    hasStorage: (address) => state.hasStorage(address),
    getBlockHash: () => `0x${'00'.repeat(32)}`,
  };
}

function accepted(bytes: Uint8Array, chainId: bigint, rules: Rules): Transaction {
  const result = acceptTransaction(bytes, { chainId, rules });
  if (!result.ok) throw new Error(result.message);
  return result.transaction;
}
