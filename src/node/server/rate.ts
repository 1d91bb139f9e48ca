/**
 * How many requests a client may make: a bucket of tokens each, by address, filled at a steady
 * rate. An address of IPv6 counts by its first 64 bits, which one household has.
 */

import { isIPv6 } from 'node:net';

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** 100 bytes each. When there are more, the one that asked longest ago begins anew. */
const CLIENTS_MAX = 10_000;

interface Bucket {
  tokens: number;
  atMs: number;
}

export class RateLimit {
  readonly #rate: Rate;
  /** The one that asked longest ago first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** Whether the client has a token left; takes it. */
  take(client: string, nowMs: number = performance.now()): boolean {
    const bucket = this.#filled(client, nowMs);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  /** How long until it has one; 0: it has. */
  waitMs(client: string, nowMs: number = performance.now()): number {
    const { tokens } = this.#filled(client, nowMs);
    return tokens >= 1 ? 0 : ((1 - tokens) * 1_000) / this.#rate.perSecond;
  }

  #filled(client: string, nowMs: number): Bucket {
    const { perSecond, burst } = this.#rate;
    const name = household(client);
    const { tokens, atMs } = this.#buckets.get(name) ?? { tokens: burst, atMs: nowMs };
    const gained = (Math.max(0, nowMs - atMs) * perSecond) / 1_000;
    const bucket = { tokens: Math.min(burst, tokens + gained), atMs: nowMs };
    this.#buckets.delete(name);
    this.#buckets.set(name, bucket);
    for (const [oldest] of this.#buckets) {
      if (this.#buckets.size <= CLIENTS_MAX) break;
      this.#buckets.delete(oldest);
    }
    return bucket;
  }
}

function household(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = '', tail = ''] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = address.includes('::') ? 8 - groups.length - tail.split(':').length : 0;
  const whole = [...groups, ...Array<string>(Math.max(0, missing)).fill('0'), ...tail.split(':')];
  return whole.slice(0, 4).join(':');
}
