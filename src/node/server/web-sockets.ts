/** WebSockets (RFC 6455) by the package `ws`: upgrades of an HTTP server's connections. */

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { tokenFault } from './bearer-token.ts';
import type { Endpoint } from './endpoint.ts';
import { within } from './listening.ts';
import { MessageSession } from './message-session.ts';

interface Client {
  readonly socket: WebSocket;
  readonly session: MessageSession;
  /** It has said something since it was asked last. */
  isAlive: boolean;
}

/** 1001: the server goes away. */
const GOING_AWAY = 1001;

export class WebSockets {
  readonly #endpoint: Endpoint;
  readonly #server: WebSocketServer;
  readonly #clients = new Set<Client>();
  readonly #pings: NodeJS.Timeout;
  #whenEmpty: (() => void) | undefined;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: endpoint.limits.requestBytesMax,
      // Compression of many small messages costs memory for each connection.
      perMessageDeflate: false,
    });
    this.#pings = setInterval(() => this.#ping(), endpoint.limits.pingMs).unref();
  }

  /** A connection of an HTTP server asks to be a WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const client = request.socket.remoteAddress ?? '';
    const status = this.#refusal(request, client);
    if (status !== undefined) {
      socket.on('error', () => socket.destroy());
      const lines = [`HTTP/1.1 ${status}`, 'Connection: close', 'Content-Length: 0', '', ''];
      socket.end(lines.join('\r\n'), () => socket.destroy());
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) =>
      this.#connected(webSocket, socket, client),
    );
  }

  #refusal({ headers }: IncomingMessage, client: string): string | undefined {
    const { guard, secret, limits, rate, isClosing } = this.#endpoint;
    if (isClosing) return '503 Service Unavailable';
    const refuse = (why: Parameters<Endpoint['refuse']>[0], status: string) => {
      this.#endpoint.refuse(why, client, { host: headers.host, origin: headers.origin });
      return status;
    };
    if (!guard.allowsHost(headers.host)) return refuse('host', '403 Forbidden');
    if (!guard.allowsOrigin(headers.origin)) return refuse('origin', '403 Forbidden');
    if (secret !== undefined && tokenFault(secret, headers.authorization) !== undefined)
      return refuse('token', '401 Unauthorized');
    if (this.#clients.size >= limits.webSocketsMax)
      return refuse('connections', '503 Service Unavailable');
    if (rate !== undefined && rate.waitMs(client) > 0)
      return refuse('rate', '429 Too Many Requests');
    return undefined;
  }

  #connected(socket: WebSocket, stream: Duplex, address: string): void {
    const session = new MessageSession(this.#endpoint, wireOf(socket, stream), address);
    const client: Client = { socket, session, isAlive: true };
    this.#clients.add(client);
    const alive = () => {
      client.isAlive = true;
    };
    socket.on('pong', alive);
    socket.on('message', (data: Buffer) => {
      alive();
      session.receive(data.toString(), data.length);
    });
    // What is wrong with a frame closes the connection, with its code, before this.
    socket.on('error', (error) => {
      this.#endpoint.refuse('malformed', address, { message: error.message });
    });
    socket.on('close', () => {
      session.closed();
      this.#clients.delete(client);
      if (this.#clients.size === 0) this.#whenEmpty?.();
    });
  }

  /** Closes those that are not there any more, or read nothing. */
  #ping(): void {
    for (const client of this.#clients) {
      // Nothing is read of a client that waits for as many answers as it may.
      if (!client.isAlive && !client.session.isBusy) {
        client.socket.terminate();
        continue;
      }
      client.isAlive = false;
      client.socket.ping();
    }
  }

  async close(msMax: number): Promise<void> {
    clearInterval(this.#pings);
    if (this.#clients.size > 0) {
      const empty = new Promise<void>((resolve) => {
        this.#whenEmpty = resolve;
      });
      for (const { session } of this.#clients) session.end();
      await within(empty, msMax);
    }
    for (const { socket, session } of this.#clients) {
      session.connection.abort();
      socket.terminate();
    }
  }
}

function wireOf(socket: WebSocket, stream: Duplex) {
  let isCorked = false;
  // PERF: each message is a call of the system else, and a block may be three thousand of them.
  const cork = (): void => {
    if (isCorked) return;
    isCorked = true;
    stream.cork();
    setImmediate(() => {
      isCorked = false;
      stream.uncork();
    });
  };
  return {
    transport: 'ws' as const,
    send: (text: string, gone: () => void) => {
      cork();
      socket.send(text, gone);
    },
    sendPiece: (text: string, fin: boolean, gone: () => void) => socket.send(text, { fin }, gone),
    unsentBytes: () => socket.bufferedAmount,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    end: () => socket.close(GOING_AWAY),
    destroy: () => socket.terminate(),
  };
}
