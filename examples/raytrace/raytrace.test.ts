/** The example draws what the contract's whole lines say, in a file that is a PNG. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32, inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { compileWorkloads } from '../../src/cli/bench/workloads/compile.ts';
import { createEVM } from '../../src/evm/evm.ts';
import { MemoryState } from '../../src/state/memory.ts';

const [WIDTH, HEIGHT] = [16, 9];

test('a small picture', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ironfly-raytrace-'));
  try {
    const out = join(folder, 'small.png');
    const main = fileURLToPath(new URL('main.ts', import.meta.url));
    const size = ['--width', String(WIDTH), '--height', String(HEIGHT)];
    const run = spawnSync(process.execPath, [main, ...size, '--no-peers', '--out', out], {
      encoding: 'utf8',
    });
    expect(run.stderr).toBe('');
    expect(run.stdout).toContain(`${WIDTH} x ${HEIGHT} pixels`);
    const lines = readLines(readFileSync(out));
    expect(lines).toHaveLength(HEIGHT);
    for (const [y, line] of lines.entries()) expect(line, `line ${y}`).toBe(await lineOf(y));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a size that is none is refused by name', () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [main, '--width=-3x'], {
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  expect(stderr).toBe('raytrace: --width -3x is not a whole number from 1 to 16384\n');
});

/** The lines of a PNG as hexadecimal digits, its checksums verified. */
function readLines(png: Buffer): string[] {
  expect(png.subarray(1, 4).toString('latin1')).toBe('PNG');
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < png.length; ) {
    const size = png.readUInt32BE(at);
    const body = png.subarray(at + 4, at + 8 + size);
    expect(png.readUInt32BE(at + 8 + size)).toBe(crc32(body));
    chunks.set(body.toString('latin1', 0, 4), body.subarray(4));
    at += size + 12;
  }
  expect(chunks.get('IHDR')?.readUInt32BE(0)).toBe(WIDTH);
  expect(chunks.get('IHDR')?.readUInt32BE(4)).toBe(HEIGHT);
  const bytes = inflateSync(chunks.get('IDAT') as Buffer);
  const lineBytes = 1 + 3 * WIDTH;
  return Array.from({ length: bytes.length / lineBytes }, (_, y) =>
    bytes.subarray(y * lineBytes + 1, (y + 1) * lineBytes).toString('hex'),
  );
}

/** A line as the contract gives it whole. */
async function lineOf(y: number): Promise<string> {
  const compiled = compileWorkloads(() => {})?.['RayTracer'];
  const to = `0x${'aa'.repeat(20)}` as const;
  const state = new MemoryState();
  const code = Uint8Array.fromHex(compiled?.deployed ?? '');
  state.setAccount(to, { nonce: 1n, balance: 0n, code, storage: [] });
  const words = [y, WIDTH, HEIGHT].map((value) => value.toString(16).padStart(64, '0'));
  const selector = compiled?.selectors['line(uint256,uint256,uint256)'] ?? '';
  const data = Uint8Array.fromHex(selector + words.join(''));
  const result = await createEVM({ state, engine: 'interpreter' }).call({ to, data });
  if (result.status !== 'success') throw new Error(result.status);
  // Offset and size come before the bytes.
  return result.output.subarray(64, 64 + 3 * WIDTH).toHex();
}
