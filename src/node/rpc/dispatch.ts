/**
 * Requests of JSON-RPC 2.0, one or a batch, to their answers. Text in, text out: how it comes and
 * goes is the servers'.
 */

import { IronflyError } from '../../base/errors.ts';
import { turn } from '../../base/turn.ts';
import { joined } from './batch.ts';
import { RpcError } from './errors.ts';
import { JsonText } from './json-text.ts';
import { type Caller, type Method, type MethodTable, readArguments } from './method.ts';
import { isNestedDeeper } from './nesting.ts';
import { Streamed } from './streamed.ts';

export interface DispatchLimits {
  /** Requests of a batch. */
  readonly batchMax: number;
  /** Characters of an answer, and of all of a batch together, but for those in pieces. */
  readonly answerCharactersMax: number;
  /** Lists and objects within one another. */
  readonly nestingMax: number;
}

export const DISPATCH_LIMITS: DispatchLimits = {
  batchMax: 1_000,
  answerCharactersMax: 64 << 20,
  // Requests of today's clients have 8; whatever walks through a value does so by recursion.
  nestingMax: 128,
};

/** Told of each request; in a batch of each by itself. */
export interface DispatchWatch {
  readonly answered?: (
    method: string,
    milliseconds: number,
    outcome: 'ok' | RpcError,
    params: unknown,
    caller: Caller,
  ) => void;
  /** Asked before a request is begun; throws what it is refused with. */
  readonly admit?: (method: string, caller: Caller) => void;
}

/** A batch gives way to other clients after so long. */
const SLICE_MS = 10;
/** A method whose caller is gone, or out of time, may say so itself for so long. */
const ABORTED_MS_MAX = 100;

export class Dispatcher<Node> {
  readonly #node: Node;
  readonly #methods: ReadonlyMap<string, Method<Node>>;
  readonly #limits: DispatchLimits;
  readonly #watch: DispatchWatch;

  constructor(
    node: Node,
    tables: readonly MethodTable<Node>[],
    limits: DispatchLimits = DISPATCH_LIMITS,
    watch: DispatchWatch = {},
  ) {
    this.#node = node;
    this.#methods = new Map(tables.flatMap((table) => Object.entries(table)));
    this.#limits = limits;
    this.#watch = watch;
  }

