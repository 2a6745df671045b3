// The frame in which both StreamVibe services stand: an HTTP server with the /_origin calls, /health, the database,
// clear errors, a ready line and a prompt stop. What the services answer is in api/ and recommendations.js.

import { parseArgs } from 'node:util';
import fastify from 'fastify';
import { Database } from './postgres.js';
import { Faults } from './faults.js';
import { Stats } from './stats.js';
import { announce, onStop, say } from './process.js';

const kDrain = 700;      // milliseconds that running requests get when the service stops

function options(name) {
  const { values } = parseArgs({ options: {
    port: { type: 'string', default: process.env.PORT ?? '0' },
    host: { type: 'string', default: process.env.HOST ?? '127.0.0.1' },
    database: { type: 'string', default: process.env.DATABASE_URL },
    'watch-stdin': { type: 'boolean', default: false }, help: { type: 'boolean', default: false },
  } });
  if (values.help) {
    console.log(`usage: node ${name}.js [--port P] [--host ADDRESS] [--database postgres://…] [--watch-stdin]
  --port P       default $PORT, else 0: any free one
  --host A       default $HOST, else 127.0.0.1
  --database U   default $DATABASE_URL
Prints {"ready":true,"url":"http://…"} when it listens.`);
    process.exit(0);
  }
  if (!values.database) throw new Error('no database: give --database or DATABASE_URL');
  return { ...values, port: Number(values.port) };
}

// A mistake of the client says what is wrong; one of ours says only that there is one.
function answer_error(error, request, reply) {
  if (request.raw.destroyed && !request.raw.complete) return reply.hijack();   // left in the middle of its own body
  const status = error.validation ? 400 : error.statusCode ?? 500;
  if (status < 500) return reply.code(status).send({ error: error.name_ ?? 'bad_request', message: error.message });
  const gone = status === 503 || Database.unavailable(error);
  say(`${request.method} ${request.url.slice(0, 200)}: ${error.message}`);
  return gone ? reply.code(503).send({ error: 'unavailable', message: 'the database does not answer' })
    : reply.code(500).send({ error: 'internal', message: 'something went wrong here' });
}

function origin_calls(app, { stats, faults, database }) {
  const quiet = { config: { origin: true } };          // neither counted nor struck by faults
  app.get('/_origin/stats', quiet, async () => ({ ...stats.report(), data: await database.size() }));
  app.post('/_origin/reset', quiet, async () => { stats.reset(); return { reset: true }; });
  app.get('/_origin/faults', quiet, async () => faults.list());
  app.post('/_origin/faults', { ...quiet, schema: { body: Faults.schema } }, async (request, reply) => {
    const wrong = faults.set(request.body ?? {});
    return wrong ? reply.code(400).send({ error: 'bad_request', message: wrong }) : faults.list();
  });
}

export async function serve(name, install) {
  const wanted = options(name);
  const database = new Database(wanted.database, name);
  const stats = new Stats(name, database);
  const faults = new Faults();
  const app = fastify({ bodyLimit: 64 * 1024, ajv: { customOptions: { coerceTypes: false, removeAdditional: false } } });
  const stops = [];                                    // what a route set needs done at the end: long-lived connections

  app.addHook('onRoute', (route) => faults.know(route.method, route.url));
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config?.origin) return undefined;
    const route = `${request.method} ${request.routeOptions.url ?? '(none)'}`;
    stats.follow(route, request.raw, reply.raw);
    return faults.strike(route, request.raw.socket, reply);
  });
  app.setErrorHandler(answer_error);
  app.setNotFoundHandler((request, reply) => reply.code(404).send({ error: 'not_found', message: 'no such page here' }));

  origin_calls(app, { stats, faults, database });
  app.get('/health', async (request, reply) => (await database.answers() ? { status: 'ok', service: name }
    : reply.code(503).send({ status: 'down', service: name })));
  install(app, { database, stats, faults, onStop: (stop) => stops.push(stop) });

  onStop(wanted['watch-stdin'], async () => {
    const late = setTimeout(() => app.server.closeAllConnections(), kDrain);
    for (const stop of stops) stop();
    await app.close();
    clearTimeout(late);
    await Promise.race([database.close(), new Promise((done) => { setTimeout(done, kDrain); })]);
  });
  await app.listen({ port: wanted.port, host: wanted.host });
  const { port } = app.server.address();
  const host = wanted.host.includes(':') ? `[${wanted.host}]` : wanted.host;
  announce({ ready: true, service: name, port, url: `http://${host}:${port}` });
}

// An error that the client is told about, with the status that it gets.
export class Refusal extends Error {
  constructor(status, name, message) {
    super(message);
    this.statusCode = status;
    this.name_ = name;
  }
}
