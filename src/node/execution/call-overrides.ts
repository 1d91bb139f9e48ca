/** State and block overrides of a request, as geth has them (internal/ethapi/override). */

import { WordMap } from '../../base/word-map.ts';
import type { AccountOverride, StateOverrides } from '../../evm/execution-options.ts';
import type { Address, BlockEnvironment, Hash } from '../../evm/types.ts';
import { invalidParams, RpcError } from '../rpc/errors.ts';
import {
  membersOf,
  objectOf,
  optional,
  type Read,
  readAddress,
  readData,
  readHash,
  readU64,
  readWord,
} from '../rpc/values.ts';

/** Slots and accounts of one request. */
const OVERRIDES_MAX = 100_000;
const WORD_DIGITS = 64;

/** A slot or its value: up to 32 bytes, with leading zeros or without. */
const readSlotWord: Read<bigint> = (value, path) => {
  if (typeof value === 'string' && /^0x[0-9a-fA-F]+$/.test(value)) {
    if (value.length <= WORD_DIGITS + 2) return BigInt(value);
  }
  throw invalidParams(`invalid argument ${path}: a word is 0x and up to ${WORD_DIGITS} digits`);
};

const readSlots: Read<ReadonlyMap<bigint, bigint>> = (value, path) => {
  const entries = Object.entries(membersOf(value, path));
  if (entries.length > OVERRIDES_MAX) throw tooMany(path, entries.length);
  return new WordMap(
    entries.map(([slot, word]) => [
      readSlotWord(slot, `${path}.${slot}`),
      readSlotWord(word, `${path}.${slot}`),
    ]),
  );
};

const readAccount = objectOf({
  nonce: optional(readU64),
  code: optional(readData),
  balance: optional(readWord),
  state: optional(readSlots),
  stateDiff: optional(readSlots),
  movePrecompileToAddress: optional(readAddress),
});

export const readStateOverrides: Read<StateOverrides> = (value, path) => {
  const entries = Object.entries(membersOf(value, path));
  if (entries.length > OVERRIDES_MAX) throw tooMany(path, entries.length);
  const accounts = entries.map(([key, account]) => {
    const address = readAddress(key, `${path}.${key.slice(0, WORD_DIGITS)}`);
    const given = readAccount(account, `${path}.${address}`);
    if (given.state !== undefined && given.stateDiff !== undefined) {
      const message = `account ${address} has both 'state' and 'stateDiff'`;
      throw new RpcError('invalid params', message);
    }
    const set = Object.entries(given).filter(([, field]) => field !== undefined);
    return [address, Object.fromEntries(set) as AccountOverride] as const;
  });
  return Object.fromEntries(accounts) as Record<Address, AccountOverride>;
};

function tooMany(path: string, count: number): RpcError {
  return invalidParams(`invalid argument ${path}: ${count} overrides, at most ${OVERRIDES_MAX}`);
}

export interface BlockOverrides {
  readonly number: bigint | undefined;
  readonly difficulty: bigint | undefined;
  readonly time: bigint | undefined;
  readonly gasLimit: bigint | undefined;
  readonly feeRecipient: Address | undefined;
  readonly prevRandao: Hash | undefined;
  readonly baseFeePerGas: bigint | undefined;
  readonly blobBaseFee: bigint | undefined;
  readonly beaconRoot: Hash | undefined;
  readonly withdrawals: readonly unknown[] | undefined;
}

/** 32 bytes, or a shorter integer, as some clients send it. */
const readRandao: Read<Hash> = (value, path) =>
  `0x${readSlotWord(value, path).toString(16).padStart(WORD_DIGITS, '0')}`;

const readList: Read<readonly unknown[]> = (value, path) => {
  if (Array.isArray(value)) return value;
  throw invalidParams(`invalid argument ${path}: no list`);
};

const readBlockFields = objectOf({
  number: optional(readU64),
  difficulty: optional(readWord),
  time: optional(readU64),
  gasLimit: optional(readU64),
  feeRecipient: optional(readAddress),
  prevRandao: optional(readRandao),
  baseFeePerGas: optional(readWord),
  blobBaseFee: optional(readWord),
  beaconRoot: optional(readHash),
  withdrawals: optional(readList),
  // As other nodes call them.
  timestamp: optional(readU64),
  coinbase: optional(readAddress),
  random: optional(readRandao),
  baseFee: optional(readWord),
});

export const readBlockOverrides: Read<BlockOverrides> = (value, path) => {
  const { timestamp, coinbase, random, baseFee, ...fields } = readBlockFields(value, path);
  return {
    ...fields,
    time: fields.time ?? timestamp,
    feeRecipient: fields.feeRecipient ?? coinbase,
    prevRandao: fields.prevRandao ?? random,
    baseFeePerGas: fields.baseFeePerGas ?? baseFee,
  };
};

/** The environment with what is overridden. @throws RpcError for what a call cannot pretend */
export function overrideEnvironment(
  environment: BlockEnvironment,
  overrides: BlockOverrides,
): BlockEnvironment {
  if (overrides.beaconRoot !== undefined) {
    throw new RpcError('server error', 'block override "beaconRoot" is not supported for this RPC');
  }
  if (overrides.withdrawals !== undefined) {
    throw new RpcError(
      'server error',
      'block override "withdrawals" is not supported for this RPC',
    );
  }
  const { number, difficulty, time, gasLimit, feeRecipient, prevRandao } = overrides;
  return {
    ...environment,
    number: number ?? environment.number,
    difficulty: difficulty ?? environment.difficulty,
    timestamp: time ?? environment.timestamp,
    gasLimit: gasLimit ?? environment.gasLimit,
    coinbase: feeRecipient ?? environment.coinbase,
    prevRandao: prevRandao === undefined ? environment.prevRandao : BigInt(prevRandao),
    baseFee: overrides.baseFeePerGas ?? environment.baseFee,
    blobBaseFee: overrides.blobBaseFee ?? environment.blobBaseFee,
  };
}
