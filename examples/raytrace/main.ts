/**
 * A picture from the EVM: the ray tracer in workloads/RayTracer.sol is called once a pixel, and
 * the peers for some of the pixels, from which follows how long they would take for all.
 *
 *   npm run raytrace -- --width 640 --height 360 --out raytrace.png
 */
import { parseArgs } from 'node:util';
import { compileWorkloads } from '../../src/cli/bench/workloads/compile.ts';
import { writeWhole } from '../../src/cli/output-file.ts';
import { createEVM } from '../../src/evm/evm.ts';
import { MemoryState } from '../../src/state/memory.ts';
import { type Picture, timePeers } from './peers.ts';
import { encodePng } from './png.ts';
import { drawProgress, preview } from './terminal.ts';

const SIDE_MAX = 16_384;
const CONTRACT = `0x${'c0de'.padStart(40, '0')}` as const;

try {
  await main();
} catch (error) {
  console.error(`raytrace: ${(error as Error).message}`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      width: { type: 'string', default: '640' },
      height: { type: 'string', default: '360' },
      out: { type: 'string', default: 'raytrace.png' },
      'no-peers': { type: 'boolean', default: false },
    },
  });
  const [width, height] = [side('width', values.width), side('height', values.height)];
  const picture = { width, height, pixels: new Uint8Array(3 * width * height), ...compile() };
  const { seconds, gas } = await render(picture);
  await writeWhole(values.out, [encodePng(width, height, picture.pixels)]);
  preview(width, height, picture.pixels);
  const count = width * height;
  const us = (ms: number) => `${(ms * 1000).toFixed(0)} us`;
  console.log(`${values.out}: ${width} x ${height} pixels, ${(Number(gas) / 1e9).toFixed(1)} Ggas`);
  console.log(`Ironfly     ${seconds.toFixed(1)} s, ${us((seconds * 1000) / count)} a pixel`);
  if (values['no-peers']) return;
  for await (const { name, measured, msAPixel } of timePeers(picture)) {
    const all = (msAPixel * count) / 1000;
    console.log(
      `${name.padEnd(11)} ${all.toFixed(1)} s would be needed, ${us(msAPixel)} a pixel ` +
        `(${measured} pixels measured): ${(all / seconds).toFixed(1)} x`,
    );
  }
}

/** @throws for what is no size of a picture */
function side(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= SIDE_MAX) return value;
  throw new RangeError(`--${name} ${text} is not a whole number from 1 to ${SIDE_MAX}`);
}

function compile(): Pick<Picture, 'code' | 'inputFor'> {
  const compiled = compileWorkloads((what) => {
    throw new Error(`cannot run without ${what}`);
  })?.['RayTracer'];
  if (compiled === undefined) throw new Error('workloads/RayTracer.sol is missing');
  const selector = compiled.selectors['pixel(uint256,uint256,uint256,uint256)'] ?? '';
  return {
    code: Uint8Array.fromHex(compiled.deployed),
    inputFor: (...values) => {
      const words = values.map((value) => value.toString(16).padStart(64, '0'));
      return Uint8Array.fromHex(selector + words.join(''));
    },
  };
}

/** Fills in the pixels, a call each. */
async function render({ width, height, pixels, code, inputFor }: Picture) {
  const state = new MemoryState();
  state.setAccount(CONTRACT, { nonce: 1n, balance: 0n, code, storage: [] });
  const evm = createEVM({ state });
  let gas = 0n;
  const start = performance.now();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const result = await evm.call({ to: CONTRACT, data: inputFor(x, y, width, height) });
      if (result.status !== 'success') throw new Error(`pixel ${x}, ${y}: ${result.status}`);
      gas += result.gasUsed;
      pixels.set(result.output.subarray(-3), 3 * (y * width + x));
    }
    drawProgress(y + 1, height, start);
  }
  return { seconds: (performance.now() - start) / 1000, gas };
}
