/** What the state of a block holds of an account. */

import type { Account, Address, Hash } from '../../../evm/types.ts';
import { proveAccount } from '../../../proofs/chain-proofs.ts';
import { EMPTY_CODE_HASH } from '../../../state/memory.ts';
import { withState } from '../../execution/block-state.ts';
import type { ClosableState } from '../../execution/call-machines.ts';
import type { Node } from '../../node.ts';
import { invalidParams, RpcError } from '../../rpc/errors.ts';
import { type MethodTable, method } from '../../rpc/method.ts';
import {
  dataHex,
  kindOf,
  LATEST,
  listOf,
  membersOf,
  quantity,
  type Read,
  readAddress,
  readBlockId,
  withDefault,
  wordHex,
} from '../../rpc/values.ts';

/** Slots of one proof, and of one `eth_getStorageValues`, as geth has them. */
const SLOTS_MAX = 1_024;

const KEY_DIGITS = 64;

/** A slot: up to 32 bytes, shorter ones filled up in front. The texts are geth's. */
const readSlot: Read<bigint> = (value) => {
  if (typeof value !== 'string') throw invalidParams(`${kindOf(value)} where a slot belongs`);
  const digits = /^0x/i.test(value) ? value.slice(2) : value;
  const shown = JSON.stringify(value.slice(0, 2 * KEY_DIGITS));
  if (!/^[0-9a-fA-F]*$/.test(digits)) {
    throw invalidParams(`invalid hex in storage key: ${shown}`);
  }
  if (digits.length > KEY_DIGITS) {
    throw invalidParams(`storage key too long (want at most 32 bytes): ${shown}`);
  }
  return digits === '' ? 0n : BigInt(`0x${digits}`);
};

/** A slot as it is named in a proof: as it was asked for. */
interface NamedSlot {
  readonly slot: bigint;
  readonly name: string;
}

const readNamedSlot: Read<NamedSlot> = (value, path) => {
  const slot = readSlot(value, path);
  const isWord = typeof value === 'string' && value.replace(/^0x/i, '').length === KEY_DIGITS;
  return { slot, name: isWord ? wordHex(slot) : quantity(slot) };
};

const readSlots: Read<ReadonlyMap<Address, readonly bigint[]>> = (value, path) => {
  const slots = new Map<Address, readonly bigint[]>();
  const read = listOf(readSlot, SLOTS_MAX);
  let count = 0;
  for (const [address, list] of Object.entries(membersOf(value, path))) {
    const keys = read(list, path);
    count += keys.length;
    if (count > SLOTS_MAX) throw invalidParams(`too many slots (max ${SLOTS_MAX})`);
    slots.set(readAddress(address, path), keys);
  }
  if (count === 0) throw invalidParams('empty request');
  return slots;
};

const AT_BLOCK = withDefault(readBlockId, LATEST);

async function codeOf(state: ClosableState, account: Account | undefined): Promise<Uint8Array> {
  const hash: Hash = account?.codeHash ?? EMPTY_CODE_HASH;
  return hash === EMPTY_CODE_HASH ? new Uint8Array(0) : state.getCode(hash);
}

export const stateMethods: MethodTable<Node> = {
  eth_getBalance: method([readAddress, AT_BLOCK], (node: Node, [address, at]) =>
    withState(node, at, async (state) =>
      quantity((await state.getAccount(address))?.balance ?? 0n),
    ),
  ),
  eth_getTransactionCount: method([readAddress, AT_BLOCK], async (node: Node, [address, at]) => {
    if ('tag' in at && at.tag === 'pending') return quantity(await node.pool.nextNonce(address));
    return withState(node, at, async (state) =>
      quantity((await state.getAccount(address))?.nonce ?? 0n),
    );
  }),
  eth_getCode: method([readAddress, AT_BLOCK], (node: Node, [address, at]) =>
    withState(node, at, async (state) =>
      dataHex(await codeOf(state, await state.getAccount(address))),
    ),
  ),
  eth_getStorageAt: method([readAddress, readSlot, AT_BLOCK], (node: Node, [address, slot, at]) =>
    withState(node, at, async (state) => wordHex(await state.getStorage(address, slot))),
  ),
  eth_getStorageValues: method([readSlots, AT_BLOCK], (node: Node, [wanted, at]) =>
    withState(node, at, async (state) => {
      const answer: Record<Address, string[]> = {};
      for (const [address, slots] of wanted) {
        answer[address] = [];
        for (const slot of slots) {
          answer[address].push(wordHex(await state.getStorage(address, slot)));
        }
      }
      return answer;
    }),
  ),
  eth_getAccount: method([readAddress, AT_BLOCK], async (node: Node, [address, at]) => {
    const { balance, nonce, codeHash, storageHash } = await proofOf(node, at, { address });
    return { balance, nonce, codeHash, storageRoot: storageHash };
  }),
  eth_getAccountInfo: method([readAddress, AT_BLOCK], (node: Node, [address, at]) =>
    withState(node, at, async (state) => {
      const account = await state.getAccount(address);
      const code = dataHex(await codeOf(state, account));
      const { balance = 0n, nonce = 0n } = account ?? {};
      return { balance: quantity(balance), nonce: quantity(nonce), code };
    }),
  ),
  eth_getProof: method(
    [readAddress, withDefault(listOf(readNamedSlot, SLOTS_MAX), []), AT_BLOCK],
    async (node: Node, [address, named, at]) => {
      const slots = named.map(({ slot }) => slot);
      const proof = await proofOf(node, at, { address, slots });
      const storageProof = proof.storageProof.map((each, index) => ({
        ...each,
        key: named[index]?.name ?? each.key,
      }));
      return { ...proof, storageProof };
    },
  ),
};

async function proofOf(
  { ledger }: Node,
  at: Parameters<typeof ledger.requireBlock>[0],
  request: { readonly address: Address; readonly slots?: readonly bigint[] },
) {
  const { hash } = await ledger.requireBlock(at);
  try {
    return await proveAccount(ledger.chain, { block: hash, ...request });
  } catch (error) {
    if (error instanceof RpcError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new RpcError('server error', `missing trie node: no state of block ${hash}: ${why}`);
  }
}
