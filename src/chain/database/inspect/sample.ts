/** A small database in a folder, for tests: old blocks, and blocks that are in the log alone. */

import { toHex } from '../../../base/bytes.ts';
import { keccak256 } from '../../../base/keccak.ts';
import type { AccountChange, Address, Hash, StateChanges } from '../../../evm/types.ts';
import { EMPTY_CODE_HASH, MemoryState } from '../../../state/memory.ts';
import type { ChainBlock } from '../../block-tree.ts';
import { encodeBlock } from '../../blocks/block.ts';
import { firstBlock, genesisHeader } from '../../blocks/genesis.ts';
import type { ChainSpec } from '../../chain-spec.ts';
import { createInFolder } from '../folder.ts';

const SPEC: ChainSpec = { chainId: 5n, forks: [{ fork: 'paris' }] };
const CODE = Uint8Array.of(0x60, 0x01, 0x60, 0x02, 0x55);

/** An account without storage, contracts of many slots and of few. */
export const PLAIN: Address = `0x${'11'.repeat(20)}`;
export const LARGE: Address = `0x${'22'.repeat(20)}`;
export const SMALL: Address = `0x${'33'.repeat(20)}`;
export const LARGE_SLOTS = 300;
export const SMALL_SLOTS = 20;
export const SAMPLE_WINDOW = 4;
/** The last of those is in the store when it is checkpointed; `HEAD` blocks in all. */
export const CHECKPOINT = 8;
export const HEAD = 11;

/** Each block n writes slot n of the large contract. */
export async function makeSample(folder: string): Promise<ChainBlock> {
  const first = firstState();
  const model = new MemoryState();
  model.apply(first);
  const coinbase: Address = `0x${'00'.repeat(20)}`;
  const stateRoot = model.root();
  let at = firstBlock(genesisHeader(SPEC, { stateRoot, gasLimit: 5000n, coinbase }));
  const limits = { spec: SPEC, window: SAMPLE_WINDOW };
  const database = await createInFolder(folder, at, first, limits);
  for (let number = 1n; number <= HEAD; number += 1n) {
    const pending = await database.begin(at.hash, () => at.hash);
    pending.apply({ accounts: new Map([[LARGE, contract([[number, 7n]])]]), codes: new Map() });
    const header = { ...at.header, parentHash: at.hash, number, stateRoot: pending.root() };
    at = { ...firstBlock(header), totalDifficulty: at.totalDifficulty };
    pending.commit(at, encodeBlock(at));
    database.setHead(at.hash);
    if (number === BigInt(CHECKPOINT)) await database.checkpoint();
  }
  await database.close();
  return at;
}

function firstState(): StateChanges {
  const slots = (count: number) =>
    Array.from({ length: count }, (_, slot) => [BigInt(slot), 1_000n + BigInt(slot)] as const);
  const plain = { nonce: 1n, balance: 10n ** 18n, codeHash: EMPTY_CODE_HASH };
  return {
    accounts: new Map<Address, AccountChange>([
      [PLAIN, { ...plain, storageWiped: false, storage: new Map() }],
      [LARGE, contract(slots(LARGE_SLOTS))],
      [SMALL, contract(slots(SMALL_SLOTS))],
    ]),
    codes: new Map([[codeHash(), CODE]]),
  };
}

function contract(slots: readonly (readonly [bigint, bigint])[]): AccountChange {
  const account = { nonce: 1n, balance: 0n, codeHash: codeHash() };
  return { ...account, storageWiped: false, storage: new Map(slots) };
}

function codeHash(): Hash {
  return toHex(keccak256(CODE));
}
