/** What the terminal shows: how far it is, and the picture in small. Pipes get neither. */

const BAR_WIDTH = 30;

/** Draws over the last line. `start` is what performance.now() gave. */
export function drawProgress(done: number, total: number, start: number): void {
  if (!process.stderr.isTTY) return;
  const filled = Math.round((BAR_WIDTH * done) / total);
  const bar = '█'.repeat(filled).padEnd(BAR_WIDTH, '░');
  const seconds = (performance.now() - start) / 1000;
  const left = (seconds / done) * (total - done);
  process.stderr.write(`\r\x1b[K${bar} line ${done} of ${total}, ${left.toFixed(0)} s left`);
  if (done === total) process.stderr.write('\r\x1b[K');
}

/** Two pixels a character: its upper half is the colour of the text, its lower the background's. */
export function preview(width: number, height: number, pixels: Uint8Array): void {
  if (!process.stdout.isTTY || process.stdout.getColorDepth() < 24) return;
  const columns = Math.min(process.stdout.columns, width, 120);
  const rows = Math.floor(((height / width) * columns) / 2);
  const color = (column: number, half: number): string => {
    const x = Math.floor(((column + 0.5) * width) / columns);
    const y = Math.floor(((half + 0.5) * height) / (2 * rows));
    return pixels.subarray(3 * (y * width + x), 3 * (y * width + x) + 3).join(';');
  };
  for (let row = 0; row < rows; row++) {
    let line = '';
    for (let column = 0; column < columns; column++) {
      line += `\x1b[38;2;${color(column, 2 * row)};48;2;${color(column, 2 * row + 1)}m▀`;
    }
    console.log(`${line}\x1b[0m`);
  }
}
