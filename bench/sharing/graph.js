// Draws what the row of the faults has seen, as SVG: time to the right, p99 of hits, of those asked about, and of misses upwards
// (logarithmic), the faults as bands, and below them when the node was trusted, when it was refused calls of Redis
// (the breaker is open), and how often the origin was asked. Readable on light and dark ground. Pure.

const kWide = 1200, kHigh = 560;
const kLeft = 64, kRight = 16, kTop = 76, kBottom = 400;   // of the p99 figure
const kStrips = { trusted: 420, open: 442, origin: 466 };
const kStrip = 12, kOriginHigh = 44;
const kLowest = 100;   // microseconds at the bottom
const kSeries = [['hit', 'hits'], ['validated', 'kept copies asked about at the origin'], ['miss', 'misses']];

const kStyle = `
  .ground { fill: #fff } text { fill: #333; font: 13px system-ui, sans-serif } .title { font-size: 17px; font-weight: 600 }
  .band { fill: #b42318; opacity: .09 } .edge { stroke: #b42318; opacity: .35 } .fault { fill: #912018; font-weight: 600 }
  .grid { stroke: #999; opacity: .3 } .line { fill: none; stroke-width: 1.8; stroke-linejoin: round }
  .hit { stroke: #1667c1 } .validated { stroke: #12876f; stroke-dasharray: 5 3 } .miss { stroke: #c2620a }
  .trusted { fill: #12876f } .open { fill: #b42318 } .origin { fill: #777; opacity: .6 } .error { fill: #d40000 }
  .small { font-size: 11px }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #16181c } text { fill: #d5d7da } .band { fill: #ff7a6b; opacity: .13 } .edge { stroke: #ff7a6b }
    .fault { fill: #ff9c91 } .hit { stroke: #6cb2ff } .validated { stroke: #4fd1b3 } .miss { stroke: #ffab57 }
    .trusted { fill: #4fd1b3 } .open { fill: #ff7a6b } .origin { fill: #aaa } .error { fill: #ff5050 }
  }`;

const fixed = (value) => Number(value.toFixed(1));
const text = (x, y, words, more = '') => `<text x="${fixed(x)}" y="${fixed(y)}" ${more}>${words}</text>`;
const rule = (x1, y1, x2, y2, kind) =>
  `<line x1="${fixed(x1)}" y1="${fixed(y1)}" x2="${fixed(x2)}" y2="${fixed(y2)}" class="${kind}"/>`;
const box = (x, y, width, height, kind) =>
  `<rect x="${fixed(x)}" y="${fixed(y)}" width="${fixed(width)}" height="${fixed(height)}" class="${kind}"/>`;

// Where times and milliseconds of the run are on the paper.
class Scale {
  constructor({ slices, phases }) {
    this.end = phases.at(-1).to;
    const slowest = Math.max(...slices.flatMap((slice) => kSeries.map(([kind]) => slice[kind].p99_us ?? 0)));
    this.decades = Math.max(3, Math.ceil(Math.log10(slowest / kLowest)));
  }

  x(at) { return kLeft + (kWide - kLeft - kRight) * Math.min(1, at / this.end); }

  y(us) { return kBottom - (kBottom - kTop) * Math.max(0, Math.log10(us / kLowest)) / this.decades; }
}

function axes(scale) {
  const lines = [];
  for (let decade = 0; decade <= scale.decades; decade += 1) {
    const us = kLowest * 10 ** decade;
    lines.push(rule(kLeft, scale.y(us), kWide - kRight, scale.y(us), 'grid'),
      text(kLeft - 8, scale.y(us) + 4, us < 1e6 ? `${us / 1000} ms` : `${us / 1e6} s`, 'text-anchor="end"'));
  }
  for (let at = 0; at <= scale.end; at += 5000) {
    lines.push(text(scale.x(at), kHigh - 26, String(at / 1000), 'text-anchor="middle" class="small"'));
  }
  return [...lines, text(kWide / 2, kHigh - 8, 'seconds', 'text-anchor="middle" class="small"')];
}

