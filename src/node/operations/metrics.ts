/**
 * Counts and measures for Prometheus, by prom-client, in a registry of their own: two nodes of one
 * process do not mix. What is counted is said where it is: the servers in server/server-metrics.ts,
 * the chain and the pool in node-metrics.ts. Names: `ironfly_<what>_<unit>`; of the process as
 * prom-client has them. `docs/dashboards/ironfly.json` shows them.
 */

import type { Counter, Gauge, Histogram, Registry } from 'prom-client';

type Client = typeof import('prom-client');

/** What a metric is called, and what it says. */
export interface Named<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly Label[];
}

/** Sets a gauge when it is asked for. */
export type Look<Label extends string> = (gauge: Gauge<Label>) => void | Promise<void>;

export class Metrics {
  readonly #client: Client;
  readonly #registry: Registry;

  constructor(client: Client) {
    this.#client = client;
    this.#registry = new client.Registry();
    client.collectDefaultMetrics({ register: this.#registry });
  }

  counter<Label extends string = never>(named: Named<Label>): Counter<Label> {
    return new this.#client.Counter(this.#fields(named));
  }

  gauge<Label extends string = never>(named: Named<Label>, look?: Look<Label>): Gauge<Label> {
    if (look === undefined) return new this.#client.Gauge(this.#fields(named));
    const gauge: Gauge<Label> = new this.#client.Gauge({
      ...this.#fields(named),
      collect: () => look(gauge),
    });
    return gauge;
  }

  /** @param buckets upper bounds, rising */
  histogram<Label extends string = never>(
    named: Named<Label>,
    buckets: readonly number[],
  ): Histogram<Label> {
    return new this.#client.Histogram({ ...this.#fields(named), buckets: [...buckets] });
  }

  #fields<Label extends string>({ name, help, labels = [] }: Named<Label>) {
    return { name, help, labelNames: [...labels], registers: [this.#registry] };
  }

  /** As Prometheus reads them. */
  async expose(): Promise<{ readonly contentType: string; readonly text: string }> {
    const { contentType } = this.#registry;
    return { contentType, text: await this.#registry.metrics() };
  }
}

/** PERF: prom-client takes 40 ms to load, which a development node need not wait for. */
export async function createMetrics(): Promise<Metrics> {
  const { default: client } = await import('prom-client');
  return new Metrics(client);
}
