/**
 * `eth_createAccessList`: the transaction is executed with the list that the run before found,
 * until a run finds nothing new. Not listed by address: what is warm anyway (sender, recipient
 * and its delegate, coinbase where it is), precompiles, and what the transaction itself creates;
 * their slots are listed. Accesses come from the marks of reads, not from stepping.
 */
import { InputError } from './input.ts';
import type { StateAccesses } from './machine/accesses.ts';
import type { CallHooks } from './machine/hooks.ts';
import type { AccessListEntry, Address, Hash, TransactionResult } from './types.ts';

/** Runs after which a list that still grows is given as it is. */
export const ACCESS_LIST_RUNS_MAX = 16;

export interface AccessListResult {
  readonly accessList: readonly AccessListEntry[];
  /** Gas of the transaction with this list. */
  readonly gasUsed: bigint;
  /** Of the last run; a list is given for a call that reverts, too. */
  readonly result: TransactionResult;
}

/** What one run shows of itself. */
export interface AccessRun {
  readonly result: TransactionResult;
  /** As the outermost frame ended; undefined when none began. */
  readonly accesses: StateAccesses | undefined;
  /** Warm before the first instruction. */
  readonly warm: ReadonlySet<Address>;
  readonly created: ReadonlySet<Address>;
}

type Runner = (list: readonly AccessListEntry[], hooks: CallHooks) => Promise<AccessRun>;

/** @throws InputError where the fork has no access lists */
export async function findAccessList(
  run: Runner,
  settings: {
    readonly given: readonly AccessListEntry[];
    readonly isPrecompile: (address: Address) => boolean;
    readonly hasWarmth: boolean;
  },
): Promise<AccessListResult> {
  if (!settings.hasWarmth) {
    throw new InputError('fork', 'before Berlin', 'a fork that has access lists (EIP-2930)');
  }
  const created = new Set<Address>();
  const hooks: CallHooks = {
    onEnter: ({ kind, to }) => {
      if (kind === 'create' || kind === 'create2') created.add(to);
    },
  };
  const list = new Map<Address, Set<Hash>>();
  for (const { address, storageKeys } of settings.given) {
    list.set(address, new Set([...(list.get(address) ?? []), ...storageKeys]));
  }
  const bare = await run([], hooks);
  let last = bare;
  const listed = (address: Address) =>
    !bare.warm.has(address) && !created.has(address) && !settings.isPrecompile(address);
  for (let runs = 1; runs < ACCESS_LIST_RUNS_MAX; runs++) {
    const grown = addAccesses(list, last.accesses, listed);
    if (!grown && runs > 1) break;
    last = await run(entriesOf(list), hooks);
  }
  const { result } = last;
  const gasUsed = result.status === 'refused' ? 0n : result.gasUsed;
  return { accessList: entriesOf(list), gasUsed, result };
}

function addAccesses(
  list: Map<Address, Set<Hash>>,
  accesses: StateAccesses | undefined,
  listed: (address: Address) => boolean,
): boolean {
  let grown = false;
  for (const [address, { reads, slots }] of accesses?.accounts ?? []) {
    const touched = reads.balance || reads.code || reads.existence;
    if (slots.size === 0 && !(touched && listed(address))) continue;
    const keys = list.get(address) ?? new Set<Hash>();
    if (!list.has(address)) grown = true;
    list.set(address, keys);
    for (const slot of slots.keys()) {
      const key: Hash = `0x${slot.toString(16).padStart(64, '0')}`;
      if (!keys.has(key)) grown = true;
      keys.add(key);
    }
  }
  return grown;
}

function entriesOf(list: ReadonlyMap<Address, ReadonlySet<Hash>>): AccessListEntry[] {
  return [...list].map(([address, keys]) => ({ address, storageKeys: [...keys] }));
}
