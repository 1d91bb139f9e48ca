/** Places of transactions on the disk: kept, found again after an end, moved by another branch. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Chain } from '../../chain/chain.ts';
import { createChain } from '../../chain/open-chain.ts';
import { BLANK_TRANSACTION } from '../../chain/transactions/blank.ts';
import { encodeTransaction } from '../../chain/transactions/encode.ts';
import { signTransaction } from '../../chain/transactions/signature.ts';
import type { Hash } from '../../evm/types.ts';
import { devAccounts } from '../dev/accounts.ts';
import { devGenesis } from '../dev/genesis.ts';
import { Ledger } from '../ledger/ledger.ts';
import { transactionHash } from '../ledger/transaction-index.ts';
import { StoredTransactionIndex } from './stored-transaction-index.ts';

const CHAIN_ID = 7n;
const [ACCOUNT] = devAccounts(1);
const place = mkdtempSync(join(tmpdir(), 'ironfly-index-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

function openChain(): Promise<Chain> {
  const genesis = devGenesis({
    chainId: CHAIN_ID,
    fork: 'osaka',
    gasLimit: 30_000_000n,
    baseFee: 7n,
    timestamp: 1n,
    number: 0n,
    accounts: ACCOUNT === undefined ? [] : [ACCOUNT.address],
    balance: 10n ** 20n,
    hasCreate2Deployer: false,
  });
  return createChain(genesis, { workers: 1 });
}

function transferOf(nonce: bigint, value = 1n): Uint8Array {
  const unsigned = {
    ...BLANK_TRANSACTION,
    type: 2 as const,
    chainId: CHAIN_ID,
    nonce,
    value,
    to: `0x${'11'.repeat(20)}` as const,
    gasLimit: 21_000n,
    maxFeePerGas: 10n ** 10n,
  };
  return encodeTransaction(signTransaction(unsigned, ACCOUNT?.privateKey ?? new Uint8Array(32)));
}

/** A block upon a parent, imported and not chosen. */
async function extend(chain: Chain, parent: Hash, sent: readonly Uint8Array[]): Promise<Hash> {
  const known = chain.known(parent);
  const { bytes } = await chain.buildBlock(
    {
      timestamp: (known?.header.timestamp ?? 0n) + 1n + BigInt(sent.length),
      coinbase: `0x${'22'.repeat(20)}`,
      transactions: sent,
    },
    parent,
  );
  return (await chain.importBlock(bytes)).hash;
}

let count = 0;
const newFolder = (): string => join(place, `${++count}`);

test('what was added is found, after an end too', async () => {
  const [chain, folder] = [await openChain(), newFolder()];
  const index = await StoredTransactionIndex.open({ folder, chain });
  const ledger = new Ledger({ chain, index });
  const sent = transferOf(0n);
  const first = await extend(chain, chain.head.hash, [sent]);
  await ledger.setHead(first);
  const hash = transactionHash(sent);
  expect(index.get(hash)).toEqual({ blockHash: first, index: 0 });
  index.keepFinality({ finalized: first });
  await index.close();
  const again = await StoredTransactionIndex.open({ folder, chain });
  expect(again.get(hash)).toEqual({ blockHash: first, index: 0 });
  expect(again.finality).toEqual({ finalized: first });
  expect(again.get(`0x${'33'.repeat(32)}`)).toBeUndefined();
  await again.close();
  await chain.close();
});

test('an index that was left behind catches up, and leaves a branch that is gone', async () => {
  const [chain, folder] = [await openChain(), newFolder()];
  const index = await StoredTransactionIndex.open({ folder, chain });
  const ledger = new Ledger({ chain, index });
  const genesis = chain.head.hash;
  const [left, right, later] = [transferOf(0n, 1n), transferOf(0n, 2n), transferOf(1n)];
  await ledger.setHead(await extend(chain, genesis, [left]));
  await index.close();
  // The chain goes on without it, on another branch.
  const first = await extend(chain, genesis, [right]);
  const second = await extend(chain, first, [later]);
  await chain.setHead(second);
  const again = await StoredTransactionIndex.open({ folder, chain });
  expect(again.get(transactionHash(left))).toBeUndefined();
  expect(again.get(transactionHash(right))?.blockHash).toBe(first);
  expect(again.get(transactionHash(later))?.blockHash).toBe(second);
  await again.close();
  await chain.close();
});

test('an index of a branch that nobody knows is made anew', async () => {
  const folder = newFolder();
  const chains = [await openChain(), await openChain()];
  const sent = [transferOf(0n, 5n), transferOf(0n, 6n)];
  for (const [at, chain] of chains.entries()) {
    await chain.setHead(await extend(chain, chain.head.hash, [sent[at] ?? new Uint8Array(0)]));
    const index = await StoredTransactionIndex.open({ folder, chain });
    for (const [other, bytes] of sent.entries()) {
      const found = index.get(transactionHash(bytes))?.blockHash;
      expect(found).toBe(other === at ? chain.head.hash : undefined);
    }
    await index.close();
  }
  for (const chain of chains) await chain.close();
});
