/**
 * A connection that carries messages both ways (WebSocket, IPC): requests under way at once are
 * bounded by reading no more, answers that are not read by closing it.
 */

import { RpcError } from '../rpc/errors.ts';
import { Streamed } from '../rpc/streamed.ts';
import { type Answer, Connection } from './connection.ts';
import type { CutOffReason } from './cut-offs.ts';
import type { Endpoint, Transport } from './endpoint.ts';
import { failureText } from './failure-text.ts';

/** What carries the messages. */
export interface Wire {
  readonly transport: Transport;
  /** `gone` is called when the text has left this process, or the wire is closed. */
  send(text: string, gone: () => void): void;
  /** A piece of a text; nothing else is sent before its last one. */
  sendPiece(text: string, isLast: boolean, gone: () => void): void;
  /** Bytes that were sent and have not left. */
  unsentBytes(): number;
  pause(): void;
  resume(): void;
  /** Closes it when what was sent has left. */
  end(): void;
  destroy(): void;
}

/** What one connection owes at the least, so that it is not worth counting. */
const SMALL_CHARACTERS = 16 << 10;
const nothing = (): void => {};

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
  /** Resolves when the answers in pieces that are under way have been sent. */
  #streams: Promise<void> = Promise.resolve();
  #streamCount = 0;
  /** Texts that wait for the end of one. */
  #held: string[] = [];
  #heldBytes = 0;

  constructor(endpoint: Endpoint, wire: Wire, client: string) {
    this.#endpoint = endpoint;
    this.#wire = wire;
    const send = (text: string) => this.send(text);
    this.connection = new Connection(endpoint, { client, send });
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
      await this.connection.answer(text, (answer) => this.#deliver(answer));
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

  #deliver(answer: Answer): Promise<void> | undefined {
    if (answer instanceof Streamed) return this.#sendPieces(answer);
    if (answer !== undefined) this.send(answer);
    return undefined;
  }

  send(text: string): void {
    if (this.connection.isClosed) return;
    const { client } = this.connection;
    const unsentBytes = this.#wire.unsentBytes();
    if (unsentBytes + this.#heldBytes > this.#endpoint.limits.unsentBytesMax) {
      this.#cutOff('its unread answers are too many');
      return;
    }
    if (this.#streamCount > 0) {
      this.#held.push(text);
      this.#heldBytes += text.length;
      return;
    }
    this.#endpoint.watch.sent(this.#wire.transport, text.length);
    if (unsentBytes === 0 && text.length <= SMALL_CHARACTERS) {
      this.#wire.send(text, nothing);
      return;
    }
    const gone = this.#endpoint.owe(text.length, client, () => this.#wire.destroy());
    this.#wire.send(text, gone);
  }

  #cutOff(why: CutOffReason): void {
    this.#endpoint.cutOff(this.connection.client, why);
    this.#wire.destroy();
  }

  /** One after another; texts that come meanwhile are sent behind. */
  async #sendPieces(streamed: Streamed): Promise<void> {
    this.#streamCount += 1;
    const sent = this.#streams.then(() => this.#sendEach(streamed));
    this.#streams = sent;
    await sent;
    this.#streamCount -= 1;
    if (this.#streamCount > 0) return;
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    for (const text of held) this.send(text);
  }

  async #sendEach({ pieces }: Streamed): Promise<void> {
    try {
      // The last one is known as such when there is no other.
      let last = '';
      for await (const piece of pieces) {
        if (this.connection.isClosed) return;
        if (last !== '') await this.#sendPiece(last, false);
        last = piece;
      }
      await this.#sendPiece(last, true);
    } catch {
      // What is sent is no whole answer: only an end of the connection says so.
      this.#wire.destroy();
    }
  }

  /** Resolves when it has left, or the wire is closed; who does not read is cut off. */
  #sendPiece(text: string, isLast: boolean): Promise<void> {
    this.#endpoint.watch.sent(this.#wire.transport, text.length);
    return new Promise((resolve) => {
      const cutOff = () => this.#cutOff('it read nothing for too long');
      const timer = setTimeout(cutOff, this.#endpoint.limits.unreadMsMax);
      this.#wire.sendPiece(text, isLast, () => {
        clearTimeout(timer);
        resolve();
      });
    });
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
