/** Simulated blocks beside those that are made: what comes of the same transactions is the same. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { contract, type EthNode, ethNode, RICH } from '../../../../test/node/eth-node.ts';

const POOR = `0x${'ab'.repeat(20)}` as const;
const NEW = `0x${'ef'.repeat(20)}` as const;
const word = (value: number) => `0x${value.toString(16).padStart(64, '0')}`;

let node: EthNode;
beforeAll(async () => {
  node = await ethNode();
});
afterAll(() => node.close());

interface Simulated {
  readonly stateRoot: string;
  readonly calls: readonly {
    readonly status: string;
    readonly returnData: string;
    readonly logs: readonly object[];
    readonly error?: { readonly code: number };
  }[];
}

it('has the state, receipts and blooms that the block has', () => compareMined(node));

it('has them in Amsterdam, too', async () => {
  const amsterdam = await ethNode({}, undefined, 'amsterdam');
  await compareMined(amsterdam);
  await amsterdam.close();
});

async function compareMined(node: EthNode): Promise<void> {
  await node.mine();
  const fees = { maxFeePerGas: '0x2540be400', maxPriorityFeePerGas: '0x3b9aca00', gas: '0x186a0' };
  const sent = [
    { to: POOR, value: 5n },
    { to: contract('counts') },
    { to: contract('grows') },
    { to: contract('logs'), data: Uint8Array.fromHex(word(9).slice(2)) },
    { to: contract('reverts') },
    { to: NEW, value: 1n },
  ];
  for (const each of sent) await node.send(each);
  const calls = sent.map(({ to, value = 0n, data = new Uint8Array(0) }, index) => ({
    ...fees,
    from: RICH,
    to,
    value: `0x${value.toString(16)}`,
    input: `0x${data.toHex()}`,
    nonce: `0x${index.toString(16)}`,
  }));
  const { timestamp } = node.node.ledger.head.header;
  const blockOverrides = {
    time: `0x${(timestamp + 1n).toString(16)}`,
    feeRecipient: `0x${'cc'.repeat(20)}`,
  };
  const [simulated] = (await node.ask('eth_simulateV1', {
    validation: true,
    blockStateCalls: [{ blockOverrides, calls }],
  })) as Simulated[];
  await node.mine();
  const { hash, stateRoot, receiptsRoot, logsBloom, gasUsed, baseFeePerGas } = (await node.ask(
    'eth_getBlockByNumber',
    'latest',
  )) as Record<string, string>;
  expect(simulated).toMatchObject({
    stateRoot,
    receiptsRoot,
    logsBloom,
    gasUsed,
    baseFeePerGas,
  });
  expect(hash).not.toBe(undefined);
}

it('goes from block to block, and to what is in none', async () => {
  const to = contract('counts');
  const blocks = (await node.ask('eth_simulateV1', {
    blockStateCalls: [
      { calls: [{ to }] },
      {
        stateOverrides: { [to]: { code: '0x5f545f5260205ff3' } },
        calls: [{ to }, { to: contract('number') }],
      },
    ],
  })) as Simulated[];
  expect(blocks[1]?.calls[0]?.returnData).toBe(word(44));
  const { number } = node.node.ledger.head.header;
  expect(blocks[1]?.calls[1]?.returnData).toBe(word(Number(number) + 2));
});

it('moves a precompile for one block', async () => {
  const identity = `0x${'04'.padStart(40, '0')}`;
  const calls = [
    { to: NEW, input: '0x1234' },
    { to: identity, input: '0x1234' },
  ];
  const blocks = (await node.ask('eth_simulateV1', {
    blockStateCalls: [
      { stateOverrides: { [identity]: { movePrecompileToAddress: NEW } }, calls },
      { calls },
    ],
  })) as Simulated[];
  const outputs = blocks.map((block) => block.calls.map(({ returnData }) => returnData));
  expect(outputs).toEqual([
    ['0x1234', '0x'],
    ['0x', '0x1234'],
  ]);
});

it('says of each block and transaction why it cannot be', async () => {
  const ask = (...blockStateCalls: readonly object[]) =>
    node.ask('eth_simulateV1', { blockStateCalls, validation: true });
  const number = (value: string) => ({ blockOverrides: { number: value } });
  await expect(ask(number('0x1'))).rejects.toMatchObject({ code: -38020 });
  await expect(ask(number('0x999'))).rejects.toMatchObject({ code: -38026 });
  await expect(ask({ blockOverrides: { time: '0x0' } })).rejects.toMatchObject({ code: -38021 });
  const call = (fields: object) => ask({ calls: [{ from: RICH, to: POOR, ...fields }] });
  const fee = { maxFeePerGas: '0x2540be400' };
  await expect(call({ ...fee, nonce: '0x0' })).rejects.toMatchObject({ code: -38010 });
  await expect(call({ ...fee, nonce: '0x99' })).rejects.toMatchObject({ code: -38011 });
  await expect(call({})).rejects.toMatchObject({ code: -38012 });
  await expect(call({ ...fee, gas: '0x1' })).rejects.toMatchObject({ code: -38013 });
  await expect(call({ ...fee, from: POOR })).rejects.toMatchObject({ code: -38014 });
  await expect(call({ gas: '0x2000000000' })).rejects.toMatchObject({ code: -38015 });
});

it('takes no more time than others', async () => {
  const small = await ethNode({ callMsMax: 200, callGasMax: 2n ** 50n });
  const endless = { to: contract('endless') };
  const start = performance.now();
  await expect(
    small.ask('eth_simulateV1', {
      blockStateCalls: [{ blockOverrides: { gasLimit: '0xffffffffffff' }, calls: [endless] }],
    }),
  ).rejects.toMatchObject({ code: -32000 });
  expect(performance.now() - start).toBeLessThan(5_000);
  await small.close();
});

it('gives no more than an answer has room for', async () => {
  const rich = await ethNode({ callGasMax: 2n ** 50n });
  // A million bytes, again and again.
  const code = '0x620f42405ff3';
  await expect(
    rich.ask('eth_simulateV1', {
      blockStateCalls: [
        {
          blockOverrides: { gasLimit: '0xffffffffffff' },
          stateOverrides: { [POOR]: { code } },
          calls: new Array(200).fill({ to: POOR, gas: '0x989680' }),
        },
      ],
    }),
  ).rejects.toMatchObject({ code: -32005 });
  await rich.close();
});
