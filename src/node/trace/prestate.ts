/**
 * `prestateTracer`: the accounts that a transaction touches, as they were before it, or what it
 * changed of them (eth/tracers/native/prestate.go). What it touches the machine's own marks say,
 * so it runs at full speed.
 */

import { WordMap, WordSet } from '../../base/word-map.ts';
import type {
  AccountChange,
  Address,
  ExecutionResult,
  Hash,
  StateReader,
  Transaction,
} from '../../evm/types.ts';
import { EMPTY_CODE_HASH } from '../../state/memory.ts';
import { RpcError } from '../rpc/errors.ts';
import { dataHex, quantity, wordHex } from '../rpc/values.ts';
import { BYTES_MAX } from './call-frames.ts';
import type { Tracer, TraceTarget } from './target.ts';

export interface PrestateOptions {
  readonly diffMode: boolean;
  readonly disableCode: boolean;
  readonly disableStorage: boolean;
  /** Whether accounts are shown that did not exist. */
  readonly includeEmpty: boolean;
}

export function prestateTracer(options: PrestateOptions): Tracer {
  return async (target) => {
    const touched = await runTouched(target);
    const pre = await prestateOf(target.state, touched);
    if (!options.diffMode) return plainOf(pre, options);
    return diffOf(pre, await codesAfter(target.state, touched), { touched, options });
  };
}

/** What a transaction touched, and what came of it. */
export interface Touched {
  /** With the slots of each. */
  readonly accounts: ReadonlyMap<Address, WordSet>;
  /** Contracts that destroyed themselves. */
  readonly destroyed: ReadonlySet<Address>;
  readonly result: ExecutionResult;
}

/** An account before the transaction. */
export interface PreAccount {
  readonly balance: bigint;
  readonly nonce: bigint;
  readonly code: Uint8Array;
  readonly codeHash: Hash;
  readonly storage: ReadonlyMap<bigint, bigint>;
}

const isEmpty = ({ balance, nonce, code }: PreAccount): boolean =>
  balance === 0n && nonce === 0n && code.length === 0;

export async function runTouched(target: TraceTarget): Promise<Touched> {
  const accounts = new Map<Address, WordSet>();
  const destroyed = new Set<Address>();
  const selves: Address[] = [];
  const touch = (address: Address): WordSet => {
    const slots = accounts.get(address) ?? new WordSet();
    accounts.set(address, slots);
    return slots;
  };
  const { transaction, environment } = target;
  for (const address of alwaysTouched(transaction, environment.coinbase)) touch(address);
  const result = await target.run({
    accesses: true,
    hooks: {
      onEnter: ({ kind, depth, to, codeAddress }) => {
        selves[depth] = to;
        const creates = kind === 'create' || kind === 'create2';
        // One that failed before it had an address.
        if (creates && to === NO_ADDRESS) return;
        touch(to);
        touch(codeAddress);
      },
      onExit: ({ depth, selfdestruct }) => {
        const self = selves[depth];
        if (selfdestruct === undefined || self === undefined) return;
        destroyed.add(self);
        touch(selfdestruct.heir);
      },
    },
  });
  for (const [address, { reads, slots }] of result.accesses?.accounts ?? []) {
    const isLooked = reads.balance || reads.code || reads.nonce || reads.existence;
    if (!isLooked && slots.size === 0 && !accounts.has(address)) continue;
    const own = touch(address);
    for (const slot of slots.keys()) own.add(slot);
  }
  return { accounts, destroyed, result };
}

function alwaysTouched(
  { sender, to, authorizationList }: Transaction,
  coinbase: Address,
): Address[] {
  const authorities = authorizationList.flatMap(({ authority }) => authority ?? []);
  return [sender, ...(to === undefined ? [] : [to]), coinbase, ...authorities];
}

/** The accounts before the transaction. PERF: one read an account and a slot. */
export async function prestateOf(
  state: StateReader,
  { accounts }: Touched,
): Promise<Map<Address, PreAccount>> {
  const pre = new Map<Address, PreAccount>();
  let bytes = 0;
  for (const [address, slots] of accounts) {
    const account = await state.getAccount(address);
    const storage = new WordMap<bigint>();
    for (const slot of slots) storage.set(slot, await state.getStorage(address, slot));
    const { balance = 0n, nonce = 0n, codeHash = EMPTY_CODE_HASH } = account ?? {};
    const code = codeHash === EMPTY_CODE_HASH ? NO_CODE : await state.getCode(codeHash);
    bytes += ACCOUNT_BYTES + code.length + SLOT_BYTES * storage.size;
    if (bytes > BYTES_MAX) {
      const message = `the accounts touched take over ${BYTES_MAX >> 20} MiB`;
      throw new RpcError('limit exceeded', message);
    }
    pre.set(address, { balance, nonce, code, codeHash, storage });
  }
  return pre;
}

/** What an account and a slot take in JSON, halved as codes are. */
const ACCOUNT_BYTES = 100;
const SLOT_BYTES = 70;

const NO_ADDRESS: Address = `0x${'00'.repeat(20)}`;
const NO_CODE = new Uint8Array(0);

