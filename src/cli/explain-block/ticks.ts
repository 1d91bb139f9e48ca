/** Where an axis of time has its ticks. */

export interface Tick {
  readonly atMs: number;
  readonly label: string;
}

const STEPS = [1, 2, 5, 10] as const;

/** At round numbers from 0 on; about so many. */
export function ticksOf(ms: number, count: number): Tick[] {
  if (!(ms > 0)) return [{ atMs: 0, label: '0' }];
  const least = ms / count;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * (STEPS.find((each) => each * power >= least) ?? 10);
  const unit = ms >= 1 ? { name: 'ms', scale: 1 } : { name: 'µs', scale: 1_000 };
  const digits = Math.max(0, -Math.floor(Math.log10(step * unit.scale) + 1e-9));
  return Array.from({ length: Math.floor(ms / step + 1e-9) + 1 }, (_, index) => {
    const value = (index * step * unit.scale).toFixed(digits);
    return { atMs: index * step, label: index === 0 ? '0' : `${value} ${unit.name}` };
  });
}
