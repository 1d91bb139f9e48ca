/**
 * System calls: what a block tells its system contracts at its start, and asks them at its end.
 *
 * Specifications: EIP-4788, EIP-2935, EIP-7002, EIP-7251, EIP-7685.
 */

import type { EVM } from '../../evm/evm.ts';
import type { StateAccesses } from '../../evm/machine/accesses.ts';
import { plainTransaction } from '../../evm/plain-transaction.ts';
import type { Address, StateChanges, StateReader, TransactionResult } from '../../evm/types.ts';
import { EMPTY_CODE_HASH } from '../../state/memory.ts';
import { InvalidBlock } from '../blocks/fault.ts';
import type { BlockHeader } from '../blocks/header.ts';
import type { Receipt } from '../blocks/receipt.ts';
import {
  CONSOLIDATION_REQUEST,
  DEPOSIT_CONTRACT,
  DEPOSIT_REQUEST,
  depositsIn,
  type Request,
  requestOf,
  WITHDRAWAL_REQUEST,
} from '../blocks/requests.ts';
import type { BlockRules } from '../chain-spec.ts';
import type { BlockSetting } from './block-setting.ts';

const SYSTEM_ADDRESS: Address = '0xfffffffffffffffffffffffffffffffffffffffe';
const SYSTEM_CALL_GAS = 30_000_000n;

const BEACON_ROOTS: Address = '0x000f3df6d732807ef1319fb7b8bb8522d0beac02';
const HISTORY_STORAGE: Address = '0x0000f90827f1c53a10cb7a02335b175320002935';

/** Contracts whose output at a block's end is a request. */
const REQUEST_CONTRACTS: readonly (readonly [type: number, address: Address])[] = [
  [WITHDRAWAL_REQUEST, '0x00000961ef480eb55e80d19ad83579a64c007002'],
  [CONSOLIDATION_REQUEST, '0x0000bbddc7ce488642fb579f8b00f3a590007251'],
];

/** What came of a call; nothing where there was none. */
export interface SystemCall {
  readonly address: Address;
  readonly accesses: StateAccesses | undefined;
  readonly changes: StateChanges | undefined;
}

const NOTHING_DONE = { accesses: undefined, changes: undefined };

/** What the calls at a block's start and end need of its setting. */
export interface StartSetting extends Pick<BlockSetting, 'evm' | 'blockRules' | 'spec'> {
  readonly state: StateReader;
}

/**
 * Hands the parent's roots to their contracts, where these exist, and a chain's milliseconds to the
 * one that it names; a failure is none's.
 */
export async function recordAncestors(
  { evm, state, blockRules, spec }: StartSetting,
  header: Pick<BlockHeader, 'parentHash' | 'parentBeaconBlockRoot' | 'extraData'>,
): Promise<SystemCall[]> {
  const calls: [Address, string][] = [];
  const milliseconds = spec.sequencing?.milliseconds;
  if (milliseconds !== undefined) {
    calls.push([milliseconds, `0x${header.extraData.slice(2).padStart(64, '0')}`]);
  }
  const { is } = blockRules;
  if (is('cancun')) calls.push([BEACON_ROOTS, header.parentBeaconBlockRoot as string]);
  if (is('prague')) calls.push([HISTORY_STORAGE, header.parentHash]);
  const done: SystemCall[] = [];
  for (const [address, word] of calls) {
    const called = await hasCode(state, address);
    const data = Uint8Array.fromHex(word.slice(2));
    const result = called ? await systemCall(evm, address, data, is) : undefined;
    done.push({ address, ...outcomeOf(result) });
  }
  return done;
}

export interface CollectedRequests {
  /** In the order of their types. */
  readonly requests: readonly Request[];
  readonly calls: readonly SystemCall[];
}

/** Asks the system contracts and the logs for requests. @throws InvalidBlock */
export async function collectRequests(
  { evm, state, blockRules, spec }: StartSetting,
  receipts: readonly Receipt[],
): Promise<CollectedRequests> {
  if (!blockRules.is('prague')) return { requests: [], calls: [] };
  const deposits = depositsIn(receipts, spec.depositContract ?? DEPOSIT_CONTRACT);
  const requests = requestOf(DEPOSIT_REQUEST, deposits);
  const calls: SystemCall[] = [];
  for (const [type, address] of REQUEST_CONTRACTS) {
    const result = await systemCall(evm, address, new Uint8Array(0), blockRules.is);
    if (!(await isDeployed(result, state, address))) {
      const message = `there is no code at the system contract ${address}`;
      throw new InvalidBlock('block/system contract missing', message, { address });
    }
    if (result.status !== 'success') {
      const message = `the call of the system contract ${address} ended with ${result.status}`;
      throw new InvalidBlock('block/system call failed', message, { address });
    }
    calls.push({ address, ...outcomeOf(result) });
    requests.push(...requestOf(type, result.output));
  }
  return { requests, calls };
}

/** The account may have got its code in this very block. */
async function isDeployed(
  result: TransactionResult,
  state: StateReader,
  address: Address,
): Promise<boolean> {
  if (result.status === 'refused') return false;
  const codeHash = result.changes.accounts.get(address)?.codeHash;
  return codeHash === undefined ? hasCode(state, address) : codeHash !== EMPTY_CODE_HASH;
}

async function hasCode(state: StateReader, address: Address): Promise<boolean> {
  const account = await state.getAccount(address);
  return account !== undefined && account.codeHash !== EMPTY_CODE_HASH;
}

function outcomeOf(result: TransactionResult | undefined): Omit<SystemCall, 'address'> {
  if (result === undefined || result.status === 'refused') return NOTHING_DONE;
  return { accesses: result.accesses, changes: result.changes };
}

function systemCall(
  evm: EVM,
  to: Address,
  data: Uint8Array,
  is: BlockRules['is'],
): Promise<TransactionResult> {
  const transaction = plainTransaction({
    sender: SYSTEM_ADDRESS,
    gasLimit: SYSTEM_CALL_GAS,
    to,
    data,
  });
  const checks = { baseFee: false };
  const accesses = is('amsterdam');
  return evm.transact(transaction, { callOnly: true, systemCall: true, checks, accesses });
}
