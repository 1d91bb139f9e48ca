/** Arguments of every wrong kind for every method: an error that says so, and no bug of ours. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EthNode, ethNode } from '../../../../test/node/eth-node.ts';
import { RPC_CODES, RpcError } from '../../rpc/errors.ts';
import { ethMethods } from './tables.ts';

const WRONG: readonly unknown[] = [
  null,
  true,
  -1,
  1.5,
  1e300,
  '',
  '0x',
  '0xzz',
  '1',
  'latest',
  'nonsense',
  `0x${'f'.repeat(40)}`,
  `0x${'f'.repeat(64)}`,
  `0x${'f'.repeat(65)}`,
  `0x${'0'.repeat(100_000)}`,
  [],
  [null],
  [[[[]]]],
  {},
  { from: 7 },
  { to: 'x', data: 1 },
  { blockHash: '0x1', blockNumber: '0x1' },
  { blockStateCalls: [{ calls: [null] }] },
  { blockStateCalls: [{ blockOverrides: { number: `0x${'f'.repeat(16)}` } }] },
  { fromBlock: {}, topics: {} },
  { topics: [[[[]]]] },
  { [`0x${'f'.repeat(40)}`]: { state: {}, stateDiff: {} } },
  { ['__proto__']: {}, constructor: 1 },
];

const names = ethMethods.flatMap((table) => Object.keys(table));

describe('wrong arguments', () => {
  let node: EthNode;

  beforeAll(async () => {
    node = await ethNode({ callMsMax: 2_000, callGasMax: 10_000_000n });
  });
  afterAll(() => node.close());

  const attempt = async (name: string, params: readonly unknown[]) => {
    try {
      await node.ask(name, ...params);
    } catch (error) {
      const shown = `${name} ${JSON.stringify(params).slice(0, 200)}: ${String(error)}`;
      expect(error, shown).toBeInstanceOf(RpcError);
      expect((error as RpcError).code, shown).not.toBe(RPC_CODES['internal error']);
      expect((error as RpcError).message.length, shown).toBeLessThan(2_000);
    }
  };

  it.each(names)(
    '%s',
    async (name) => {
      await attempt(name, []);
      await attempt(name, new Array(20).fill(null));
      for (const value of WRONG) {
        await attempt(name, [value]);
        for (const second of WRONG.slice(0, 12)) await attempt(name, [value, second]);
        await attempt(name, [`0x${'1'.repeat(40)}`, value]);
        await attempt(name, [`0x${'1'.repeat(64)}`, value]);
        await attempt(name, ['0x0', value, value]);
        await attempt(name, [{ to: `0x${'1'.repeat(40)}` }, 'latest', value, value]);
      }
    },
    60_000,
  );
});
