/** What traces promise by themselves: options, limits, pieces, states in the middle of blocks. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { keccak256 } from '../../src/base/keccak.ts';
import { encodeBlock } from '../../src/chain/blocks/block.ts';
import { CallWorkers } from '../../src/node/execution/workers/call-workers.ts';
import { traceMethods } from '../../src/node/methods/trace-tables.ts';
import { REQUEST_LIMITS } from '../../src/node/node.ts';
import { Dispatcher } from '../../src/node/rpc/dispatch.ts';
import type { Caller } from '../../src/node/rpc/method.ts';
import { Streamed } from '../../src/node/rpc/streamed.ts';
import { verifyBlock } from '../../src/proofs/stateless.ts';
import { hasCompiler, type TracedChain, tracedChain } from './traced-chain.ts';

interface StructLogs {
  readonly gas: number;
  readonly failed: boolean;
  readonly structLogs: readonly {
    readonly op: string;
    readonly stack?: readonly string[];
    readonly storage?: Readonly<Record<string, string>>;
  }[];
}

interface Frame {
  readonly type: string;
  readonly error?: string;
  readonly output?: string;
  readonly calls?: readonly Frame[];
}

const word = (value: bigint): string => `0x${value.toString(16).padStart(64, '0')}`;

/** Where they are executed: nothing is begun in the node's thread where a worker has 0 ms of it. */
const PLACES = [
  ["in the node's thread", undefined],
  ['on a worker', new CallWorkers(1, 0)],
  ['begun here, and moved', new CallWorkers(1)],
] as const;

