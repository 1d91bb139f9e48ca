/** What an endpoint does with each request, also of a batch: its rate, its count, its line. */

import type { Logger } from '../operations/logger.ts';
import type { DispatchWatch } from '../rpc/dispatch.ts';
import { RpcError } from '../rpc/errors.ts';
import type { EndpointWatch } from './endpoint.ts';
import type { RateLimit } from './rate.ts';
import type { ServerMetrics } from './server-metrics.ts';

export interface RequestWatchParts {
  /** Of the endpoint. */
  readonly name: string;
  /** Whether the endpoint offers a method. */
  readonly offers: (method: string) => boolean;
  readonly rate: RateLimit | undefined;
  readonly watch: EndpointWatch;
  readonly counts: ServerMetrics | undefined;
  readonly log: Logger;
}

export function requestWatch(parts: RequestWatchParts): DispatchWatch {
  const { name: endpoint, offers, rate, watch, counts, log } = parts;
  const isLogged = log.writes('debug');
  return {
    admit: (_, { client = '' }) => {
      if (rate === undefined || rate.take(client)) return;
      watch.refused('rate');
      throw new RpcError('limit exceeded', 'too many requests');
    },
    answered: (name, milliseconds, answer, _, { client }) => {
      const outcome = answer === 'ok' ? answer : answer.code;
      const method = offers(name) ? name : 'unknown';
      counts?.answered({ endpoint, method, outcome, milliseconds });
      if (!isLogged) return;
      const error = answer === 'ok' ? undefined : answer.message;
      const ms = Number(milliseconds.toFixed(3));
      log.debug('request', { endpoint, client, method: name, ms, outcome, error });
    },
  };
}
