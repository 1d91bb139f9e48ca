/**
 * HTTP by node:http: a request, or a batch of them, is a POST to whatever path; OPTIONS is what
 * browsers ask before (CORS); GET has /health, /ready and /metrics. A refusal by JSON-RPC has
 * status 200, as of all nodes; other statuses are of HTTP alone.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { RpcError } from '../rpc/errors.ts';
import { tokenFault } from './bearer-token.ts';
import { Connection } from './connection.ts';
import type { Endpoint, Refusal } from './endpoint.ts';
import { failureText } from './failure-text.ts';
import { endWith, JSON_CONTENT, sendAnswer } from './http-answer.ts';
import { type Listening, listen, within } from './listening.ts';
import type { Operations } from './operations.ts';
import { WebSockets } from './web-sockets.ts';

export interface HttpPlace {
  readonly host: string;
  /** 0: one that is free. */
  readonly port: number;
  readonly protocols: readonly ('http' | 'ws')[];
  /** What GET answers; undefined: nothing. */
  readonly operations: Operations | undefined;
}

/** Types of the body that other nodes take, too; a web page cannot send them unasked. */
const JSON_TYPE = /^application\/(json|json-rpc|jsonrequest)\s*(;|$)/i;
/** How often node:http looks for connections that are too slow to send. */
const CHECKS_MS = 1_000;
/** Of what is too large, a client may send so many times more than it may, to see its answer. */
const DROPPED_TIMES_MAX = 8;
/** A browser may remember for so long what it was allowed. */
const CORS_SECONDS = 600;

export async function listenHttp(endpoint: Endpoint, place: HttpPlace): Promise<Listening> {
  const listener = new HttpListener(endpoint, place);
  await listener.start();
  return listener;
}

class HttpListener implements Listening {
  readonly #endpoint: Endpoint;
  readonly #place: HttpPlace;
  readonly #server: Server;
  readonly #webSockets: WebSockets | undefined;
  readonly #connections = new Map<Socket, Connection>();

