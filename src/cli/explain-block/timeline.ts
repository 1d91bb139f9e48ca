/** What the workers of a block did: the events of its job, made into spans of time. */
import type { JobEvent } from '../../evm/parallel/job.ts';
import type { Address } from '../../evm/types.ts';

export type SpanKind =
  /** Executed at the head, for the first time. */
  | 'head'
  /** Executed in advance, and it held. */
  | 'kept'
  /** Executed at the head after what was done in advance did not hold. */
  | 'again'
  /** Executed in advance, and what it had observed was not so any more. */
  | 'in vain'
  /** Begun in advance, and left, since state was missing or it was refused. */
  | 'put off'
  /** Looked up what it had observed. */
  | 'looks'
  /** Waits for state, within an execution. */
  | 'asks'
  | 'sleeps'
  /** Of the first worker: makes the transactions ready, and in the end takes over what changed. */
  | 'hosts';

/** How a transaction came to count. */
export type Fate = Extract<SpanKind, 'head' | 'kept' | 'again'>;

/** Milliseconds are those since the first transaction's turn came. */
export interface Span {
  /** From 1 on. */
  readonly worker: number;
  readonly kind: SpanKind;
  /** The transaction; undefined for one that sleeps. */
  readonly index: number | undefined;
  readonly startMs: number;
  readonly endMs: number;
}

/** A transaction was found to have observed what is not so. */
export interface Stale {
  readonly index: number;
  readonly address: Address;
  /** undefined: the account itself. */
  readonly slot: bigint | undefined;
  /** Of the execution that was in vain. */
  readonly ms: number;
}

/** How a transaction went. */
export interface Course {
  /** undefined where its end was not noted. */
  readonly fate: Fate | undefined;
  /** How often it was executed. */
  readonly executions: number;
  /** Of the execution that counted, without the waits in it. */
  readonly ms: number;
}

export interface Timeline {
  /** What lies within another span comes after it. */
  readonly spans: readonly Span[];
  readonly stale: readonly Stale[];
  /** Of each transaction, in order. */
  readonly courses: readonly Course[];
}

/** Milliseconds since 1970, and transactions. */
export interface TimelineFrame {
  readonly startMs: number;
  readonly endMs: number;
  readonly transactions: number;
}

/** Whether it is an execution that counted. */
export function isUseful(kind: SpanKind): kind is Fate {
  return kind === 'head' || kind === 'kept' || kind === 'again';
}

/** Milliseconds of a worker in executions that counted, without the waits in them. */
export function usefulMs(spans: readonly Span[], worker: number): number {
  const own = spans.filter((span) => span.worker === worker);
  const useful = new Map(
    own.filter(({ kind }) => isUseful(kind)).map((span) => [span.index, span]),
  );
  const lies = ({ startMs, endMs }: Span, within: Span | undefined): boolean =>
    within !== undefined && startMs >= within.startMs && endMs <= within.endMs;
  const length = ({ startMs, endMs }: Span): number => endMs - startMs;
  const waits = own.filter((span) => span.kind === 'asks' && lies(span, useful.get(span.index)));
  return (
    [...useful.values()].reduce((sum, span) => sum + length(span), 0) -
    waits.reduce((sum, span) => sum + length(span), 0)
  );
}

/** The events in the order of time. PERF: O(events). */
export function timelineOf(events: readonly JobEvent[], frame: TimelineFrame): Timeline {
  const reader = new Reader(frame);
  for (const event of events) reader.take(event);
  return reader.end();
}

/** The worker whose machine it is. */
const HOST = 1;

interface Execution {
  readonly worker: number;
  readonly index: number;
  readonly atHead: boolean;
  readonly startMs: number;
  endMs: number;
  waitsMs: number;
  hasEnded: boolean;
  isStale: boolean;
}

/** What a worker is at. */
interface Row {
  execution: Execution | undefined;
  looksMs: number | undefined;
  asksMs: number | undefined;
  sleepsMs: number | undefined;
}

class Reader {
  readonly #frame: TimelineFrame;
  readonly #rows = new Map<number, Row>();
  readonly #others: Span[] = [];
  readonly #stale: Stale[] = [];
  /** Of each transaction, in the order in which they began. */
  readonly #executions: Execution[][];
  readonly #isStale: boolean[];
  readonly #counts: boolean[];
  /** The first event of the first worker. */
  #hostMs: number | undefined;
  /** When the last transaction counted. */
  #countedMs = 0;

  constructor(frame: TimelineFrame) {
    this.#frame = frame;
    const each = <T>(value: () => T): T[] => Array.from({ length: frame.transactions }, value);
    this.#executions = each(() => []);
    this.#isStale = each(() => false);
    this.#counts = each(() => false);
  }

