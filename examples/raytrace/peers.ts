/** Anvil and EthereumJS on some of the pixels: the same colours, and the time they take. */
import { startAnvil } from '../../src/cli/bench/anvil.ts';
import { loadEthereumJs } from '../../src/cli/bench/ethereumjs.ts';
import { median } from '../../src/cli/bench/statistics.ts';
import { CONTRACT, contractAt, type Workload } from '../../src/cli/bench/workload.ts';

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
  /** What asks the contract for a pixel. */
  readonly inputFor: (x: number, y: number, width: number, height: number) => Uint8Array;
  readonly code: Uint8Array;
}

export interface PeerTime {
  readonly name: string;
  /** How many pixels were measured. */
  readonly measured: number;
  readonly msAPixel: number;
}

/** Lines that are measured, spread over the picture, and pixels of each. */
const LINES_MAX = 8;
const PIXELS_A_LINE_MAX = 40;
/** Calls of nothing, whose median is what the socket costs. */
const EMPTY_CALLS = 50;

/** The peers that are installed. @throws where one gives another colour */
export async function* timePeers(picture: Picture): AsyncGenerator<PeerTime> {
  const anvil = await startAnvil();
  if (anvil !== undefined) {
    try {
      await anvil.load(workloadOf(picture, 0, 0));
      const empty: number[] = [];
      for (let i = 0; i < EMPTY_CALLS; i++) empty.push(await anvil.callNothing());
      const { measured, msAPixel } = await time(picture, anvil.call);
      yield { name: 'Anvil', measured, msAPixel: msAPixel - median(empty) };
    } finally {
      anvil.stop();
    }
  }
  const ethereumjs = await loadEthereumJs();
  if (ethereumjs !== undefined) {
    yield { name: 'EthereumJS', ...(await time(picture, ethereumjs.call)) };
  }
}

type Call = (workload: Workload) => Promise<{ readonly ms: number; readonly output: string }>;

async function time(picture: Picture, call: Call): Promise<{ measured: number; msAPixel: number }> {
  const { width, height, pixels } = picture;
  const lines = Math.min(height, LINES_MAX);
  const columns = Math.min(width, PIXELS_A_LINE_MAX);
  let sum = 0;
  for (let i = 0; i < lines * columns; i++) {
    const y = Math.floor(((Math.floor(i / columns) + 0.5) * height) / lines);
    const x = Math.floor((((i % columns) + 0.5) * width) / columns);
    const { ms, output } = await call(workloadOf(picture, x, y));
    const at = 3 * (y * width + x);
    const color = pixels.subarray(at, at + 3).toHex();
    if (!output.endsWith(color)) throw new Error(`pixel ${x}, ${y} is ${output}, not ${color}`);
    sum += ms;
  }
  return { measured: lines * columns, msAPixel: sum / (lines * columns) };
}

function workloadOf({ code, inputFor, width, height }: Picture, x: number, y: number): Workload {
  return {
    name: `pixel ${x}, ${y}`,
    contract: 'RayTracer',
    judged: false,
    accounts: [contractAt(CONTRACT, code)],
    to: CONTRACT,
    input: inputFor(x, y, width, height),
    expected: undefined,
  };
}
