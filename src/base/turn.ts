/** Long work in slices: between two of them the event loop has a turn. */

/** Lets timers, messages and input be served. */
export function turn(): Promise<void> {
  if (typeof setImmediate === 'function') return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** How often the clock is looked at: steps are expected to take microseconds. */
const STEPS_A_LOOK = 64;

/** The slices of one piece of work: `if (slices.isOver()) await slices.next()` after each step. */
export class Slices {
  readonly #sliceMs: number;
  #endMs: number;
  #steps = 0;

  /** @param sliceMs how long the thread may be held at once */
  constructor(sliceMs: number) {
    this.#sliceMs = sliceMs;
    this.#endMs = performance.now() + sliceMs;
  }

  /** Whether the thread was held long enough; called after so many steps. */
  isOver(steps = 1): boolean {
    this.#steps += steps;
    if (this.#steps < STEPS_A_LOOK) return false;
    this.#steps = 0;
    return performance.now() >= this.#endMs;
  }

  async next(): Promise<void> {
    await turn();
    this.#endMs = performance.now() + this.#sliceMs;
  }
}

/** Sorted by itself in a millisecond or two. */
const RUN = 2_048;

/** Sorts a list, which it may use up: runs of it, then two and two runs merged. */
export async function sortInSlices<Item>(
  list: Item[],
  compare: (a: Item, b: Item) => number,
  slices: Slices,
): Promise<Item[]> {
  if (list.length <= RUN) return list.sort(compare);
  let from: Item[] = new Array(list.length);
  for (let start = 0; start < list.length; start += RUN) {
    const run = list.slice(start, start + RUN).sort(compare);
    for (let at = 0; at < run.length; at++) from[start + at] = run[at] as Item;
    if (slices.isOver(RUN)) await slices.next();
  }
  let to = list;
  for (let size = RUN; size < list.length; size *= 2) {
    for (let start = 0; start < list.length; start += 2 * size) {
      const middle = Math.min(start + size, list.length);
      const end = Math.min(middle + size, list.length);
      let left = start;
      let right = middle;
      for (let at = start; at < end; at++) {
        const takesLeft =
          right === end || (left < middle && compare(from[left] as Item, from[right] as Item) <= 0);
        to[at] = from[takesLeft ? left++ : right++] as Item;
        if (slices.isOver()) await slices.next();
      }
    }
    [from, to] = [to, from];
  }
  return from;
}
