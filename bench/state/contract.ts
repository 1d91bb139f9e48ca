/** A contract with many slots, whose values tell what they must be; and what is counted of it. */
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Address, StateChanges } from '../../src/evm/types.ts';
import { EMPTY_CODE_HASH } from '../../src/state/memory.ts';

export const CONTRACT: Address = `0x${'c0'.repeat(20)}`;
const FRACTION = 0x9e3779b97f4a7c15f39cc0605cedc8341082276bf3a27251f86c6a11d0c18e95n;

/** Slots that are scattered, as those of mappings are: the same for the same index. */
export function slotOf(index: number): bigint {
  return BigInt.asUintN(256, (BigInt(index) + 1n) * FRACTION);
}

/** Of full length but for a few: what a token's balance takes at most. */
export function wordOf(slot: bigint, round: number): bigint {
  return BigInt.asUintN(256, (slot ^ BigInt(round)) * FRACTION) | 1n;
}

/** Slots from `from` on, `step` apart, as a block writes them. */
export function slotChanges(
  from: number,
  count: number,
  step: number,
  round: number,
): Map<bigint, bigint> {
  const storage = new Map<bigint, bigint>();
  for (let index = 0; index < count; index++) {
    const slot = slotOf(from + index * step);
    storage.set(slot, wordOf(slot, round));
  }
  return storage;
}

export function contractChanges(storage: ReadonlyMap<bigint, bigint>): StateChanges {
  const account = { nonce: 1n, balance: 0n, codeHash: EMPTY_CODE_HASH };
  return {
    accounts: new Map([[CONTRACT, { ...account, storageWiped: false, storage }]]),
    codes: new Map(),
  };
}

/** Has the system forget all pages of files: nothing is read from memory afterwards. */
export function dropCaches(): void {
  execFileSync('sync');
  writeFileSync('/proc/sys/vm/drop_caches', '3');
}

/** Bytes that a folder takes on the disk. */
export function bytesOf(folder: string): number {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.reduce((sum, name) => {
    const file = statSync(join(folder, name));
    return sum + (file.isFile() ? file.blocks * 512 : 0);
  }, 0);
}

/** CPU time and wall time, in milliseconds. */
export interface Times {
  readonly wallMs: number;
  readonly cpuMs: number;
}

export function timed<Result>(work: () => Result): Times & { readonly result: Result } {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const result = work();
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { result, wallMs, cpuMs: (user + system) / 1000 };
}

export function check(condition: boolean, what: string): void {
  if (!condition) throw new Error(`wrong result: ${what}`);
}

/** One line of what is printed. */
export function print(what: string, value: number, unit: string, digits = 1): void {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  const text = value.toLocaleString('en', options);
  console.log(`${what.padEnd(62)}${text.padStart(14)} ${unit}`);
}
