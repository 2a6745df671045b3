// Figures of many measurements, and words for them. Pure.

// The value that `part` of all are not above; nothing for none.
export function quantile(values, part) {
  const sorted = Float64Array.from(values).sort();
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] : undefined;
}

export const number = (value) => value.toLocaleString('en');

export const ms = (us) => (us === undefined ? '–' : `${(us / 1000).toFixed(us < 10_000 ? 2 : us < 100_000 ? 1 : 0)} ms`);

export const p50_p99_worst = (values) =>
  `${ms(quantile(values, 0.5))}, p99 ${ms(quantile(values, 0.99))}, worst ${ms(Math.max(...values))}`;

export function table(heads, lines) {
  const rule = heads.map((_, i) => (i === 0 ? '---' : '---:'));
  return [heads, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
