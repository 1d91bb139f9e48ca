/**
 * A connection that carries messages both ways (WebSocket, IPC): requests under way at once are
 * bounded by reading no more, answers that are not read by closing it.
 */

import { RpcError } from '../rpc/errors.ts';
import { Connection } from './connection.ts';
import type { Endpoint, Transport } from './endpoint.ts';
import { failureText } from './failure-text.ts';

/** What carries the messages. */
export interface Wire {
  readonly transport: Transport;
  /** `gone` is called when the text has left this process, or the wire is closed. */
  send(text: string, gone: () => void): void;
  /** Bytes that were sent and have not left. */
  unsentBytes(): number;
  pause(): void;
  resume(): void;
  /** Closes it when what was sent has left. */
  end(): void;
  destroy(): void;
}

interface Waiting {
  readonly text: string;
  readonly bytes: number;
}

export class MessageSession {
  readonly connection: Connection;
  readonly #endpoint: Endpoint;
  readonly #wire: Wire;
  /** Came in one piece with others before reading stopped: no more than one read of a socket. */
  readonly #waiting: Waiting[] = [];
  #isEnding = false;

  constructor(endpoint: Endpoint, wire: Wire, client: string) {
    this.#endpoint = endpoint;
    this.#wire = wire;
    const send = (text: string) => this.send(text);
    this.connection = new Connection(endpoint.answering, endpoint.deadlines, { client, send });
    endpoint.watch.connected(wire.transport);
  }

  get isBusy(): boolean {
    return this.connection.requestCount > 0;
  }

  /** A request, or a batch, has come. */
  receive(text: string, bytes: number): void {
    if (this.#isEnding || this.connection.isClosed) return;
    this.#endpoint.watch.received(this.#wire.transport, bytes);
    if (!this.#endpoint.takeBytes(bytes)) {
      this.#endpoint.refuse('busy', this.connection.client);
      this.send(failureText(new RpcError('limit exceeded', 'too many requests at once')));
      return;
    }
    this.#waiting.push({ text, bytes });
    this.#next();
  }

  #next(): void {
    const { requestsInFlightMax } = this.#endpoint.limits;
    while (this.connection.requestCount < requestsInFlightMax) {
      const next = this.#waiting.shift();
      if (next === undefined) {
        this.#wire.resume();
        return;
      }
      void this.#answer(next);
    }
    this.#wire.pause();
  }

  async #answer({ text, bytes }: Waiting): Promise<void> {
    try {
      await this.connection.answer(text, (answer) => {
        if (answer !== undefined) this.send(answer);
      });
    } catch (error) {
      // A bug of ours; the dispatcher gives every error of a method as an answer.
      this.#endpoint.log.error('a request was not answered', { error });
      this.send(failureText(new RpcError('internal error', 'the request could not be answered')));
    }
    this.#endpoint.giveBytes(bytes);
    if (this.connection.isClosed) return;
    if (!this.#isEnding) this.#next();
    else if (!this.isBusy) this.#wire.end();
  }

  send(text: string): void {
    if (this.connection.isClosed) return;
    const { client } = this.connection;
    if (this.#wire.unsentBytes() > this.#endpoint.limits.unsentBytesMax) {
      this.#endpoint.refuse('slow reader', client);
      this.#wire.destroy();
      return;
    }
    this.#endpoint.watch.sent(this.#wire.transport, text.length);
    const gone = this.#endpoint.owe(text.length, client, () => this.#wire.destroy());
    this.#wire.send(text, gone);
  }

  /** Takes no more requests, and closes the wire when those under way are answered. */
  end(): void {
    this.#isEnding = true;
    this.#dropWaiting();
    if (!this.isBusy) this.#wire.end();
  }

  /** The wire is closed. */
  closed(): void {
    if (this.connection.isClosed) return;
    this.connection.close();
    this.#dropWaiting();
    this.#endpoint.watch.disconnected(this.#wire.transport);
  }

  #dropWaiting(): void {
    for (const { bytes } of this.#waiting.splice(0)) this.#endpoint.giveBytes(bytes);
  }
}
