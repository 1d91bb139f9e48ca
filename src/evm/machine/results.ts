/** Reads what a transaction left in a context: changes, logs, output. */
import { WordMap } from '../../base/word-map.ts';
import * as layout from '../layout.ts';
import type { AccountChange, Address, Hash, Log, StateChanges } from '../types.ts';
import type { Arena } from './arena.ts';
import type { Machine } from './instance.ts';
import { readAddress, readHash, readWord, readWordAsHash } from './words.ts';

interface ChangeInProgress {
  readonly entry: number;
  readonly storage: WordMap<bigint>;
}

/** What the transaction changed, read from the overlay. */
export function readChanges(machine: Machine, { ctx }: Arena): StateChanges {
  const { runtime, memory } = machine;
  const view = memory.view();
  const touched = new Map<number, ChangeInProgress>();
  const changeOf = (entry: number): ChangeInProgress => {
    let change = touched.get(entry);
    if (change === undefined) {
      change = { entry, storage: new WordMap() };
      touched.set(entry, change);
    }
    return change;
  };
  for (let a = runtime.nextAccount(ctx, 0) >>> 0; a !== 0; a = runtime.nextAccount(ctx, a) >>> 0) {
    const flags = view.getUint32(a + layout.A_FLAGS, true);
    if ((flags & layout.ACCOUNT_DIRTY) !== 0) changeOf(a);
  }
  for (let s = runtime.nextSlot(ctx, 0) >>> 0; s !== 0; s = runtime.nextSlot(ctx, s) >>> 0) {
    if ((view.getUint32(s + layout.S_FLAGS, true) & layout.SLOT_DIRTY) === 0) continue;
    const account = view.getUint32(s + layout.S_ACCOUNT, true);
    const generation = view.getUint32(account + layout.A_GENERATION, true);
    if (view.getUint32(s + layout.S_GENERATION, true) !== generation) continue;
    const value = readWord(view, s + layout.S_VALUE);
    if (value === readWord(view, s + layout.S_ORIGINAL)) continue;
    changeOf(account).storage.set(readWord(view, s + layout.S_KEY), value);
  }
  const accounts = new Map<Address, AccountChange | null>();
  const codes = new Map<Hash, Uint8Array>();
  for (const change of touched.values()) {
    accounts.set(readAddress(view, change.entry), readAccount(machine, change, codes));
  }
  return { accounts, codes };
}

function readAccount(
  { memory }: Machine,
  { entry, storage }: ChangeInProgress,
  codes: Map<Hash, Uint8Array>,
): AccountChange | null {
  const view = memory.view();
  const flags = view.getUint32(entry + layout.A_FLAGS, true);
  if ((flags & layout.ACCOUNT_EXISTS) === 0) return null;
  const bytes = memory.bytes();
  const codeHash = readHash(bytes, entry + layout.A_CODE_HASH);
  if ((flags & layout.ACCOUNT_CODE_CHANGED) !== 0) {
    const code = view.getUint32(entry + layout.A_CODE, true);
    const size = view.getUint32(code + layout.CODE_SIZE, true);
    const start = code + layout.CODE_BYTES;
    codes.set(codeHash, bytes.slice(start, start + size));
  }
  const before = view.getUint32(entry + layout.A_GENERATION_BEFORE, true);
  return {
    nonce: view.getBigUint64(entry + layout.A_NONCE, true),
    balance: readWord(view, entry + layout.A_BALANCE),
    codeHash,
    storageWiped: view.getUint32(entry + layout.A_GENERATION, true) !== before,
    storage,
  };
}

/** The transaction's logs as they lie in memory: a copy, to be decoded when somebody looks. */
export function copyLogs({ memory }: Machine, { ctx }: Arena): Uint8Array {
  const view = memory.view();
  const start = view.getUint32(ctx + layout.C_LOG_BASE, true);
  const top = view.getUint32(ctx + layout.C_LOG_TOP, true);
  return memory.bytes().slice(start, top);
}

/** The logs of a copy, in order. */
export function decodeLogs(bytes: Uint8Array): Log[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const logs: Log[] = [];
  let at = 0;
  while (at < bytes.length) {
    const topicCount = view.getUint32(at + 4, true);
    const size = view.getUint32(at + 8, true);
    const topics: Hash[] = [];
    for (let i = 0; i < topicCount; i++) topics.push(readWordAsHash(view, at + 48 + 32 * i));
    const data = at + 48 + 32 * topicCount;
    logs.push({
      address: readAddress(view, at + 16),
      topics,
      data: bytes.slice(data, data + size),
    });
    at += view.getUint32(at, true);
  }
  return logs;
}

/** Output of the outermost frame. */
export function readOutput({ memory }: Machine, { ctx }: Arena): Uint8Array {
  const view = memory.view();
  const start = view.getUint32(ctx + layout.C_OUTPUT, true);
  const size = view.getUint32(ctx + layout.C_OUTPUT_SIZE, true);
  return memory.bytes().slice(start, start + size);
}
