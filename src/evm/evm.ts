/**
 * The virtual machine as a library: `createEVM` gives an EVM over a state, which executes
 * transactions and calls and says what they changed. The state itself is never written.
 *
 * @example
 * const evm = createEVM({ fork: 'osaka', state });
 * const result = await evm.transact(transaction);
 * if (result.status === 'success') state.apply(result.changes);
 */
import type { EVM, EVMOptions } from './evm-interface.ts';
import { createCoreEVM } from './local-evm.ts';
import { nativeSecp256k1 } from './precompiles/fast/signatures.ts';
import { runPrecompile } from './precompiles/table.ts';

export type { AccessListResult } from './access-list.ts';
export type { CompilationOptions, TierStatistics } from './compilation-options.ts';
export type { EVMError, EVMErrorCode } from './errors.ts';
export type * from './evm-interface.ts';
export type * from './execution-options.ts';
export type { ForkName } from './forks/names.ts';
export type { Rules } from './forks/rules.ts';
export type { InputError } from './input.ts';
export type { AccountAccess, SlotAccess, StateAccesses } from './machine/accesses.ts';
export type { CallEnter, CallExit, CallFailure, CallHooks, CallKind } from './machine/hooks.ts';
export type { TraceStep } from './machine/steps.ts';
export type { PrecompileHost, PrecompileInput } from './precompiles/precompile.ts';
export type * from './types.ts';

/** An EVM with the precompiles of this package. @throws InputError for values that are none */
export function createEVM(options: EVMOptions = {}): EVM {
  // Here, since a call that loads it cannot be stopped for 6 ms.
  if (options.precompiles === undefined) nativeSecp256k1();
  return createCoreEVM({ ...options, precompiles: options.precompiles ?? runPrecompile });
}