describe.skipIf(!hasCompiler()).each(PLACES)('traces %s', { timeout: 60_000 }, (_, callWorkers) => {
  let chain: TracedChain;

  beforeAll(async () => {
    chain = await tracedChain({ withAnvil: false, callWorkers });
  }, 60_000);
  afterAll(() => chain.close());

  const named = (name: string) => {
    const found = chain.transactions.find((each) => each.name === name);
    if (found === undefined) throw new Error(`there is no transaction ${name}`);
    return { ...found, number: `0x${found.block.toString(16)}` };
  };
  const callOf = (name: string, args: readonly unknown[] = []) => ({
    from: chain.sender,
    to: chain.outer,
    data: chain.encode(name, args),
  });
  const caller = (signal: AbortSignal = new AbortController().signal): Caller => ({
    signal,
    notify: undefined,
    onClose: () => {},
    connection: {},
  });
  const request = (method: string, params: readonly unknown[]): string =>
    JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const textOf = async (answer: string | Streamed | undefined): Promise<string> => {
    if (!(answer instanceof Streamed)) return answer ?? '';
    let text = '';
    for await (const piece of answer.pieces) text += piece;
    return text;
  };

  it('tell a tracer that is not known by its name, wherever it stands', async () => {
    const { hash } = named('nested');
    for (const options of [
      { tracer: '{result: function() {}}' },
      { tracer: 'muxTracer', tracerConfig: { muxTracer: {} } },
      { tracer: 'muxTracer', tracerConfig: { constructor: {} } },
    ]) {
      const asked = chain.ours('debug_traceTransaction', [hash, options]);
      await expect(asked).rejects.toThrow('is not supported');
    }
  });

  it('refuse options that are none', async () => {
    const { hash } = named('nested');
    for (const options of [
      7,
      'callTracer',
      { tracer: 7 },
      { tracer: 'callTracer', tracerConfig: 7 },
      { tracer: 'callTracer', tracerConfig: { withLog: 'yes' } },
      { timeout: 'soon' },
      { timeout: 7 },
      { limit: -1 },
      { limit: 1.5 },
      { enableMemory: 1 },
    ]) {
      const answer = JSON.parse(await chain.answer('debug_traceTransaction', [hash, options]));
      expect(answer.error?.code, JSON.stringify(options)).toBeLessThan(-31_999);
    }
  });

  it('run several tracers in one', async () => {
    const { hash } = named('nested');
    const tracerConfig = {
      callTracer: { onlyTopCall: true },
      '4byteTracer': null,
      noopTracer: {},
      prestateTracer: { diffMode: true },
    };
    const options = { tracer: 'muxTracer', tracerConfig };
    const mux = (await chain.ours('debug_traceTransaction', [hash, options])) as object;
    for (const [name, config] of Object.entries(tracerConfig)) {
      const one = { tracer: name, ...(config === null ? {} : { tracerConfig: config }) };
      expect(mux).toHaveProperty([name], await chain.ours('debug_traceTransaction', [hash, one]));
    }
  });

  it('give flat calls in geth’s form', async () => {
    const { hash, block } = named('catches: 1');
    const flat = await chain.ours('debug_traceTransaction', [hash, { tracer: 'flatCallTracer' }]);
    expect(flat).toMatchObject([
      { type: 'call', subtraces: 1, traceAddress: [], blockNumber: block, transactionHash: hash },
      { type: 'call', traceAddress: [0], error: 'execution reverted', result: {} },
    ]);
    const tracerConfig = { convertParityErrors: true };
    const options = { tracer: 'flatCallTracer', tracerConfig };
    const parity = await chain.ours('debug_traceTransaction', [hash, options]);
    expect(parity).toMatchObject([{}, { error: 'Reverted' }]);
    const precompiles = named('precompiles').hash;
    const count = async (includePrecompiles: boolean) => {
      const config = { tracer: 'flatCallTracer', tracerConfig: { includePrecompiles } };
      return ((await chain.ours('debug_traceTransaction', [precompiles, config])) as unknown[])
        .length;
    };
    expect([await count(false), await count(true)]).toEqual([1, 3]);
  });

  it('stop at a number of steps', async () => {
    const { hash } = named('nested');
    const whole = (await chain.ours('debug_traceTransaction', [hash])) as StructLogs;
    for (const limit of [1, 7, 250]) {
      const part = await chain.ours('debug_traceTransaction', [hash, { limit }]);
      expect(part).toEqual({ ...whole, structLogs: whole.structLogs.slice(0, limit) });
    }
  });

  it('of a block are those of its transactions', async () => {
    const { number, block } = named('nested: together 0');
    const hashes = chain.transactions.filter((each) => each.block === block);
    for (const options of [{}, { tracer: 'callTracer' }, { tracer: 'prestateTracer' }]) {
      const each = [];
      for (const { hash } of hashes) {
        const result = await chain.ours('debug_traceTransaction', [hash, options]);
        each.push({ txHash: hash, result });
      }
      const found = await chain.node.ledger.requireBlock({ number: BigInt(block) });
      const rlp = toHex(encodeBlock(found));
      expect(await chain.ours('debug_traceBlockByNumber', [number, options])).toEqual(each);
      expect(await chain.ours('debug_traceBlockByHash', [found.hash, options])).toEqual(each);
      expect(await chain.ours('debug_traceBlock', [rlp, options])).toEqual(each);
    }
    await expect(chain.ours('debug_traceBlock', ['0x1234'])).rejects.toThrow('could not decode');
  });

  it('of calls see what they pretend', async () => {
    const slot = word(0n);
    const stateOverrides = { [chain.outer]: { stateDiff: { [slot]: word(99n) } } };
    const call = { ...callOf('value'), gas: '0x30d40' };
    const options = { tracer: 'callTracer', stateOverrides };
    const top = (await chain.ours('debug_traceCall', [call, 'latest', options])) as Frame;
    expect(top).toMatchObject({ type: 'CALL', output: word(99n), gas: '0x30d40' });
    const pre = { tracer: 'prestateTracer', stateOverrides };
    const accounts = await chain.ours('debug_traceCall', [call, 'latest', pre]);
    expect(accounts).toHaveProperty([chain.outer, 'storage', slot], word(99n));
    // NUMBER; MSTORE; RETURN
    const code = '0x435f5260205ff3';
    const [to, blockOverrides] = [`0x${'77'.repeat(20)}`, { number: '0x4d2' }];
    const traced = { tracer: 'callTracer', stateOverrides: { [to]: { code } }, blockOverrides };
    const other = await chain.ours('debug_traceCall', [{ to }, 'latest', traced]);
    expect(other).toMatchObject({ output: word(1_234n) });
  });

  it('of calls may stand in the middle of a block', async () => {
    const { number } = named('nested: together 0');
    const values = [];
    for (const txIndex of ['0x0', '0x1', '0x3']) {
      const call = { to: chain.inner, data: chain.encode('value') };
      const options = { tracer: 'callTracer', txIndex };
      const { output } = (await chain.ours('debug_traceCall', [call, number, options])) as Frame;
      values.push(output);
    }
    // The inner contract has destroyed itself by then, and its storage stays (EIP-6780).
    expect(values).toEqual([values[0], word(3n), word(4n)]);
  });

  it('of many calls stand upon one another', async () => {
    const calls = [callOf('loops', [3n]), callOf('value')];
    const bundles = [{ transactions: calls }, { transactions: [callOf('value')] }];
    const context = { blockNumber: 'latest', transactionIndex: -1 };
    const options = { tracer: 'callTracer' };
    const answer = await chain.ours('debug_traceCallMany', [bundles, context, options]);
    expect(answer).toMatchObject([
      [{ output: word(5n) }, { output: word(5n) }],
      [{ output: word(5n) }],
    ]);
    const types = ['trace', 'stateDiff'];
    const many = await chain.ours('trace_callMany', [calls.map((call) => [call, types]), 'latest']);
    expect(many).toMatchObject([{ stateDiff: {} }, { output: word(5n) }]);
    expect(await chain.ours('trace_call', [calls[1], ['trace'], 'latest'])).toMatchObject({
      output: word(BigInt(20 * 19 * 39) / 6n),
    });
  });

  it('give instructions in Parity’s form, frames within one another', async () => {
    const { hash } = named('nested');
    const { vmTrace } = (await chain.ours('trace_replayTransaction', [hash, ['vmTrace']])) as {
      vmTrace: { code: string; ops: { pc: number; sub: null | object; ex: object | null }[] };
    };
    const logs = (await chain.ours('debug_traceTransaction', [hash])) as {
      structLogs: readonly { pc: number; depth: number; gas: number }[];
    };
    const outer = logs.structLogs.filter(({ depth }) => depth === 1);
    expect(vmTrace.ops.map(({ pc }) => pc)).toEqual(outer.map(({ pc }) => pc));
    const used = vmTrace.ops.slice(0, -1).map(({ ex }) => (ex as { used: number }).used);
    expect(used).toEqual(outer.slice(1).map(({ gas }) => gas));
    expect(vmTrace.ops.filter(({ sub }) => sub !== null)).toHaveLength(2);
    const [, , store] = vmTrace.ops;
    expect(store?.ex).toMatchObject({ mem: { off: 64, data: word(0x80n) }, push: [] });
  });

  it('give Otterscan what one transaction did', async () => {
    const { hash } = named('makes');
    const operations = await chain.ours('ots_getInternalOperations', [hash]);
    const from = chain.outer;
    expect(operations).toMatchObject([
      { type: 2, from },
      { type: 3, from },
    ]);
    const [top] = (await chain.ours('ots_traceTransaction', [hash])) as object[];
    expect(top).toMatchObject({ type: 'CALL', depth: 0, from: chain.sender, to: chain.outer });
    expect(await chain.ours('ots_getTransactionError', [hash])).toBe('0x');
  });

  it('count the gas of opcodes', async () => {
    const { hash, number } = named('clears');
    const { opcodeGas } = (await chain.ours('trace_transactionOpcodeGas', [hash])) as {
      opcodeGas: { opcode: string; count: number; gasUsed: number }[];
    };
    const stores = opcodeGas.find(({ opcode }) => opcode === 'SSTORE');
    expect(stores).toMatchObject({ count: 6 });
    const ofBlock = await chain.ours('trace_blockOpcodeGas', [number]);
    expect(ofBlock).toMatchObject({ transactions: [{ transactionHash: hash, opcodeGas }] });
  });

  it('come in pieces while the reader takes them, and end with the reader', async () => {
    const call = { ...callOf('loops', [3_000n]), gas: '0x1c9c380' };
    const text = request('debug_traceCall', [call, 'latest', {}]);
    const whole = await textOf(await chain.dispatcher.answerInPieces(text, caller()));
    const { result } = JSON.parse(whole) as { result: StructLogs };
    expect(result.structLogs.length).toBeGreaterThan(100_000);
    expect(await chain.dispatcher.answer(text, caller())).toBe(whole);
    // More than there are machines: each gives its own back.
    for (let times = 0; times < 9; times++) {
      const answer = await chain.dispatcher.answerInPieces(text, caller());
      expect(answer).toBeInstanceOf(Streamed);
      if (!(answer instanceof Streamed)) return;
      if (times % 3 === 0) answer.cancel();
      else for await (const piece of answer.pieces) if (piece.length > 1_000) break;
    }
    const gone = new AbortController();
    const unread = await chain.dispatcher.answerInPieces(text, caller(gone.signal));
    gone.abort();
    await expect(textOf(unread)).rejects.toThrow();
    expect(await chain.ours('debug_traceCall', [callOf('value'), 'latest', {}])).toBeDefined();
  });

  it('that are too large to be held are refused', async () => {
    const limits = { batchMax: 10, answerCharactersMax: 1 << 20, nestingMax: 100 };
    const dispatcher = new Dispatcher(chain.node, [...traceMethods], limits);
    const text = request('debug_traceCall', [callOf('loops', [3_000n]), 'latest', {}]);
    const { error } = JSON.parse((await dispatcher.answer(text, caller())) ?? '');
    expect(error).toMatchObject({ code: -32_005 });
  });

  it('end in time', async () => {
    const node = { ...chain.node, limits: { ...REQUEST_LIMITS, callMsMax: 30 } };
    const dispatcher = new Dispatcher(node, [...traceMethods]);
    const call = callOf('loops', [10_000_000n]);
    const start = performance.now();
    for (const options of [{}, { tracer: 'callTracer' }, { tracer: 'prestateTracer' }]) {
      const text = request('debug_traceCall', [call, 'latest', options]);
      const { error } = JSON.parse((await dispatcher.answer(text, caller())) ?? '');
      expect(error.message).toMatch(/timeout/);
    }
    const given = request('debug_traceCall', [call, 'latest', { timeout: '50ms' }]);
    expect(await chain.dispatcher.answer(given, caller())).toMatch(/timeout/);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it('know accounts and slots in the middle of a block', async () => {
    const { number } = named('nested: together 0');
    const nonces = [];
    for (const index of [0, 1, 3]) {
      const info = await chain.ours('debug_accountInfoAt', [number, index, chain.sender]);
      nonces.push(Number((info as { nonce: string }).nonce));
    }
    const [first = 0] = nonces;
    expect(nonces).toEqual([first, first + 1, first + 3]);
    const outOfRange = chain.ours('debug_accountInfoAt', [number, 4, chain.sender]);
    await expect(outOfRange).rejects.toThrow('out of range');

    interface Range {
      readonly storage: Record<string, { key: string | null; value: string }>;
      readonly nextKey: string | null;
    }
    const clears = named('clears').number;
    const range = async (index: number, start: string, count: number) => {
      const params = [clears, index, chain.outer, start, count];
      return (await chain.ours('debug_storageRangeAt', params)) as Range;
    };
    const whole = await range(0, '0x', 100);
    const hashes = Object.keys(whole.storage);
    expect(hashes).toEqual(hashes.toSorted());
    expect(whole.nextKey).toBeNull();
    const paged: Range['storage'] = {};
    for (let next: string | null = '0x'; next !== null; ) {
      const page: Range = await range(0, next, 2);
      Object.assign(paged, page.storage);
      next = page.nextKey;
    }
    expect(paged).toEqual(whole.storage);
    const key = toHex(keccak256(Uint8Array.fromHex(word(1n).slice(2))));
    expect(whole.storage[key]?.value).toBe(word(BigInt(chain.inner)));
  });

  it('name the accounts that blocks changed', async () => {
    const { number, block } = named('transfer');
    const one = await chain.ours('debug_getModifiedAccountsByNumber', [block]);
    const coinbase = `0x${'00'.repeat(20)}`;
    expect(one).toEqual([coinbase, `0x${'ee'.repeat(20)}`, chain.sender].toSorted());
    expect(await chain.ours('debug_getModifiedAccountsByNumber', [block - 1, block])).toEqual(one);
    const { hash } = await chain.node.ledger.requireBlock({ number: BigInt(number) });
    expect(await chain.ours('debug_getModifiedAccountsByHash', [hash])).toEqual(one);
    const wrong = chain.ours('debug_getModifiedAccountsByNumber', [block, block - 1]);
    await expect(wrong).rejects.toThrow('must be less than');
  });

  it('give a witness by which the block is verified', async () => {
    const { number, block } = named('nested');
    const witness = (await chain.ours('debug_executionWitness', [number])) as Record<
      'state' | 'codes' | 'headers',
      string[]
    >;
    const bytes = (list: string[]) => list.map((each) => Uint8Array.fromHex(each.slice(2)));
    const found = await chain.node.ledger.requireBlock({ number: BigInt(block) });
    const verified = await verifyBlock({ spec: chain.node.ledger.chain.spec }, encodeBlock(found), {
      state: bytes(witness.state),
      codes: bytes(witness.codes),
      headers: bytes(witness.headers),
    });
    expect(verified.block.hash).toBe(found.hash);
  });

  it('find codes by their hashes', async () => {
    const info = (await chain.ours('debug_accountInfoAt', ['latest', 0, chain.outer])) as {
      code: string;
      codeHash: string;
    };
    expect(await chain.ours('debug_codeByHash', [info.codeHash])).toBe(info.code);
    expect(await chain.ours('debug_codeByHash', [word(7n)])).toBe('0x');
    expect(await chain.ours('debug_getBadBlocks', [])).toEqual([]);
  });

  it('refuse ranges that are too long, and pages that are none', async () => {
    const filter = { fromBlock: '0x0', toBlock: '0x3e8' };
    await expect(chain.ours('trace_filter', [filter])).rejects.toThrow('at most 1000');
    const page = chain.ours('ots_getBlockTransactions', ['latest', 0, 0]);
    await expect(page).rejects.toThrow('from 1 to 1000');
    expect(await chain.ours('trace_transaction', [word(7n)])).toBeNull();
    expect(await chain.ours('trace_get', [named('nested').hash, ['0x1']])).toMatchObject({
      traceAddress: [0],
    });
    await expect(chain.ours('trace_call', [{}, ['all']])).rejects.toThrow('one of trace');
  });
});
