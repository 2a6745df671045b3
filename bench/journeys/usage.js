// CPU and memory of processes and all their descendants, from /proc: of weir, of the services, of PostgreSQL with its
// backends, and of this load generator, whose own share says how far to trust the rest.

import { readFileSync, readdirSync } from 'node:fs';

const kTick = 100;           // clock ticks a second: Linux's USER_HZ

function stat(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');      // from the state on: the name may hold anything
    const [own, children] = [11, 13].map((at) => (Number(fields[at]) + Number(fields[at + 1])) / kTick);
    return { parent: Number(fields[1]), own, children };                  // children: those that have ended
  } catch { return null; }                                                // gone meanwhile
}

function memory(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');     // shared pages counted in parts
    return Number(/^Pss:\s+(\d+)/m.exec(status)[1]) * 1024;
  } catch { return 0; }
}

function family(root) {
  const parents = new Map();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const found = pid && stat(pid);
    if (found) parents.set(pid, found.parent);
  }
  const members = [root];
  for (let at = 0; at < members.length; at++) {
    for (const [pid, parent] of parents) if (parent === members[at]) members.push(pid);
  }
  return members;
}

export class Usage {
  constructor(processes) {   // { name: pid }
    this.processes = processes;
    this.peak = {};
    this.before = this.#cpu();
    this.timer = setInterval(() => this.#memory(), 1000).unref();
  }

  // The generator alone, without what it may have started.
  #each(measure, own = measure) {
    const whole = Object.entries(this.processes).map(([name, pid]) =>
      [name, family(pid).reduce((sum, member) => sum + measure(member), 0)]);
    return Object.fromEntries([...whole, ['generator', own(process.pid)]]);
  }

  #cpu() {
    const spent = (pid) => stat(pid) ?? { own: 0, children: 0 };
    return this.#each((pid) => spent(pid).own + spent(pid).children, (pid) => spent(pid).own);
  }

  #memory() {
    for (const [name, bytes] of Object.entries(this.#each(memory))) this.peak[name] = Math.max(this.peak[name] ?? 0, bytes);
  }

  report() {
    clearInterval(this.timer);
    this.#memory();
    const after = this.#cpu();
    return Object.fromEntries(Object.keys(after).map((name) =>
      [name, { cpu_seconds: Math.max(0, after[name] - this.before[name]), peak_memory: this.peak[name] }]));
  }
}
