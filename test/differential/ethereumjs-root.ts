/** The root of a state as EthereumJS's tries make it, from all that the state holds. */
import { MerkleStateManager } from '@ethereumjs/statemanager';
import { Account, createAddressFromString } from '@ethereumjs/util';
import type { Address, Hash } from '../../src/evm/types.ts';
import type { AccountState } from './outcome.ts';

export async function rootOf(state: ReadonlyMap<Address, AccountState>): Promise<Hash> {
  const manager = new MerkleStateManager();
  for (const [at, { nonce, balance, codeHash, storage }] of state) {
    const address = createAddressFromString(at);
    const hash = Uint8Array.fromHex(codeHash.slice(2));
    await manager.putAccount(address, new Account(nonce, balance, undefined, hash));
    for (const [slot, value] of storage) {
      await manager.putStorage(address, bytes(slot, 32), bytes(value, 0));
    }
  }
  return `0x${(await manager.getStateRoot()).toHex()}`;
}

/** Big-endian bytes, at least so many. */
function bytes(value: bigint, least: number): Uint8Array {
  const digits = value.toString(16).padStart(least * 2, '0');
  return Uint8Array.fromHex(digits.length % 2 === 0 ? digits : `0${digits}`);
}
