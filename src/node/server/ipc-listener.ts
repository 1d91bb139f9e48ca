/**
 * IPC: a socket of the file system (a named pipe on Windows), for programs of the same machine and
 * the same user. It has neither tokens nor origins: who may open the file may ask.
 */

import { existsSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { DISPATCH_LIMITS } from '../rpc/dispatch.ts';
import { RpcError } from '../rpc/errors.ts';
import type { Endpoint } from './endpoint.ts';
import { failureText } from './failure-text.ts';
import { ServerError } from './fault.ts';
import { JsonStream, type JsonStreamFault } from './json-stream.ts';
import { type Listening, listen, within } from './listening.ts';
import { MessageSession, type Wire } from './message-session.ts';

const CLIENT = 'ipc';

export async function listenIpc(endpoint: Endpoint, path: string): Promise<Listening> {
  const listener = new IpcListener(endpoint, path);
  await listener.start();
  return listener;
}

class IpcListener implements Listening {
  readonly urls: readonly string[];
  readonly #endpoint: Endpoint;
  readonly #path: string;
  readonly #server: Server;
  readonly #sessions = new Map<Socket, MessageSession>();

  constructor(endpoint: Endpoint, path: string) {
    this.urls = [path];
    this.#endpoint = endpoint;
    this.#path = path;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#connected(socket));
    this.#server.maxConnections = endpoint.limits.connectionsMax;
    this.#server.on('drop', () => endpoint.refuse('connections', CLIENT));
  }

  /** @throws ServerError */
  async start(): Promise<void> {
    const isFile = process.platform !== 'win32';
    if (isFile) await removeDead(this.#path);
    await listen(this.#server, { path: this.#path }, this.#endpoint.log);
    if (isFile) await chmod(this.#path, 0o600);
  }

  #connected(socket: Socket): void {
    const session = new MessageSession(
      this.#endpoint,
      wireOf(socket, this.#endpoint.limits.unreadMsMax),
      CLIENT,
    );
    this.#sessions.set(socket, session);
    const { requestBytesMax } = this.#endpoint.limits;
    const stream = new JsonStream(
      { bytesMax: requestBytesMax, nestingMax: DISPATCH_LIMITS.nestingMax },
      (value) => session.receive(value.toString(), value.length),
    );
    let isBroken = false;
    socket.on('data', (chunk: Buffer) => {
      if (isBroken) return;
      const fault = stream.push(chunk);
      if (fault === undefined) return;
      isBroken = true;
      this.#endpoint.refuse(fault === 'no JSON' ? 'malformed' : 'size', CLIENT);
      session.send(failureText(errorOf(fault)));
      session.end();
    });
    // The client says no more; what it asked is answered.
    socket.on('end', () => session.end());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      session.closed();
      this.#sessions.delete(socket);
    });
  }

  async close(msMax: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const session of this.#sessions.values()) session.end();
    await within(closed, msMax);
    for (const [socket, { connection }] of this.#sessions) {
      connection.abort();
      socket.destroy();
    }
    await closed;
  }
}

function errorOf(fault: JsonStreamFault): RpcError {
  if (fault === 'no JSON') return new RpcError('parse error', 'the request is no JSON');
  return new RpcError('limit exceeded', `the request is ${fault}`);
}

function wireOf(socket: Socket, unreadMsMax: number): Wire {
  return {
    transport: 'ipc',
    send: (text, gone) => {
      socket.write(`${text}\n`, gone);
    },
    sendPiece: (text, isLast, gone) => {
      socket.write(isLast ? `${text}\n` : text, gone);
    },
    unsentBytes: () => socket.writableLength,
    pause: () => {
      socket.pause();
    },
    resume: () => {
      socket.resume();
    },
    end: () => {
      socket.setTimeout(unreadMsMax, () => socket.destroy());
      socket.end(() => socket.destroySoon());
    },
    destroy: () => {
      socket.destroy();
    },
  };
}

/** Of a process that ended without closing it. @throws ServerError where one listens */
async function removeDead(path: string): Promise<void> {
  if (!existsSync(path)) return;
  if (await isListening(path)) {
    throw new ServerError('server/in use', `another process listens at ${path}`);
  }
  await rm(path);
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else reject(new ServerError('server/cannot listen', `${path}: ${error.message}`));
    });
  });
}
