/** Answers over HTTP: as a whole, or in pieces, of which none is made while nobody reads. */

import type { ServerResponse } from 'node:http';
import { Streamed } from '../rpc/streamed.ts';
import type { Answer } from './connection.ts';
import type { Endpoint } from './endpoint.ts';

export const JSON_CONTENT = 'application/json';
const PLAIN_CONTENT = 'text/plain; charset=utf-8';
/** Smaller answers fit the buffers of the socket. */
const SMALL_BYTES = 16 << 10;

/** Ends a response with what is no answer of JSON-RPC. */
export function endWith(
  response: ServerResponse,
  status: number,
  text: string,
  contentType: string = PLAIN_CONTENT,
): void {
  const body = Buffer.from(text);
  response.writeHead(status, { 'Content-Type': contentType, 'Content-Length': body.length });
  response.end(body);
}

/** Resolves when an answer in pieces has ended; others are left to the socket. */
export function sendAnswer(
  endpoint: Endpoint,
  response: ServerResponse,
  answer: Answer,
): Promise<void> | undefined {
  const { socket } = response;
  if (answer instanceof Streamed) return sendPieces(endpoint, response, answer);
  if (response.destroyed || socket === null) return undefined;
  if (endpoint.isClosing) response.setHeader('Connection', 'close');
  if (answer === undefined) {
    response.writeHead(204).end();
    return undefined;
  }
  const bytes = Buffer.byteLength(answer);
  endpoint.watch.sent('http', bytes);
  response.writeHead(200, { 'Content-Type': JSON_CONTENT, 'Content-Length': bytes });
  // PERF: a text leaves in one piece with its headers, which bytes do not: a tenth more requests.
  response.end(answer);
  if (bytes <= SMALL_BYTES && socket.writableLength === 0) return undefined;
  const client = socket.remoteAddress ?? '';
  const drop = () => socket.destroy();
  socket.setTimeout(endpoint.limits.unreadMsMax);
  // Without progress for so long; node:http leaves it to whoever hears this.
  response.once('timeout', () => {
    endpoint.cutOff(client, 'it read nothing for too long');
    drop();
  });
  response.once('close', endpoint.owe(bytes, client, drop));
  return undefined;
}

async function sendPieces(
  endpoint: Endpoint,
  response: ServerResponse,
  { pieces }: Streamed,
): Promise<void> {
  if (endpoint.isClosing) response.setHeader('Connection', 'close');
  response.writeHead(200, { 'Content-Type': JSON_CONTENT });
  try {
    for await (const piece of pieces) {
      if (response.destroyed) break;
      endpoint.watch.sent('http', piece.length);
      if (!response.write(piece)) await drained(endpoint, response);
    }
    response.end();
  } catch {
    // What is sent is no whole answer: only an end of the connection says so.
    response.destroy();
  }
}

/** Resolves when more can be written, or nothing any more; cuts off who does not read. */
function drained(endpoint: Endpoint, response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const client = response.socket?.remoteAddress ?? '';
    const timer = setTimeout(() => {
      endpoint.cutOff(client, 'it read nothing for too long');
      response.destroy();
    }, endpoint.limits.unreadMsMax);
    const end = () => {
      clearTimeout(timer);
      response.off('drain', end);
      response.off('close', end);
      resolve();
    };
    response.on('drain', end);
    response.on('close', end);
  });
}