  take({ worker, kind, index, timeMs, address, slot }: JobEvent): void {
    const row = this.#row(worker);
    const ms = timeMs - this.#frame.startMs;
    this.#wake(worker, row, ms);
    if (worker === HOST) this.#hostMs ??= ms;
    switch (kind) {
      case 'executes at head':
      case 'executes in advance':
        this.#looked(worker, row, { index, ms });
        this.#begin(worker, row, { index, ms, atHead: kind === 'executes at head' });
        return;
      case 'looks':
        row.looksMs = ms;
        return;
      case 'stale':
        this.#looked(worker, row, { index, ms });
        this.#sendBack(index, address, slot);
        return;
      case 'counts':
        this.#counts[index] = true;
        this.#countedMs = ms;
        this.#end(worker, row, { index, ms });
        return;
      case 'gives back':
        this.#end(worker, row, { index, ms });
        return;
      case 'sleeps':
        row.sleepsMs = ms;
        return;
      case 'asks':
        row.asksMs = ms;
        return;
      case 'is answered':
        this.#answered(worker, row, { index, ms });
    }
  }

  end(): Timeline {
    const endMs = this.#frame.endMs - this.#frame.startMs;
    for (const [worker, row] of this.#rows) {
      this.#wake(worker, row, worker === HOST ? this.#countedMs : endMs);
    }
    this.#noteHost(endMs);
    const spans: Span[] = [];
    const courses = this.#executions.map((all, index): Course => {
      const ended = all.filter(({ hasEnded }) => hasEnded);
      const counted = this.#counts[index] ? ended.at(-1) : undefined;
      const fate = counted && this.#fateOf(counted);
      for (const execution of ended) {
        const without = execution.isStale ? 'in vain' : 'put off';
        const kind = execution === counted && fate !== undefined ? fate : without;
        const { worker, startMs, endMs: until } = execution;
        spans.push({ worker, kind, index, startMs, endMs: until });
      }
      return { fate, executions: all.length, ms: counted === undefined ? 0 : timeOf(counted) };
    });
    spans.sort((a, b) => a.startMs - b.startMs);
    return { spans: [...spans, ...this.#others], stale: this.#stale, courses };
  }

  #fateOf({ index, atHead }: Execution): Fate {
    if (!atHead) return 'kept';
    return this.#isStale[index] ? 'again' : 'head';
  }

  #row(worker: number): Row {
    let row = this.#rows.get(worker);
    if (row === undefined) {
      row = { execution: undefined, looksMs: undefined, asksMs: undefined, sleepsMs: undefined };
      this.#rows.set(worker, row);
    }
    return row;
  }

  /** One that sleeps does so until its next event. */
  #wake(worker: number, row: Row, ms: number): void {
    if (row.sleepsMs === undefined) return;
    this.#note({ worker, kind: 'sleeps', index: undefined, startMs: row.sleepsMs, endMs: ms });
    row.sleepsMs = undefined;
  }

  #begin(
    worker: number,
    row: Row,
    {
      index,
      ms,
      atHead,
    }: { readonly index: number; readonly ms: number; readonly atHead: boolean },
  ): void {
    const times = { startMs: ms, endMs: ms, waitsMs: 0, hasEnded: false, isStale: false };
    row.execution = { worker, index, atHead, ...times };
    this.#executions[index]?.push(row.execution);
  }

  #looked(worker: number, row: Row, { index, ms }: At): void {
    if (row.looksMs === undefined) return;
    this.#note({ worker, kind: 'looks', index, startMs: row.looksMs, endMs: ms });
    row.looksMs = undefined;
  }

  #answered(worker: number, row: Row, { index, ms }: At): void {
    if (row.asksMs === undefined) return;
    this.#note({ worker, kind: 'asks', index, startMs: row.asksMs, endMs: ms });
    if (row.execution !== undefined) row.execution.waitsMs += ms - row.asksMs;
    row.asksMs = undefined;
  }

  /** Of an execution, or of a look. */
  #end(worker: number, row: Row, at: At): void {
    this.#looked(worker, row, at);
    if (row.execution === undefined) return;
    row.execution.endMs = at.ms;
    row.execution.hasEnded = true;
    row.execution = undefined;
  }

  /** The latest execution of a transaction was in vain. */
  #sendBack(index: number, address: Address | undefined, slot: bigint | undefined): void {
    const last = this.#executions[index]?.findLast(({ hasEnded }) => hasEnded);
    this.#isStale[index] = true;
    if (last === undefined || address === undefined) return;
    last.isStale = true;
    this.#stale.push({ index, address, slot, ms: timeOf(last) });
  }

  /** Before its first event, and when all count. */
  #noteHost(endMs: number): void {
    const base = { worker: HOST, kind: 'hosts', index: undefined } as const;
    this.#note({ ...base, startMs: 0, endMs: Math.min(this.#hostMs ?? endMs, this.#countedMs) });
    this.#note({ ...base, startMs: this.#countedMs, endMs });
  }

  #note(span: Span): void {
    this.#others.push(span);
  }
}

interface At {
  readonly index: number;
  readonly ms: number;
}

function timeOf({ startMs, endMs, waitsMs }: Execution): number {
  return endMs - startMs - waitsMs;
}