function bands(scale, phases) {
  return phases.filter(({ fault }) => fault).flatMap(({ name, from, to }) => [
    box(scale.x(from), kTop, scale.x(to) - scale.x(from), kHigh - 42 - kTop, 'band'),
    rule(scale.x(from), kTop, scale.x(from), kHigh - 42, 'edge'),
    rule(scale.x(to), kTop, scale.x(to), kHigh - 42, 'edge'),
    text((scale.x(from) + scale.x(to)) / 2, kTop - 8, name, 'text-anchor="middle" class="fault"'),
  ]);
}

// A line through the points of a kind, that ends where there are none.
function series(scale, slices, kind) {
  let path = '', joins = false;
  for (const slice of slices) {
    const { p99_us: us } = slice[kind];
    if (us !== undefined) path += `${joins ? 'L' : 'M'}${fixed(scale.x(slice.at))} ${fixed(scale.y(us))}h${joins ? 0 : 0.1}`;
    joins = us !== undefined;
  }
  return `<path class="line ${kind}" d="${path}"/>`;
}

// Boxes for the slices that `holds` is true of, those side by side as one.
function strip(scale, slices, { y, kind, words, holds, slice_ms }) {
  const boxes = [];
  for (let i = 0; i < slices.length; i += 1) {
    const first = i;
    while (i < slices.length && holds(slices[i])) i += 1;
    if (i === first) continue;
    const from = scale.x(slices[first].at);
    boxes.push(box(from, y, scale.x(slices[i - 1].at + slice_ms) - from, kStrip, kind));
  }
  return [...boxes, text(kLeft - 8, y + 10, words, 'text-anchor="end" class="small"')];
}

function origin(scale, slices, slice_ms) {
  const most = Math.max(1, ...slices.map((slice) => slice.origin));
  const bars = slices.map((slice) => {
    const high = kOriginHigh * slice.origin / most;
    return box(scale.x(slice.at), kStrips.origin + kOriginHigh - high, scale.x(slice_ms) - kLeft, high, 'origin');
  });
  const words = [text(kLeft - 8, kStrips.origin + 14, 'origin', 'text-anchor="end" class="small"'),
    text(kLeft - 8, kStrips.origin + 28, `≤ ${(most * 1000 / slice_ms).toFixed(0)}/s`, 'text-anchor="end" class="small"')];
  return [...bars, ...words];
}

const errors = (scale, slices) => slices.filter((slice) => slice.errors > 0)
  .map((slice) => `<circle cx="${fixed(scale.x(slice.at))}" cy="${kTop + 8}" r="4" class="error"/>`);

function legend(wrong) {
  let x = kLeft;
  const parts = kSeries.flatMap(([kind, words]) => {
    const part = [rule(x, 40, x + 26, 40, `line ${kind}`), text(x + 32, 44, words)];
    x += 60 + 7 * words.length;
    return part;
  });
  const words = wrong === 0 ? 'no request went wrong' : `● ${wrong} requests went wrong`;
  return [...parts, text(kWide - kRight, 44, words, 'text-anchor="end"')];
}

// The record as it stands in build/bench/redis-faults.json.
export function graph(record) {
  const { slices, phases, slice_ms, rate } = record;
  const scale = new Scale(record);
  const title = `p99 of each ${slice_ms} ms at ${rate} requests/s, while Redis breaks`;
  const parts = [
    box(0, 0, kWide, kHigh, 'ground'), text(kLeft, 22, title, 'class="title"'), ...legend(record.errors.length),
    ...bands(scale, phases), ...axes(scale), ...kSeries.map(([kind]) => series(scale, slices, kind)), ...errors(scale, slices),
    ...strip(scale, slices, { y: kStrips.trusted, kind: 'trusted', words: 'trusted', holds: (it) => it.trusted, slice_ms }),
    ...strip(scale, slices, { y: kStrips.open, kind: 'open', words: 'breaker', holds: (it) => it.refused > 0, slice_ms }),
    ...origin(scale, slices, slice_ms),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${kWide} ${kHigh}" role="img" aria-label="${title}">
<style>${kStyle}
</style>
${parts.join('\n')}
</svg>
`;
}
