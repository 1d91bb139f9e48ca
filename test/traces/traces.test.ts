/**
 * Traces of ours and of Anvil, field by field: the same contracts deployed and called on both. What
 * differs is a closed list, and each row of it must still be needed.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBinary } from '../../src/cli/bench/anvil.ts';
import {
  type AllowedDifference,
  CALL_DIFFERENCES,
  differences,
  PARITY_DIFFERENCES,
  PRESTATE_DIFFERENCES,
  SELECTOR_DIFFERENCES,
  STRUCT_LOG_DIFFERENCES,
} from './allowed-differences.ts';
import { hasCompiler, type TracedChain, tracedChain } from './traced-chain.ts';

const CAN_RUN = findBinary() !== undefined && hasCompiler();

interface Asked {
  readonly name: string;
  readonly method: string;
  readonly params: readonly unknown[];
}

describe.skipIf(!CAN_RUN)('traces beside Anvil’s', { timeout: 120_000 }, () => {
  let chain: TracedChain;

  beforeAll(async () => {
    chain = await tracedChain();
  }, 120_000);
  afterAll(() => chain.close());

  const ofTransactions = (method: string, ...options: readonly unknown[]): Asked[] =>
    chain.transactions.map(({ name, hash }) => ({ name, method, params: [hash, ...options] }));
  const ofBlocks = (method: string, ...options: readonly unknown[]): Asked[] =>
    [...new Set(chain.transactions.map(({ block }) => block))].map((block) => ({
      name: `block ${block}`,
      method,
      params: [`0x${block.toString(16)}`, ...options],
    }));

  /** Asks both; the differences that no row allows, and the rows that allow none. */
  async function compare(asked: readonly Asked[], rows: readonly AllowedDifference[]) {
    const anvil = chain.anvil;
    if (anvil === undefined) throw new Error('there is no Anvil');
    const used = new Set<AllowedDifference>();
    const others: string[] = [];
    for (const { name, method, params } of asked) {
      const pair = [await chain.ours(method, params), await anvil(method, params)] as const;
      for (const difference of differences(method, ...pair)) {
        const row = rows.find(({ allows }) => allows(difference));
        if (row !== undefined) used.add(row);
        else {
          const [ours, theirs] = [difference.ours, difference.anvil].map((value) =>
            String(JSON.stringify(value)).slice(0, 200),
          );
          others.push(`${name}: ${difference.path} is ${ours}, Anvil says ${theirs}`);
        }
      }
    }
    const needless = rows.filter((row) => !used.has(row)).map(({ reason }) => reason);
    return { others: others.slice(0, 20), needless };
  }

  const CLOSED = { others: [], needless: [] };

  it('the struct log, with memory and return data', async () => {
    const options = { enableMemory: true, enableReturnData: true };
    const asked = ofTransactions('debug_traceTransaction', options);
    expect(await compare(asked, STRUCT_LOG_DIFFERENCES)).toEqual(CLOSED);
  });

  it('the struct log without stack and storage', async () => {
    const options = { disableStack: true, disableStorage: true };
    const asked = ofTransactions('debug_traceTransaction', options);
    expect((await compare(asked, STRUCT_LOG_DIFFERENCES)).others).toEqual([]);
  });

  it('callTracer', async () => {
    const asked = [
      ...ofTransactions('debug_traceTransaction', { tracer: 'callTracer' }),
      ...ofTransactions('debug_traceTransaction', {
        tracer: 'callTracer',
        tracerConfig: { withLog: true },
      }),
      ...ofTransactions('debug_traceTransaction', {
        tracer: 'callTracer',
        tracerConfig: { onlyTopCall: true },
      }),
    ];
    expect(await compare(asked, CALL_DIFFERENCES)).toEqual(CLOSED);
  });

  it('prestateTracer, whole and as differences', async () => {
    const asked = [{}, { diffMode: true }].flatMap((tracerConfig) =>
      ofTransactions('debug_traceTransaction', { tracer: 'prestateTracer', tracerConfig }),
    );
    expect(await compare(asked, PRESTATE_DIFFERENCES)).toEqual(CLOSED);
  });

  it('4byteTracer', async () => {
    const asked = ofTransactions('debug_traceTransaction', { tracer: '4byteTracer' });
    expect(await compare(asked, SELECTOR_DIFFERENCES)).toEqual(CLOSED);
  });

  it('trace_transaction, trace_block and replays', async () => {
    const asked = [
      ...ofTransactions('trace_transaction'),
      ...ofBlocks('trace_block'),
      ...ofBlocks('trace_replayBlockTransactions', ['trace', 'stateDiff']),
    ];
    expect(await compare(asked, PARITY_DIFFERENCES)).toEqual(CLOSED);
  });

  it('trace_filter by addresses', async () => {
    const range = { fromBlock: '0x1', toBlock: '0x9' };
    const filters = [{ toAddress: [chain.inner] }, { fromAddress: [chain.outer] }, { after: 3 }];
    const asked = filters.map((filter) => ({
      name: JSON.stringify(filter),
      method: 'trace_filter',
      params: [{ ...range, ...filter, count: 7 }],
    }));
    expect((await compare(asked, PARITY_DIFFERENCES)).others).toEqual([]);
  });

  it('what Otterscan asks', async () => {
    const { sender, outer, inner } = chain;
    const asked = [
      ...ofTransactions('ots_getTransactionError'),
      ...[outer, inner, sender].map((address) => ({
        name: address,
        method: 'ots_getContractCreator',
        params: [address],
      })),
      ...[sender, outer].map((address) => ({
        name: address,
        method: 'ots_hasCode',
        params: [address, 'latest'],
      })),
      ...[0, 7, 99].map((nonce) => ({
        name: `nonce ${nonce}`,
        method: 'ots_getTransactionBySenderAndNonce',
        params: [sender, nonce],
      })),
      { name: 'level', method: 'ots_getApiLevel', params: [] },
    ];
    expect((await compare(asked, [])).others).toEqual([]);
  });

  interface Call {
    readonly type: string;
    readonly value: string | null;
  }

  it('calls of a transaction as Otterscan shows them: Anvil leaves out creations', async () => {
    for (const { name, hash } of chain.transactions) {
      if (name === 'precompiles') continue;
      const calls = (await chain.ours('ots_traceTransaction', [hash])) as Call[];
      const shown = calls
        .filter(({ type }) => !type.startsWith('CREATE') && type !== 'SELFDESTRUCT')
        .map((call) => ({ ...call, value: call.value ?? '0x0' }));
      const theirs = (await chain.anvil?.('ots_traceTransaction', [hash])) as Call[];
      expect(shown, name).toEqual(theirs.filter(({ type }) => type !== 'SELFDESTRUCT'));
    }
  });

  it('internal operations: without the outermost call, and without what was undone', async () => {
    const asked = async (name: string) => {
      const found = chain.transactions.find((each) => each.name === name);
      const ours = await chain.ours('ots_getInternalOperations', [found?.hash]);
      return { ours, anvil: await chain.anvil?.('ots_getInternalOperations', [found?.hash]) };
    };
    const whole = ['nested', 'deployment', 'pays'];
    for (const name of whole) {
      const { ours, anvil } = await asked(name);
      expect(ours, name).toEqual((anvil as unknown[]).slice(1));
    }
    for (const name of ['tooMuch', 'makesAndFails: collides', 'creation that fails']) {
      expect((await asked(name)).ours, name).toEqual([]);
    }
    const { outer, inner } = chain;
    const [destroyed] = (await asked('endsOld')).ours as unknown[];
    const heir = '0x000000000000000000000000000000000000dead';
    expect(destroyed).toEqual({ type: 1, from: inner, to: heir, value: '0x11' });
    expect((await asked('ends')).ours).toMatchObject([{ type: 2, from: outer }, { type: 1 }]);
  });

  it('blocks as Otterscan shows them', async () => {
    const OF_THE_CHAIN = /\.(hash|parentHash|stateRoot|timestamp|mixHash|size|extraData)$/;
    // No more of the chain, and not of the block (execution-apis).
    const left = ['.block.totalDifficulty'];
    for (const { block } of chain.transactions) {
      const params = [`0x${block.toString(16)}`];
      const ours = await chain.ours('ots_getBlockDetails', params);
      const anvil = await chain.anvil?.('ots_getBlockDetails', params);
      const others = differences('ots_getBlockDetails', ours, anvil)
        .map(({ path }) => path)
        .filter((path) => !OF_THE_CHAIN.test(path) && !left.includes(path));
      expect(others, `block ${block}`).toEqual([]);
    }
    const last = chain.transactions.at(-1);
    const page = await chain.ours('ots_getBlockTransactions', [last?.block, 0, 2]);
    expect(page).toMatchObject({
      fullblock: {
        transactionCount: 3,
        transactions: [{}, { hash: last?.hash, input: expect.stringMatching(/^0x.{8}$/) }],
      },
      receipts: [{}, { transactionHash: last?.hash, logs: null, logsBloom: null }],
    });
  });

  it('pages of transactions', async () => {
    interface Page {
      readonly txs: readonly { readonly hash: string }[];
      readonly receipts: readonly { readonly transactionHash: string }[];
      readonly firstPage: boolean;
      readonly lastPage: boolean;
    }
    for (const method of ['ots_searchTransactionsBefore', 'ots_searchTransactionsAfter']) {
      for (const [from, size] of [
        [0, 3],
        [9, 4],
        [3, 50],
      ]) {
        const params = [chain.sender, from, size];
        const ours = (await chain.ours(method, params)) as Page;
        const anvil = (await chain.anvil?.(method, params)) as Page;
        const hashes = (page: Page) => page.txs.map(({ hash }) => hash);
        // Anvil's second direction turns blocks round, and not what is in them.
        expect(hashes(ours).sort(), `${method} ${from}`).toEqual(hashes(anvil).sort());
        expect(ours.receipts.map(({ transactionHash }) => transactionHash)).toEqual(hashes(ours));
        const { firstPage, lastPage } = anvil;
        expect(ours, `${method} ${from}`).toMatchObject({ firstPage, lastPage });
      }
    }
  });
});
