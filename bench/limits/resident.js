// What a process has resident, as the kernel counts it.

import { readFileSync } from 'node:fs';

export const kMiB = 2 ** 20;
export const mib = (bytes) => `${(bytes / kMiB).toFixed(1)} MiB`;

// Bytes that it has resident now, and at most so far.
export function memory_of(pid) {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)[1]) * 1024;
  return { rss: field('VmRSS'), peak: field('VmHWM') };
}
