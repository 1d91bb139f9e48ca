/** A client of a node for measurements: JSON-RPC over one connection of HTTP that is kept. */

import { Agent, request as ask } from 'node:http';

export interface Client {
  request(method: string, params: readonly unknown[]): Promise<unknown>;
  /** Many at once, as one batch. */
  batch(requests: readonly (readonly [string, readonly unknown[]])[]): Promise<unknown[]>;
  /** Bytes of the answer, and milliseconds until it ended; its text is let go. */
  drain(method: string, params: readonly unknown[]): Promise<{ bytes: number; ms: number }>;
  close(): void;
}

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

export function connectTo(url: string): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const post = (body: string, take: (part: Buffer) => void): Promise<void> =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': `${body.length}` };
      const sent = ask(url, { method: 'POST', agent, headers }, (response) => {
        response.on('data', take);
        response.on('end', resolve);
        response.on('error', reject);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  const text = async (body: string): Promise<string> => {
    const parts: Buffer[] = [];
    await post(body, (part) => parts.push(part));
    return Buffer.concat(parts).toString();
  };
  const bodyOf = (method: string, params: readonly unknown[], id = 1) =>
    JSON.stringify({ jsonrpc: '2.0', id, method, params });
  return {
    request: async (method, params) =>
      resultOf(JSON.parse(await text(bodyOf(method, params))) as Answer, method),
    batch: async (requests) => {
      const bodies = requests.map(([method, params], id) => bodyOf(method, params, id));
      const answers = JSON.parse(await text(`[${bodies.join(',')}]`)) as (Answer & {
        readonly id: number;
      })[];
      const results: unknown[] = new Array(requests.length);
      for (const answer of answers) {
        results[answer.id] = resultOf(answer, requests[answer.id]?.[0] ?? '');
      }
      return results;
    },
    drain: async (method, params) => {
      const start = performance.now();
      let bytes = 0;
      await post(bodyOf(method, params), (part) => {
        bytes += part.length;
      });
      return { bytes, ms: performance.now() - start };
    },
    close: () => agent.destroy(),
  };
}

function resultOf({ result, error }: Answer, method: string): unknown {
  if (error !== undefined) throw new Error(`${method}: ${error.message}`);
  return result;
}
