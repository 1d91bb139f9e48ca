/** Results as a table, as JSON, and as geometric means. */
import { styleText } from 'node:util';
import type { Coverage } from './coverage.ts';
import type { Tier } from './machine.ts';
import type { Measured, PeerName } from './measure.ts';
import { geometricMean } from './statistics.ts';

export const PEER_TITLES: Readonly<Record<PeerName, string>> = {
  anvil: 'revm in Anvil',
  ethereumjs: 'EthereumJS',
  evmone: 'evmone',
};
const TIER_TITLES: Readonly<Record<Tier, string>> = {
  interpreter: 'interpreter',
  compiler: 'compiler',
  auto: 'auto (cold)',
};
const TIERS = Object.keys(TIER_TITLES) as Tier[];
const PEERS = Object.keys(PEER_TITLES) as PeerName[];

/** One object a tier. */
export function asJson({ workload, gas, output, ms, peers }: Measured): string {
  const lines = Object.entries(ms).map(([engine, value]) =>
    JSON.stringify({ name: workload.name, engine, ms: value, gas, output, peers }),
  );
  return `${lines.join('\n')}\n`;
}

/** What one workload came to, before the table is there. */
export function asLine({ workload, ms, peers }: Measured): string {
  const times = [
    ...TIERS.map((tier) => [TIER_TITLES[tier], ms[tier]] as const),
    ...PEERS.map((peer) => [PEER_TITLES[peer], peers[peer]] as const),
  ].filter(([, value]) => value !== undefined);
  const figures = times.map(([title, value]) => `${title} ${figure(value)}`);
  return `${workload.name}: ${figures.join(', ')}`;
}

/** Both sets, each with its means. */
export function asTable(rows: readonly Measured[]): string {
  const peers = PEERS.filter((peer) => rows.some((row) => row.peers[peer] !== undefined));
  const tiers = TIERS.filter((tier) => rows.some((row) => row.ms[tier] !== undefined));
  const parts = [true, false].flatMap((judged) => {
    const set = rows.filter(({ workload }) => workload.judged === judged);
    if (set.length === 0) return [];
    const title = judged ? 'The judged set' : 'Other workloads';
    const means = meansOf(set, tiers, peers);
    return [bold(title), tableOf(set, tiers, peers), ...means, ...detailsOf(set), ''];
  });
  const notes = [
    'Milliseconds a call, medians. `(loop)`: called many times inside a contract. `auto (cold)`:',
    'the first call of a contract not seen before, in a new machine with an optimised interpreter.',
    ...(peers.includes('anvil')
      ? ['revm in Anvil: with its inspector loop, over IPC, an empty call subtracted.']
      : []),
  ];
  return `${[...parts, ...notes].join('\n')}\n`;
}

function bold(text: string): string {
  return styleText('bold', text, { stream: process.stdout });
}

function tableOf(
  rows: readonly Measured[],
  tiers: readonly Tier[],
  peers: readonly PeerName[],
): string {
  const ratios = tiers.includes('compiler') ? peers.map((peer) => `${PEER_TITLES[peer]} /`) : [];
  const head = [
    'workload',
    'Mgas',
    ...tiers.map((tier) => TIER_TITLES[tier]),
    ...peers.map((peer) => PEER_TITLES[peer]),
    ...ratios,
  ];
  const lines = rows.map((row) => [
    row.loops > 1 ? `${row.workload.name} (loop)` : row.workload.name,
    (row.gas / 1e6).toFixed(3),
    ...tiers.map((tier) => figure(row.ms[tier])),
    ...peers.map((peer) => figure(row.peers[peer])),
    ...ratios.map((_, i) => times(ratio(row.peers[peers[i] as PeerName], row.ms.compiler))),
  ]);
  const footer = ratios.length === 0 ? [] : [`(/: over the compiler's time)`];
  return [...columns([head, ...lines]), ...footer].join('\n');
}

/** Lines with their cells one below the other, the first to the left, numbers to the right. */
export function columns(lines: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const line of lines) {
    line.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  return lines.map((line) =>
    line
      .map((cell, i) =>
        i === 0 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number),
      )
      .join('  '),
  );
}

