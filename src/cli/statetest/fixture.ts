/**
 * Official state tests as files hold them, read strictly: what is missing or malformed is named
 * by its path. Both the format of execution-spec-tests and the older one of ethereum/tests, which
 * differ only in what they leave out.
 *
 * Format: docs of execution-spec-tests, "State Tests".
 */

import { type ForkName, findFork } from '../../evm/forks/names.ts';
import type { AccessListEntry, Address, Hash } from '../../evm/types.ts';
import type { AccountInput } from '../../state/memory.ts';
import {
  accountsAt,
  address,
  bytes,
  FixtureError,
  hash,
  type JsonObject,
  list,
  object,
  quantity,
  testsIn,
  text,
} from '../fixture-json.ts';

/** One test of a file: a state, an environment, and transactions with their outcome a fork. */
export interface StateTest {
  readonly name: string;
  /**
   * The older suites give the miner a reward of 0 after the transaction, refused or not, which
   * before EIP-158 brings the miner's account into being.
   */
  readonly rewardsMiner: boolean;
  readonly chainId: bigint;
  readonly pre: readonly (readonly [Address, AccountInput])[];
  readonly environment: TestEnvironment;
  readonly template: TransactionTemplate;
  readonly cases: readonly StateTestCase[];
}

export interface TestEnvironment {
  readonly coinbase: Address;
  readonly gasLimit: bigint;
  readonly number: bigint;
  readonly timestamp: bigint;
  readonly difficulty: bigint;
  readonly random: bigint | undefined;
  readonly baseFee: bigint | undefined;
  readonly excessBlobGas: bigint | undefined;
  /** Denominator of the blob fee's exponent a fork, where the file gives it. */
  readonly blobFractions: ReadonlyMap<ForkName, bigint>;
}

/** A transaction whose data, gas limit and value a case picks from lists. */
export interface TransactionTemplate {
  readonly nonce: bigint;
  readonly to: Address | undefined;
  readonly sender: Address | undefined;
  readonly secretKey: Uint8Array | undefined;
  readonly data: readonly Uint8Array[];
  readonly gasLimit: readonly bigint[];
  readonly value: readonly bigint[];
  readonly gasPrice: bigint | undefined;
  readonly maxFeePerGas: bigint | undefined;
  readonly maxPriorityFeePerGas: bigint | undefined;
  /** By the index of data; undefined for an index whose transaction has none. */
  readonly accessLists: readonly (readonly AccessListEntry[] | undefined)[] | undefined;
  readonly maxFeePerBlobGas: bigint | undefined;
  readonly blobVersionedHashes: readonly Hash[] | undefined;
  readonly authorizationList: readonly AuthorizationTemplate[] | undefined;
}

export interface AuthorizationTemplate {
  readonly chainId: bigint;
  readonly address: Address;
  readonly nonce: bigint;
  readonly yParity: bigint;
  readonly r: bigint;
  readonly s: bigint;
}

/** One transaction on one fork, and what must come of it. */
export interface StateTestCase {
  readonly fork: ForkName;
  /** The fork as the file names it. */
  readonly forkName: string;
  /** Position below its fork. */
  readonly index: number;
  readonly indexes: { readonly data: number; readonly gas: number; readonly value: number };
  readonly stateRoot: Hash;
  readonly logsHash: Hash;
  /** The signed transaction, where the file gives it. */
  readonly transactionBytes: Uint8Array | undefined;
  /** Names of the refusals that are right, `|` between them; undefined: it must be executed. */
  readonly exception: string | undefined;
}

/**
 * Reads a file's tests.
 * @throws FixtureError that names the place when the file is not one of state tests
 */
export function parseStateTests(source: string): StateTest[] {
  return testsIn(source).map(([name, test]) => parseTest(name, test));
}

function parseTest(name: string, test: JsonObject): StateTest {
  const config = test['config'] === undefined ? {} : object(test['config'], `${name}.config`);
  const template = parseTemplate(object(test['transaction'], `${name}.transaction`), name);
  const chainId = config['chainid'] ?? config['chainId'];
  const fractions = blobFractions(config['blobSchedule'], `${name}.config.blobSchedule`);
  return {
    name,
    rewardsMiner: test['config'] === undefined,
    chainId: chainId === undefined ? 1n : quantity(chainId, `${name}.config.chainid`),
    pre: accountsAt(test['pre'], `${name}.pre`),
    environment: parseEnvironment(object(test['env'], `${name}.env`), `${name}.env`, fractions),
    template,
    cases: parseCases(object(test['post'], `${name}.post`), `${name}.post`, template),
  };
}

