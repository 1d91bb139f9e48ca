/**
 * The values that a transaction depends on and changes, by name, as conflicts between transactions
 * are found by. Balances and nonces are left out: amounts that are added and taken are deltas, and
 * a sender's nonces are taken for right (docs/design/parallel.md).
 */
import type { Address, ExecutionResult, Hash } from '../../evm/types.ts';

export interface ReadAndWritten {
  /** Names of values: `slotName`, or an account's code. */
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

export function slotName(address: Address, slot: bigint): string {
  return `${address} ${slot}`;
}

/** What a name stands for; the slot is undefined for an account's code. */
export function namedValue(name: string): { readonly address: Address; readonly slot?: bigint } {
  const [address, what = ''] = name.split(' ') as [Address, string];
  return what === CODE ? { address } : { address, slot: BigInt(what) };
}

/** Which code each account has, in the middle of a block. */
export class Codes {
  readonly #before: (address: Address) => Hash | undefined;
  readonly #now = new Map<Address, Hash | undefined>();

  /** @param before answers for what no transaction has changed yet */
  constructor(before: (address: Address) => Hash | undefined) {
    this.#before = before;
  }

  /** Whether the account has another code from now on. */
  change(address: Address, code: Hash | undefined): boolean {
    const had = this.#now.has(address) ? this.#now.get(address) : this.#before(address);
    this.#now.set(address, code);
    return had !== code;
  }
}

/** Of a transaction that was executed with `accesses`; `codes` are told of all in order. */
export function readAndWritten(
  { accesses, changes }: Pick<ExecutionResult, 'accesses' | 'changes'>,
  codes: Codes,
): ReadAndWritten {
  const reads: string[] = [];
  const writes: string[] = [];
  for (const [address, { reads: fields, slots }] of accesses?.accounts ?? []) {
    if (fields.code || fields.existence) reads.push(codeName(address));
    for (const [slot, { read }] of slots) if (read) reads.push(slotName(address, slot));
  }
  for (const [address, change] of changes.accounts) {
    for (const slot of change?.storage.keys() ?? []) writes.push(slotName(address, slot));
    if (codes.change(address, change?.codeHash)) writes.push(codeName(address));
  }
  return { reads, writes };
}

const CODE = 'code';

function codeName(address: Address): string {
  return `${address} ${CODE}`;
}
