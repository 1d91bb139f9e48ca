/** An EVM with its machine laid open, and small contracts to run on it, for tests of the tiers. */
import type { EVM, EVMOptions } from '../src/evm/evm-interface.ts';
import * as layout from '../src/evm/layout.ts';
import { createCoreEVM } from '../src/evm/local-evm.ts';
import type { Machine } from '../src/evm/machine/instance.ts';
import { plainTransaction } from '../src/evm/plain-transaction.ts';
import { runPrecompile } from '../src/evm/precompiles/table.ts';
import type { Address, Transaction, TransactionResult } from '../src/evm/types.ts';
import { MemoryState } from '../src/state/memory.ts';

const SENDER: Address = `0x${'aa'.repeat(20)}`;
export const at = (digits: string): Address => `0x${digits.padStart(40, '0')}`;
export const hex = (code: string): Uint8Array<ArrayBuffer> => Uint8Array.fromHex(code);
export const size = (value: number, digits: number): string =>
  value.toString(16).padStart(digits, '0');

/** Counts down from `rounds`, then returns the 32 bytes that `tag` pushes. */
export function loop(rounds: number, tag: number): string {
  return `63${size(rounds, 8)}5b6001900380600557${returning(tag)}`;
}

export function returning(tag: number): string {
  return `63${size(tag, 8)}5f5260205ff3`;
}

export interface Opened {
  readonly evm: EVM;
  readonly machine: Machine;
  readonly state: MemoryState;
}

export function open(codes: Readonly<Record<Address, string>>, options: EVMOptions = {}): Opened {
  const state = new MemoryState();
  state.setAccount(SENDER, { nonce: 0n, balance: 10n ** 18n, code: hex(''), storage: [] });
  for (const [address, code] of Object.entries(codes)) {
    const account = { nonce: 1n, balance: 0n, code: hex(code), storage: [] };
    state.setAccount(address as Address, account);
  }
  let machine: Machine | undefined;
  const evm = createCoreEVM({
    state,
    precompiles: runPrecompile,
    ...options,
    onMachine: (made) => {
      machine = made;
    },
  });
  return { evm, machine: machine as unknown as Machine, state };
}

export function call(evm: EVM, to: Address | undefined, data = ''): TransactionResult {
  const transaction: Transaction = plainTransaction({
    sender: SENDER,
    gasLimit: 10n ** 12n,
    to,
    data: hex(data),
  });
  return evm.transactSync(transaction, { callOnly: true, commit: false });
}

export function word(result: TransactionResult): number {
  if (result.status !== 'success') throw new Error(JSON.stringify(result.status));
  return Number(`0x${result.output.toHex()}`);
}

/** Address of an account's code object; it has been called. */
export function codeObject({ machine, state }: Opened, address: Address): number {
  const { memory, runtime } = machine;
  const { codeHash } = state.getAccount(address) as { codeHash: string };
  const scratch = layout.GLOBALS + layout.G_SCRATCH;
  memory.bytes().set(Uint8Array.fromHex(codeHash.slice(2)), scratch);
  // The machine's identity is read from a context, so any place with it will do.
  const context = scratch + 64 - layout.C_MACHINE + 64;
  memory.view().setUint32(context + layout.C_MACHINE, machine.id, true);
  const code = runtime.codeByHash(context, scratch) >>> 0;
  if (code === 0) throw new Error(`${address} was not called`);
  return code;
}

export function tierOf(opened: Opened, address: Address): number {
  return opened.machine.memory
    .view()
    .getUint32(codeObject(opened, address) + layout.CODE_TIER, true);
}

/** Jumps that the interpreter has counted to the code's first JUMPDEST. */
export function interpretedJumps(opened: Opened, address: Address): number {
  const view = opened.machine.memory.view();
  const blocks = view.getUint32(codeObject(opened, address) + layout.CODE_BLOCKS, true);
  return view.getUint32(blocks + layout.BLOCK_COUNT, true);
}

export async function arrived(evm: EVM): Promise<void> {
  while (evm.tierStatistics().waiting > 0) await new Promise((done) => setTimeout(done, 5));
}