function parseEnvironment(
  env: JsonObject,
  at: string,
  fractions: ReadonlyMap<ForkName, bigint>,
): TestEnvironment {
  const number = (key: string): bigint => quantity(env[key], `${at}.${key}`);
  const optional = (key: string): bigint | undefined =>
    env[key] === undefined ? undefined : number(key);
  return {
    coinbase: address(env['currentCoinbase'], `${at}.currentCoinbase`),
    gasLimit: number('currentGasLimit'),
    number: number('currentNumber'),
    timestamp: number('currentTimestamp'),
    difficulty: optional('currentDifficulty') ?? 0n,
    random: optional('currentRandom'),
    baseFee: optional('currentBaseFee'),
    excessBlobGas: optional('currentExcessBlobGas'),
    blobFractions: fractions,
  };
}

function blobFractions(value: unknown, at: string): ReadonlyMap<ForkName, bigint> {
  const fractions = new Map<ForkName, bigint>();
  if (value === undefined) return fractions;
  for (const [name, schedule] of Object.entries(object(value, at))) {
    const fork = findFork(name);
    if (fork === undefined) continue;
    const { baseFeeUpdateFraction } = object(schedule, `${at}.${name}`);
    fractions.set(fork, quantity(baseFeeUpdateFraction, `${at}.${name}.baseFeeUpdateFraction`));
  }
  return fractions;
}

function parseTemplate(tx: JsonObject, name: string): TransactionTemplate {
  const at = `${name}.transaction`;
  const optional = <T>(key: string, read: (value: unknown, at: string) => T): T | undefined =>
    tx[key] === undefined ? undefined : read(tx[key], `${at}.${key}`);
  return {
    nonce: quantity(tx['nonce'], `${at}.nonce`),
    to: recipient(tx['to'], `${at}.to`),
    sender: optional('sender', address),
    secretKey: optional('secretKey', bytes),
    data: list(tx['data'], `${at}.data`, bytes),
    gasLimit: list(tx['gasLimit'], `${at}.gasLimit`, quantity),
    value: list(tx['value'], `${at}.value`, quantity),
    gasPrice: optional('gasPrice', quantity),
    maxFeePerGas: optional('maxFeePerGas', quantity),
    maxPriorityFeePerGas: optional('maxPriorityFeePerGas', quantity),
    accessLists: optional('accessLists', (value, place) =>
      list(value, place, (entries, where) =>
        entries === null ? undefined : list(entries, where, accessListEntry),
      ),
    ),
    maxFeePerBlobGas: optional('maxFeePerBlobGas', quantity),
    blobVersionedHashes: optional('blobVersionedHashes', (value, place) =>
      list(value, place, hash),
    ),
    authorizationList: optional('authorizationList', (value, place) =>
      list(value, place, authorization),
    ),
  };
}

function recipient(value: unknown, at: string): Address | undefined {
  if (value === undefined || value === null || value === '' || value === '0x') return undefined;
  return address(value, at);
}

function accessListEntry(value: unknown, at: string): AccessListEntry {
  const entry = object(value, at);
  return {
    address: address(entry['address'], `${at}.address`),
    storageKeys: list(entry['storageKeys'], `${at}.storageKeys`, hash),
  };
}

function authorization(value: unknown, at: string): AuthorizationTemplate {
  const entry = object(value, at);
  const number = (key: string): bigint => quantity(entry[key], `${at}.${key}`);
  return {
    chainId: number('chainId'),
    address: address(entry['address'], `${at}.address`),
    nonce: number('nonce'),
    yParity: entry['yParity'] === undefined ? number('v') : number('yParity'),
    r: number('r'),
    s: number('s'),
  };
}

function parseCases(post: JsonObject, at: string, template: TransactionTemplate): StateTestCase[] {
  return Object.entries(post).flatMap(([forkName, entries]) => {
    const fork = findFork(forkName);
    if (fork === undefined) throw new FixtureError(`${at}.${forkName}`, 'is not a known fork');
    return list(entries, `${at}.${forkName}`, (value, where) => {
      const entry = object(value, where);
      const bytesGiven = entry['txbytes'];
      const exception = entry['expectException'];
      return {
        fork,
        forkName,
        index: Number(where.slice(where.lastIndexOf('[') + 1, -1)),
        indexes: parseIndexes(object(entry['indexes'], `${where}.indexes`), where, template),
        stateRoot: hash(entry['hash'], `${where}.hash`),
        logsHash: hash(entry['logs'], `${where}.logs`),
        transactionBytes:
          bytesGiven === undefined ? undefined : bytes(bytesGiven, `${where}.txbytes`),
        exception:
          exception === undefined ? undefined : text(exception, `${where}.expectException`),
      };
    });
  });
}

function parseIndexes(
  indexes: JsonObject,
  at: string,
  template: TransactionTemplate,
): StateTestCase['indexes'] {
  const index = (key: string, choices: readonly unknown[]): number => {
    const value = indexes[key];
    if (typeof value === 'number' && Number.isInteger(value) && choices[value] !== undefined) {
      return value;
    }
    const most = choices.length - 1;
    throw new FixtureError(`${at}.indexes.${key}`, `${String(value)} is not from 0 to ${most}`);
  };
  return {
    data: index('data', template.data),
    gas: index('gas', template.gasLimit),
    value: index('value', template.value),
  };
}