  constructor(endpoint: Endpoint, place: HttpPlace) {
    const { limits } = endpoint;
    this.#endpoint = endpoint;
    this.#place = place;
    this.#server = createServer({
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.headersMsMax,
      requestTimeout: limits.receiveMsMax,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: CHECKS_MS,
      keepAlive: true,
    });
    this.#server.maxConnections = limits.connectionsMax;
    this.#server.on('request', (request, response) => this.#handle(request, response));
    this.#server.on('connection', (socket) => this.#connected(socket));
    this.#server.on('drop', (data) => this.#dropped(data?.remoteAddress ?? ''));
    this.#server.on('clientError', (error, socket) => this.#malformed(error, socket as Socket));
    if (place.protocols.includes('ws')) {
      const webSockets = new WebSockets(endpoint);
      this.#webSockets = webSockets;
      this.#server.on('upgrade', (request, socket, head) =>
        webSockets.upgrade(request, socket, head),
      );
    }
  }

  async start(): Promise<void> {
    try {
      await listen(this.#server, this.#place, this.#endpoint.log);
    } catch (error) {
      await this.#webSockets?.close(0);
      throw error;
    }
  }

  get urls(): readonly string[] {
    const address = this.#server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { host, protocols } = this.#place;
    return protocols.map((each) => `${each}://${host.includes(':') ? `[${host}]` : host}:${port}`);
  }

  async close(msMax: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const startMs = performance.now();
    await this.#webSockets?.close(msMax);
    await within(closed, Math.max(0, msMax - (performance.now() - startMs)));
    for (const connection of this.#connections.values()) connection.abort();
    this.#server.closeAllConnections();
    for (const socket of this.#connections.keys()) socket.destroy();
    await closed;
  }

  #connected(socket: Socket): void {
    const { watch } = this.#endpoint;
    const connection = new Connection(this.#endpoint, { client: socket.remoteAddress ?? '' });
    this.#connections.set(socket, connection);
    watch.connected('http');
    socket.once('close', () => {
      this.#connections.delete(socket);
      connection.close();
      watch.disconnected('http');
    });
  }

  /** There are too many: those that are kept for a next request make room for who comes again. */
  #dropped(client: string): void {
    this.#endpoint.refuse('connections', client);
    this.#server.closeIdleConnections();
  }

  #malformed(error: NodeJS.ErrnoException, socket: Socket): void {
    this.#endpoint.refuse('malformed', socket.remoteAddress ?? '', { code: error.code });
    const isAnswering = (this.#connections.get(socket)?.requestCount ?? 0) > 0;
    if (!socket.writable || isAnswering || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const status = STATUS_OF_ERROR[error.code ?? ''] ?? '400 Bad Request';
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
      socket.destroy(),
    );
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const { guard, isClosing } = this.#endpoint;
    const { host, origin } = request.headers;
    if (isClosing) response.setHeader('Connection', 'close');
    if (!guard.allowsHost(host)) {
      this.#refuse(request, response, 'host', 403, 'invalid host specified');
      return;
    }
    if (!guard.allowsOrigin(origin)) {
      this.#refuse(request, response, 'origin', 403, 'origin not allowed');
      return;
    }
    if (origin !== undefined) {
      response.setHeader('Access-Control-Allow-Origin', origin);
      response.setHeader('Vary', 'Origin');
    }
    switch (request.method) {
      case 'POST':
        if (this.#place.protocols.includes('http')) this.#post(request, response);
        else endWith(response, 426, 'this port is for WebSockets');
        return;
      case 'OPTIONS':
        preflight(request, response);
        return;
      case 'GET':
      case 'HEAD':
        void this.#get(request, response);
        return;
      default:
        response.setHeader('Allow', 'POST, GET, OPTIONS');
        endWith(response, 405, 'method not allowed');
    }
  }

  async #get(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '/'] = request.url?.split('?') ?? [];
    try {
      const page = await this.#place.operations?.get(path);
      if (page !== undefined) {
        response.setHeader('Cache-Control', 'no-store');
        endWith(response, page.status, page.text, page.contentType);
      } else if (path === '/') endWith(response, 200, '');
      else endWith(response, 404, 'not found');
    } catch (error) {
      this.#endpoint.log.error('a page was not made', { path, error });
      endWith(response, 500, 'internal error');
    }
  }

  #post(request: IncomingMessage, response: ServerResponse): void {
    const { secret, rate, limits } = this.#endpoint;
    const { headers, socket } = request;
    const fault = secret === undefined ? undefined : tokenFault(secret, headers.authorization);
    if (fault !== undefined) {
      response.setHeader('WWW-Authenticate', 'Bearer');
      this.#refuse(request, response, 'token', 401, fault);
      return;
    }
    const waitMs = rate?.waitMs(socket.remoteAddress ?? '') ?? 0;
    if (waitMs > 0) {
      response.setHeader('Retry-After', Math.ceil(waitMs / 1_000));
      this.#refuse(request, response, 'rate', 429, 'too many requests', 'limit exceeded');
      return;
    }
    const type = headers['content-type'];
    if (type !== undefined && !JSON_TYPE.test(type)) {
      const message = 'invalid content type, only application/json is supported';
      this.#refuse(request, response, 'malformed', 415, message);
      return;
    }
    if (Number(headers['content-length'] ?? 0) > limits.requestBytesMax) {
      this.#tooLarge(request, response);
      return;
    }
    this.#receive(request, response);
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const { requestBytesMax } = this.#endpoint.limits;
    const chunks: Buffer[] = [];
    let bytes = 0;
    let isRefused = false;
    // PERF: `on`, which makes less than `once`; each comes once.
    response.on('close', () => this.#endpoint.giveBytes(bytes));
    request.on('data', (chunk: Buffer) => {
      if (isRefused) return;
      isRefused = true;
      if (bytes + chunk.length > requestBytesMax) this.#tooLarge(request, response);
      else if (!this.#endpoint.takeBytes(chunk.length)) this.#busy(request, response);
      else {
        isRefused = false;
        bytes += chunk.length;
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
    });
    request.on('end', () => {
      if (!isRefused) void this.#answer(request, response, chunks);
    });
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    chunks: readonly Buffer[],
  ): Promise<void> {
    const { limits, watch, log } = this.#endpoint;
    const connection = this.#connections.get(request.socket);
    if (connection === undefined) return;
    if (connection.requestCount >= limits.requestsInFlightMax) {
      this.#busy(request, response);
      return;
    }
    const [first = Buffer.alloc(0)] = chunks;
    const body = chunks.length === 1 ? first : Buffer.concat(chunks);
    watch.received('http', body.length);
    try {
      await connection.answer(body.toString(), (answer) =>
        sendAnswer(this.#endpoint, response, answer),
      );
    } catch (error) {
      // A bug of ours; the dispatcher gives every error of a method as an answer.
      log.error('a request was not answered', { error });
      const internal = new RpcError('internal error', 'the request could not be answered');
      if (!response.headersSent) endWith(response, 500, failureText(internal), JSON_CONTENT);
    }
  }

  #tooLarge(request: IncomingMessage, response: ServerResponse): void {
    const message = `a request has at most ${this.#endpoint.limits.requestBytesMax} bytes`;
    this.#refuse(request, response, 'size', 413, message, 'limit exceeded');
  }

  #busy(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('Retry-After', 1);
    this.#refuse(request, response, 'busy', 503, 'too many requests at once', 'limit exceeded');
  }

  /** Turned away. The rest of its body is read and dropped, or the client would not see why. */
  #refuse(
    request: IncomingMessage,
    response: ServerResponse,
    why: Refusal,
    status: number,
    message: string,
    fault?: 'limit exceeded',
  ): void {
    const { host, origin } = request.headers;
    this.#endpoint.refuse(why, request.socket.remoteAddress ?? '', { host, origin, message });
    if (fault === undefined) endWith(response, status, message);
    else endWith(response, status, failureText(new RpcError(fault, message)), JSON_CONTENT);
    let droppedBytes = 0;
    request.on('data', (chunk: Buffer) => {
      droppedBytes += chunk.length;
      if (droppedBytes > DROPPED_TIMES_MAX * this.#endpoint.limits.requestBytesMax)
        request.destroy();
    });
  }
}

const STATUS_OF_ERROR: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** What a browser asks before a page's request. Its origin was allowed already. */
function preflight({ headers }: IncomingMessage, response: ServerResponse): void {
  const asked = headers['access-control-request-headers'] ?? 'Content-Type';
  response.setHeader('Access-Control-Allow-Methods', 'POST, GET, OPTIONS');
  response.setHeader('Access-Control-Allow-Headers', asked);
  response.setHeader('Access-Control-Max-Age', CORS_SECONDS);
  if (headers['access-control-request-private-network'] === 'true') {
    response.setHeader('Access-Control-Allow-Private-Network', 'true');
  }
  response.writeHead(204).end();
}
