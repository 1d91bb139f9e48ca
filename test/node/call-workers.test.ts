/**
 * Threads for long calls: what is long runs there, and the chain and other requests go on beside
 * it. That answers are the same is seen where the methods are tested: `calls.test.ts`,
 * `own-traces.test.ts` and the conversations of execution-apis run on a worker, too.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { devAccounts } from '../../src/node/dev/accounts.ts';
import { closeDevNode, createDevNode, type DevNode } from '../../src/node/dev/dev-node.ts';
import { devGenesis } from '../../src/node/dev/genesis.ts';
import { devMethods } from '../../src/node/dev/methods/tables.ts';
import { callNode } from '../../src/node/execution/call-node.ts';
import { CallWorkers } from '../../src/node/execution/workers/call-workers.ts';
import type {
  FromWorker,
  ToWorker,
  WorkerStart,
} from '../../src/node/execution/workers/messages.ts';
import { StateDesk } from '../../src/node/execution/workers/state-desk.ts';
import { ethMethods } from '../../src/node/methods/eth/tables.ts';
import { traceMethods } from '../../src/node/methods/trace-tables.ts';
import type { Node } from '../../src/node/node.ts';
import { Dispatcher } from '../../src/node/rpc/dispatch.ts';
import { JsonText } from '../../src/node/rpc/json-text.ts';
import type { Caller } from '../../src/node/rpc/method.ts';
import { Streamed } from '../../src/node/rpc/streamed.ts';
import { contract, type EthNode, ethNode, RICH } from './eth-node.ts';

const POOR = `0x${'ab'.repeat(20)}` as const;
const word = (value: number | bigint) => `0x${value.toString(16).padStart(64, '0')}`;
const hex = (value: bigint) => `0x${value.toString(16)}`;
/** So much that it is time, or nobody's asking any more, which ends a call. */
const ENDLESS_GAS = 2n ** 50n;
const endless = { to: contract('endless'), gas: hex(ENDLESS_GAS) };

/** No short call takes so long, however busy the machine is. */
const HERE_MS = 500;

const callerOf = (signal: AbortSignal): Caller => ({
  signal,
  notify: undefined,
  onClose: () => {},
  connection: {},
});

let close: () => Promise<void> = async () => {};
afterEach(() => close());

async function start(
  callWorkers: CallWorkers,
  limits: { readonly callMsMax?: number } = {},
): Promise<EthNode> {
  const node = await ethNode({ callGasMax: ENDLESS_GAS, ...limits }, callWorkers);
  close = () => node.close();
  return node;
}

/** Waits until the first thread has started: until then, calls have longer in the node's. */
async function warm({ node }: { readonly node: Node }): Promise<void> {
  node.callWorkers?.prepare(callNode(node));
  await until(() => node.callWorkers?.load.threads === 1);
}

