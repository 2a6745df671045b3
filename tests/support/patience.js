// Waiting, with a bound on every wait: tests wait for events, never for time to pass. Nothing here measures speed; the
// bound only turns a hang into a failure that says what was waited for.

// Sanitizers on a busy machine are slow; WEIR_TEST_PATIENCE=2 doubles every bound.
const factor = Number(process.env.WEIR_TEST_PATIENCE ?? 1);
export const kPatience = 20_000 * factor;

export class Impatient extends Error {}

// What `promise` gives, or an error that names `what` after `ms`.
export function within(promise, what, ms = kPatience) {
  let timer;
  const bound = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Impatient(`waited ${ms} ms for ${what}`)), ms);
  });
  return Promise.race([promise, bound]).finally(() => clearTimeout(timer));
}

// For what announces itself by no event (a counter in /metrics): asks again until `probe` gives something true.
export async function eventually(probe, what, ms = kPatience) {
  const end = Date.now() + ms;
  for (;;) {
    const seen = await probe();
    if (seen) return seen;
    if (Date.now() > end) throw new Impatient(`waited ${ms} ms until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

// A promise that somebody else settles.
export function gate() {
  const made = {};
  made.opened = new Promise((resolve, reject) => Object.assign(made, { open: resolve, fail: reject }));
  made.opened.catch(() => {});
  return made;
}