interface AccountJson {
  balance?: string;
  nonce?: number;
  code?: string;
  storage?: Record<string, string>;
}

function plainOf(
  pre: ReadonlyMap<Address, PreAccount>,
  options: PrestateOptions,
): Record<Address, AccountJson> {
  const shown = [...pre].filter(([, account]) => options.includeEmpty || !isEmpty(account));
  return sortedRecord(
    shown.map(([address, account]) => [address, accountJson(account, options)] as const),
  );
}

function accountJson(
  { balance, nonce, code, storage }: PreAccount,
  { disableCode, disableStorage }: PrestateOptions,
): AccountJson {
  const showsStorage = !disableStorage && storage.size > 0;
  return {
    balance: quantity(balance),
    ...(code.length === 0 || disableCode ? {} : { code: dataHex(code) }),
    ...(nonce === 0n ? {} : { nonce: Number(nonce) }),
    ...(showsStorage ? { storage: storageJson(storage) } : {}),
  };
}

function storageJson(storage: Iterable<readonly [bigint, bigint]>): Record<string, string> {
  return sortedRecord(
    [...storage].map(([slot, value]) => [wordHex(slot), wordHex(value)] as const),
  );
}

/** In the order of the keys, as Go writes maps. */
export function sortedRecord<V>(entries: readonly (readonly [string, V])[]): Record<string, V> {
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** Codes of the accounts that the transaction changed, by their hashes. */
export async function codesAfter(
  state: StateReader,
  { result }: Touched,
): Promise<(hash: Hash) => Uint8Array> {
  const { accounts, codes } = result.changes;
  const known = new Map(codes);
  for (const change of accounts.values()) {
    const hash = change?.codeHash ?? EMPTY_CODE_HASH;
    // The same code may have come into being before.
    if (hash !== EMPTY_CODE_HASH && !known.has(hash)) known.set(hash, await state.getCode(hash));
  }
  return (hash) => known.get(hash) ?? NO_CODE;
}

interface DiffSetting {
  readonly touched: Touched;
  readonly options: PrestateOptions;
}

function diffOf(
  pre: ReadonlyMap<Address, PreAccount>,
  codeOf: (hash: Hash) => Uint8Array,
  { touched, options }: DiffSetting,
): { post: Record<string, AccountJson>; pre: Record<string, AccountJson> } {
  const before: (readonly [Address, AccountJson])[] = [];
  const after: (readonly [Address, AccountJson])[] = [];
  const { destroyed, result } = touched;
  for (const [address, account] of pre) {
    const change = result.changes.accounts.get(address);
    const isGone = destroyed.has(address) && change === null;
    const post = isGone ? undefined : changesOf(account, change, { codeOf, options });
    if (!isGone && post === undefined) continue;
    if (post !== undefined) after.push([address, post]);
    if (isEmpty(account) && !options.includeEmpty) continue;
    before.push([address, accountJson(changedSlots(account, change, isGone), options)]);
  }
  return { post: sortedRecord(after), pre: sortedRecord(before) };
}

/** What changed; undefined for nothing. */
function changesOf(
  account: PreAccount,
  change: AccountChange | null | undefined,
  {
    codeOf,
    options,
  }: { readonly codeOf: (hash: Hash) => Uint8Array; readonly options: PrestateOptions },
): AccountJson | undefined {
  if (change === undefined) return undefined;
  const { balance = 0n, nonce = 0n, codeHash = EMPTY_CODE_HASH } = change ?? {};
  const isCode = codeHash !== account.codeHash && !options.disableCode;
  const slots = options.disableStorage
    ? []
    : [...account.storage].filter(([slot, value]) => valueAfter(change, slot, value) !== value);
  const full = slots
    .map(([slot, value]) => [slot, valueAfter(change, slot, value)] as const)
    .filter(([, value]) => value !== 0n);
  const post: AccountJson = {
    ...(balance === account.balance ? {} : { balance: quantity(balance) }),
    // One that was taken away (EIP-7702) is left out, as all that is empty.
    ...(isCode && codeHash !== EMPTY_CODE_HASH ? { code: dataHex(codeOf(codeHash)) } : {}),
    ...(nonce === account.nonce ? {} : { nonce: Number(nonce) }),
    ...(full.length === 0 ? {} : { storage: storageJson(full) }),
  };
  const isChanged = isCode || Object.keys(post).length > 0 || slots.length > 0;
  return isChanged ? post : undefined;
}

export function valueAfter(
  change: AccountChange | null | undefined,
  slot: bigint,
  before: bigint,
): bigint {
  if (change === undefined) return before;
  if (change === null) return 0n;
  return change.storage.get(slot) ?? (change.storageWiped ? 0n : before);
}

/** Of the slots those that were something, and are something else now. */
function changedSlots(
  account: PreAccount,
  change: AccountChange | null | undefined,
  isGone: boolean,
): PreAccount {
  const changed = [...account.storage].filter(
    ([slot, value]) => isGone || (value !== 0n && valueAfter(change, slot, value) !== value),
  );
  return { ...account, storage: new WordMap(changed) };
}
