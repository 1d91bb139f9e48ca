/** Figures as people read them. */

/** With commas. */
export function count(value: number | bigint): string {
  return value.toLocaleString('en');
}

/** A rate or an amount, with a prefix for thousands and three digits or so. */
export function short(value: number): string {
  const [scale, prefix] = SCALES.find(([least]) => value >= least) ?? [1, ''];
  const scaled = value / scale;
  const digits = scaled.toFixed(scaled < 10 && scaled % 1 !== 0 ? 1 : 0);
  return prefix === '' ? digits : `${digits} ${prefix}`;
}

const SCALES = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;

/** Bytes in the units of memory. */
export function bytesText(bytes: number): string {
  const unit = UNITS.findLast(([least]) => bytes >= least);
  if (unit === undefined) return `${bytes} B`;
  return `${(bytes / unit[0]).toFixed(1)} ${unit[1]}`;
}

const UNITS = [
  [2 ** 10, 'KiB'],
  [2 ** 20, 'MiB'],
  [2 ** 30, 'GiB'],
] as const;

export function percent(part: number, whole: number): string {
  return whole === 0 ? '0 %' : `${((100 * part) / whole).toFixed(1)} %`;
}

/** A span of time. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
