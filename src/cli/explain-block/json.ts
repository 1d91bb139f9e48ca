/** How a block's transactions ran, for programs. Slots are hexadecimal; big numbers become text. */
import { quantity } from '../../chain/json/transaction-json.ts';
import type { BlockExplanation } from './model.ts';

export function asJson(explanation: BlockExplanation): unknown {
  const { alone, longest, transactions, conflicts, ...rest } = explanation;
  return {
    ...rest,
    alone: alone ?? null,
    longest: { ms: longest.micros / 1_000, transactions: longest.indices },
    transactions: transactions.map(({ to, fate, sentBack, ...each }) => ({
      ...each,
      to: to ?? null,
      fate: fate ?? null,
      sentBack: sentBack.map(withHexSlot),
    })),
    conflicts: conflicts.map(withHexSlot),
  };
}

function withHexSlot<T extends { readonly slot: bigint | undefined }>(
  given: T,
): Omit<T, 'slot'> & { readonly slot: string | null } {
  return { ...given, slot: given.slot === undefined ? null : quantity(given.slot) };
}