function figure(ms: number | undefined): string {
  if (ms === undefined) return '-';
  return ms >= 10 ? ms.toFixed(1) : ms >= 0.1 ? ms.toFixed(3) : ms.toFixed(5);
}

function times(value: number | undefined): string {
  return value === undefined ? '-' : `${value.toFixed(2)} x`;
}

function ratio(peer: number | undefined, own: number | undefined): number | undefined {
  return peer === undefined || own === undefined || own <= 0 ? undefined : peer / own;
}

function meansOf(
  rows: readonly Measured[],
  tiers: readonly Tier[],
  peers: readonly PeerName[],
): string[] {
  const lines: string[] = [];
  for (const tier of tiers) {
    if (tier === 'auto') continue;
    for (const peer of peers) {
      const mean = meanRatio(rows, peer, tier);
      if (mean === undefined) continue;
      const slower = rows.filter((row) => (ratio(row.peers[peer], row.ms[tier]) ?? 1) < 1);
      const losses =
        slower.length === 0 ? '' : `; slower: ${slower.map((row) => row.workload.name).join(', ')}`;
      lines.push(`${TIER_TITLES[tier]}: ${mean.toFixed(2)} x ${PEER_TITLES[peer]}${losses}`);
    }
  }
  return [...lines, ...coldLines(rows)];
}

/** First calls of processes, and how much of each run is in regions. */
function detailsOf(rows: readonly Measured[]): string[] {
  const first = rows.flatMap(({ firstCallMs }) => firstCallMs ?? []);
  const sum = first.reduce((a, b) => a + b, 0);
  const lines =
    first.length === 0
      ? []
      : [`auto, first call after the start of a process: ${sum.toFixed(1)} ms over the set`];
  const looked = rows.filter(({ coverage }) => coverage !== undefined);
  if (looked.length === 0) return lines;
  const head = ['beginning of a run', 'first call', 'in regions', 'dynamic jumps', 'resolved'];
  const table = looked.map(({ workload, firstCallMs, coverage }) => {
    const { instructions, inRegions, dynamicJumps, resolvedJumps } = coverage as Coverage;
    return [
      workload.name,
      figure(firstCallMs),
      percent(inRegions, instructions),
      percent(dynamicJumps, instructions),
      percent(resolvedJumps, dynamicJumps),
    ];
  });
  return [...lines, '', ...columns([head, ...table])];
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`;
}

/** Geometric mean per contract over its inputs, then over contracts. */
export function meanRatio(
  rows: readonly Measured[],
  peer: PeerName,
  tier: Tier,
): number | undefined {
  const byContract = new Map<string, number[]>();
  for (const { workload, ms, peers } of rows) {
    const value = ratio(peers[peer], ms[tier]);
    if (value === undefined || value <= 0) continue;
    byContract.set(workload.contract, [...(byContract.get(workload.contract) ?? []), value]);
  }
  if (byContract.size === 0) return undefined;
  return geometricMean([...byContract.values()].map(geometricMean));
}

/** `auto` (cold) beside the interpreter's first call, and its sum beside Anvil's. */
function coldLines(rows: readonly Measured[]): string[] {
  const cold = rows.filter(({ ms }) => ms.auto !== undefined);
  if (cold.length === 0) return [];
  const ratios = cold.map(({ ms, coldInterpreterMs = Number.NaN, workload }) => ({
    name: workload.name,
    value: (ms.auto as number) / coldInterpreterMs,
  }));
  const worst = ratios.reduce((a, b) => (b.value > a.value ? b : a));
  const mean = geometricMean(ratios.map(({ value }) => value));
  const lines = [
    `auto (cold): ${mean.toFixed(2)} x the interpreter's time in the mean, ` +
      `at worst ${worst.value.toFixed(2)} x (${worst.name})`,
  ];
  const beside = cold.filter(({ peers }) => peers.anvil !== undefined);
  if (beside.length > 0) {
    const own = beside.reduce((sum, { ms }) => sum + (ms.auto as number), 0);
    const other = beside.reduce((sum, { peers }) => sum + (peers.anvil as number), 0);
    lines.push(
      `auto (cold), sum of the set: ${own.toFixed(1)} ms, ` +
        `${(own / other).toFixed(2)} x ${PEER_TITLES.anvil}'s ${other.toFixed(1)} ms`,
    );
  }
  return lines;
}
