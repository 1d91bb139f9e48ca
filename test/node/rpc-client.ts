/** Clients for tests of the servers: bytes over a socket, JSON-RPC over HTTP and WebSocket. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';

export interface Answered {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

export function requestText(
  method: string,
  params: readonly unknown[] = [],
  id: unknown = 1,
): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params });
}

export interface Posted {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

const JSON_HEADERS = { 'Content-Type': 'application/json' };

export async function post(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Posted> {
  const request = { method: 'POST', body, headers: { ...JSON_HEADERS, ...headers } };
  const response = await fetch(url, request);
  return { status: response.status, text: await response.text(), headers: response.headers };
}

export async function ask(
  url: string,
  method: string,
  params: readonly unknown[] = [],
): Promise<Answered> {
  const { text } = await post(url, requestText(method, params));
  return JSON.parse(text);
}

/** A connection of bytes, to whatever server. */
export class RawClient {
  readonly socket: Socket;
  received = '';
  readonly closed: Promise<void>;

  constructor(place: { readonly host: string; readonly port: number } | { readonly path: string }) {
    this.socket = connect(place);
    this.socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1');
    });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  static to(url: string): RawClient {
    const { hostname, port } = new URL(url);
    return new RawClient({ host: hostname, port: Number(port) });
  }

  write(text: string): void {
    this.socket.write(text);
  }

  /** Resolves when what was received has the text. */
  async until(text: string): Promise<string> {
    while (!this.received.includes(text)) {
      if (this.socket.destroyed) throw new Error(`closed before ${text}: ${this.received}`);
      await Promise.race([once(this.socket, 'data'), this.closed]);
    }
    return this.received;
  }
}

/** A WebSocket with its messages as they came. */
export class WebSocketClient {
  readonly socket: WebSocket;
  readonly messages: Answered[] = [];
  readonly closed: Promise<number>;

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.socket = new WebSocket(url, { headers, perMessageDeflate: false });
    this.socket.on('message', (data) => this.messages.push(JSON.parse(String(data))));
    this.closed = new Promise((resolve) => this.socket.once('close', resolve));
  }

  /** Rejects with the status of a refusal. */
  static async open(
    url: string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<WebSocketClient> {
    const client = new WebSocketClient(url, headers);
    await new Promise<void>((resolve, reject) => {
      client.socket.once('open', () => resolve());
      client.socket.on('error', reject);
    });
    return client;
  }

  send(text: string): void {
    this.socket.send(text);
  }

  async until(count: number): Promise<readonly Answered[]> {
    while (this.messages.length < count) {
      if (this.socket.readyState === WebSocket.CLOSED) {
        throw new Error(`closed after ${this.messages.length} messages of ${count}`);
      }
      await Promise.race([once(this.socket, 'message'), this.closed]);
    }
    return this.messages;
  }

  async ask(method: string, params: readonly unknown[] = [], id: unknown = 1): Promise<Answered> {
    this.send(requestText(method, params, id));
    for (;;) {
      const found = this.messages.find((message) => message.id === id);
      if (found !== undefined) return found;
      await this.until(this.messages.length + 1);
    }
  }
}
