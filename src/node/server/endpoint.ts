/** What all connections of one endpoint share: its methods, limits, guards and counts. */

import type { Logger } from '../operations/logger.ts';
import { type Answering, Deadlines } from './connection.ts';
import { type CutOffReason, CutOffs } from './cut-offs.ts';
import type { ServerLimits } from './limits.ts';
import type { RateLimit } from './rate.ts';
import { SendBudget } from './send-budget.ts';
import type { SiteGuard } from './site-guard.ts';

/** Why a client was turned away. */
export type Refusal =
  | 'host'
  | 'origin'
  | 'token'
  | 'rate'
  | 'size'
  | 'busy'
  | 'connections'
  | 'slow reader'
  | 'malformed';

/** What carries requests. */
export type Transport = 'http' | 'ws' | 'ipc';

/** Told of what an endpoint does. */
export interface EndpointWatch {
  readonly refused: (why: Refusal) => void;
  readonly connected: (transport: Transport) => void;
  readonly disconnected: (transport: Transport) => void;
  readonly received: (transport: Transport, bytes: number) => void;
  readonly sent: (transport: Transport, bytes: number) => void;
}

export interface EndpointParts {
  readonly name: string;
  readonly answering: Answering;
  readonly limits: ServerLimits;
  readonly guard: SiteGuard;
  /** Whoever asks must hold a token signed by it. */
  readonly secret: Uint8Array | undefined;
  readonly rate: RateLimit | undefined;
  readonly log: Logger;
  readonly watch: EndpointWatch;
}

export class Endpoint {
  readonly name: string;
  readonly answering: Answering;
  readonly limits: ServerLimits;
  readonly guard: SiteGuard;
  readonly secret: Uint8Array | undefined;
  readonly rate: RateLimit | undefined;
  readonly log: Logger;
  readonly watch: EndpointWatch;
  readonly deadlines: Deadlines;
  readonly streamDeadlines: Deadlines;
  readonly budget: SendBudget;
  /** No request is taken any more. */
  isClosing = false;
  readonly #cutOffs: CutOffs;
  #requestBytes = 0;

  constructor(parts: EndpointParts) {
    const { name, answering, limits, guard, secret, rate, log, watch } = parts;
    this.name = name;
    this.answering = answering;
    this.limits = limits;
    this.guard = guard;
    this.secret = secret;
    this.log = log;
    this.watch = watch;
    this.deadlines = new Deadlines(limits.requestMsMax);
    this.streamDeadlines = new Deadlines(limits.streamMsMax);
    this.budget = new SendBudget(limits.unsentBytesTogetherMax);
    this.rate = rate;
    this.#cutOffs = new CutOffs(log, name);
  }

  /** Whether there is room for a request of so many bytes; takes it. */
  takeBytes(bytes: number): boolean {
    if (this.#requestBytes + bytes > this.limits.requestBytesTogetherMax) return false;
    this.#requestBytes += bytes;
    return true;
  }

  giveBytes(bytes: number): void {
    this.#requestBytes -= bytes;
  }

  /** No connection is left. */
  close(): void {
    this.deadlines.close();
    this.streamDeadlines.close();
  }

  /** A client is turned away. */
  refuse(why: Refusal, client: string, details: Readonly<Record<string, unknown>> = {}): void {
    this.watch.refused(why);
    this.log.debug('client refused', { endpoint: this.name, why, client, ...details });
  }

  /** A client that does not read is cut off by who calls. */
  cutOff(client: string, why: CutOffReason): void {
    this.watch.refused('slow reader');
    this.#cutOffs.say(client, why);
  }

  /** Bytes to a client that `drop` cuts off when it does not read them. */
  owe(bytes: number, client: string, drop: () => void): () => void {
    return this.budget.owe(bytes, () => {
      this.cutOff(client, 'unread answers of all clients are too many, its the oldest');
      drop();
    });
  }
}
