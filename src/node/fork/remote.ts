/**
 * A remote node, asked by JSON-RPC over HTTP: what is asked for at the same time goes as one batch;
 * requests are slowed to a rate, tried again where the remote is busy or away, and given up with an
 * error that says what the remote said. The address is shown without its path: keys stand there.
 */

import { IronflyError } from '../../base/errors.ts';
import { RpcError } from '../rpc/errors.ts';

export type RemoteFault =
  /** No answer, after all tries. */
  | 'remote/unreachable'
  /** It answers, and not as JSON-RPC does. */
  | 'remote/malformed'
  /** It has not what was asked for: an old state, a method. */
  | 'remote/refused';

export class RemoteError extends IronflyError<RemoteFault> {}

export interface RemoteOptions {
  readonly url: string;
  /** Tries of a batch beside the first; 5 when left out. */
  readonly retries?: number;
  /** Milliseconds before the second try, twice as long each time; 250 when left out. */
  readonly retryMs?: number;
  /** Milliseconds of a try; 45,000 when left out. */
  readonly timeoutMs?: number;
  /** Requests of a batch; 100 when left out. */
  readonly batchMax?: number;
  /** Requests a second on the long run; no limit when left out. */
  readonly requestsPerSecond?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Waiting {
  readonly method: string;
  readonly params: readonly unknown[];
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

const MS_PER_SECOND = 1_000;
/** Larger answers are nobody's state. */
const ANSWER_BYTES_MAX = 256 << 20;
/** What a remote says that has too much to do; -32005 is EIP-1474's. */
const BUSY_CODES: ReadonlySet<unknown> = new Set([-32005, -32007, -32097, 429]);
const BUSY_TEXT = /rate limit|too many requests|capacity|throttl|try again/i;
/** Statuses of HTTP that may be others the next time. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([
  408, 425, 429, 500, 502, 503, 504, 520, 522,
]);

export class Remote {
  readonly #options: Required<Omit<RemoteOptions, 'requestsPerSecond'>>;
  readonly #perSecond: number;
  /** The address without path, name and key. */
  readonly name: string;
  #waiting: Waiting[] = [];
  /** When the next request may go, by performance.now(). */
  #next = 0;
  /** Some remotes take no batches. */
  #batches = true;
  /** HTTP requests that were made, tries counted in. */
  requests = 0;

  /** @throws TypeError for what is no URL of HTTP */
  constructor(options: RemoteOptions) {
    const { url, retries = 5, retryMs = 250, timeoutMs = 45_000, batchMax = 100 } = options;
    const parsed = new URL(url);
    if (!/^https?:$/.test(parsed.protocol)) throw new TypeError(`${parsed.protocol} is not HTTP`);
    this.name = parsed.origin;
    this.#options = { url, retries, retryMs, timeoutMs, batchMax, headers: options.headers ?? {} };
    this.#perSecond = options.requestsPerSecond ?? Number.POSITIVE_INFINITY;
  }

  /** @throws RemoteError; RpcError with what the remote refuses it by */
  request(method: string, params: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ method, params, resolve, reject });
      // What is asked for in the same turn goes together.
      if (this.#waiting.length === 1) setImmediate(() => this.#flush());
    });
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const size = this.#batches ? this.#options.batchMax : 1;
    for (let from = 0; from < waiting.length; from += size) {
      const batch = waiting.slice(from, from + size);
      this.#ask(batch).catch((error: unknown) => {
        for (const { reject } of batch) reject(error);
      });
    }
  }

  async #ask(batch: readonly Waiting[]): Promise<void> {
    const { retries, retryMs } = this.#options;
    let left = batch;
    for (let tries = 0; ; tries++) {
      const outcome = await this.#try(left);
      if (outcome.busy.length === 0) return;
      left = outcome.busy;
      if (tries < retries) {
        await sleep(retryMs * 2 ** tries);
        continue;
      }
      const what = `${left.map(({ method }) => method)[0]}${left.length > 1 ? ' and others' : ''}`;
      const message = `${this.name} gave no answer to ${what}, tried ${tries + 1} times`;
      throw new RemoteError('remote/unreachable', `${message}: ${outcome.why}`, {
        details: { remote: this.name, tries: tries + 1 },
      });
    }
  }

  /** Settles what can be; what is to be tried again, and why. */
  async #try(batch: readonly Waiting[]): Promise<{ busy: readonly Waiting[]; why: string }> {
    await this.#takeTurn(batch.length);
    let answers: ReadonlyMap<number, Answer>;
    try {
      answers = await this.#post(batch);
    } catch (error) {
      if (error instanceof RemoteError && error.code !== 'remote/unreachable') throw error;
      return { busy: batch, why: (error as Error).message };
    }
    const busy: Waiting[] = [];
    let why = '';
    for (const [id, waiting] of batch.entries()) {
      const answer = answers.get(id);
      if (answer === undefined) {
        waiting.reject(this.#malformed(`no answer to ${waiting.method}`));
      } else if (answer.error === undefined) waiting.resolve(answer.result);
      else if (isBusy(answer.error)) {
        busy.push(waiting);
        why = answer.error.message;
      } else {
        const { code, message, data } = answer.error;
        waiting.reject(new RpcError(code, `${this.name}: ${message}`, data));
      }
    }
    return { busy, why };
  }

  /** Waits until so many requests may go. */
  async #takeTurn(count: number): Promise<void> {
    const now = performance.now();
    const start = Math.max(now, this.#next);
    this.#next = start + (count / this.#perSecond) * MS_PER_SECOND;
    if (start > now) await sleep(start - now);
  }

  async #post(batch: readonly Waiting[]): Promise<ReadonlyMap<number, Answer>> {
    this.requests += 1;
    const { url, timeoutMs, headers } = this.#options;
    const asked = batch.map(({ method, params }, id) => ({ jsonrpc: '2.0', id, method, params }));
    const [only] = asked;
    const isSingle = asked.length === 1;
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(isSingle ? only : asked),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await bodyOf(response);
    if (PASSING_STATUSES.has(response.status)) throw new Error(`status ${response.status}`);
    if (text === undefined) throw this.#malformed('an answer without end');
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      throw this.#malformed(`status ${response.status}, and no JSON: ${text.slice(0, 100)}`);
    }
    if (isSingle) return new Map([[0, answerOf(parsed)]]);
    if (Array.isArray(parsed)) return new Map(parsed.map((each) => [idOf(each), answerOf(each)]));
    // It refuses batches, or this one: each goes alone from now on.
    this.#batches = false;
    const alone = await Promise.all(batch.map((each) => this.#post([each])));
    return new Map(alone.map((answers, id) => [id, answers.get(0) ?? NO_ANSWER]));
  }

  #malformed(what: string): RemoteError {
    return new RemoteError('remote/malformed', `${this.name} answers as no node does: ${what}`, {
      details: { remote: this.name },
    });
  }
}

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

const NO_ANSWER: Answer = { error: { code: -32603, message: 'no answer' } };

function answerOf(value: unknown): Answer {
  if (typeof value !== 'object' || value === null) return NO_ANSWER;
  const { result, error } = value as Record<string, unknown>;
  if (error === undefined || error === null) return { result };
  const { code, message, data } = error as Record<string, unknown>;
  return {
    error: {
      code: typeof code === 'number' ? code : -32603,
      message: typeof message === 'string' ? message : 'an error without a message',
      data,
    },
  };
}

function idOf(value: unknown): number {
  return Number((value as Record<string, unknown> | null)?.['id'] ?? -1);
}

function isBusy({ code, message }: NonNullable<Answer['error']>): boolean {
  return BUSY_CODES.has(code) || BUSY_TEXT.test(message);
}

/** undefined: it is too large. */
async function bodyOf(response: Response): Promise<string | undefined> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.length;
    if (size > ANSWER_BYTES_MAX) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