  /** One of the same node with those of its methods that are allowed. */
  limitedTo(
    allows: (method: string) => boolean,
    { limits = this.#limits, watch = {} }: { limits?: DispatchLimits; watch?: DispatchWatch } = {},
  ): Dispatcher<Node> {
    const allowed = [...this.#methods].filter(([name]) => allows(name));
    const both = bothWatches(this.#watch, watch);
    return new Dispatcher(this.#node, [Object.fromEntries(allowed)], limits, both);
  }

  has(method: string): boolean {
    return this.#methods.has(method);
  }

  /** Names of all methods. */
  get methods(): Iterable<string> {
    return this.#methods.keys();
  }

  /** The answer to a text; undefined where none is due (notifications alone). Never throws. */
  async answer(text: string, caller: Caller): Promise<string | undefined> {
    const answer = await this.#answerText(text, caller, false);
    return answer instanceof Streamed ? undefined : answer;
  }

  /**
   * The same for a server that can send a text in pieces: a method may give one (`Streamed`), as
   * traces do that are larger than an answer may be, and so is a large batch. Its pieces are the
   * whole answer; the request lasts until they have ended, and one that throws has been cut off:
   * the connection must be, too.
   */
  answerInPieces(text: string, caller: Caller): Promise<string | Streamed | undefined> {
    return this.#answerText(text, caller, true);
  }

  /** What a batch's methods can do for all of its requests at once. */
  #prepare(requests: readonly unknown[]): void {
    const byMethod = new Map<Method<Node>, unknown[]>();
    for (const request of requests) {
      const { method, params } = (request ?? {}) as Record<string, unknown>;
      const found = typeof method === 'string' ? this.#methods.get(method) : undefined;
      if (found?.prepare === undefined) continue;
      const known = byMethod.get(found);
      if (known === undefined) byMethod.set(found, [params]);
      else known.push(params);
    }
    for (const [method, params] of byMethod) {
      try {
        method.prepare?.(this.#node, params);
      } catch {
        // What is wrong with a request is said when it is answered.
      }
    }
  }

  async #answerText(
    text: string,
    caller: Caller,
    streams: boolean,
  ): Promise<string | Streamed | undefined> {
    const { nestingMax } = this.#limits;
    if (isNestedDeeper(text, nestingMax)) {
      const message = `lists and objects lie more than ${nestingMax} deep in one another`;
      return failure(null, new RpcError('limit exceeded', message));
    }
    let request: unknown;
    try {
      request = JSON.parse(text);
    } catch {
      return failure(null, new RpcError('parse error', 'the request is no JSON'));
    }
    if (!Array.isArray(request)) return this.#answerOne(request, caller, { streams });
    const { batchMax } = this.#limits;
    if (request.length === 0) return failure(null, new RpcError('invalid request', 'empty batch'));
    if (request.length > batchMax) {
      const message = `a batch of ${request.length} requests, at most ${batchMax}`;
      return failure(null, new RpcError('limit exceeded', message));
    }
    this.#prepare(request);
    try {
      const answers = this.#answersOf(request, caller, streams);
      return await joined(answers, streams ? caller.signal : undefined);
    } catch (error) {
      return failure(null, rpcErrorOf(error));
    }
  }

  /** Of a batch, in its order; none for notifications. */
  async *#answersOf(
    batch: readonly unknown[],
    caller: Caller,
    streams: boolean,
  ): AsyncGenerator<string | Streamed> {
    const { answerCharactersMax } = this.#limits;
    let characters = 0;
    let sliceEndMs = performance.now() + SLICE_MS;
    for (const each of batch) {
      if (performance.now() >= sliceEndMs) {
        await turn();
        sliceEndMs = performance.now() + SLICE_MS;
      }
      const isTooMuch = characters > answerCharactersMax;
      const refusal = isTooMuch ? TOO_MUCH : caller.signal.aborted ? TIMED_OUT : undefined;
      const answer = await this.#answerOne(each, caller, { refusal, streams });
      if (answer === undefined) continue;
      if (typeof answer === 'string') characters += answer.length;
      yield answer;
    }
  }

  async #answerOne(
    request: unknown,
    caller: Caller,
    { refusal, streams }: { refusal?: RpcError | undefined; streams: boolean },
  ): Promise<string | Streamed | undefined> {
    const isObject = typeof request === 'object' && request !== null && !Array.isArray(request);
    const { method: name, params } = (isObject ? request : {}) as Record<string, unknown>;
    const id = idOf(request);
    if (typeof name !== 'string') {
      return failure(id, new RpcError('invalid request', 'the request names no method'));
    }
    const start = performance.now();
    let outcome: 'ok' | RpcError = 'ok';
    const isNotification = isObject && !Object.hasOwn(request as object, 'id');
    let answer: string | Streamed | undefined;
    try {
      if (refusal !== undefined) throw refusal;
      this.#watch.admit?.(name, caller);
      // Null is nothing, as for geth.
      const result = this.#run(name, params ?? [], caller);
      const isLater = typeof (result as PromiseLike<unknown> | undefined)?.then === 'function';
      const value = isLater ? await inTime(result as Promise<unknown>, caller) : result;
      answer = await this.#successOf(id, value, streams && !isNotification);
    } catch (error) {
      outcome = rpcErrorOf(error);
      answer = failure(id, outcome);
    }
    this.#watch.answered?.(name, performance.now() - start, outcome, params, caller);
    return isNotification ? undefined : answer;
  }

  /** @throws RpcError 'limit exceeded' for one that is too large, but for those sent in pieces */
  async #successOf(id: unknown, value: unknown, streams: boolean): Promise<string | Streamed> {
    const { answerCharactersMax } = this.#limits;
    if (!(value instanceof Streamed)) {
      const text = success(id, value);
      if (text.length > answerCharactersMax) throw tooLarge(answerCharactersMax);
      return text;
    }
    const whole = value.within(beginOf(id), '}');
    if (streams) return whole;
    let text = '';
    for await (const piece of whole.pieces) {
      text += piece;
      if (text.length <= answerCharactersMax) continue;
      value.cancel();
      throw tooLarge(answerCharactersMax);
    }
    return text;
  }

