import { expect, test } from 'vitest';
import type { ChainBlock } from '../block-tree.ts';
import { accessListHash } from './access-list.ts';
import { firstBlock, genesisHeader } from './genesis.ts';
import { blockDifferences, bodyDifferences } from './header-vouches.ts';
import type { Receipt } from './receipt.ts';

const COINBASE = `0x${'00'.repeat(20)}` as const;
const ADDRESS = `0x${'11'.repeat(20)}` as const;
const given = { coinbase: COINBASE, gasLimit: 5000n, stateRoot: `0x${'00'.repeat(32)}` } as const;

function first(fork: 'paris' | 'amsterdam'): ChainBlock {
  return firstBlock(genesisHeader({ chainId: 1n, forks: [{ fork }] }, given));
}

const without = (block: ChainBlock, name: 'withdrawals' | 'accessList'): ChainBlock => {
  const { [name]: _, ...rest } = block;
  return rest;
};

const namesOf = (block: ChainBlock) => blockDifferences(block).map(({ name }) => name);

test('a block is whole, or what of it is not is named', () => {
  const list = [
    {
      address: ADDRESS,
      storageChanges: [],
      storageReads: [],
      balanceChanges: [],
      nonceChanges: [],
      codeChanges: [],
    },
  ];
  const amsterdam = first('amsterdam');
  const listed: ChainBlock = {
    ...amsterdam,
    header: { ...amsterdam.header, blockAccessListHash: accessListHash(list) },
    accessList: list,
  };
  const withdrawal = { index: 1n, validatorIndex: 2n, address: ADDRESS, amount: 3n };
  const receipt: Receipt = {
    type: 0,
    succeeded: true,
    stateRoot: undefined,
    cumulativeGasUsed: 1n,
    gasUsed: 1n,
    bloom: new Uint8Array(256),
    logs: [],
    contractAddress: undefined,
  };
  const cases: [ChainBlock, string[]][] = [
    [first('paris'), []],
    [amsterdam, []],
    [listed, []],
    [{ ...listed, transactions: [Uint8Array.of(2)] }, ['transactionsRoot']],
    [{ ...listed, uncles: [amsterdam.header] }, ['unclesHash']],
    [{ ...listed, withdrawals: [withdrawal] }, ['withdrawalsRoot']],
    [without(listed, 'withdrawals'), ['withdrawalsRoot']],
    [{ ...first('paris'), withdrawals: [] }, ['withdrawalsRoot']],
    [{ ...listed, receipts: [receipt] }, ['receiptsRoot']],
    [{ ...listed, accessList: [] }, ['blockAccessListHash']],
    [without(listed, 'accessList'), ['blockAccessListHash']],
    [{ ...first('paris'), accessList: [] }, ['blockAccessListHash']],
  ];
  for (const [block, expected] of cases) expect(namesOf(block)).toEqual(expected);
});

test('of a body alone', () => {
  const block = first('amsterdam');
  expect(bodyDifferences(block)).toEqual([]);
  expect(bodyDifferences(without(block, 'withdrawals'))).toEqual([
    { name: 'withdrawalsRoot', says: block.header.withdrawalsRoot, found: undefined },
  ]);
});
