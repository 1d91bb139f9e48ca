/**
 * The conversations of execution-apis about traces, answered to the letter: the struct log is
 * compared as text, order of members included, where the suite of all conversations asks for the
 * form alone.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CallWorkers } from '../../src/node/execution/workers/call-workers.ts';
import { fixtures } from '../fixtures.ts';
import {
  type ConversationNode,
  openConversationNode,
  readConversations,
} from './rpc-conversations.ts';

const suite = fixtures('execution-apis');
const folder = join(suite ?? '', 'tests');

/** With a worker, all are executed there from the start. */
const PLACES = [
  ["in the node's thread", {}],
  ['on a worker', { callWorkers: new CallWorkers(1, 0) }],
] as const;

describe.skipIf(suite === undefined).each(PLACES)('traces of execution-apis %s', (_, on) => {
  let node: ConversationNode;

  beforeAll(async () => {
    node = await openConversationNode(folder, on);
  });
  afterAll(() => node.close());

  const ask = async (method: string, ...params: readonly unknown[]) => {
    const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const { result, error } = JSON.parse(await node.answer(text));
    if (error !== undefined) throw new Error(`${method} ${params[0]}: ${error.message}`);
    return result;
  };

  interface Frame {
    readonly gasUsed: string;
    readonly error?: string;
    readonly calls?: readonly Frame[];
    readonly logs?: readonly unknown[];
  }
  const logsIn = ({ logs = [], calls = [] }: Frame): number =>
    calls.reduce((sum, call) => sum + logsIn(call), logs.length);

  it('all transactions, of all forks, are traced as their receipts say', async () => {
    const withLogs = { tracer: 'callTracer', tracerConfig: { withLog: true } };
    const head = Number(await ask('eth_blockNumber'));
    let transactions = 0;
    let rewards = 0;
    for (let at = 1; at <= head; at++) {
      const block = `0x${at.toString(16)}`;
      const receipts = await ask('eth_getBlockReceipts', block);
      const logs = await ask('debug_traceBlockByNumber', block, { disableStack: true });
      const calls = await ask('debug_traceBlockByNumber', block, withLogs);
      const opcodes = await ask('trace_blockOpcodeGas', block);
      expect(opcodes.transactions).toHaveLength(receipts.length);
      for (const [index, { gasUsed, status, logs: emitted }] of receipts.entries()) {
        const { gas, failed } = logs[index].result;
        const top: Frame = calls[index].result;
        expect({ gas, failed, used: top.gasUsed }, `${at}, ${index}`).toEqual({
          gas: Number(gasUsed),
          failed: status === '0x0',
          used: gasUsed,
        });
        expect(logsIn(top), `${at}, ${index}`).toBe(emitted.length);
        transactions += 1;
      }
      const traces = await ask('trace_block', block);
      rewards += traces.filter(({ type }: { type: string }) => type === 'reward').length;
    }
    expect({ head, transactions, rewards }).toEqual({ head: 54, transactions: 249, rewards: 53 });
  }, 120_000);

  const conversations = suite === undefined ? [] : readConversations(folder);
  it.each(conversations.filter(({ name }) => name.startsWith('debug_trace')))(
    '$name',
    async ({ exchanges }) => {
      expect(exchanges.length).toBeGreaterThan(0);
      for (const { request, expected } of exchanges) {
        expect(await node.answer(request)).toBe(expected);
      }
    },
  );
});