  /** What a method gives. @throws RpcError, and what the method throws */
  async call(name: string, params: unknown, caller: Caller): Promise<unknown> {
    return this.#run(name, params, caller);
  }

  #run(name: string, params: unknown, caller: Caller): unknown {
    const found = this.#methods.get(name);
    if (found === undefined) {
      const message = `the method ${shown(name)} does not exist/is not available`;
      throw new RpcError('method not found', message);
    }
    if (!Array.isArray(params)) {
      throw new RpcError('invalid params', 'non-array args');
    }
    return found.run(this.#node, readArguments(found as Method<never>, params), caller);
  }
}

function bothWatches(first: DispatchWatch, second: DispatchWatch): DispatchWatch {
  return {
    answered: (...request) => {
      first.answered?.(...request);
      second.answered?.(...request);
    },
    admit: (method, caller) => {
      first.admit?.(method, caller);
      second.admit?.(method, caller);
    },
  };
}

/** What a method gives, unless its caller's time is over before. */
function inTime(result: Promise<unknown>, caller: Caller): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const refuse = () => reject(TIMED_OUT);
    const wait = () => {
      timer = setTimeout(refuse, ABORTED_MS_MAX);
    };
    const forget = caller.onAbort?.(wait) ?? onSignal(caller.signal, wait);
    const end = () => {
      clearTimeout(timer);
      forget();
    };
    result.then(
      (value) => {
        end();
        resolve(value);
      },
      (error: unknown) => {
        end();
        reject(error);
      },
    );
  });
}

function onSignal(signal: AbortSignal, work: () => void): () => void {
  if (signal.aborted) work();
  else signal.addEventListener('abort', work, { once: true });
  return () => signal.removeEventListener('abort', work);
}

const TIMED_OUT = new RpcError('resource unavailable', 'request timed out');
const TOO_MUCH = new RpcError('limit exceeded', 'the answers of the batch are too large');

const SHOWN_MAX = 80;
const shown = (name: string): string => name.slice(0, SHOWN_MAX);

/** A string or number as it came, else null. */
function idOf(request: unknown): unknown {
  if (typeof request !== 'object' || request === null) return null;
  const { id } = request as Record<string, unknown>;
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}

/** Any error as a client gets it. What is a bug of ours shows no more than its message. */
export function rpcErrorOf(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  if (error instanceof RangeError && error.message === 'Invalid string length') {
    return new RpcError('limit exceeded', 'the answer is too large');
  }
  if (error instanceof IronflyError) return new RpcError('server error', error.message);
  const message = error instanceof Error ? error.message : String(error);
  return new RpcError('internal error', message);
}

/** @throws RangeError for what is longer than a text may be */
function success(id: unknown, result: unknown): string {
  const text = result instanceof JsonText ? result.text : JSON.stringify(result ?? null);
  return `${beginOf(id)}${text}}`;
}

function tooLarge(charactersMax: number): RpcError {
  return new RpcError('limit exceeded', `the answer has over ${charactersMax} characters`);
}

function beginOf(id: unknown): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":`;
}

function failure(id: unknown, { code, message, data }: RpcError): string {
  const error = { code, message, ...(data === undefined ? {} : { data }) };
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"error":${JSON.stringify(error)}}`;
}
