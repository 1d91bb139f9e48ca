/**
 * The transaction tests of ethereum/tests: bytes, and for each fork either sender, hash and
 * intrinsic gas, or the refusal, whose reason is compared too.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { acceptTransaction } from '../../src/chain/transactions/check.ts';
import { encodeTransaction, transactionHash } from '../../src/chain/transactions/encode.ts';
import { intrinsicGas } from '../../src/chain/transactions/intrinsic-gas.ts';
import type { FaultyTransaction } from '../../src/chain/transactions/types.ts';
import { type ForkName, findFork } from '../../src/evm/forks/names.ts';
import { rulesOf } from '../../src/evm/forks/rules.ts';
import { fixtures } from '../fixtures.ts';

interface Expected {
  readonly exception?: string;
  readonly hash?: string;
  readonly sender?: string;
  readonly intrinsicGas: string;
}

interface TransactionTest {
  readonly txbytes: string;
  readonly result: Readonly<Record<string, Expected>>;
}

/** Bytes made a list by their header alone are no list of RLP items. */
const GARBAGE = ['item longer than its list', 'single byte not its own encoding'];

/** For each name of the official tests the faults (or `fault field`) that mean the same. */
const FAULTS: Readonly<Record<string, readonly string[]>> = {
  ADDRESS_TOO_LONG: ['address of wrong length to'],
  ADDRESS_TOO_SHORT: ['address of wrong length to'],
  // Gas is checked before the dear recovery: one test lacks both.
  EC_RECOVERY_FAIL: ['signature recovers nobody', 'intrinsic gas too low'],
  GASLIMIT_OVERFLOW: ['integer too large gasLimit', 'integer with leading zeros gasLimit'],
  GASLIMIT_PRICE_PRODUCT_OVERFLOW: ['gas price overflow'],
  GASPRICE_OVERFLOW: ['integer too large maxFeePerGas'],
  INITCODE_SIZE_EXCEEDED: ['init code too large'],
  INTRINSIC_GAS_TOO_LOW: ['intrinsic gas too low'],
  INVALID_CHAINID: ['wrong chain id', 'signature out of range v'],
  INVALID_SIGNATURE_VRS: ['signature out of range'],
  NONCE_OVERFLOW: ['integer too large nonce'],
  NONCE_TOO_BIG: ['nonce overflow'],
  PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS_2: ['priority fee above fee'],
  PRIORITY_OVERFLOW: ['integer too large maxPriorityFeePerGas'],
  RLP_ERROR_EOF: ['input ends early', 'type not supported'],
  RLP_ERROR_SIZE: ['trailing bytes', 'input ends early', 'item longer than its list'],
  RLP_ERROR_SIZE_LEADING_ZEROS: ['length with leading zeros'],
  RLP_INVALID_ACCESS_LIST_ADDRESS_TOO_LONG: ['address of wrong length accessList'],
  RLP_INVALID_ACCESS_LIST_ADDRESS_TOO_SHORT: ['address of wrong length accessList'],
  RLP_INVALID_ACCESS_LIST_STORAGE_TOO_LONG: ['hash of wrong length accessList'],
  RLP_INVALID_ACCESS_LIST_STORAGE_TOO_SHORT: ['hash of wrong length accessList'],
  RLP_INVALID_DATA: ['list where bytes belong data', ...GARBAGE],
  RLP_INVALID_GASLIMIT: ['list where bytes belong gasLimit', ...GARBAGE],
  RLP_INVALID_HEADER: ['type not supported', 'input ends early'],
  RLP_INVALID_NONCE: ['list where bytes belong nonce', ...GARBAGE],
  RLP_INVALID_SIGNATURE_R: ['list where bytes belong r', ...GARBAGE],
  RLP_INVALID_SIGNATURE_S: ['list where bytes belong s', ...GARBAGE],
  RLP_INVALID_TO: ['list where bytes belong to', ...GARBAGE],
  RLP_LEADING_ZEROS_BASEFEE: ['integer with leading zeros maxFeePerGas'],
  RLP_LEADING_ZEROS_DATA_SIZE: ['length with leading zeros'],
  RLP_LEADING_ZEROS_GASLIMIT: ['integer with leading zeros gasLimit'],
  RLP_LEADING_ZEROS_GASPRICE: ['integer with leading zeros maxFeePerGas'],
  RLP_LEADING_ZEROS_NONCE: ['integer with leading zeros nonce'],
  RLP_LEADING_ZEROS_NONCE_SIZE: ['single byte not its own encoding'],
  RLP_LEADING_ZEROS_PRIORITY_FEE: ['integer with leading zeros maxPriorityFeePerGas'],
  RLP_LEADING_ZEROS_R: ['integer with leading zeros r'],
  RLP_LEADING_ZEROS_S: ['integer with leading zeros s'],
  RLP_LEADING_ZEROS_V: ['integer with leading zeros v'],
  RLP_LEADING_ZEROS_VALUE: ['integer with leading zeros value'],
  RLP_TOO_FEW_ELEMENTS: ['too few fields'],
  RLP_TOO_MANY_ELEMENTS: ['too many fields'],
  // Type 4 was not known to the tests' maker: for it, wrong fields are an unknown type's.
  TYPE_NOT_SUPPORTED: ['type not supported', 'too many fields', 'too few fields'],
  VALUE_OVERFLOW: ['integer too large value'],
};

const CHAIN_ID = 1n;
const folder = fixtures('ethereum-tests');

describe.skipIf(folder === undefined)('official transaction tests', () => {
  const root = folder === undefined ? undefined : join(folder, 'TransactionTests');
  for (const file of root === undefined ? [] : jsonFiles(root)) {
    const tests = JSON.parse(readFileSync(file, 'utf8')) as Record<string, TransactionTest>;
    for (const [name, test] of Object.entries(tests)) {
      for (const [fork, expected] of Object.entries(test.result)) {
        it(`${name} ${fork}`, () => {
          check(Uint8Array.fromHex(test.txbytes.slice(2)), fork, expected);
        });
      }
    }
  }
});

function jsonFiles(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(root, name));
}

function check(bytes: Uint8Array, fork: string, expected: Expected): void {
  const rules = rulesOf(findFork(fork) as ForkName);
  const result = acceptTransaction(bytes, { chainId: CHAIN_ID, rules });
  if (expected.exception !== undefined) {
    expect(result.ok).toBe(false);
    const name = expected.exception.replace('TransactionException.', '');
    const { fault, field } = result as FaultyTransaction;
    const accepted = FAULTS[name] ?? [];
    expect(accepted, name).toContain(accepted.includes(fault) ? fault : `${fault} ${field}`);
    return;
  }
  if (!result.ok) expect.fail(`refused: ${result.message}`);
  expect(result.transaction.sender).toBe(expected.sender);
  expect(transactionHash(result.signed)).toBe(expected.hash);
  expect(encodeTransaction(result.signed).toHex()).toBe(bytes.toHex());
  expect(intrinsicGas(result.signed, rules).intrinsic).toBe(BigInt(expected.intrinsicGas));
}
