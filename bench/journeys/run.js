// The load tests' front door: reads the options, runs the journeys straight to StreamVibe, through weir, or both, and
// writes the report. `node run.js --help`

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { kJourneys } from './journeys.js';
import { run_load, world_of } from './load.js';
import { Origin } from './origin.js';
import { markdown, missed } from './report.js';
import { kDefaults, start_all, stop_all } from './start.js';

const kHelp = `usage: node run.js [compare|straight|through] [options]
  compare             (the default) the same journeys twice: straight to StreamVibe, then through weir; one table
  straight            only to StreamVibe's two services
  through             only through weir; the services tell what they had to do

What to load: by default StreamVibe and weir are started here, on free ports, and stopped afterwards
  --scale 0.1                        size of StreamVibe's data
  --data DIR                         where it is kept (default: .weir/journeys in the repository)
  --weir-program FILE, --config FILE (default: build/weir, conf/streamvibe.yaml)
or what runs already:
  --api URL, --recommendations URL   StreamVibe
  --weir URL                         weir in front of it

How:
  --stages 10,50,100,200             numbers of clients, one stage after the other
  --journeys 2                       journeys of each client in each stage: two runs do the same work
  --duration SECONDS                 instead: so long for each stage
  --ramp SECONDS                     in which a stage's clients come (default 2)
  --think 1                          factor on the pauses: 0 is none
  --mix browsing=50,search=20,…      shares of the journeys (${Object.keys(kJourneys).join(', ')})
  --zipf 1.0                         how much the popular are preferred
  --seed 1                           another number: other journeys
  --sockets 5                        WebSockets held open beside
  --timeout SECONDS                  for one request (default 30)
  --stress                           then more and more clients without pauses, until it breaks
  --stress-seconds 10, --stress-clients 2560   for each step; at most
  --pid NAME=PID                     measure its CPU and memory, descendants too; may be repeated
  --out FILE                         the whole result as JSON
  --strict                           exit 1 when a journey through weir misses what is asked of it
Markdown on standard output, progress on standard error.`;

function usage(message) {
  process.stderr.write(`${message}\nnode run.js --help tells how.\n`);
  process.exit(2);
}

function numeric(name, text, { least = 0, whole = false } = {}) {
  const value = Number(text);
  if (text === '' || !(value >= least) || !Number.isFinite(value) || (whole && !Number.isInteger(value))) {
    usage(`--${name} ${text}: a ${whole ? 'whole ' : ''}number from ${least} is wanted`);
  }
  return value;
}

function address(name, text) {
  try {
    const url = new URL(text);
    if (url.protocol === 'http:') return url.origin;
  } catch { /* said below */ }
  return usage(`--${name} ${text ?? ''}: http://HOST:PORT is wanted`);
}

function mix_of(text) {
  if (!text) return Object.entries(kJourneys).map(([name, { weight }]) => [name, weight]);
  return text.split(',').map((part) => {
    const [name, weight] = part.split('=');
    if (!kJourneys[name]) usage(`--mix: there is no journey ${name}`);
    return [name, numeric('mix', weight ?? '1')];
  });
}

function processes_of(list) {
  return Object.fromEntries((list ?? []).map((text) => {
    const [name, pid] = text.split('=');
    return [name, numeric('pid', pid ?? '', { least: 1, whole: true })];
  }));
}

function options() {
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  try {
    return parseArgs({ allowPositionals: true, options: { api: text, recommendations: text, weir: text,
      scale: { ...text, default: kDefaults.scale }, data: { ...text, default: kDefaults.data },
      'weir-program': { ...text, default: kDefaults.program }, config: { ...text, default: kDefaults.config },
      stages: { ...text, default: '10,50,100,200' }, journeys: { ...text, default: '2' }, duration: text,
      ramp: { ...text, default: '2' }, think: { ...text, default: '1' }, mix: text, zipf: { ...text, default: '1' },
      seed: { ...text, default: '1' }, sockets: { ...text, default: '5' }, timeout: { ...text, default: '30' },
      stress: flag, 'stress-seconds': { ...text, default: '10' }, 'stress-clients': { ...text, default: '2560' },
      pid: { ...text, multiple: true }, out: text, strict: flag, help: flag } });
  } catch (error) { return usage(error.message); }
}

