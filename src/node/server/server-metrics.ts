/** What the servers count for Prometheus: requests, connections, bytes, who was turned away. */

import type { Metrics } from '../operations/metrics.ts';
import type { EndpointWatch } from './endpoint.ts';

/** From a cached read to a trace of a block, in seconds. */
const SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  30, 60,
];

/** A request of JSON-RPC that was answered, those of a batch one by one. */
export interface AnsweredRequest {
  readonly endpoint: string;
  /** One that there is, or 'unknown': whoever asks must not make names here. */
  readonly method: string;
  /** 'ok' or the code of the error. */
  readonly outcome: 'ok' | number;
  readonly milliseconds: number;
}

export interface ServerMetrics {
  answered(request: AnsweredRequest): void;
  watch(endpoint: string): EndpointWatch;
}

export function serverMetrics(metrics: Metrics): ServerMetrics {
  const requests = metrics.counter({
    name: 'ironfly_rpc_requests_total',
    help: 'Requests that were answered, by the code of the error or ok.',
    labels: ['endpoint', 'method', 'outcome'],
  });
  const seconds = metrics.histogram(
    {
      name: 'ironfly_rpc_request_seconds',
      help: 'How long a method took.',
      labels: ['method'],
    },
    SECONDS,
  );
  const watch = connectionMetrics(metrics);
  return {
    watch,
    answered: ({ endpoint, method, outcome, milliseconds }) => {
      requests.inc({ endpoint, method, outcome });
      seconds.observe({ method }, milliseconds / 1_000);
    },
  };
}

function connectionMetrics(metrics: Metrics): (endpoint: string) => EndpointWatch {
  const labels = ['endpoint', 'transport'] as const;
  const refusals = metrics.counter({
    name: 'ironfly_rpc_refused_total',
    help: 'Clients, or requests, that were turned away.',
    labels: ['endpoint', 'why'],
  });
  const connections = metrics.gauge({
    name: 'ironfly_rpc_connections',
    help: 'Connections that are open; a WebSocket is one of http, too.',
    labels,
  });
  const received = metrics.counter({
    name: 'ironfly_rpc_received_bytes_total',
    help: 'Bytes of requests.',
    labels,
  });
  const sent = metrics.counter({
    name: 'ironfly_rpc_sent_bytes_total',
    help: 'Bytes of answers and notifications.',
    labels,
  });
  return (endpoint) => ({
    refused: (why) => refusals.inc({ endpoint, why }),
    connected: (transport) => connections.inc({ endpoint, transport }),
    disconnected: (transport) => connections.dec({ endpoint, transport }),
    received: (transport, bytes) => received.inc({ endpoint, transport }, bytes),
    sent: (transport, bytes) => sent.inc({ endpoint, transport }, bytes),
  });
}