/** Waits for what is sure to come. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(1);
}

function asking(node: EthNode, signal: AbortSignal) {
  const dispatcher = new Dispatcher<Node>(node.node, traceMethods);
  return async (method: string, ...params: readonly unknown[]): Promise<Streamed | string> => {
    const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    return (await dispatcher.answerInPieces(text, callerOf(signal))) ?? '';
  };
}

async function textOf(answer: Streamed | string): Promise<string> {
  if (!(answer instanceof Streamed)) return answer;
  let text = '';
  for await (const piece of answer.pieces) text += piece;
  return text;
}

describe('a long call', () => {
  it('runs on a worker while blocks are made and others are answered', async () => {
    const workers = new CallWorkers(1, HERE_MS);
    const node = await start(workers, { callMsMax: 600_000 });
    await warm(node);
    const gone = new AbortController();
    const caller = callerOf(gone.signal);
    const long = node.dispatcher.call('eth_call', [endless], caller).catch(String);
    await until(() => workers.load.running === 1);
    for (let block = 1; block <= 5; block++) {
      await node.send({ to: POOR, value: 1n });
      await node.mine();
      expect(await node.ask('eth_call', { to: contract('number') })).toBe(word(block));
      expect(await node.ask('eth_getBalance', POOR)).toBe(hex(BigInt(block)));
    }
    // It runs still, and what was short was answered in the node's thread.
    expect(workers.load).toEqual({ threads: 1, running: 1, waiting: 0, moved: 1 });
    gone.abort();
    expect(await long).toMatch(/execution aborted/);
    await until(() => workers.load.running === 0);
    expect(await node.ask('eth_call', { to: contract('reads') })).toBe(word(42));
  });

  it('ends by its gas in the same words', async () => {
    const workers = new CallWorkers(1);
    const node = await start(workers);
    await warm(node);
    const here = new Dispatcher<Node>({ ...node.node, callWorkers: undefined }, ethMethods);
    const params = [{ to: contract('endless'), gas: hex(2_000_000_000n) }];
    const request = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_call', params });
    const answer = await node.answer(request);
    expect(answer).toMatch(/out of gas/);
    expect(answer).toBe(await here.answer(request, callerOf(new AbortController().signal)));
    expect(workers.load.moved).toBe(1);
  });

  it('ends by its time in the same words', async () => {
    const workers = new CallWorkers(1);
    const node = await start(workers, { callMsMax: 200 });
    await expect(node.ask('eth_call', endless)).rejects.toMatchObject({
      code: -32000,
      message: 'execution aborted (timeout = 0.2s)',
    });
    expect(workers.load.moved).toBe(1);
  });

  it('sees the state of its block, and what is pending', async () => {
    const node = await start(new CallWorkers(1, 0));
    await node.send({ to: contract('counts') });
    const slot = { [contract('counts')]: { code: '0x5f545f5260205ff3' } };
    const read = (at: string) => node.ask('eth_call', { to: contract('counts') }, at, slot);
    expect(await read('pending')).toBe(word(43));
    expect(await read('latest')).toBe(word(42));
    await node.mine();
    expect(await read('latest')).toBe(word(43));
    expect(await read('0x0')).toBe(word(42));
    const estimate = await node.ask('eth_estimateGas', { from: RICH, to: POOR }, 'pending');
    expect(estimate).toBe('0x5208');
  });

  it('leaves no state open that is not to be used again', async () => {
    const workers = new CallWorkers(1, 0);
    const node = await start(workers);
    for (let block = 0; block < 12; block++) {
      await node.mine();
      await node.ask('eth_call', { to: contract('reads') });
      await textOf(await asking(node, AbortSignal.any([]))('trace_block', 'latest'));
    }
    // Machines stay where they stand: as many as there are in the node's thread.
    expect(workers.openStates).toBeLessThanOrEqual(5);
    expect(workers.openStates).toBeGreaterThan(0);
    // Where nobody calls for a while, none is.
    await until(() => workers.openStates === 0);
    await node.mine();
    expect(await node.ask('eth_call', { to: contract('number') })).toBe(word(13));
    await workers.close();
    expect(workers.openStates).toBe(0);
  });
});

describe('a long trace', () => {
  const call = { to: contract('endless'), gas: hex(10_000_000n) };
  // All of its eight million steps would be gigabytes.
  const options = { limit: 200_000 };

  it('comes in pieces from a worker while blocks are made, the same to the byte', async () => {
    const workers = new CallWorkers(1, HERE_MS);
    const node = await start(workers);
    const { signal } = new AbortController();
    const answer = await asking(node, signal)('debug_traceCall', call, 'latest', options);
    expect(answer).toBeInstanceOf(Streamed);
    expect(workers.load).toMatchObject({ running: 1, moved: 1 });
    for (let block = 1; block <= 3; block++) {
      await node.mine();
      expect(await node.ask('eth_call', { to: contract('number') })).toBe(word(block));
    }
    expect(workers.load).toMatchObject({ running: 1, moved: 1 });
    const text = await textOf(answer);
    await until(() => workers.load.running === 0);
    const here = new EthNodeWithout(node);
    expect(text.length).toBeGreaterThan(10_000_000);
    expect(text === (await here.answer('debug_traceCall', [call, '0x0', options]))).toBe(true);
  });

  it('stands still while nobody takes its pieces, on the worker too', async () => {
    const node = await start(new CallWorkers(1));
    const here = callNode(node.node);
    const desk = new StateDesk(here);
    const workerData: WorkerStart = { spec: here.ledger.spec, compileCache: undefined };
    const worker = new Worker(new URL('../../src/node/workers/call-worker.ts', import.meta.url), {
      workerData,
    });
    const pieces: string[] = [];
    worker.on('message', async (message: FromWorker) => {
      if (message.kind === 'piece') pieces.push(message.text);
      if (message.kind !== 'ask') return;
      const { number, question } = message;
      post({ kind: 'answer', number, value: await desk.answer(question) });
    });
    const post = (message: ToWorker): void => worker.postMessage(message);
    const { chainId } = here.ledger;
    const given = { method: 'debug_traceCall', params: [call, 'latest', {}], chainId };
    post({ kind: 'run', job: 1, given: { ...given, limits: here.limits, isHeard: false } });
    for (const taken of [1, 2, 3]) {
      await until(() => pieces.length >= taken);
      await delay(100);
      expect(pieces).toHaveLength(taken);
      post({ kind: 'taken', job: 1 });
    }
    await worker.terminate();
    expect(desk.open).toBe(1);
    desk.closeAll();
    expect(desk.open).toBe(0);
  });

  it('ends with who asked for it', async () => {
    const workers = new CallWorkers(1, 0);
    const node = await start(workers);
    const unread = await asking(node, AbortSignal.any([]))('debug_traceCall', call, 'latest', {});
    if (unread instanceof Streamed) unread.cancel();
    await until(() => workers.load.running === 0);
    const left = await asking(node, AbortSignal.any([]))('debug_traceCall', call, 'latest', {});
    if (left instanceof Streamed)
      for await (const piece of left.pieces) if (piece.length > 1_000) break;
    await until(() => workers.load.running === 0);
  });
});

/** The same chain, asked without workers. */
class EthNodeWithout {
  readonly #dispatcher: Dispatcher<Node>;

