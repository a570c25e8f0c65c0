// Plots as SVG text: axes, points with error bars, lines. No dependency, readable on light and dark pages.
const WIDTH = 640;
const HEIGHT = 380;
const MARGIN = { left: 70, right: 20, top: 40, bottom: 50 };
const COLOURS = ['#1f77b4', '#d62728', '#2ca02c', '#9467bd', '#ff7f0e', '#17becf'];

/**
 * @typedef {{ name: string, points: [x: number, y: number, halfWidth?: number][], line?: boolean }} PlotSeries
 * @param {{ title: string, x: string, y: string, series: PlotSeries[], logX?: boolean, logY?: boolean,
 *   yRange?: [number, number] }} plot
 */
export function plot({ title, x, y, series, logX = false, logY = false, yRange }) {
  const all = series.flatMap(({ points }) => points);
  const xs = axis(
    all.map(([px]) => px),
    logX,
    [MARGIN.left, WIDTH - MARGIN.right],
  );
  const heights = yRange ?? all.flatMap(([, py, half = 0]) => (logY ? [py] : [py - half, py + half]));
  const ys = axis(heights, logY, [HEIGHT - MARGIN.bottom, MARGIN.top]);
  const inside = ([px, py]) => !(logX && px <= 0) && !(logY && py <= 0);
  const clip = (value) => Math.min(HEIGHT - MARGIN.bottom, Math.max(MARGIN.top, value));
  const shapes = series.map(({ points, line }, i) => {
    const colour = COLOURS[i % COLOURS.length];
    const shown = points.filter(inside);
    if (line) {
      const path = shown.map(([px, py]) => `${xs.at(px).toFixed(1)},${clip(ys.at(py)).toFixed(1)}`).join(' ');
      return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.5"/>`;
    }
    return shown
      .map(([px, py, half]) => {
        const [cx, cy] = [xs.at(px).toFixed(1), clip(ys.at(py)).toFixed(1)];
        const low = logY ? Math.max(py - (half ?? 0), py / 100) : py - (half ?? 0);
        const bar = half
          ? `<path d="M${cx} ${clip(ys.at(low)).toFixed(1)}V${clip(ys.at(py + half)).toFixed(1)}" stroke="${colour}" stroke-opacity="0.35"/>`
          : '';
        return `${bar}<circle cx="${cx}" cy="${cy}" r="2.2" fill="${colour}" fill-opacity="0.75"/>`;
      })
      .join('');
  });
  const legend = series.map(
    ({ name }, i) =>
      `<text x="${MARGIN.left + 10}" y="${MARGIN.top + 16 + 16 * i}" fill="${COLOURS[i % COLOURS.length]}">${escaped(name)}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${WIDTH / 2}" y="22" text-anchor="middle" font-size="14">${escaped(title)}</text>`,
    ...xs.ticks.map((t) => tick(xs.at(t), HEIGHT - MARGIN.bottom, format(t), true)),
    ...ys.ticks.map((t) => tick(MARGIN.left, ys.at(t), format(t), false)),
    `<path d="M${MARGIN.left} ${MARGIN.top}V${HEIGHT - MARGIN.bottom}H${WIDTH - MARGIN.right}" fill="none" stroke="#333"/>`,
    `<text x="${WIDTH / 2}" y="${HEIGHT - 12}" text-anchor="middle">${escaped(x)}</text>`,
    `<text transform="translate(16 ${HEIGHT / 2}) rotate(-90)" text-anchor="middle">${escaped(y)}</text>`,
    ...shapes,
    ...legend,
    '</svg>\n',
  ].join('\n');
}

function axis(values, log, [from, to]) {
  const finite = values.filter((v) => Number.isFinite(v) && (!log || v > 0));
  let [low, high] = [Math.min(...finite), Math.max(...finite)];
  if (!log && low === high) [low, high] = [low - 1, high + 1];
  const f = log ? Math.log10 : (v) => v;
  const pad = 0.04 * (f(high) - f(low));
  const [a, b] = [f(low) - pad, f(high) + pad];
  const at = (v) => from + ((f(v) - a) / (b - a)) * (to - from);
  return { at, ticks: log ? decades(a, b) : steps(a, b) };
}

function decades(a, b) {
  const ticks = [];
  for (let k = Math.ceil(a); k <= b; k++) ticks.push(10 ** k);
  return ticks.length > 1 ? ticks : [10 ** a, 10 ** b];
}

function steps(a, b) {
  const raw = (b - a) / 6;
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = unit * ([1, 2, 5].find((m) => m * unit >= raw) ?? 10);
  const ticks = [];
  for (let k = Math.ceil(a / step); k * step <= b; k++) ticks.push(k * step);
  return ticks;
}

function tick(x, y, label, horizontal) {
  const [px, py] = [x.toFixed(1), y.toFixed(1)];
  return horizontal
    ? `<path d="M${px} ${py}v5" stroke="#333"/><text x="${px}" y="${Number(py) + 18}" text-anchor="middle">${label}</text>`
    : `<path d="M${px} ${py}h-5" stroke="#333"/><text x="${Number(px) - 8}" y="${Number(py) + 4}" text-anchor="end">${label}</text>`;
}

const format = (value) => String(Number(value.toPrecision(4)));
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
