/** What is pending, as blocks, states and nonces show it; and transactions until they are mined. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { contract, type EthNode, ethNode, RICH } from '../../../../test/node/eth-node.ts';

const POOR = `0x${'ab'.repeat(20)}` as const;
const word = (value: number) => `0x${value.toString(16).padStart(64, '0')}`;

let node: EthNode;
beforeAll(async () => {
  node = await ethNode();
});
afterAll(() => node.close());

it('is shown by the pending block', async () => {
  const count = () => node.ask('eth_getTransactionCount', RICH, 'pending');
  expect(await count()).toBe('0x0');
  const hash = await node.send({ to: POOR, value: 5n });
  await node.send({ to: contract('counts') });
  expect(await count()).toBe('0x2');
  expect(await node.ask('eth_getTransactionCount', RICH, 'latest')).toBe('0x0');
  expect(await node.ask('eth_getBalance', POOR, 'pending')).toBe('0x5');
  expect(await node.ask('eth_getBalance', POOR, 'latest')).toBe('0x0');
  expect(await node.ask('eth_call', { to: contract('reads') }, 'pending')).toBe(word(42));
  expect(await node.ask('eth_getStorageAt', contract('counts'), '0x0', 'pending')).toBe(word(43));
  expect(await node.ask('eth_call', { to: contract('number') }, 'pending')).toBe(word(1));
  expect(await node.ask('eth_getBlockByNumber', 'pending', false)).toMatchObject({
    number: '0x1',
    hash: null,
    nonce: null,
    transactions: [hash, expect.any(String)],
  });
  expect(await node.ask('eth_getBlockTransactionCountByNumber', 'pending')).toBe('0x2');
  expect(await node.ask('eth_getTransactionByHash', hash)).toMatchObject({
    hash,
    from: RICH,
    blockHash: null,
  });
  expect(await node.ask('eth_getTransactionReceipt', hash)).toBeNull();
  expect(await node.ask('txpool_status')).toEqual({ pending: '0x2', queued: '0x0' });
  await node.mine();
  expect(await node.ask('eth_getBlockTransactionCountByNumber', 'pending')).toBe('0x0');
  expect(await node.ask('eth_getTransactionReceipt', hash)).toMatchObject({
    transactionHash: hash,
    status: '0x1',
    gasUsed: '0x5208',
    from: RICH,
    to: POOR,
  });
  expect(await node.ask('eth_getTransactionBySenderAndNonce', RICH, '0x0')).toMatchObject({ hash });
  expect(await node.ask('eth_getTransactionBySenderAndNonce', RICH, '0x2')).toBeNull();
});

it('is what a simulation may be upon', async () => {
  await node.send({ to: POOR, value: 1n });
  const asked = { blockStateCalls: [{ blockOverrides: { time: '0x7fffffff' } }] };
  const [upon] = (await node.ask('eth_simulateV1', asked, 'pending')) as { stateRoot: string }[];
  await node.mine();
  const [again] = (await node.ask('eth_simulateV1', asked, 'latest')) as { stateRoot: string }[];
  expect(upon).toMatchObject({ number: '0x3', transactions: [], calls: [] });
  expect(again).toMatchObject({ number: '0x3', transactions: [], calls: [] });
});

it('is answered with the receipt when the block has come', async () => {
  const bytes = node.sign({ to: POOR });
  const raw = `0x${bytes.toHex()}`;
  const receipt = node.ask('eth_sendRawTransactionSync', raw);
  await expect.poll(() => node.node.pool.ready().length).toBe(1);
  await node.mine();
  expect(await receipt).toMatchObject({ status: '0x1', to: POOR });
  const late = `0x${node.sign({ to: POOR }).toHex()}`;
  await expect(node.ask('eth_sendRawTransactionSync', late, '0x1')).rejects.toMatchObject({
    code: 4,
  });
  await node.mine();
});

it('may be called upon in the middle of a block', async () => {
  const to = contract('counts');
  await node.send({ to });
  await node.send({ to });
  await node.mine();
  const latest = BigInt((await node.ask('eth_getStorageAt', to, '0x0')) as string);
  const read = { to, data: '0x' };
  const reads = { [to]: { code: '0x5f545f5260205ff3' } };
  const at = async (transactionIndex: unknown) => {
    const context = { blockNumber: 'latest', transactionIndex };
    const bundles = [{ transactions: [read] }];
    const [[answer] = []] = (await node.ask('eth_callMany', bundles, context, reads)) as {
      value: string;
    }[][];
    return BigInt(answer?.value ?? 0);
  };
  expect(await at(-1)).toBe(latest);
  expect(await at('0x1')).toBe(latest - 1n);
  expect(await at(0)).toBe(latest - 2n);
});

it('has prices that follow from the head', async () => {
  const head = node.node.ledger.head.header;
  expect(await node.ask('eth_maxPriorityFeePerGas')).toBe('0x3b9aca00');
  const price = BigInt((await node.ask('eth_gasPrice')) as string);
  expect(price).toBe(1_000_000_000n + (head.baseFeePerGas ?? 0n));
  const history = (await node.ask('eth_feeHistory', 2, 'latest', [0, 100])) as {
    baseFeePerGas: string[];
    reward: string[][];
  };
  expect(history.baseFeePerGas.at(-1)).toBe(await node.ask('eth_baseFee'));
  expect(history.reward.at(-1)).toEqual(['0x3b9aca00', '0x3b9aca00']);
});
