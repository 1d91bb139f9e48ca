/** Calls, estimates and what they say when they fail. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contract, type EthNode, ethNode, RICH } from '../../../../test/node/eth-node.ts';
import { CallWorkers } from '../../execution/workers/call-workers.ts';

const POOR = `0x${'ab'.repeat(20)}`;
const word = (value: number | bigint) => `0x${value.toString(16).padStart(64, '0')}`;
/** Error("why"). */
const WHY = ['20'.padStart(64, '0'), '3'.padStart(64, '0'), '776879'.padEnd(64, '0')];
const ERROR = `0x08c379a0${WHY.join('')}`;

/** Where they are executed: nothing is begun in the node's thread where a worker has 0 ms of it. */
const PLACES = [
  ["in the node's thread", undefined],
  ['on a worker', new CallWorkers(1, 0)],
  ['begun here, and moved', new CallWorkers(1)],
] as const;

describe.each(PLACES)('calls %s', (_, callWorkers) => {
  let node: EthNode;
  beforeAll(async () => {
    // So much gas that it is time which ends a call.
    node = await ethNode({ callMsMax: 300, callGasMax: 2n ** 50n }, callWorkers);
  });
  afterAll(() => node.close());

  describe('eth_call', () => {
    it('gives what the code returns', async () => {
      expect(await node.ask('eth_call', { to: contract('reads') }, 'latest')).toBe(word(42));
      expect(await node.ask('eth_call', { to: contract('reads') })).toBe(word(42));
      expect(await node.ask('eth_call', { to: POOR })).toBe('0x');
    });

    it('says why it reverted, with the data and the code that clients branch on', async () => {
      const to = contract('reverts');
      const said = (data: string) => node.ask('eth_call', { to, data });
      await expect(said(ERROR)).rejects.toMatchObject({
        code: 3,
        message: 'execution reverted: why',
        data: ERROR,
      });
      const panic = `0x4e487b71${word(0x11).slice(2)}`;
      await expect(said(panic)).rejects.toMatchObject({
        code: 3,
        message: 'execution reverted: arithmetic underflow or overflow',
        data: panic,
      });
      await expect(said('0xdeadbeef')).rejects.toMatchObject({
        code: 3,
        message: 'execution reverted',
        data: '0xdeadbeef',
      });
      await expect(node.ask('eth_call', { to })).rejects.toMatchObject({ code: 3, data: '0x' });
    });

    it('says why it halted', async () => {
      await expect(
        node.ask('eth_call', { to: contract('hungry'), gas: '0x7530' }),
      ).rejects.toMatchObject({ code: -32000, message: 'invalid opcode' });
      await expect(
        node.ask('eth_call', { to: contract('reads'), gas: '0x5210' }),
      ).rejects.toMatchObject({ code: -32000, message: 'out of gas' });
    });

    it('says why it was not executed', async () => {
      await expect(
        node.ask('eth_call', { from: POOR, to: RICH, value: '0x1' }),
      ).rejects.toMatchObject({
        message: expect.stringMatching(/^err: insufficient funds .* have 0 want 1 \(supplied gas/),
      });
      await expect(node.ask('eth_call', { to: RICH, gas: '0x1' })).rejects.toMatchObject({
        message: 'err: intrinsic gas too low: have 1, want 21000 (supplied gas 1)',
      });
    });

    it('pretends other accounts, and forgets them', async () => {
      const to = contract('reads');
      const slots = { [word(0)]: word(7) };
      expect(await node.ask('eth_call', { to }, 'latest', { [to]: { stateDiff: slots } })).toBe(
        word(7),
      );
      expect(await node.ask('eth_call', { to }, 'latest', { [to]: { state: {} } })).toBe(word(0));
      const code = '0x60095f5260205ff3';
      expect(await node.ask('eth_call', { to: POOR }, 'latest', { [POOR]: { code } })).toBe(
        word(9),
      );
      const rich = { [POOR]: { balance: '0x5' } };
      expect(
        await node.ask('eth_call', { from: POOR, to: RICH, value: '0x5' }, 'latest', rich),
      ).toBe('0x');
      expect(await node.ask('eth_call', { to })).toBe(word(42));
    });

    it('pretends another block', async () => {
      const to = contract('number');
      expect(await node.ask('eth_call', { to }, 'latest', {}, { number: '0x99' })).toBe(word(0x99));
    });

    it('ends one that does not end', async () => {
      const start = performance.now();
      await expect(
        node.ask('eth_call', { to: contract('endless'), gas: `0x${(2n ** 50n).toString(16)}` }),
      ).rejects.toMatchObject({ code: -32000 });
      expect(performance.now() - start).toBeLessThan(5_000);
    });

    it('lets others ask meanwhile', async () => {
      const gas = `0x${(2n ** 50n).toString(16)}`;
      const long = node.ask('eth_call', { to: contract('endless'), gas }).catch(() => 'ended');
      const short = node.ask('eth_call', { to: contract('reads') });
      expect(await Promise.race([long, short])).toBe(word(42));
      expect(await long).toBe('ended');
    });
  });

  describe('eth_estimateGas', () => {
    it('is what a transfer costs', async () => {
      expect(await node.ask('eth_estimateGas', { from: RICH, to: POOR, value: '0x1' })).toBe(
        '0x5208',
      );
    });

    it('is the least that succeeds', async () => {
      const call = { from: RICH, to: contract('hungry') };
      const gas = BigInt((await node.ask('eth_estimateGas', call)) as string);
      const withGas = (gasLimit: bigint) =>
        node.ask('eth_call', { ...call, gas: `0x${gasLimit.toString(16)}` });
      expect(await withGas(gas)).toBe('0x');
      await expect(withGas(gas - 1n)).rejects.toThrow();
    });

    it('is refused where no gas is enough', async () => {
      await expect(
        node.ask('eth_estimateGas', { to: contract('reverts'), data: ERROR }),
      ).rejects.toMatchObject({ code: 3, message: 'execution reverted: why', data: ERROR });
      await expect(
        node.ask('eth_estimateGas', { to: contract('hungry'), gas: '0x7530' }),
      ).rejects.toMatchObject({ message: 'invalid opcode' });
      await expect(
        node.ask('eth_estimateGas', { from: POOR, to: RICH, value: '0x1', gasPrice: '0x1' }),
      ).rejects.toMatchObject({ message: 'insufficient funds for transfer' });
      await expect(
        node.ask('eth_estimateGas', { from: POOR, to: contract('logs'), value: '0x1' }),
      ).rejects.toMatchObject({
        message: expect.stringMatching(/^failed with \d+ gas: insufficient funds for gas \* price/),
      });
    });
  });

  describe('eth_createAccessList', () => {
    it('names what is touched, and what it costs then', async () => {
      const call = { from: RICH, to: contract('counts') };
      const answer = await node.ask('eth_createAccessList', call);
      expect(answer).toMatchObject({
        accessList: [{ address: contract('counts'), storageKeys: [word(0)] }],
      });
      const reverted = { to: contract('reverts'), data: ERROR };
      expect(await node.ask('eth_createAccessList', reverted)).toMatchObject({
        error: 'execution reverted: why',
        accessList: [],
      });
    });

    it('ends what does not end', async () => {
      const start = performance.now();
      const call = { to: contract('endless'), gas: `0x${(2n ** 50n).toString(16)}` };
      await expect(node.ask('eth_createAccessList', call)).rejects.toMatchObject({ code: -32000 });
      await expect(node.ask('eth_estimateGas', call)).rejects.toMatchObject({ code: -32000 });
      expect(performance.now() - start).toBeLessThan(5_000);
    });
  });

  describe('calls one upon the other', () => {
    it('are answered each', async () => {
      const counts = { to: contract('counts') };
      const to = contract('counts');
      const read = { to, data: '0x' };
      const code = { [to]: { code: '0x5f54600101805f555f5260205ff3' } };
      expect(
        await node.ask(
          'eth_callMany',
          [{ transactions: [counts, read, { to: contract('reverts'), data: ERROR }] }],
          { blockNumber: 'latest' },
          code,
        ),
      ).toEqual([[{ value: word(43) }, { value: word(44) }, { error: 'execution reverted: why' }]]);
      expect(await node.ask('eth_getStorageAt', to, '0x0')).toBe(word(42));
    });

    it('are simulated in blocks', async () => {
      const call = { from: POOR, to: contract('logs'), input: word(5) };
      const move = { from: POOR, to: RICH, value: '0x2' };
      const answer = (await node.ask('eth_simulateV1', {
        traceTransfers: true,
        blockStateCalls: [
          { stateOverrides: { [POOR]: { balance: '0x64' } }, calls: [move, call] },
          { calls: [move, { from: POOR, to: contract('reverts'), input: ERROR }] },
        ],
      })) as { number: string; parentHash: string; hash: string; calls: SimulatedCall[] }[];
      const [first, second] = answer;
      expect(second?.parentHash).toBe(first?.hash);
      expect(first?.calls[0]?.logs[0]).toMatchObject({
        address: `0x${'ee'.repeat(20)}`,
        data: word(2),
        blockHash: first?.hash,
      });
      expect(first?.calls[1]?.logs[0]).toMatchObject({ topics: [word(5)], logIndex: '0x1' });
      expect(second?.calls[1]).toMatchObject({
        status: '0x0',
        error: { code: 3, message: 'execution reverted: why', data: ERROR },
      });
      expect(await node.ask('eth_getBalance', POOR)).toBe('0x0');
    });
  });
});

interface SimulatedCall {
  readonly logs: readonly object[];
}
