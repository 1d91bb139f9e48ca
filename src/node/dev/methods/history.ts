/** Methods that go back: snapshots, resets, re-organisations; and that carry a state elsewhere. */

import { gunzipSync, gzipSync } from 'node:zlib';
import { parseAnvilAccounts } from '../../../chain/anvil-files/read-state.ts';
import { acceptTransaction } from '../../../chain/transactions/check.ts';
import { nextRules } from '../../pool/checks.ts';
import { RpcError } from '../../rpc/errors.ts';
import { type MethodTable, method } from '../../rpc/method.ts';
import {
  dataHex,
  listOf,
  optional,
  quantity,
  type Read,
  readAny,
  readBoolean,
  readData,
  withDefault,
} from '../../rpc/values.ts';
import type { Offered } from '../dev-chain.ts';
import type { DevNode } from '../dev-node.ts';
import { stateFile } from '../state-file.ts';
import { fillTransaction, readTransactionRequest } from '../transaction-request.ts';
import { named } from './aliases.ts';
import { readCount, readLooseWord } from './values.ts';

/** Blocks of a re-organisation, and transactions that are given for them. */
const DEPTH_MAX = 100_000;
const TRANSACTIONS_MAX = 10_000;
/** Of a state that is sent: more than a request holds, packed. */
const STATE_BYTES_MAX = 1 << 29;

const snapshot = method([], async ({ dev }: DevNode) => quantity(await dev.chain.snapshot()));

const revert = method([readLooseWord], ({ dev }: DevNode, [id]) => dev.chain.revert(id));

const reset = method([optional(readAny)], async ({ dev, ledger }: DevNode, [given]) => {
  const { forking } = (given ?? {}) as { readonly forking?: unknown };
  if (forking !== undefined && forking !== null) {
    const message = 'this chain is none of another: start `ironfly dev` anew to fork';
    throw new RpcError('method not supported', message);
  }
  dev.wallet.impersonatesAll = false;
  await dev.chain.reset(dev.genesis.block.hash);
  return ledger.head.hash === dev.genesis.block.hash;
});

const dumpState = method([optional(readBoolean)], async ({ dev }: DevNode) => {
  return dataHex(gzipSync(await dev.chain.undisturbed(() => stateFile(dev))));
});

const loadState = method([readData], async ({ dev }: DevNode, [bytes]) => {
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  let text: string;
  try {
    const plain = isPacked ? gunzipSync(bytes, { maxOutputLength: STATE_BYTES_MAX }) : bytes;
    text = new TextDecoder('utf-8', { fatal: true }).decode(plain);
  } catch (error) {
    throw new RpcError('invalid params', `the state is no text: ${(error as Error).message}`);
  }
  const { accounts, codes } = parseAnvilAccounts(text);
  await dev.chain.editAll(
    [...accounts].flatMap(([address, change]) => {
      if (change === null) return [];
      const { balance, nonce, codeHash: hash, storage: slots } = change;
      const code = { hash, bytes: codes.get(hash) ?? new Uint8Array(0) };
      return [[address, { balance, nonce, code, slots, wipesStorage: true }] as const];
    }),
  );
  return true;
});

/** A transaction as bytes or as an object, and which of the new blocks it is in. */
const readPair: Read<readonly [unknown, number]> = (value, path) => {
  const [transaction, index] = listOf(readAny, 2)(value, path);
  return [transaction, readCount(DEPTH_MAX)(index, `${path}[1]`)];
};

async function offeredOf(node: DevNode, given: unknown): Promise<Offered> {
  const { ledger, dev } = node;
  if (typeof given === 'string') {
    const bytes = readData(given, '1');
    const { rules } = nextRules(ledger);
    const accepted = acceptTransaction(bytes, { chainId: ledger.chainId, rules });
    if (!accepted.ok) throw new RpcError('server error', accepted.message);
    return { bytes, sender: accepted.transaction.sender, isImpersonated: false };
  }
  const request = readTransactionRequest(given, '1');
  const { transaction, from } = await fillTransaction(node, request);
  return dev.wallet.sign(transaction, from);
}

export const devHistoryMethods: MethodTable<DevNode> = {
  ...named(['anvil', 'evm'], { snapshot, revert }),
  ...named(['anvil', 'hardhat'], { reset, dumpState, loadState }),
  anvil_rollback: method([withDefault(readCount(DEPTH_MAX), 1)], async (node: DevNode, [depth]) => {
    await node.dev.chain.rollback(BigInt(depth));
    return null;
  }),
  anvil_reorg: method(
    [readCount(DEPTH_MAX), withDefault(listOf(readPair, TRANSACTIONS_MAX), [])],
    async (node: DevNode, [depth, pairs]) => {
      const blocks: Offered[][] = Array.from({ length: depth }, () => []);
      for (const [transaction, index] of pairs) {
        const block = blocks[index];
        if (block === undefined) {
          const message = `Block number for reorg tx will exceed the reorged chain height`;
          throw new RpcError('invalid params', `${message}: ${index} of ${depth}`);
        }
        block.push(await offeredOf(node, transaction));
      }
      await node.dev.chain.reorganize(blocks);
      return null;
    },
  ),
};
