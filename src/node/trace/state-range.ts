/**
 * The storage of a contract in the middle of a block, in the order of the hashes of its slots: the
 * trie of the parent's state, with what the block's transactions before have changed.
 */

import { toHex } from '../../base/bytes.ts';
import type { Address, Hash, StateChanges } from '../../evm/types.ts';
import { decodeSlot, slotKey } from '../../proofs/account.ts';
import { proveStorageRange } from '../../proofs/chain-proofs.ts';
import { ChangeSet } from '../../state/change-set.ts';
import type { Node } from '../node.ts';
import { wordHex } from '../rpc/values.ts';

export interface StorageRange {
  /** By the hash of the slot; `key` is null where nobody named the slot. */
  readonly storage: Readonly<Record<Hash, { readonly key: Hash | null; readonly value: Hash }>>;
  /** Where the next range begins; null at the end. */
  readonly nextKey: Hash | null;
}

export interface RangeRequest {
  readonly parent: Hash;
  /** Of the transactions before. */
  readonly changes: readonly StateChanges[];
  readonly address: Address;
  /** A hash, or the beginning of one. */
  readonly start: Uint8Array;
  readonly countMax: number;
}

interface Slot {
  readonly key: Hash | null;
  readonly value: bigint;
}

export async function storageRange(
  { ledger }: Node,
  { parent, changes, address, start, countMax }: RangeRequest,
): Promise<StorageRange> {
  const all = new ChangeSet();
  for (const each of changes) all.add(each);
  const change = all.accounts.get(address);
  const from = new Uint8Array(32);
  from.set(start.subarray(0, 32));
  const slots = new Map<Hash, Slot>();
  // Whatever the transactions removed may be among what the trie gives.
  const wanted = countMax + 1 + (change?.storage.size ?? 0);
  let isWhole = true;
  if (change !== null && change?.storageWiped !== true) {
    const request = { block: parent, address, start: from, countMax: wanted };
    const { entries } = await proveStorageRange(ledger.chain, request);
    isWhole = entries.length < wanted;
    for (const { key, value } of entries) {
      slots.set(toHex(key), { key: null, value: decodeSlot(value) });
    }
  }
  const last = [...slots.keys()].at(-1);
  const first = toHex(from);
  for (const [slot, value] of change?.storage ?? []) {
    const hash = toHex(slotKey(slot));
    if (hash < first || (!isWhole && last !== undefined && hash > last)) continue;
    if (value === 0n) slots.delete(hash);
    else slots.set(hash, { key: wordHex(slot), value });
  }
  const sorted = [...slots].sort(([a], [b]) => (a < b ? -1 : 1));
  const shown = sorted.slice(0, countMax).map(([hash, { key, value }]) => {
    return [hash, { key, value: wordHex(value) }] as const;
  });
  return { storage: Object.fromEntries(shown), nextKey: sorted[countMax]?.[0] ?? null };
}
