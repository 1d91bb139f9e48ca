/** State overrides as changes: for reads of what a traced call pretends, and to build upon them. */

import { toHex } from '../../base/bytes.ts';
import { keccak256 } from '../../base/keccak.ts';
import type { StateOverrides } from '../../evm/execution-options.ts';
import type { AccountChange, Address, Hash, StateChanges, StateReader } from '../../evm/types.ts';
import { EMPTY_CODE_HASH } from '../../state/memory.ts';

export async function overridesAsChanges(
  state: StateReader,
  overrides: StateOverrides,
): Promise<StateChanges> {
  const accounts = new Map<Address, AccountChange>();
  const codes = new Map<Hash, Uint8Array>();
  for (const [key, override] of Object.entries(overrides)) {
    const address = key as Address;
    const account = await state.getAccount(address);
    const { balance = account?.balance ?? 0n, nonce = account?.nonce ?? 0n, code } = override;
    const codeHash =
      code === undefined ? (account?.codeHash ?? EMPTY_CODE_HASH) : toHex(keccak256(code));
    if (code !== undefined) codes.set(codeHash, code);
    accounts.set(address, {
      balance,
      nonce,
      codeHash,
      storageWiped: override.state !== undefined,
      storage: override.state ?? override.stateDiff ?? new Map(),
    });
  }
  return { accounts, codes };
}
