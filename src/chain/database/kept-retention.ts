/**
 * How far back a database keeps states: in its store, under 00 ‖ 'retention', so that whoever opens
 * it without a choice of their own goes on as it was, and no archive is pruned by a command that
 * knows nothing of it. A database without the entry has the default.
 */

import { concatBytes } from '../../base/bytes.ts';
import type { OrderedStore } from '../../state/store/ordered-store.ts';
import { DatabaseError } from './fault.ts';

export interface Retention {
  /** Blocks before the head whose states are kept. */
  readonly window: number;
  /** The states of all blocks are kept. */
  readonly archive: boolean;
}

/** Four epochs of 32 slots and more: past two a block is final. BLOCKHASH reaches as far. */
export const WINDOW = 256;
export const DEFAULT_RETENTION: Retention = { window: WINDOW, archive: false };

const KEY = concatBytes(Uint8Array.of(0), new TextEncoder().encode('retention'));

/** Parts of a retention that somebody chose. */
export interface RetentionChoice {
  readonly window?: number | undefined;
  readonly archive?: boolean | undefined;
}

/** What holds after a choice: what is left out of it stays. @throws RangeError for no window */
export function chosenRetention(kept: Retention, choice: RetentionChoice): Retention {
  const { window = kept.window, archive = kept.archive } = choice;
  if (Number.isSafeInteger(window) && window >= 0) return { window, archive };
  throw new RangeError(`a window is a whole number of blocks, 0 or more, not ${window}`);
}

/** Keeps a retention, where another is kept. */
export async function keepRetention(store: OrderedStore, retention: Retention): Promise<void> {
  const { window, archive } = retention;
  const kept = readRetention(store);
  if (kept.window === window && kept.archive === archive) return;
  const value = new TextEncoder().encode(JSON.stringify({ window, archive }));
  await store.write([{ key: KEY, value }]);
}

/** @throws DatabaseError `database/damaged` */
export function readRetention(store: OrderedStore): Retention {
  const bytes = store.get(KEY)?.slice();
  if (bytes === undefined) return DEFAULT_RETENTION;
  const text = new TextDecoder().decode(bytes);
  const { window, archive } = parse(text);
  const isWindow = typeof window === 'number' && Number.isSafeInteger(window) && window >= 0;
  if (isWindow && typeof archive === 'boolean') return { window, archive };
  const message = `what the database says of the states that it keeps is damaged: ${text}`;
  throw new DatabaseError('database/damaged', message);
}

function parse(text: string): { readonly window?: unknown; readonly archive?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
