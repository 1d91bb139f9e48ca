/** Requests of JSON-RPC, one or a batch, to their answers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { DISPATCH_LIMITS, Dispatcher, type DispatchWatch } from './dispatch.ts';
import { RpcError } from './errors.ts';
import { type Caller, type MethodTable, method } from './method.ts';
import { Streamed, streamOf } from './streamed.ts';
import { optional, readAny, readU64 } from './values.ts';

interface Counter {
  count: number;
  prepared: unknown[];
}

const COUNTING: MethodTable<Counter> = {
  one_next: method([], (node: Counter) => ++node.count),
  one_later: method([], async (node: Counter) => {
    await sleep(1);
    return ++node.count;
  }),
  one_busy: method([readU64], (node: Counter, [ms]) => {
    const endMs = performance.now() + Number(ms);
    while (performance.now() < endMs);
    return ++node.count;
  }),
  one_deaf: method([], () => new Promise(() => {})),
  two_echo: method([optional(readAny)], (_: Counter, [value]) => value),
  two_fail: method([], () => {
    throw new RpcError('execution reverted', 'execution reverted', '0x01');
  }),
  two_stream: method([], () =>
    streamOf(async (write) => {
      await write('[1]');
    }, undefined),
  ),
  two_broken: method([], () => {
    // biome-ignore lint/correctness/useYield: it breaks before
    async function* pieces(): AsyncGenerator<string> {
      throw new Error('broken');
    }
    return new Streamed(pieces());
  }),
  two_prepared: {
    ...method([optional(readAny)], (node: Counter) => node.prepared.length),
    prepare: (node, params) => {
      node.prepared.push(...params);
      throw new Error('what cannot be prepared');
    },
  },
};

function made(watch: DispatchWatch = {}, limits = {}) {
  const node: Counter = { count: 0, prepared: [] };
  const all = { ...DISPATCH_LIMITS, ...limits };
  return { node, dispatcher: new Dispatcher(node, [COUNTING], all, watch) };
}

function callerOf(signal: AbortSignal = new AbortController().signal): Caller {
  return { signal, notify: undefined, onClose: () => {}, connection: {} };
}

async function ask(dispatcher: Dispatcher<Counter>, request: unknown, signal?: AbortSignal) {
  const text = typeof request === 'string' ? request : JSON.stringify(request);
  const answer = await dispatcher.answer(text, callerOf(signal));
  return answer === undefined ? undefined : JSON.parse(answer);
}

describe('a request', () => {
  it('has the id it came with, if that is one', async () => {
    const { dispatcher } = made();
    for (const id of [1, 0, -1.5, 'a', '', 1e300, null]) {
      expect(await ask(dispatcher, { id, method: 'two_echo' })).toMatchObject({ id });
    }
    for (const id of [{}, [], true]) {
      expect(await ask(dispatcher, { id, method: 'two_echo' })).toMatchObject({ id: null });
    }
  });

  it('without one is done and not answered', async () => {
    const { node, dispatcher } = made();
    expect(await ask(dispatcher, { method: 'one_next' })).toBe(undefined);
    expect(await ask(dispatcher, [{ method: 'one_next' }, { method: 'no_such' }])).toBe(undefined);
    expect(node.count).toBe(2);
    const [only, ...others] = await ask(dispatcher, [
      { method: 'one_next' },
      { id: 1, method: 'one_next' },
    ]);
    expect([only.result, others]).toEqual([4, []]);
  });

  it('without arguments, or null for them, has none', async () => {
    const { dispatcher } = made();
    const answer = { jsonrpc: '2.0', id: 1, result: null };
    for (const params of [undefined, null, [], [null]]) {
      expect(await ask(dispatcher, { id: 1, method: 'two_echo', params })).toEqual(answer);
    }
    const named = await ask(dispatcher, { id: 1, method: 'two_echo', params: { a: 1 } });
    expect(named.error).toEqual({ code: -32602, message: 'non-array args' });
    const many = await ask(dispatcher, { id: 1, method: 'two_echo', params: [1, 2] });
    expect(many.error.message).toBe('too many arguments, want at most 1');
    const missing = await ask(dispatcher, { id: 1, method: 'one_busy' });
    expect(missing.error.message).toBe('missing value for required argument 0');
  });

  it('that fails carries what the method says', async () => {
    const { dispatcher } = made();
    const { error } = await ask(dispatcher, { id: 1, method: 'two_fail' });
    expect(error).toEqual({ code: 3, message: 'execution reverted', data: '0x01' });
  });
});

describe('a batch', () => {
  it('is answered in its order', async () => {
    const { dispatcher } = made();
    const batch = ['one_later', 'no_such', 'one_next', 'two_stream'].map((name, id) => ({
      id,
      method: name,
    }));
    const answers = await ask(dispatcher, [...batch, 7, null, []]);
    expect(answers).toMatchObject([
      { id: 0, result: 1 },
      { id: 1, error: { code: -32601 } },
      { id: 2, result: 2 },
      { id: 3, result: [1] },
      ...Array(3).fill({ id: null, error: { code: -32600 } }),
    ]);
  });

  it('has so many requests, and answers of so many characters', async () => {
    const { dispatcher } = made({}, { batchMax: 3, answerCharactersMax: 100 });
    const request = { id: 1, method: 'two_echo', params: ['x'.repeat(60)] };
    expect((await ask(dispatcher, Array(4).fill(request))).error.code).toBe(-32005);
    const answers = await ask(dispatcher, Array(3).fill(request));
    expect(answers[0].result).toHaveLength(60);
    expect(answers[2].error.code).toBe(-32005);
  });

  it('gives way to others', async () => {
    const { dispatcher } = made();
    const request = { id: 1, method: 'one_busy', params: ['0x5'] };
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await ask(dispatcher, Array(20).fill(request));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });

  it('ends with its caller’s time', async () => {
    const { node, dispatcher } = made();
    const batch = ['one_next', 'one_deaf', 'one_next'].map((name, id) => ({ id, method: name }));
    const answers = await ask(dispatcher, batch, AbortSignal.timeout(20));
    expect(answers[0].result).toBe(1);
    const timedOut = { code: -32002, message: 'request timed out' };
    expect([answers[1].error, answers[2].error]).toEqual([timedOut, timedOut]);
    expect(node.count).toBe(1);
  });

  it('that is large ends with its caller’s time, too', async () => {
    const { dispatcher } = made();
    const text = 'x'.repeat(5 << 20);
    const batch = [
      { id: 0, method: 'two_echo', params: [text] },
      ...[1, 2].map((id) => ({ id, method: 'one_deaf' })),
    ];
    const caller = callerOf(AbortSignal.timeout(20));
    const answer = await dispatcher.answerInPieces(JSON.stringify(batch), caller);
    const answers = JSON.parse(String(answer));
    expect(answers[0].result).toBe(text);
    expect(answers.slice(1)).toMatchObject(Array(2).fill({ error: { code: -32002 } }));
  });

  it('of an answer in pieces that breaks before the first is an error', async () => {
    const { dispatcher } = made();
    const answer = await dispatcher.answerInPieces('[{"id":1,"method":"two_broken"}]', callerOf());
    expect(JSON.parse(String(answer))).toMatchObject({ id: null, error: { message: 'broken' } });
  });

  it('may be prepared, whatever comes of it', async () => {
    const { node, dispatcher } = made();
    const batch = [1, 2].map((value) => ({ id: value, method: 'two_prepared', params: [value] }));
    const answers = await ask(dispatcher, [...batch, 7]);
    expect(answers).toMatchObject([{ result: 2 }, { result: 2 }, { error: { code: -32600 } }]);
    expect(node.prepared).toEqual([[1], [2]]);
  });
});

describe('a dispatcher of fewer methods', () => {
  it('knows those alone, and tells both who watch', async () => {
    const told: string[] = [];
    const watch = (who: string): DispatchWatch => ({
      answered: (name, _, outcome) =>
        told.push(`${who} ${name} ${outcome === 'ok' ? outcome : outcome.code}`),
    });
    const { dispatcher: whole } = made(watch('a'));
    const dispatcher = whole.limitedTo((name) => name.startsWith('two'), { watch: watch('b') });
    expect([dispatcher.has('two_echo'), dispatcher.has('one_next')]).toEqual([true, false]);
    await ask(dispatcher, { id: 1, method: 'two_echo' });
    await ask(dispatcher, { id: 1, method: 'one_next' });
    expect(told).toEqual([
      ...['a two_echo ok', 'b two_echo ok'],
      ...['a one_next -32601', 'b one_next -32601'],
    ]);
  });

  it('does nothing of what it does not admit', async () => {
    const { node, dispatcher: whole } = made();
    const refusal = new RpcError('limit exceeded', 'too many requests');
    const admit = () => {
      throw refusal;
    };
    const dispatcher = whole.limitedTo(() => true, { watch: { admit } });
    const { error } = await ask(dispatcher, { id: 1, method: 'one_next' });
    expect([error.message, node.count]).toEqual(['too many requests', 0]);
  });
});
