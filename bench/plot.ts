/** Curves drawn as SVG, one chart below the other: the lower axis is logarithmic, the other not. */

export interface Curve {
  readonly title: string;
  readonly colour: string;
  /** In the order of x. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface Chart {
  readonly title: string;
  readonly curves: readonly Curve[];
}

const WIDTH = 790;
const HEIGHT = 300;
const LEFT = 80;
const RIGHT = 220;
const TOP = 40;
const BOTTOM = 40;

export function plot(title: string, charts: readonly Chart[]): string {
  const height = charts.length * HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}"`,
    ` width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<title>${title}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...charts.map((chart, index) => drawChart(chart, index * HEIGHT)),
    '</svg>\n',
  ].join('');
}

function drawChart({ title, curves }: Chart, top: number): string {
  const points = curves.flatMap((curve) => curve.points);
  const marks = [...new Set(points.map((point) => point.x))];
  const highest = Math.max(...points.map((point) => point.y), 1) * 1.1;
  const [least, most] = [Math.min(...marks), Math.max(...marks)];
  const span = Math.log(most / least) || 1;
  const across = (x: number) => LEFT + ((WIDTH - LEFT - RIGHT) * Math.log(x / least)) / span;
  const up = (y: number) => top + TOP + (HEIGHT - TOP - BOTTOM) * (1 - y / highest);
  const parts = [`<text x="${LEFT}" y="${top + 20}" font-weight="bold">${title}</text>`];
  for (let line = 0; line <= 4; line++) {
    const value = (highest * line) / 4;
    const at = up(value).toFixed(1);
    parts.push(
      `<path d="M${LEFT} ${at}H${WIDTH - RIGHT}" stroke="#dddddd"/>`,
      `<text x="${LEFT - 8}" y="${at}" text-anchor="end" dy="4">${short(value)}</text>`,
    );
  }
  for (const mark of marks) {
    const bottom = top + HEIGHT - BOTTOM + 18;
    const at = across(mark).toFixed(1);
    parts.push(`<text x="${at}" y="${bottom}" text-anchor="middle">${short(mark)}</text>`);
  }
  curves.forEach((curve, index) => {
    if (curve.points.length === 0) return;
    const places = curve.points.map(
      ({ x, y }) => [across(x).toFixed(1), up(y).toFixed(1)] as const,
    );
    const path = places.map((place) => place.join(' ')).join('L');
    const at = top + TOP + 16 * index;
    parts.push(
      `<path d="M${path}" fill="none" stroke="${curve.colour}" stroke-width="2"/>`,
      ...places.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3" fill="${curve.colour}"/>`),
      `<text x="${WIDTH - RIGHT + 12}" y="${at}" fill="${curve.colour}">${curve.title}</text>`,
    );
  });
  return parts.join('');
}

function short(value: number): string {
  if (value >= 1e6) return `${+(value / 1e6).toFixed(1)} M`;
  return value >= 1e3 ? `${+(value / 1e3).toFixed(1)} k` : `${+value.toFixed(2)}`;
}