  constructor({ node }: EthNode) {
    this.#dispatcher = new Dispatcher<Node>({ ...node, callWorkers: undefined }, traceMethods);
  }

  async answer(method: string, params: readonly unknown[]): Promise<string> {
    const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const caller = callerOf(new AbortController().signal);
    return textOf((await this.#dispatcher.answerInPieces(text, caller)) ?? '');
  }
}

describe('workers', () => {
  it('take a number of calls, have others wait, and refuse more', async () => {
    const workers = new CallWorkers(1, 0);
    const node = await start(workers, { callMsMax: 600_000 });
    const gone = new AbortController();
    const caller = callerOf(gone.signal);
    const outcomes: string[] = [];
    const asked = Array.from({ length: 300 }, async () => {
      await node.dispatcher.call('eth_call', [endless], caller).catch((error) => {
        outcomes.push(`${error.code} ${error.message}`);
      });
    });
    await until(() => outcomes.length > 0);
    await delay(1);
    expect(workers.load).toMatchObject({ running: 8, waiting: 256 });
    expect(outcomes).toHaveLength(300 - 8 - 256);
    expect(new Set(outcomes)).toEqual(new Set(['-32005 256 long calls wait already: ask later']));
    gone.abort();
    await Promise.all(asked);
    expect(outcomes).toHaveLength(300);
    expect(workers.load).toMatchObject({ running: 0, waiting: 0 });
    expect(await node.ask('eth_call', { to: contract('reads') })).toBe(word(42));
  });

  it('that die take their calls with them, and are replaced', async () => {
    // No heap has room for the values of this trace.
    const workers = new CallWorkers(1, 0, 32);
    const node = await start(workers);
    const trace = asking(node, AbortSignal.any([]));
    const heavy = { to: contract('endless'), gas: hex(4_000_000n) };
    const other = node.ask('eth_call', endless).catch(String);
    const answer = await textOf(await trace('trace_call', heavy, ['vmTrace'], 'latest'));
    expect(JSON.parse(answer).error).toMatchObject({
      code: -32603,
      message: expect.stringMatching(/^the thread of the call has ended: .*memory/),
    });
    expect(await other).toMatch(/the thread of the call has ended/);
    expect(workers.load).toMatchObject({ threads: 0, running: 0 });
    expect(workers.openStates).toBe(0);
    await node.mine();
    expect(await node.ask('eth_call', { to: contract('number') })).toBe(word(1));
    expect(workers.load).toMatchObject({ threads: 1, moved: 3 });
  });

  it('end with the node, and so do calls that wait', async () => {
    const workers = new CallWorkers(1, 0);
    const node = await start(workers);
    const asked = Array.from({ length: 10 }, () => node.ask('eth_call', endless).catch(String));
    await until(() => workers.load.waiting === 2);
    await workers.close();
    const outcomes = await Promise.all(asked);
    expect(
      outcomes.filter((each) => /the thread of the call has ended/.test(`${each}`)),
    ).toHaveLength(8);
    expect(outcomes.filter((each) => /the node is ending/.test(`${each}`))).toHaveLength(2);
    await expect(node.ask('eth_call', endless)).rejects.toThrow('the node is ending');
  });
});

describe('a development chain', () => {
  const accounts = devAccounts(1);
  const lines: string[] = [];

  async function startDev(hereMs: number): Promise<DevNode & { callWorkers: CallWorkers }> {
    const genesis = devGenesis({
      chainId: 31_337n,
      fork: 'osaka',
      gasLimit: 30_000_000n,
      baseFee: 1_000_000_000n,
      timestamp: 1n,
      number: 0n,
      accounts: accounts.map(({ address }) => address),
      balance: 10n ** 24n,
      hasCreate2Deployer: false,
    });
    const log = (line: string) => lines.push(line);
    const made = await createDevNode({ genesis, accounts, clientVersion: 'test', log });
    const node = { ...made, callWorkers: new CallWorkers(1, hereMs) };
    close = () => closeDevNode(node);
    return node;
  }

  const ask = async (node: DevNode, method: string, ...params: readonly unknown[]) => {
    const caller = callerOf(new AbortController().signal);
    const answer = await new Dispatcher(node, devMethods).call(method, params, caller);
    if (answer instanceof Streamed) return JSON.parse(await textOf(answer));
    return answer instanceof JsonText ? JSON.parse(answer.text) : answer;
  };

  it('shows a worker what was set by hand', async () => {
    const node = await startDev(0);
    const [chainId, balance, slot] = ['46', '47', '5f54'];
    const returning = (code: string) => `0x${code}5f5260205ff3`;
    const call = async (code: string) => {
      await ask(node, 'anvil_setCode', POOR, returning(code));
      return ask(node, 'eth_call', { to: POOR }, 'latest');
    };
    expect(await call(balance)).toBe(word(0));
    await ask(node, 'anvil_setBalance', POOR, '0x7');
    expect(await call(balance)).toBe(word(7));
    await ask(node, 'anvil_setStorageAt', POOR, word(0), word(9));
    expect(await call(slot)).toBe(word(9));
    expect(await call(chainId)).toBe(word(31_337));
    await ask(node, 'anvil_setChainId', 5);
    expect(await call(chainId)).toBe(word(5));
  });

  it('has each block read its own state, though all are asked for the same slots', async () => {
    const node = await startDev(0);
    // The sum of 300 slots.
    const code = '0x5f61012c5b6001900380549091019080600457505f5260205ff3';
    const sum = (at: number) =>
      ask(node, 'eth_call', { to: POOR }, hex(BigInt(at)), { [POOR]: { code } });
    for (let block = 1; block <= 6; block++) {
      await ask(node, 'anvil_setStorageAt', POOR, word(block * 40), word(10 ** block));
      await ask(node, 'anvil_mine');
      for (let at = block; at >= 0; at--) {
        expect(await sum(at)).toBe(word(Number('1'.repeat(at).concat('0'))));
      }
    }
    expect(node.callWorkers.load.moved).toBe(27);
  });

  it('traces blocks that stand upon edits as they were executed', async () => {
    const node = await startDev(0);
    await ask(node, 'anvil_setBalance', POOR, hex(10n ** 18n));
    await ask(node, 'anvil_impersonateAccount', POOR);
    const hash = await ask(node, 'eth_sendTransaction', { from: POOR, to: RICH, value: '0x1' });
    const trace = await ask(node, 'debug_traceTransaction', hash, { tracer: 'callTracer' });
    expect(trace).toMatchObject({ from: POOR, value: '0x1', gasUsed: '0x5208' });
    const { callWorkers, ...without } = node;
    const here = await ask(without as DevNode, 'debug_traceTransaction', hash, {
      tracer: 'callTracer',
    });
    expect(trace).toEqual(here);
    expect(callWorkers?.load.moved).toBe(1);
  });

  it('says once what a call prints that was moved', async () => {
    const node = await startDev(1);
    await warm({ node });
    // log(uint256) of 42, then 16,000,000 rounds of a loop.
    const code = [
      '63f82c50f15f52602a602052',
      '5f5f6024601c5f6a636f6e736f6c652e6c6f675af150',
      '62f424005b6001900380602657',
      '00',
    ].join('');
    await ask(node, 'anvil_setCode', POOR, `0x${code}`);
    expect(await ask(node, 'eth_call', { to: POOR, gas: hex(500_000_000n) }, 'latest')).toBe('0x');
    expect(node.callWorkers?.load.moved).toBe(1);
    expect(lines.filter((line) => line.includes('console.log'))).toEqual(['  console.log: 42']);
  });
});
