/** Ctrl-C in commands that can go on later: the work ends where it is whole. */

/** Ended by the user, as shells have it for Ctrl-C. */
export const EXIT_ENDED = 130;
/** A second Ctrl-C that comes later ends at once; sooner, it is the same one by another way. */
const SECOND_SIGNAL_MS = 1000;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Does work that ends when its signal says so; then `note` is written.
 * @returns the exit code: 0, or 130 where the work was ended
 */
export async function endingOnSignal(
  note: string,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<number> {
  const controller = new AbortController();
  const { signal } = controller;
  let first = 0;
  const end = (): void => {
    if (signal.aborted && performance.now() - first > SECOND_SIGNAL_MS) process.exit(EXIT_ENDED);
    if (signal.aborted) return;
    first = performance.now();
    controller.abort();
  };
  for (const name of SIGNALS) process.on(name, end);
  try {
    await work(signal);
    if (!signal.aborted) return 0;
  } catch (error) {
    if (error !== signal.reason) throw error;
  } finally {
    for (const name of SIGNALS) process.off(name, end);
  }
  process.stderr.write(`${note}\n`);
  return EXIT_ENDED;
}
