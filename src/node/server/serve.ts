/**
 * Servers upon a dispatcher: HTTP, WebSocket and IPC, as many endpoints as asked for, each with its
 * own methods, guards and limits.
 *
 *   const server = await serve(dispatcher, {
 *     endpoints: [
 *       // HTTP and WebSocket on one port; pages of this machine may ask.
 *       { protocols: ['http', 'ws'], port: 8545, origins: ['loopback'] },
 *       { protocols: ['ws'], port: 8546, namespaces: ['eth', 'net', 'web3'] },
 *       { path: '/tmp/ironfly.ipc', namespaces: ['all'] },
 *       { protocols: ['http', 'ws'], port: 8551, namespaces: ['engine', 'eth'],
 *         secret: await readOrMakeSecret('jwt.hex'), limits: ENGINE_LIMITS },
 *     ],
 *     log: createLogger({ level: 'info' }),           // operations/logger.ts; silent when left out
 *     metrics: await createMetrics(),                 // operations/metrics.ts; none when left out
 *     health: () => ({}), ready: () => ({ chain: isOpen ? undefined : 'is opened' }),
 *   });
 *   server.urls;             // ['http://127.0.0.1:8545', 'ws://127.0.0.1:8545', …]
 *   await server.close();    // what is under way is answered; five seconds at the most
 *
 * Loopback unless told otherwise. An endpoint without `namespaces` offers all but `engine`. Methods
 * get a `Caller`: `notify` is undefined for HTTP, and notifications that a request brings about are
 * held until its answer was sent; `signal` is aborted when the client has gone or after
 * `requestMsMax`, and then the dispatcher answers for a method that does not.
 */

import { type Logger, SILENT } from '../operations/logger.ts';
import type { Metrics } from '../operations/metrics.ts';
import { DISPATCH_LIMITS, type Dispatcher } from '../rpc/dispatch.ts';
import { Endpoint, type EndpointWatch } from './endpoint.ts';
import { listenHttp } from './http-listener.ts';
import { listenIpc } from './ipc-listener.ts';
import { SERVER_LIMITS, type ServerLimits } from './limits.ts';
import type { Listening } from './listening.ts';
import { methodFilter } from './namespaces.ts';
import { Operations, type OperationsSources } from './operations.ts';
import { RateLimit } from './rate.ts';
import { requestWatch } from './request-watch.ts';
import { type ServerMetrics, serverMetrics } from './server-metrics.ts';
import { SiteGuard, type SiteRules } from './site-guard.ts';

interface AnyEndpoint {
  /** Which it is in logs and metrics; 'http', 'ws', 'ipc' or 'engine' when left out. */
  readonly name?: string;
  /** Namespaces or names of methods, 'all' for all; all but `engine` when left out. */
  readonly namespaces?: readonly string[];
  /** What differs from the table. */
  readonly limits?: Partial<ServerLimits>;
}

export interface PortEndpoint extends AnyEndpoint, SiteRules {
  readonly protocols: readonly ('http' | 'ws')[];
  /** '127.0.0.1' when left out. */
  readonly host?: string;
  /** 0: one that is free. */
  readonly port: number;
  /** Of 32 bytes: who asks must hold a token signed by it (bearer-token.ts). */
  readonly secret?: Uint8Array;
}

export interface FileEndpoint extends AnyEndpoint {
  /** A socket of the file system; on Windows `\\.\pipe\name`. */
  readonly path: string;
}

export type EndpointOptions = PortEndpoint | FileEndpoint;

export interface ServeOptions extends Pick<OperationsSources, 'health' | 'ready'> {
  readonly endpoints: readonly EndpointOptions[];
  readonly log?: Logger;
  readonly metrics?: Metrics;
}

export interface Serving {
  /** Of all endpoints, in their order, the protocols of each in theirs; files by their path. */
  readonly urls: readonly string[];
  /** Resolves when all is closed. Requests under way are answered, for as long as limits say. */
  close(): Promise<void>;
}

const HOST = '127.0.0.1';

const NO_WATCH: EndpointWatch = {
  refused: () => {},
  connected: () => {},
  disconnected: () => {},
  received: () => {},
  sent: () => {},
};

/** Starts all endpoints, or none. @throws ServerError saying which cannot be, and why */
export async function serve<Node>(
  dispatcher: Dispatcher<Node>,
  options: ServeOptions,
): Promise<Serving> {
  const { log = SILENT } = options;
  const counts = options.metrics === undefined ? undefined : serverMetrics(options.metrics);
  const open: { readonly endpoint: Endpoint; readonly listening: Listening }[] = [];
  const close = async () => {
    for (const { endpoint } of open) endpoint.isClosing = true;
    const closing = open.map(async ({ endpoint, listening }) => {
      await listening.close(endpoint.limits.closeMsMax);
      endpoint.close();
    });
    await Promise.all(closing);
  };
  try {
    for (const each of options.endpoints) {
      const endpoint = endpointOf(dispatcher, each, { log, counts });
      try {
        open.push({ endpoint, listening: await start(endpoint, each, options) });
      } catch (error) {
        endpoint.close();
        throw error;
      }
    }
  } catch (error) {
    await close();
    throw error;
  }
  const urls = open.flatMap(({ listening }) => listening.urls);
  for (const { endpoint, listening } of open) {
    log.info('listening', { endpoint: endpoint.name, at: listening.urls.join(' ') });
  }
  let closed: Promise<void> | undefined;
  return {
    urls,
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}

function start(endpoint: Endpoint, each: EndpointOptions, options: ServeOptions) {
  if ('path' in each) return listenIpc(endpoint, each.path);
  const { host = HOST, port, protocols, secret } = each;
  const { health, ready, metrics } = options;
  // Whoever holds a secret asks for methods; collectors of metrics hold none.
  const operations =
    secret !== undefined
      ? undefined
      : new Operations({
          ...(health === undefined ? {} : { health }),
          ...(ready === undefined ? {} : { ready }),
          ...(metrics === undefined ? {} : { metrics: () => metrics.expose() }),
        });
  return listenHttp(endpoint, { host, port, protocols, operations });
}

interface Told {
  readonly log: Logger;
  readonly counts: ServerMetrics | undefined;
}

function endpointOf<Node>(
  dispatcher: Dispatcher<Node>,
  each: EndpointOptions,
  { log, counts }: Told,
): Endpoint {
  const limits = { ...SERVER_LIMITS, ...each.limits };
  const name = each.name ?? nameOf(each);
  const isPort = 'port' in each;
  const allows = methodFilter(dispatcher.methods, each.namespaces);
  const offers = (method: string) => dispatcher.has(method) && allows(method);
  const rate = limits.rate === undefined ? undefined : new RateLimit(limits.rate);
  const watch = counts?.watch(name) ?? NO_WATCH;
  const { batchMax, answerCharactersMax } = limits;
  return new Endpoint({
    name,
    answering: dispatcher.limitedTo(offers, {
      limits: { ...DISPATCH_LIMITS, batchMax, answerCharactersMax },
      watch: requestWatch({ name, offers, rate, watch, counts, log }),
    }),
    limits,
    guard: new SiteGuard(isPort ? each : {}),
    secret: isPort ? each.secret : undefined,
    rate,
    log,
    watch,
  });
}

function nameOf(each: EndpointOptions): string {
  if ('path' in each) return 'ipc';
  if (each.secret !== undefined) return 'engine';
  return each.protocols.includes('http') ? 'http' : 'ws';
}
