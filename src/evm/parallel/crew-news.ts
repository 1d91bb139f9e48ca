/** What the threads of a crew are told. */
import type { MessagePort } from 'node:worker_threads';
import type { LinkChanges, SeatPlan } from './seat.ts';

/** What a thread begins with. */
export interface CrewStart {
  readonly port: MessagePort;
  /** Raised for news while it has no seat. */
  readonly bell: Int32Array;
}

/** Of the machine `id`. */
export type CrewNews = { readonly id: number } & (
  | { readonly kind: 'plan'; readonly memory: WebAssembly.Memory; readonly plan: SeatPlan }
  | { readonly kind: 'link'; readonly links: LinkChanges }
  /** From now on it works there. */
  | { readonly kind: 'sit' }
  | { readonly kind: 'leave' }
);
