/** Results for programs: a line of JSON each, on standard output. */

/** Integers beyond doubles are written as their decimal digits, in quotes. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, plain)}\n`);
}

function plain(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
