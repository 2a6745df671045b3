// The public suite of HTTP caching rules (npm: http-cache-tests), through weir with its plain default, in front of the
// suite's own origin. Cases of the kind `check` only ask how a cache behaves where both ways are right: they are counted.
// `conform(fetching)` makes the tests; `fetching(weir)` gives the client that the suite asks by, and the end of it.
import assert from 'node:assert/strict';
import http from 'node:http';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { getResults, runTests } from 'http-cache-tests/client/runner.mjs';
import handleConfig from 'http-cache-tests/server/handle-config.mjs';
import handleState from 'http-cache-tests/server/handle-state.mjs';
import handleTest from 'http-cache-tests/server/handle-test.mjs';
import suites from 'http-cache-tests/tests/index.mjs';
import { kPlain } from '../support/scenario.js';
import { Weir } from '../support/weir.js';

const expected = JSON.parse(readFileSync(new URL('http_cache.json', import.meta.url)));
const fromSuite = createRequire(createRequire(import.meta.url).resolve('http-cache-tests/package.json'));
export const suiteFetch = fromSuite('node-fetch');
const kAtOnce = 50; // cases in flight; each has pauses of three seconds

const cases = suites
  .flatMap((suite) => suite.tests.map((one) => ({ ...one, suite: suite.name, kind: one.kind ?? 'required' })))
  .filter((one) => !one.browser_only);
const ofKind = (kind) => cases.filter((one) => one.kind === kind);

const calls = { config: handleConfig, state: handleState, test: handleTest };

// The suite's origin: its own handlers, on a free port of the loopback interface.
async function startOrigin() {
  const server = http.createServer((request, response) => {
    const [call, ...segments] = new URL(request.url, 'http://localhost/').pathname.slice(1).split('/');
    if (calls[call]) calls[call](segments, request, response);
    else response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.url = `http://127.0.0.1:${server.address().port}`;
  return server;
}

// The suite's origin comments on what it is asked; that is no part of the results.
async function quietly(run) {
  const { log } = console;
  console.log = () => {};
  try {
    await run();
  } finally {
    console.log = log;
  }
}

const why = (result) => (Array.isArray(result) ? result.join(': ') : 'did not run');

export function conform(fetching) {
  let origin;
  let weir;
  let results = {};
  let client;

  before(async () => {
    origin = await startOrigin();
    weir = await Weir.start(kPlain, { origins: [origin] });
    client = await fetching(weir);
    await quietly(() => runTests(suites, client.fetch, false, `http://127.0.0.1:${weir.port}`, kAtOnce));
    results = getResults();
  });

  after(async () => {
    const passed = (kind) => ofKind(kind).filter((one) => results[one.id] === true).length;
    for (const kind of ['required', 'optimal', 'check']) {
      console.log(`http-cache-tests: ${passed(kind)} of ${ofKind(kind).length} ${kind}${kind === 'check' ? ' (either is right)' : ''}`);
    }
    client?.close();
    origin?.closeAllConnections();
    origin?.close();
    await weir?.stop();
  });

  for (const kind of ['required', 'optimal']) {
    for (const one of ofKind(kind)) {
      test(`${kind} ${one.id}: ${one.suite}: ${one.name}`, () => {
        const passed = results[one.id] === true;
        if (one.id in expected.failing) assert.ok(!passed, 'passes, but http_cache.json says that it fails');
        else assert.ok(passed, why(results[one.id]));
      });
    }
  }

  test('the suite has all its cases, and http_cache.json names none that is not there', () => {
    for (const [kind, count] of Object.entries(expected.cases)) assert.equal(ofKind(kind).length, count, kind);
    const known = new Set(cases.map((one) => one.id));
    assert.deepEqual(Object.keys(expected.failing).filter((id) => !known.has(id)), []);
  });
}
