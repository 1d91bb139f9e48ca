/**
 * What callers pass, checked once at the door: inside the machine a value that is too large wraps
 * and an address that is no hex becomes somebody else's. Addresses and hashes may be of any case;
 * they come out in lower case.
 */
import { IronflyError } from '../base/errors.ts';
import type { Address, BlockEnvironment, Hash, Transaction } from './types.ts';

export type InputErrorCode = 'evm/invalid input';

/** A value of the wrong type, shape or range; `details.field` names where it was. */
export class InputError extends IronflyError<InputErrorCode> {
  constructor(field: string, value: unknown, wanted: string) {
    super('evm/invalid input', `${field} is ${describe(value)}: give ${wanted}`, {
      details: { field, value: describe(value), wanted },
    });
  }
}

const DESCRIBED_MAX = 80;

/** A value in a message: short, and of any type without throwing. */
function describe(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === 'bigint') return `${value}n`.slice(0, DESCRIBED_MAX);
  if (typeof value === 'string') return JSON.stringify(value.slice(0, DESCRIBED_MAX));
  if (typeof value === 'symbol' || typeof value === 'function') return `a ${typeof value}`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return `${String(value)} (${typeof value})`;
}

/** Most gas that a call can have: it is counted in a signed 64-bit integer. */
export const GAS_MAX: bigint = 2n ** 63n - 1n;
const U64_MAX = 2n ** 64n - 1n;
const U256_MAX = 2n ** 256n - 1n;

function integer(field: string, value: unknown, max: bigint, limit: string): bigint {
  if (typeof value === 'bigint' && value >= 0n && value <= max) return value;
  throw new InputError(field, value, `a bigint from 0n to ${limit}`);
}

export function checkU64(field: string, value: unknown): bigint {
  return integer(field, value, U64_MAX, '2n ** 64n - 1n');
}

export function checkWord(field: string, value: unknown): bigint {
  return integer(field, value, U256_MAX, '2n ** 256n - 1n');
}

export function checkGas(field: string, value: unknown): bigint {
  return integer(field, value, GAS_MAX, '2n ** 63n - 1n');
}

export function checkAddress(field: string, value: unknown): Address {
  if (typeof value === 'string' && /^0x[0-9a-fA-F]{40}$/.test(value)) {
    return value.toLowerCase() as Address;
  }
  throw new InputError(field, value, '0x and 40 hexadecimal digits');
}

export function checkHash(field: string, value: unknown): Hash {
  if (typeof value === 'string' && /^0x[0-9a-fA-F]{64}$/.test(value)) {
    return value.toLowerCase() as Hash;
  }
  throw new InputError(field, value, '0x and 64 hexadecimal digits');
}

export function checkBytes(field: string, value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new InputError(field, value, 'a Uint8Array');
}

function list<T>(field: string, value: unknown, item: (at: string, value: T) => T): readonly T[] {
  if (!Array.isArray(value)) throw new InputError(field, value, 'an array');
  if (value.length === 0) return EMPTY;
  // PERF: a loop, not Array.from, which goes by an iterator. Holes count as undefined.
  const items: T[] = [];
  for (let i = 0; i < value.length; i++) items.push(item(`${field}[${i}]`, value[i]));
  return items;
}

const EMPTY: readonly never[] = [];

export function checkObject(field: string, value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  throw new InputError(field, value, 'an object');
}

/** The transaction with all its fields checked. @throws InputError */
export function checkTransaction(value: Transaction): Transaction {
  checkObject('transaction', value);
  const { type } = value;
  if (type !== 0 && type !== 1 && type !== 2 && type !== 3 && type !== 4) {
    throw new InputError('transaction.type', type, '0, 1, 2, 3 or 4');
  }
  return {
    type,
    sender: checkAddress('transaction.sender', value.sender),
    nonce: checkU64('transaction.nonce', value.nonce),
    // More than the machine can count is refused by the machine, as more than a block has.
    gasLimit: checkU64('transaction.gasLimit', value.gasLimit),
    to: value.to === undefined ? undefined : checkAddress('transaction.to', value.to),
    value: checkWord('transaction.value', value.value),
    data: checkBytes('transaction.data', value.data),
    maxFeePerGas: checkWord('transaction.maxFeePerGas', value.maxFeePerGas),
    maxPriorityFeePerGas: checkWord('transaction.maxPriorityFeePerGas', value.maxPriorityFeePerGas),
    accessList: list('transaction.accessList', value.accessList, checkEntry),
    maxFeePerBlobGas: checkWord('transaction.maxFeePerBlobGas', value.maxFeePerBlobGas),
    blobVersionedHashes: list(
      'transaction.blobVersionedHashes',
      value.blobVersionedHashes,
      checkHash,
    ),
    authorizationList: list(
      'transaction.authorizationList',
      value.authorizationList,
      checkAuthorization,
    ),
  };
}

function checkEntry(
  field: string,
  value: Transaction['accessList'][number],
): Transaction['accessList'][number] {
  checkObject(field, value);
  return {
    address: checkAddress(`${field}.address`, value.address),
    storageKeys: list(`${field}.storageKeys`, value.storageKeys, checkHash),
  };
}

function checkAuthorization(
  field: string,
  value: Transaction['authorizationList'][number],
): Transaction['authorizationList'][number] {
  checkObject(field, value);
  const { authority } = value;
  return {
    chainId: checkWord(`${field}.chainId`, value.chainId),
    address: checkAddress(`${field}.address`, value.address),
    nonce: checkU64(`${field}.nonce`, value.nonce),
    authority: authority === undefined ? undefined : checkAddress(`${field}.authority`, authority),
  };
}

/** The block with all its fields checked. @throws InputError */
export function checkBlock(value: BlockEnvironment): BlockEnvironment {
  checkObject('block', value);
  return {
    number: checkU64('block.number', value.number),
    timestamp: checkWord('block.timestamp', value.timestamp),
    coinbase: checkAddress('block.coinbase', value.coinbase),
    gasLimit: checkU64('block.gasLimit', value.gasLimit),
    prevRandao: checkWord('block.prevRandao', value.prevRandao),
    difficulty: checkWord('block.difficulty', value.difficulty),
    baseFee: checkWord('block.baseFee', value.baseFee),
    blobBaseFee: checkWord('block.blobBaseFee', value.blobBaseFee),
    slotNumber: checkU64('block.slotNumber', value.slotNumber ?? 0n),
  };
}
