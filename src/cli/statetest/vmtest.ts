/**
 * The oldest official tests, VMTests: one frame alone, without a transaction around it. Gas left,
 * output, logs and storage are compared, or that the frame fails.
 *
 * Their value is in the account already, while our frame moves it there: so the account is given
 * less before, and the caller more.
 */

import { createEVM, type EVM } from '../../evm/evm.ts';
import type { Address, Hash } from '../../evm/types.ts';
import { logsHash } from '../../state/logs-hash.ts';
import { type AccountInput, MemoryState } from '../../state/memory.ts';
import {
  accountsAt,
  address,
  bytes,
  hash,
  type JsonObject,
  object,
  quantity,
} from '../fixture-json.ts';
import type { MachineOptions } from './machine.ts';
import { testBlockHash } from './run.ts';

export interface VmTest {
  readonly name: string;
  readonly block: {
    readonly number: bigint;
    readonly timestamp: bigint;
    readonly coinbase: Address;
    readonly gasLimit: bigint;
    readonly difficulty: bigint;
  };
  readonly caller: Address;
  readonly address: Address;
  readonly data: Uint8Array;
  readonly value: bigint;
  readonly gas: bigint;
  readonly gasPrice: bigint;
  readonly pre: readonly (readonly [Address, AccountInput])[];
  /** undefined: the frame must fail. */
  readonly expected: VmTestOutcome | undefined;
}

export interface VmTestOutcome {
  readonly gasLeft: bigint;
  readonly output: Uint8Array;
  readonly logsHash: Hash;
  readonly post: readonly (readonly [Address, AccountInput])[];
}

/** @throws FixtureError that names the place when the file is not one of VM tests */
export function parseVmTests(source: string): VmTest[] {
  return Object.entries(object(JSON.parse(source), '')).map(([name, value]) => {
    const test = object(value, name);
    const exec = object(test['exec'], `${name}.exec`);
    const number = (from: JsonObject, key: string): bigint => quantity(from[key], `${name}.${key}`);
    const env = object(test['env'], `${name}.env`);
    return {
      name,
      block: {
        number: number(env, 'currentNumber'),
        timestamp: number(env, 'currentTimestamp'),
        coinbase: address(env['currentCoinbase'], `${name}.env.currentCoinbase`),
        gasLimit: number(env, 'currentGasLimit'),
        difficulty: number(env, 'currentDifficulty'),
      },
      caller: address(exec['caller'], `${name}.exec.caller`),
      address: address(exec['address'], `${name}.exec.address`),
      data: bytes(exec['data'], `${name}.exec.data`),
      value: number(exec, 'value'),
      gas: number(exec, 'gas'),
      gasPrice: number(exec, 'gasPrice'),
      pre: accountsAt(test['pre'], `${name}.pre`),
      expected: test['post'] === undefined ? undefined : outcome(test, name),
    };
  });
}

function outcome(test: JsonObject, name: string): VmTestOutcome {
  return {
    gasLeft: quantity(test['gas'], `${name}.gas`),
    output: bytes(test['out'], `${name}.out`),
    logsHash: hash(test['logs'], `${name}.logs`),
    post: accountsAt(test['post'], `${name}.post`),
  };
}

/** Opens what executes VM tests: Frontier's rules, as the tests were made. */
export function openVmTestMachine(options: MachineOptions): EVM {
  return createEVM({ fork: 'frontier', ...options });
}

/** Runs one test; says what is wrong, or nothing. */
export function runVmTest(test: VmTest, evm: EVM): string | undefined {
  const state = new MemoryState();
  state.blockHash = testBlockHash;
  for (const [at, account] of test.pre) state.setAccount(at, account);
  addBalance(state, test.caller, test.value);
  addBalance(state, test.address, -test.value);
  evm.setState(state);
  evm.setBlock({ ...test.block, prevRandao: 0n, baseFee: 0n, blobBaseFee: 0n });
  const result = evm.transactSync(
    {
      type: 0,
      sender: test.caller,
      nonce: 0n,
      gasLimit: test.gas,
      to: test.address,
      value: test.value,
      data: test.data,
      maxFeePerGas: test.gasPrice,
      maxPriorityFeePerGas: test.gasPrice,
      accessList: [],
      maxFeePerBlobGas: 0n,
      blobVersionedHashes: [],
      authorizationList: [],
    },
    { commit: false, callOnly: true },
  );
  const { expected } = test;
  if (result.status === 'refused') return `refused: ${result.message}`;
  if (expected === undefined) {
    return result.status === 'halt' ? undefined : `ended with ${result.status}, must fail`;
  }
  if (result.status !== 'success') return `ended with ${result.status}, must succeed`;
  state.apply(result.changes);
  const gasLeft = test.gas - result.gasUsed;
  if (gasLeft !== expected.gasLeft) return `gas left ${gasLeft}, expected ${expected.gasLeft}`;
  const output = result.output.toHex();
  if (output !== expected.output.toHex()) return `output 0x${output}`;
  const logs = logsHash(result.logs);
  if (logs !== expected.logsHash) return `logs hash ${logs}, expected ${expected.logsHash}`;
  return differenceOf(state, expected);
}

function addBalance(state: MemoryState, at: Address, amount: bigint): void {
  const account = state.getAccount(at);
  const { nonce, balance, codeHash } = account ?? { nonce: 0n, balance: 0n, codeHash: undefined };
  state.setAccount(at, {
    nonce,
    balance: balance + amount,
    code: codeHash === undefined ? new Uint8Array(0) : state.getCode(codeHash),
    storage: [...state.storageOf(at)],
  });
}

/** Compares the accounts that the outcome names; a destroyed one has nothing left to compare. */
function differenceOf(state: MemoryState, expected: VmTestOutcome): string | undefined {
  for (const [at, account] of expected.post) {
    const found = state.getAccount(at);
    if (found?.balance !== account.balance) {
      return `${at}: balance ${found?.balance}, expected ${account.balance}`;
    }
    const slots = new Map(account.storage);
    const keys = new Set([...slots.keys(), ...state.storageOf(at).keys()]);
    for (const slot of keys) {
      const value = state.getStorage(at, slot);
      const wanted = slots.get(slot) ?? 0n;
      if (value !== wanted) return `${at}: slot ${slot} holds ${value}, expected ${wanted}`;
    }
  }
  return undefined;
}