function plan_of(values) {
  return {
    stages: values.stages.split(',').map((one) => numeric('stages', one, { least: 1, whole: true })),
    journeys: numeric('journeys', values.journeys, { least: 1, whole: true }),
    duration: values.duration === undefined ? undefined : numeric('duration', values.duration, { least: 0.1 }),
    zipf: numeric('zipf', values.zipf), ramp: numeric('ramp', values.ramp),
    think: numeric('think', values.think), mix: mix_of(values.mix),
    seed: numeric('seed', values.seed, { whole: true }), sockets: numeric('sockets', values.sockets, { whole: true }),
    timeout: numeric('timeout', values.timeout, { least: 0.1 }) * 1000, processes: processes_of(values.pid),
    stress: values.stress && { seconds: numeric('stress-seconds', values['stress-seconds'], { least: 0.1 }),
      most: numeric('stress-clients', values['stress-clients'], { least: 10, whole: true }) },
    say: (line) => process.stderr.write(`${line}\n`),
  };
}

// What runs already, as told, or else what is started here.
async function services_of(values, mode) {
  if (values.api === undefined && values.recommendations === undefined && values.weir === undefined) {
    return start_all({ data: values.data, scale: values.scale, program: values['weir-program'], config: values.config },
      mode !== 'straight');
  }
  return { api: address('api', values.api), recommendations: address('recommendations', values.recommendations),
    weir: mode === 'straight' ? null : address('weir', values.weir), processes: {} };
}

async function run_all(mode, plan, { api, recommendations, weir, processes }) {
  const to_service = (path) => (path.startsWith('/api/recommendations/') ? recommendations : api);
  const straight = { name: 'straight to StreamVibe', throughWeir: false, target: to_service };
  const through = { name: 'through weir', throughWeir: true, target: () => weir };
  const results = [];
  for (const way of { straight: [straight], through: [through], compare: [straight, through] }[mode]) {
    plan.say(`${way.name}:`);
    const result = await run_load({ ...plan, ...way, processes: { ...processes, ...plan.processes } });
    results.push({ ...result, throughWeir: way.throughWeir });
  }
  return results;
}

function headline(plan) {
  const { videos, users } = plan.world.size;
  const work = plan.duration ? `${plan.duration} s a stage` : `${plan.journeys} journeys each`;
  return `${videos.toLocaleString('en')} videos, ${users.toLocaleString('en')} users; `
    + `clients ${plan.stages.join(' → ')}, ${work}, think times × ${plan.think}, seed ${plan.seed}.`;
}

async function main() {
  const { values, positionals } = options();
  if (values.help) { console.log(kHelp); return; }
  const [mode = 'compare', ...more] = positionals;
  if (more.length || !['straight', 'through', 'compare'].includes(mode)) {
    usage(`${[mode, ...more].join(' ')}: compare, straight or through`);
  }
  const plan = plan_of(values);
  const services = await services_of(values, mode);
  plan.origin = new Origin([services.api, services.recommendations]);
  plan.world = world_of(await plan.origin.size(), plan.zipf);
  const runs = await run_all(mode, plan, services);

  console.log(markdown(runs, headline(plan)));
  if (values.out) {
    const all = { made: new Date().toISOString(), options: values, size: plan.world.size, runs };
    writeFileSync(values.out, `${JSON.stringify(all, null, 2)}\n`);
  }
  const short = runs.filter((run) => run.throughWeir).flatMap((run) =>
    Object.entries(run.journeys).flatMap(([name, counts]) => missed(name, counts)));
  if (values.strict && short.length) process.exitCode = 1;
}

process.stdout.on('error', () => {});      // a reader that has gone must not keep us from stopping what we started

main().catch((error) => {
  process.stderr.write(`journeys: ${error.cause?.message ? `${error.message}: ${error.cause.message}` : error.message}\n`);
  process.exitCode = 1;
}).finally(async () => {
  await stop_all();
  process.exit();
});
