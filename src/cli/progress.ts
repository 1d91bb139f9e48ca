/**
 * How far a long command is: one line that is drawn again and again where standard error is a
 * terminal, a line every few seconds elsewhere.
 */

const TERMINAL_INTERVAL_MS = 200;
const LINE_INTERVAL_MS = 5000;
/** Rates are those of so much time. */
const RATE_MS = 10_000;

export class Progress {
  readonly #terminal = process.stderr.isTTY === true;
  readonly #started = performance.now();
  #last = performance.now();

  /** Milliseconds since the start. */
  get elapsed(): number {
    return performance.now() - this.#started;
  }

  /** Shows a text, unless one was shown just now. */
  show(text: () => string): void {
    const now = performance.now();
    if (now - this.#last < (this.#terminal ? TERMINAL_INTERVAL_MS : LINE_INTERVAL_MS)) return;
    this.#last = now;
    process.stderr.write(this.#terminal ? `\r\x1b[K${text()}` : `${text()}\n`);
  }

  clear(): void {
    if (this.#terminal) process.stderr.write('\r\x1b[K');
  }
}

/** Does work whose progress is shown until it ends, in whatever way. */
export async function withProgress<Result>(
  work: (progress: Progress) => Promise<Result>,
): Promise<Result> {
  const progress = new Progress();
  try {
    return await work(progress);
  } finally {
    progress.clear();
  }
}

type Sample<Name extends string> = readonly [time: number, sums: Readonly<Record<Name, number>>];

/** Sums whose growth a second is asked for. */
export class Rates<Name extends string> {
  readonly #samples: Sample<Name>[];

  /** @param sums at the start */
  constructor(sums: Readonly<Record<Name, number>>) {
    this.#samples = [[performance.now(), sums]];
  }

  /** Growth a second of each sum in the last seconds. */
  at(now: number, sums: Readonly<Record<Name, number>>): Record<Name, number> {
    this.#samples.push([now, sums]);
    while ((this.#samples[1]?.[0] ?? now) <= now - RATE_MS) this.#samples.shift();
    const [time, before] = this.#samples[0] as Sample<Name>;
    const seconds = Math.max(now - time, 1) / 1000;
    const rates = Object.keys(sums).map((key) => {
      const name = key as Name;
      return [name, (sums[name] - before[name]) / seconds];
    });
    return Object.fromEntries(rates) as Record<Name, number>;
  }
}
