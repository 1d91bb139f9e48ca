/**
 * A database of many pairs of Uniswap v2, each with two coins and a trader of its own, made as a
 * snapshot is restored: so large that a block touches but a small part of its pages.
 */

import { join } from 'node:path';
import { keccak256 } from '../../src/base/keccak.ts';
import { encodeBlock } from '../../src/chain/blocks/block.ts';
import { firstBlock, genesisHeader } from '../../src/chain/blocks/genesis.ts';
import { LOG, STORE } from '../../src/chain/database/folder.ts';
import { keepSpec } from '../../src/chain/database/kept-spec.ts';
import { encodeBlockRecord } from '../../src/chain/database/records.ts';
import type { AccountChange, Address, Hash } from '../../src/evm/types.ts';
import { CHECKPOINT_KEY } from '../../src/state/flat/keys.ts';
import { StateLoad } from '../../src/state/flat/load/state-load.ts';
import { encodeCheckpoint } from '../../src/state/flat/values.ts';
import { makeFolder } from '../../src/state/folders.ts';
import { FolderFiles } from '../../src/state/log/files.ts';
import { RecordLog } from '../../src/state/log/record-log.ts';
import { LmdbStore } from '../../src/state/store/lmdb-store.ts';
import { SPEC, SYSTEM_CONTRACTS } from './chain.ts';
import { balanceSlot, type Scenario, type Sender } from './scenario.ts';

export interface PairSizes {
  readonly pairs: number;
  /** Of each coin, beside who trades. */
  readonly holders: number;
}

type Account = Scenario['accounts'][number];

const GAS_LIMIT = 60_000_000n;
const BALANCE = 10n ** 24n;
const COINBASE: Address = `0x${'c0'.repeat(20)}`;
const NO_BLOCK: Hash = `0x${'00'.repeat(32)}`;

/** Where a contract of the scenario lies in one of its copies. */
export function addressIn(pair: number, original: Address): Address {
  const seed = new TextEncoder().encode(`${pair} ${original}`);
  return `0x${keccak256(seed).subarray(12).toHex()}`;
}

/** Makes the database in a folder that is not there; senders have ether and nothing else. */
export async function makePairs(
  folder: string,
  { accounts }: Scenario,
  senders: readonly Sender[],
  { pairs, holders }: PairSizes,
): Promise<void> {
  const contracts = accounts.filter(({ code }) => code.length > 0);
  const codes = new Map(contracts.map(({ code }) => [hashOf(code), code]));
  const system = Uint8Array.of(0);
  codes.set(hashOf(system), system);
  const places: (readonly [Address, () => AccountChange])[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    for (const account of contracts) {
      const make = () => copyOf(account, pair, contracts, holders);
      places.push([addressIn(pair, account.address), make]);
    }
  }
  for (const { address } of senders)
    places.push([address, () => plain(new Uint8Array(0), BALANCE)]);
  for (const address of SYSTEM_CONTRACTS) places.push([address, () => plain(system, 0n)]);
  places.sort(([a], [b]) => (a < b ? -1 : 1));

  await makeFolder(folder);
  const store = await LmdbStore.open({ folder: join(folder, STORE) });
  const load = new StateLoad({ store, folder });
  const at = { block: NO_BLOCK, number: 0n, record: 1n };
  for (const [address, make] of places) {
    load.take({ accounts: new Map([[address, make()]]), codes: new Map() });
    if (load.isDue) await load.write(at);
  }
  const sorted = [...codes].sort(([a], [b]) => (a < b ? -1 : 1));
  load.take({ accounts: new Map(), codes: new Map(sorted) });
  await load.write(at);
  const stateRoot = await load.finish();

  const fields = { coinbase: COINBASE, stateRoot, gasLimit: GAS_LIMIT };
  const block = firstBlock(genesisHeader(SPEC, fields));
  const checkpoint = encodeCheckpoint({ block: block.hash, number: 0n, record: 1n, stateRoot });
  await keepSpec(store, SPEC);
  await store.write([{ key: CHECKPOINT_KEY, value: checkpoint }]);
  const log = await RecordLog.open(new FolderFiles(join(folder, LOG)));
  const none = new Uint8Array(0);
  const record = encodeBlockRecord(block, encodeBlock(block), { forward: none, reverse: none });
  await log.append([record]);
  await log.close();
  await store.close();
}

/** An account with the addresses of its copy in its storage, and with more holders if a coin. */
function copyOf(
  { address, code, nonce = 1n, balance = 0n, storage = new Map() }: Account,
  pair: number,
  contracts: readonly Account[],
  holders: number,
): AccountChange {
  const values = new Map<bigint, bigint>();
  const keys = new Map<bigint, bigint>();
  for (const { address: original } of contracts) {
    const copy = addressIn(pair, original);
    values.set(BigInt(original), BigInt(copy));
    keys.set(balanceSlot(original), balanceSlot(copy));
  }
  const slots = new Map<bigint, bigint>();
  for (const [slot, value] of storage) {
    slots.set(keys.get(slot) ?? slot, values.get(value) ?? value);
  }
  const isCoin = [...storage].some(([slot]) => keys.has(slot));
  for (let holder = 0; isCoin && holder < holders; holder++) {
    slots.set(balanceSlot(addressIn(pair * holders + holder, address)), BALANCE);
  }
  const sorted = [...slots].sort(([a], [b]) => (a < b ? -1 : 1));
  const codeHash = hashOf(code);
  return { nonce, balance, codeHash, storageWiped: false, storage: new Map(sorted) };
}

function plain(code: Uint8Array, balance: bigint): AccountChange {
  const nonce = code.length > 0 ? 1n : 0n;
  return { nonce, balance, codeHash: hashOf(code), storageWiped: false, storage: new Map() };
}

function hashOf(code: Uint8Array): Hash {
  return `0x${keccak256(code).toHex()}`;
}
