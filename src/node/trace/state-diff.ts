/** What a transaction changed, as Parity's `stateDiff` says it. */

import type { Address, Hash } from '../../evm/types.ts';
import { dataHex, quantity, wordHex } from '../rpc/values.ts';
import {
  codesAfter,
  type PreAccount,
  prestateOf,
  sortedRecord,
  type Touched,
  valueAfter,
} from './prestate.ts';
import type { TraceTarget } from './target.ts';

/** "=", {"+": new}, {"-": old} or {"*": {from, to}}. */
type Delta = '=' | Readonly<Record<string, unknown>>;

export interface AccountDiff {
  readonly balance: Delta;
  readonly code: Delta;
  readonly nonce: Delta;
  readonly storage: Readonly<Record<string, Delta>>;
}

/** The accounts that changed, in the order of their addresses. */
export async function stateDiffOf(
  target: TraceTarget,
  touched: Touched,
): Promise<Record<Address, AccountDiff>> {
  const pre = await prestateOf(target.state, touched);
  const codeOf = await codesAfter(target.state, touched);
  const diffs: (readonly [Address, AccountDiff])[] = [];
  for (const [address, account] of pre) {
    const change = touched.result.changes.accounts.get(address);
    if (change === undefined) continue;
    const existed = await target.state.getAccount(address);
    if (existed === undefined && change === null) continue;
    const diff = diffOf(account, change, { isNew: existed === undefined, codeOf });
    if (diff !== undefined) diffs.push([address, diff]);
  }
  return sortedRecord(diffs);
}

type Change = Parameters<typeof valueAfter>[0];

function diffOf(
  before: PreAccount,
  change: Change,
  { isNew, codeOf }: { readonly isNew: boolean; readonly codeOf: (hash: Hash) => Uint8Array },
): AccountDiff | undefined {
  const isGone = change === null;
  const delta = (from: string, to: string): Delta => {
    if (isNew) return { '+': to };
    if (isGone) return { '-': from };
    return from === to ? '=' : { '*': { from, to } };
  };
  const after = change ?? before;
  const code = after.codeHash === before.codeHash ? before.code : codeOf(after.codeHash);
  const slots = [...before.storage].flatMap(([slot, value]) => {
    const now = valueAfter(change, slot, value);
    if (now === value) return [];
    return [[wordHex(slot), delta(wordHex(value), wordHex(now))] as const];
  });
  const diff: AccountDiff = {
    balance: delta(quantity(before.balance), quantity(after.balance)),
    code: delta(dataHex(before.code), dataHex(code)),
    nonce: delta(quantity(before.nonce), quantity(after.nonce)),
    storage: sortedRecord(slots),
  };
  const { balance, nonce } = diff;
  const isSame = balance === '=' && diff.code === '=' && nonce === '=' && slots.length === 0;
  return isSame ? undefined : diff;
}
