/**
 * Full blocks of one kind of transaction: a state to begin with, and for each block the
 * transactions that its senders offer, one each.
 */

import { createRequire } from 'node:module';
import { bigintFromBytes } from '../../src/base/bytes.ts';
import { keccak256 } from '../../src/base/keccak.ts';
import { BLANK_TRANSACTION } from '../../src/chain/transactions/blank.ts';
import { encodeTransaction, signingHash } from '../../src/chain/transactions/encode.ts';
import { addressOfKey, signTransaction } from '../../src/chain/transactions/signature.ts';
import type { SignedTransaction } from '../../src/chain/transactions/types.ts';
import type { WorkloadAccount } from '../../src/cli/bench/workload.ts';
import { contractAt } from '../../src/cli/bench/workload.ts';
import type { CompiledContract, CompiledContracts } from '../../src/cli/bench/workloads/compile.ts';
import { uniswapWorkloads } from '../../src/cli/bench/workloads/uniswap.ts';
import type { Address } from '../../src/evm/types.ts';

export const CHAIN_ID = 31_337n;
/** Of a block, as Ethereum's blocks had it in 2025. */
export const GAS_LIMIT = 36_000_000n;
/** Seconds. */
export const GENESIS_TIME = 1_700_000_000n;
export const FEE = 1_000_000_000_000n;

export interface Call {
  readonly to: Address;
  readonly data: Uint8Array;
  readonly gasLimit: bigint;
}

export interface Scenario {
  readonly name: string;
  readonly accounts: readonly WorkloadAccount[];
  /** What a sender does in a block. */
  readonly call: (block: number, sender: number) => Call;
}

const CONTRACT: Address = `0x${'c0de'.padStart(40, '0')}`;
/** Tokens of each sender. */
const BALANCE = 10n ** 24n;

export function scenarios(
  compiled: CompiledContracts,
  senders: readonly Sender[],
  missing: (what: string) => void,
): Scenario[] {
  const coin = contractNamed(compiled, 'Coin');
  const venue = contractNamed(compiled, 'Venue');
  const swaps = uniswapWorkloads(compiled, true, missing).find(
    ({ contract }) => contract === 'UniswapV2Loops run',
  );
  const all = [tokens(coin, senders), orders(venue)];
  if (swaps === undefined) return all;
  const run = contractNamed(compiled, 'UniswapV2Loops');
  const data = callData(run, 'run(uint256)', [2n]);
  const swap: Scenario = {
    name: 'Uniswap v2 swaps',
    accounts: swaps.accounts,
    call: () => ({ to: swaps.to, data, gasLimit: 400_000n }),
  };
  return [all[0] as Scenario, swap, all[1] as Scenario];
}

/** OpenZeppelin's ERC-20: half of the transfers go to who holds none yet. */
function tokens(coin: CompiledContract, senders: readonly Sender[]): Scenario {
  const storage = new Map(senders.map(({ address }) => [balanceSlot(address), BALANCE]));
  return {
    name: 'ERC-20 transfers',
    accounts: [{ ...contractAt(CONTRACT, codeOf(coin)), storage }],
    call: (block, sender) => {
      const known = senders[(sender * 7 + block) % senders.length] as Sender;
      const fresh = BigInt(block * 1_000_000 + sender + 0x10_0000_0000);
      const recipient = sender % 2 === 0 ? BigInt(known.address) : fresh;
      const data = callData(coin, 'transfer(address,uint256)', [recipient, BigInt(1 + sender)]);
      return { to: CONTRACT, data, gasLimit: 60_000n };
    },
  };
}

/** Orders around a price: about half of them trade. */
function orders(venue: CompiledContract): Scenario {
  // The best ask of an empty book: the highest number.
  const storage = new Map([[3n, 2n ** 256n - 1n]]);
  return {
    name: 'orders in a Solidity order book',
    accounts: [{ ...contractAt(CONTRACT, codeOf(venue)), storage }],
    call: (block, sender) => {
      const seed = keccak256(Uint8Array.of(block, block >> 8, sender, sender >> 8));
      const [side = 0, price = 0, quantity = 0] = seed;
      const args = [BigInt(side & 1), BigInt(10_000 + (price % 32)), BigInt(1 + (quantity % 10))];
      const data = callData(venue, 'order(bool,uint256,uint96)', args);
      return { to: CONTRACT, data, gasLimit: 500_000n };
    },
  };
}

/** Slot of a balance in OpenZeppelin's ERC-20, whose balances are its first mapping. */
export function balanceSlot(owner: Address): bigint {
  const key = Uint8Array.fromHex(owner.slice(2).padStart(64, '0') + '00'.repeat(32));
  return BigInt(`0x${keccak256(key).toHex()}`);
}

function contractNamed(compiled: CompiledContracts, name: string): CompiledContract {
  const contract = compiled[name];
  if (contract === undefined) throw new RangeError(`there is no contract ${name}`);
  return contract;
}

function codeOf({ deployed }: CompiledContract): Uint8Array {
  return Uint8Array.fromHex(deployed);
}

function callData(contract: CompiledContract, signature: string, words: bigint[]): Uint8Array {
  const selector = contract.selectors[signature];
  if (selector === undefined) throw new RangeError(`the contract has no ${signature}`);
  const args = words.map((word) => word.toString(16).padStart(64, '0')).join('');
  return Uint8Array.fromHex(selector + args);
}

export interface Sender {
  readonly key: Uint8Array;
  readonly address: Address;
  nonce: bigint;
}

export function makeSenders(count: number): Sender[] {
  return Array.from({ length: count }, (_, index) => {
    const key = keccak256(Uint8Array.of(1, index, index >> 8));
    return { key, address: addressOfKey(key), nonce: 0n };
  });
}

/** What of the package `secp256k1` signs ten times as fast as JavaScript does. */
interface NativeSigner {
  ecdsaSign(hash: Uint8Array, key: Uint8Array): { signature: Uint8Array; recid: number };
}

let native: NativeSigner | false | undefined;

function nativeSigner(): NativeSigner | undefined {
  try {
    native ??= createRequire(import.meta.url)('secp256k1/bindings.js') as NativeSigner;
  } catch {
    native = false;
  }
  return native || undefined;
}

function sign(transaction: SignedTransaction, key: Uint8Array): SignedTransaction {
  const signer = nativeSigner();
  if (signer === undefined) return signTransaction(transaction, key);
  const { signature, recid } = signer.ecdsaSign(signingHash(transaction), key);
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32)].map(bigintFromBytes);
  return { ...transaction, r: r as bigint, s: s as bigint, v: BigInt(recid) };
}

/** A signed transaction as blocks hold it. */
export function signed(sender: Sender, { to, data, gasLimit }: Call): Uint8Array {
  const transaction: SignedTransaction = {
    ...BLANK_TRANSACTION,
    type: 2,
    chainId: CHAIN_ID,
    nonce: sender.nonce,
    maxFeePerGas: FEE,
    maxPriorityFeePerGas: 1n,
    gasLimit,
    to,
    data,
  };
  return encodeTransaction(sign(transaction, sender.key));
}
