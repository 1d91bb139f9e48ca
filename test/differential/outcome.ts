/** What a machine made of one transaction, and in what two machines differ. */
import type { Address, Hash, Log } from '../../src/evm/types.ts';

export type Status = 'success' | 'revert' | 'halt' | 'refused';

export interface AccountState {
  readonly nonce: bigint;
  readonly balance: bigint;
  readonly codeHash: Hash;
  /** Without zeros. */
  readonly storage: ReadonlyMap<bigint, bigint>;
}

/** One instruction: what EIP-3155 says of the machine before it. */
export interface Step {
  readonly pc: number;
  readonly op: number;
  readonly gas: bigint;
  readonly depth: number;
  /** Bytes of memory. */
  readonly memSize: number;
  /** Words on the stack, and the uppermost of them. */
  readonly height: number;
  readonly stack: readonly bigint[];
  readonly refund: bigint;
}

export interface Outcome {
  readonly status: Status;
  /** Why it halted or was refused, in the machine's own words: never compared. */
  readonly reason: string | undefined;
  readonly gasUsed: bigint;
  readonly output: Uint8Array;
  readonly logs: readonly Log[];
  readonly created: Address | undefined;
  /** All there is after the transaction. */
  readonly state: ReadonlyMap<Address, AccountState>;
  /** Empty unless asked for. */
  readonly steps: readonly Step[];
}

/** Says in what `found` differs from `expected`, or undefined. */
export function difference(expected: Outcome, found: Outcome): string | undefined {
  if (expected.status !== found.status) {
    const say = ({ status, reason }: Outcome) => `${status} (${reason ?? 'no reason'})`;
    return `status ${say(found)}, not ${say(expected)}`;
  }
  if (expected.status === 'refused') return stateDifference(expected.state, found.state);
  if (expected.gasUsed !== found.gasUsed) {
    return `gas ${found.gasUsed}, not ${expected.gasUsed} (${found.reason ?? found.status})`;
  }
  const output = found.output.toHex();
  if (expected.output.toHex() !== output) {
    return `output 0x${output}, not 0x${expected.output.toHex()}`;
  }
  if (expected.created !== found.created) return `created ${found.created}`;
  return logsDifference(expected.logs, found.logs) ?? stateDifference(expected.state, found.state);
}

function logsDifference(expected: readonly Log[], found: readonly Log[]): string | undefined {
  if (expected.length !== found.length) return `${found.length} logs, not ${expected.length}`;
  for (const [index, log] of expected.entries()) {
    const other = found[index] as Log;
    const same =
      log.address === other.address &&
      log.topics.join() === other.topics.join() &&
      log.data.toHex() === other.data.toHex();
    if (!same) return `log ${index}`;
  }
  return undefined;
}

export function stateDifference(
  expected: ReadonlyMap<Address, AccountState>,
  found: ReadonlyMap<Address, AccountState>,
): string | undefined {
  for (const [address, account] of expected) {
    const other = found.get(address);
    if (other === undefined) return `no account ${address}`;
    for (const name of ['nonce', 'balance', 'codeHash'] as const) {
      if (account[name] !== other[name]) {
        return `${name} of ${address}: ${other[name]}, not ${account[name]}`;
      }
    }
    for (const [slot, value] of account.storage) {
      const stored = other.storage.get(slot) ?? 0n;
      if (stored !== value) return `slot ${slot} of ${address}: ${stored}, not ${value}`;
    }
    if (account.storage.size !== other.storage.size) {
      return `${other.storage.size} slots of ${address}, not ${account.storage.size}`;
    }
  }
  if (expected.size === found.size) return undefined;
  const extra = [...found.keys()].find((address) => !expected.has(address));
  return `account ${extra} should not be`;
}

const STOP = 0x00;
const SSTORE = 0x55;
const REVERT = 0xfd;
export const INVALID = 0xfe;

/** Words of each step's stack that are kept; deeper ones were compared when they were higher. */
export const STACK_KEPT = 17;
/** Steps of a transaction that are kept. */
const STEPS_MAX = 10_000;

/**
 * Whether a step is kept: past the code's end STOP is an instruction to some, and EthereumJS does
 * not report REVERT when its operands are missing.
 */
export function isKept(op: number, height: number, kept: readonly Step[]): boolean {
  return op !== STOP && !(op === REVERT && height < 2) && kept.length < STEPS_MAX;
}

/** In what the steps differ, or undefined. */
export function stepDifference(
  expected: readonly Step[],
  found: readonly Step[],
): string | undefined {
  // What authorisations give back is in the one's refund from the start, and not in the other's.
  const [before, beforeOther] = [expected[0]?.refund ?? 0n, found[0]?.refund ?? 0n];
  for (const [index, step] of expected.entries()) {
    const at = found[index];
    const other = at && { ...at, refund: at.refund - beforeOther + before };
    if (other === undefined) return `only ${found.length} steps, not ${expected.length}`;
    const where = () => `step ${index}, pc ${step.pc}, op 0x${step.op.toString(16)}`;
    for (const name of ['pc', 'op', 'depth', 'gas', 'memSize', 'height', 'refund'] as const) {
      // EthereumJS reports SSTORE when its refund has been counted already,
      if (name === 'refund' && step.op === SSTORE) continue;
      // and says INVALID of every byte that is no opcode.
      if (name === 'op' && step.op === INVALID) continue;
      if (step[name] !== other[name]) {
        return `${where()}: ${name} ${other[name]}, not ${step[name]}`;
      }
    }
    const same = step.stack.every((word, at) => word === other.stack[at]);
    if (!same) {
      return `${where()}: stack [${other.stack.join()}], not [${step.stack.join()}]`;
    }
  }
  return found.length === expected.length
    ? undefined
    : `${found.length} steps, not ${expected.length}`;
}
