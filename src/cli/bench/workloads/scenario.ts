/**
 * The state that a workload starts from, brought about by transactions on the interpreter:
 * contracts are created and called until they stand as they would on a chain.
 */
import { createEVM, type EVM } from '../../../evm/evm.ts';
import { plainTransaction } from '../../../evm/plain-transaction.ts';
import type { Address } from '../../../evm/types.ts';
import { MemoryState } from '../../../state/memory.ts';
import { CALLER, type WorkloadAccount } from '../workload.ts';

/** Below Osaka's limit of a transaction's gas. */
const GAS = 16_000_000n;

export interface Scenario {
  /** Creates a contract from its creation code and words for its constructor. */
  create(creation: string, ...args: readonly (bigint | Address)[]): Address;
  /** Calls a function by its selector with words. */
  call(to: Address, selector: string, ...args: readonly (bigint | Address)[]): void;
  accounts(): WorkloadAccount[];
}

export function openScenario(): Scenario {
  const state = new MemoryState();
  const evm = createEVM({ state, engine: 'interpreter' });
  return {
    create: (creation, ...args) => {
      const created = send(evm, state, undefined, creation + encodeWords(args));
      if (created === undefined) throw new Error('nothing was created');
      return created;
    },
    call: (to, selector, ...args) => {
      send(evm, state, to, selector + encodeWords(args));
    },
    accounts: () =>
      [...state.addresses()].map((address) => {
        const { nonce, balance, codeHash } = state.getAccount(address) ?? missing(address);
        const code = state.getCode(codeHash);
        return { address, nonce, balance, code, storage: state.storageOf(address) };
      }),
  };
}

/** Values as 32 bytes each, in hexadecimal digits. */
export function encodeWords(values: readonly (bigint | Address)[]): string {
  return values.map((value) => BigInt(value).toString(16).padStart(64, '0')).join('');
}

function send(evm: EVM, state: MemoryState, to: Address | undefined, data: string) {
  const result = evm.transactSync(
    plainTransaction({
      sender: CALLER,
      nonce: state.getAccount(CALLER)?.nonce ?? 0n,
      gasLimit: GAS,
      to,
      data: Uint8Array.fromHex(data),
    }),
  );
  if (result.status !== 'success') {
    throw new Error(`setting a workload up failed: ${JSON.stringify(result, showBigInt)}`);
  }
  state.apply(result.changes);
  return result.created;
}

function showBigInt(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

function missing(address: Address): never {
  throw new Error(`no account ${address}`);
}
