/** The library's types: what compiles and what must not. Checked by `tsc`. */
import { type CallRequest, createEVM, type EVM, type TransactionResult } from './evm.ts';
import type { AccountOverride, TransactionChecks } from './execution-options.ts';
import type { Address, HaltReason, Log } from './types.ts';

declare const evm: EVM;
declare const result: TransactionResult;
const to: Address = '0x00';

export const request: CallRequest = { to, hooks: {}, overrides: { [to]: { balance: 1n } } };
export const called: Promise<TransactionResult> = evm.call(request);

if (result.status === 'refused') {
  result.message satisfies string;
  // @ts-expect-error: a refused transaction used no gas
  result.gasUsed;
} else {
  result.logs satisfies readonly Log[];
}
if (result.status === 'halt') result.reason satisfies HaltReason;

// @ts-expect-error: amounts are bigints
export const amount: AccountOverride = { balance: 1 };
// @ts-expect-error: no such check
export const checks: TransactionChecks = { gas: false };
// @ts-expect-error: no such fork
createEVM({ fork: 'istambul' });
// @ts-expect-error: addresses begin with 0x
evm.call({ to: 'c0de' });
