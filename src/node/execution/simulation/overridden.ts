/** State overrides of a simulated block: they are part of its state from then on. */

import { toHex } from '../../../base/bytes.ts';
import { keccak256 } from '../../../base/keccak.ts';
import { WordMap } from '../../../base/word-map.ts';
import type { AccountOverride, StateOverrides } from '../../../evm/execution-options.ts';
import type { Rules } from '../../../evm/forks/rules.ts';
import type { AccountChange, Address, Hash, StateReader } from '../../../evm/types.ts';
import { ChangeSet } from '../../../state/change-set.ts';
import { EMPTY_CODE_HASH } from '../../../state/memory.ts';
import { withChecksum } from '../../json/checksum.ts';
import { RpcError } from '../../rpc/errors.ts';

/** Addresses up to this may be a fork's precompiles. */
const PRECOMPILE_MAX = 0x1ffn;

/** What the overrides change of the state. */
export async function overrideChanges(
  state: StateReader,
  overrides: StateOverrides,
  rules: Rules,
): Promise<ChangeSet> {
  const changes = new ChangeSet();
  for (const [key, override] of Object.entries(overrides)) {
    const address = key as Address;
    const change = await changeOf(state, address, override);
    const codes = new Map<Hash, Uint8Array>();
    if (override.code !== undefined) codes.set(change.codeHash, override.code);
    const isEmpty =
      change.nonce === 0n && change.balance === 0n && change.codeHash === EMPTY_CODE_HASH;
    const kept = isEmpty && rules.clearsEmpty ? null : change;
    changes.add({ accounts: new Map([[address, kept]]), codes });
  }
  return changes;
}

async function changeOf(
  state: StateReader,
  address: Address,
  { nonce, balance, code, state: storage, stateDiff }: AccountOverride,
): Promise<AccountChange> {
  const account = await state.getAccount(address);
  return {
    nonce: nonce ?? account?.nonce ?? 0n,
    balance: balance ?? account?.balance ?? 0n,
    codeHash: code === undefined ? (account?.codeHash ?? EMPTY_CODE_HASH) : hashOf(code),
    storageWiped: storage !== undefined,
    storage: new WordMap(storage ?? stateDiff ?? []),
  };
}

function hashOf(code: Uint8Array): Hash {
  return code.length === 0 ? EMPTY_CODE_HASH : toHex(keccak256(code));
}

/**
 * The overrides of precompiles alone: an address that is overridden is none, and one may be moved.
 * undefined: there are none. @throws RpcError for moves that cannot be
 */
export function precompileOverrides(
  overrides: StateOverrides,
  rules: Rules,
): StateOverrides | undefined {
  const moved: Record<Address, AccountOverride> = {};
  const targets = new Set<Address>();
  for (const [key, { movePrecompileToAddress: target }] of Object.entries(overrides)) {
    const address = key as Address;
    if (target === undefined) {
      if (BigInt(address) <= PRECOMPILE_MAX) moved[address] = {};
      continue;
    }
    const shown = withChecksum(address);
    if (!isPrecompile(address, rules)) {
      throw new RpcError('server error', `account ${shown} is not a precompile`);
    }
    if (target === address) {
      const message = `account ${shown} is moved to itself`;
      throw new RpcError('precompile moved to itself', message);
    }
    if (overrides[target] !== undefined) {
      const message = `account ${withChecksum(target)} is already overridden`;
      throw new RpcError('server error', message);
    }
    // Of two that are moved to one address the first stands there.
    moved[address] = targets.has(target) ? {} : { movePrecompileToAddress: target };
    targets.add(target);
  }
  return Object.keys(moved).length === 0 ? undefined : moved;
}

function isPrecompile(address: Address, { precompiles, precompileP256 }: Rules): boolean {
  const number = BigInt(address);
  if (number === 0x100n) return precompileP256;
  return number >= 1n && number <= BigInt(precompiles);
}
