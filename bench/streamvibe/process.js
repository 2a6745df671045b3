// What every StreamVibe process shares about being a process: one JSON line on standard output when ready, words for
// people on standard error, and one way to stop. It doesn't start other processes: that is up.js.

const kLimit = 15_000;   // milliseconds after which a stop that hangs ends the process anyway

export function say(text) {
  process.stderr.write(`${text}\n`);
}

export function announce(object) {
  process.stdout.write(`${JSON.stringify(object)}\n`);
}

// A reader that has gone must not take the process with it before it has stopped what it started.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

// Runs `stop` once, on SIGTERM, SIGINT, SIGHUP or (with watchStdin) when standard input ends, which is what a
// parent's death looks like; then exits 0.
export function onStop(watchStdin, stop) {
  let begun = false;
  const run = async () => {
    if (begun) return;
    begun = true;
    setTimeout(() => process.exit(1), kLimit).unref();
    try {
      await stop();
      process.exit(0);
    } catch (error) {
      say(error.message);
      process.exit(1);
    }
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, run);
  if (watchStdin) process.stdin.on('end', run).on('error', run).resume();
  return run;
}
