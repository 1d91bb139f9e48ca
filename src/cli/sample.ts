/** Samples of tests: one in so many, the same ones on every machine and in every run. */

/** Whether the test of a name is in the sample. */
export function isSampled(name: string, oneIn: number): boolean {
  return oneIn <= 1 || spread(name) % oneIn === 0;
}

/** A number from a text, evenly spread and the same on every machine (FNV-1a). */
function spread(text: string): number {
  let sum = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    sum = Math.imul(sum ^ text.charCodeAt(index), 0x01000193);
  }
  return (sum ^ (sum >>> 15)) >>> 0;
}
