/**
 * One connection of a client, whatever carries it, and its requests under way: who asks, as methods
 * see it (`Caller`), until when, and what ends with it.
 */

import type { Caller } from '../rpc/method.ts';
import { Streamed } from '../rpc/streamed.ts';

/** A text, one in pieces, or none. */
export type Answer = string | Streamed | undefined;

/** What answers a text; a `Dispatcher` does. */
export interface Answering {
  answerInPieces(text: string, caller: Caller): Promise<Answer>;
}

/** What all connections of an endpoint share. */
export interface ConnectionParts {
  readonly answering: Answering;
  /** Of requests, and of answers in pieces once they have begun. */
  readonly deadlines: Deadlines;
  readonly streamDeadlines: Deadlines;
}

/** Sends a notification as text; undefined where the connection carries none (HTTP). */
export type SendText = ((text: string) => void) | undefined;

/** Notifications that a request may make before its own answer is sent; more are a fault. */
const HELD_MAX = 1_000;
/** How exactly the time of requests is kept. */
const SWEEP_MS = 500;

export class Connection {
  readonly client: string;
  readonly #parts: ConnectionParts;
  readonly #send: SendText;
  readonly #requests = new Set<Request>();
  readonly #closers: (() => void)[] = [];
  #isClosed = false;

  constructor(
    parts: ConnectionParts,
    { client, send }: { readonly client: string; readonly send?: SendText },
  ) {
    this.client = client;
    this.#parts = parts;
    this.#send = send;
  }

  get requestCount(): number {
    return this.#requests.size;
  }

  /**
   * Answers a request or a batch. `deliver` is told the answer before notifications that the
   * request brought about; undefined: none is due. It is not called when the connection has ended.
   * The request lasts until it has delivered.
   */
  async answer(text: string, deliver: (answer: Answer) => void | Promise<void>): Promise<void> {
    const { answering, deadlines, streamDeadlines } = this.#parts;
    const request = new Request(this, this.#send);
    this.#requests.add(request);
    deadlines.add(request);
    try {
      const answer = await answering.answerInPieces(text, request);
      const isStreamed = answer instanceof Streamed;
      if (this.#isClosed) {
        if (isStreamed) answer.cancel();
        return;
      }
      if (isStreamed) {
        deadlines.delete(request);
        streamDeadlines.add(request);
      }
      await deliver(answer);
    } finally {
      this.#requests.delete(request);
      deadlines.delete(request);
      streamDeadlines.delete(request);
      request.answered();
    }
  }

  onClose(work: () => void): void {
    if (this.#isClosed) work();
    else this.#closers.push(work);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The client has gone: its requests are told, and whoever waits for it. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const request of this.#requests) request.abort();
    for (const work of this.#closers.splice(0)) work();
  }

  /** Ends the time of what is under way. */
  abort(): void {
    for (const request of this.#requests) request.abort();
  }
}

/** A request under way. Its parts that cost are made when they are asked for. */
class Request implements Caller {
  readonly connection: Connection;
  readonly #send: SendText;
  #controller: AbortController | undefined;
  #isAborted = false;
  readonly #onAbort = new Set<() => void>();
  #isAnswered = false;
  /** Notifications that wait for the answer. */
  #held: string[] | undefined;

  constructor(connection: Connection, send: SendText) {
    this.connection = connection;
    this.#send = send;
  }

  get client(): string {
    return this.connection.client;
  }

  get onClose(): Caller['onClose'] {
    return (work) => this.connection.onClose(work);
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isAborted) this.#controller.abort();
    return this.#controller.signal;
  }

  onAbort(work: () => void): () => void {
    if (this.#isAborted) work();
    else this.#onAbort.add(work);
    return () => this.#onAbort.delete(work);
  }

  get notify(): Caller['notify'] {
    const send = this.#send;
    if (send === undefined) return undefined;
    return (method, params) => {
      if (this.connection.isClosed) return;
      const text = JSON.stringify({ jsonrpc: '2.0', method, params });
      if (this.#isAnswered) send(text);
      else this.#hold(text);
    };
  }

  #hold(text: string): void {
    this.#held ??= [];
    if (this.#held.length < HELD_MAX) this.#held.push(text);
  }

  abort(): void {
    this.#isAborted = true;
    for (const work of this.#onAbort) work();
    this.#onAbort.clear();
    this.#controller?.abort();
  }

  /** Its answer is sent: a client knows now what notifications are about. */
  answered(): void {
    this.#isAnswered = true;
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined || this.connection.isClosed) return;
    for (const text of held) this.#send?.(text);
  }
}

/** Aborts what takes too long. One timer for all: PERF: O(requests that are late) a sweep. */
export class Deadlines {
  readonly #durationMs: number;
  /** By when; all have the same time, so the first to end is the first here. */
  readonly #ends = new Map<{ abort(): void }, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(durationMs: number) {
    this.#durationMs = durationMs;
    this.#timer = setInterval(() => this.#sweep(), Math.min(SWEEP_MS, durationMs)).unref();
  }

  add(work: { abort(): void }): void {
    this.#ends.set(work, performance.now() + this.#durationMs);
  }

  delete(work: { abort(): void }): void {
    this.#ends.delete(work);
  }

  #sweep(): void {
    const now = performance.now();
    for (const [work, endMs] of this.#ends) {
      if (endMs > now) return;
      this.#ends.delete(work);
      work.abort();
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
