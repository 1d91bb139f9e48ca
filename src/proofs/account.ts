/** Accounts and slots as the leaves of Ethereum's tries hold them. */

import { bigintFromBytes, bigintToBytes, fromHex, type Hex, toHex } from '../base/bytes.ts';
import { keccak256 } from '../base/keccak.ts';
import { decodeRlp, encodeRlp, type RlpItem, rlpInteger } from '../base/rlp.ts';
import { ProofError } from './trie-node.ts';

/** An account's leaf. */
export interface AccountLeaf {
  readonly nonce: bigint;
  readonly balance: bigint;
  readonly storageRoot: Hex;
  readonly codeHash: Hex;
}

const ADDRESS = /^0x[0-9a-fA-F]{40}$/;

/** Where an account stands in the trie of accounts. @throws ProofError for what is no address */
export function accountKey(address: Hex): Uint8Array {
  if (ADDRESS.test(address)) return keccak256(fromHex(address));
  const message = `${address.slice(0, 80)} is no address: give 0x and 40 hexadecimal digits`;
  throw new ProofError('proof/malformed', message, { details: { address } });
}

/** Where a slot stands in its account's trie. */
export function slotKey(slot: bigint): Uint8Array {
  return keccak256(bigintToBytes(slot, 32));
}

export function encodeAccount({ nonce, balance, storageRoot, codeHash }: AccountLeaf): Uint8Array {
  return encodeRlp([
    rlpInteger(nonce),
    rlpInteger(balance),
    fromHex(storageRoot),
    fromHex(codeHash),
  ]);
}

/** @throws ProofError `proof/malformed` */
export function decodeAccount(bytes: Uint8Array): AccountLeaf {
  const result = decodeRlp(bytes, { depthMax: 1, itemCountMax: 5 });
  if (!result.ok) throw malformedLeaf('an account', result.reason);
  const { item } = result;
  if (item instanceof Uint8Array || item.length !== 4) {
    throw malformedLeaf('an account', 'no list of 4 items');
  }
  const [nonce, balance, storageRoot, codeHash] = item as [RlpItem, RlpItem, RlpItem, RlpItem];
  return {
    nonce: integerOf('nonce', nonce, 8),
    balance: integerOf('balance', balance, 32),
    storageRoot: hashOf('storage root', storageRoot),
    codeHash: hashOf('code hash', codeHash),
  };
}

export function encodeSlot(value: bigint): Uint8Array {
  return encodeRlp(rlpInteger(value));
}

/** @throws ProofError `proof/malformed`, of zero too, which is never stored */
export function decodeSlot(bytes: Uint8Array): bigint {
  const result = decodeRlp(bytes, { depthMax: 1, itemCountMax: 2 });
  if (!result.ok) throw malformedLeaf('a slot', result.reason);
  const value = integerOf('value', result.item, 32);
  if (value === 0n) throw malformedLeaf('a slot', 'its value is zero');
  return value;
}

function integerOf(name: string, item: RlpItem, bytesMax: number): bigint {
  if (!(item instanceof Uint8Array)) throw malformedLeaf(name, 'a list');
  if (item.length > bytesMax) throw malformedLeaf(name, `${item.length} bytes, over ${bytesMax}`);
  if (item[0] === 0) throw malformedLeaf(name, 'a zero byte in front');
  return bigintFromBytes(item);
}

function hashOf(name: string, item: RlpItem): Hex {
  if (item instanceof Uint8Array && item.length === 32) return toHex(item);
  throw malformedLeaf(name, 'not 32 bytes');
}

function malformedLeaf(what: string, reason: string): ProofError {
  const message = `a leaf is malformed: ${what}: ${reason}`;
  return new ProofError('proof/malformed', message, { details: { what, reason } });
}
