// Calls as gRPC makes them, HTTP/2 from end to end: Node's client over TLS or without, weir, Node's server as an origin with `protocol: h2`. Their messages
// pass as they come, both ways, and what a call came to is in the trailers.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { after, before, test } from 'node:test';
import { selfSigned } from '../support/commands.js';
import { gate, kPatience, within } from '../support/patience.js';
import { Weir } from '../support/weir.js';

let signed, server, weir;
const calls = new Map();      // path: handler (stream, headers)
const sessions = new Set();   // connections that weir has opened

before(async () => {
  signed = await selfSigned();
  server = http2.createServer();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    calls.get(headers[':path'])(stream, headers);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  weir = await Weir.start(`
listen:
  - { address: "127.0.0.1:0" }
  - { address: "127.0.0.1:0", tls: { certificate: ${signed.certificate}, key: ${signed.key} } }
upstreams:
  api: { servers: [ "http://127.0.0.1:${server.address().port}" ], protocol: h2 }
routes:
  - { name: calls, match: POST /, cache: off }
`);
}, { timeout: 4 * kPatience });
after(async () => {
  for (const session of sessions) session.destroy();
  server.close();
  await weir?.stop();
  signed.remove();
}, { timeout: 4 * kPatience });

// A message of gRPC: a byte, the length, the content.
const message = (text) => Buffer.concat([Buffer.from([0, 0, 0, 0, text.length]), Buffer.from(text)]);
const kHead = { ':status': 200, 'content-type': 'application/grpc' };

// Collects what arrives on a stream; `holds(text)` waits until it has come.
function ear(stream) {
  const heard = { text: '' };
  let wake = () => {};
  stream.on('data', (data) => {
    heard.text += data.toString('latin1');
    wake();
  });
  heard.holds = (text) => within((async () => {
    while (!heard.text.includes(text)) await new Promise((resolve) => (wake = resolve));
  })(), `the message ${text}`);
  return heard;
}

class Call {
  constructor(session, path, more = {}) {
    this.stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...more });
    this.heard = ear(this.stream);
    this.ended = within(new Promise((resolve, reject) => {
      const seen = {};
      this.stream.on('response', (headers, flags) => Object.assign(seen, { headers, only: (flags & http2.constants.NGHTTP2_FLAG_END_STREAM) !== 0 }));
      this.stream.on('trailers', (trailers) => (seen.trailers = trailers));
      this.stream.on('error', reject).on('close', () => resolve({ ...seen, code: this.stream.rstCode, text: this.heard.text }));
    }), `the end of ${path}`, 2 * kPatience);
    this.ended.catch(() => {});
  }
}

for (const secure of [false, true]) {
  const how = secure ? 'over TLS' : 'without TLS';
  const client = (title, play) => test(`${how}: ${title}`, { timeout: 4 * kPatience }, async () => {
    const session = secure
      ? http2.connect(`https://localhost:${weir.ports[1]}`, { ca: signed.pem, lookup: (name, options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) })
      : http2.connect(`http://127.0.0.1:${weir.ports[0]}`);
    session.on('error', () => {});
    try {
      await play(session);
    } finally {
      session.destroy();
    }
  });

  client('one message, one answer, and the status in the trailers', async (session) => {
    calls.set('/Echo/Once', async (stream, headers) => {
      const heard = ear(stream);
      await once(stream, 'end');
      stream.respond(kHead, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': `${headers.te} ${headers['content-type']}` }));
      stream.end(message(`heard ${heard.text.slice(5)}`));
    });
    const call = new Call(session, '/Echo/Once');
    call.stream.end(message('hello'));
    const { headers, trailers, text } = await call.ended;
    assert.equal(headers[':status'], 200);
    assert.equal(headers['content-type'], 'application/grpc');
    assert.equal(text.slice(5), 'heard hello');
    assert.equal(trailers['grpc-status'], '0');
    assert.equal(trailers['grpc-message'], 'trailers application/grpc', 'te and type are what the origin was told');
  });

  client('an answer that is nothing but a head with the status', async (session) => {
    calls.set('/Echo/Refuse', (stream) => stream.respond({ ...kHead, 'grpc-status': '7', 'grpc-message': 'no' }, { endStream: true }));
    const call = new Call(session, '/Echo/Refuse');
    call.stream.end(message('hello'));
    const { headers, trailers, text } = await call.ended;
    assert.equal((trailers ?? headers)['grpc-status'], '7');
    assert.equal(text, '');
  });

  client('a conversation: each message is there before the next is sent', async (session) => {
    calls.set('/Echo/Talk', (stream) => {
      stream.respond(kHead, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.on('data', (data) => stream.write(data)).on('end', () => stream.end());
    });
    const call = new Call(session, '/Echo/Talk');
    for (let i = 0; i < 20; i += 1) {
      call.stream.write(message(`message ${i}.`));
      await call.heard.holds(`message ${i}.`);
    }
    call.stream.end();
    const { trailers } = await call.ended;
    assert.equal(trailers['grpc-status'], '0');
  });

  client('a hundred calls at once on few connections', async (session) => {
    calls.set('/Echo/Many', async (stream) => {
      const heard = ear(stream);
      await once(stream, 'end');
      stream.respond(kHead, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(heard.text, 'latin1');
    });
    const all = Array.from({ length: 100 }, (_, i) => {
      const call = new Call(session, '/Echo/Many');
      call.stream.end(message(`call ${i}`));
      return call.ended;
    });
    for (const [i, { text, trailers }] of (await Promise.all(all)).entries()) {
      assert.equal(text.slice(5), `call ${i}`);
      assert.equal(trailers['grpc-status'], '0');
    }
    assert.ok(sessions.size <= 16, `${sessions.size} connections`);
  });

  client('a call that is cancelled ends at the origin, too', async (session) => {
    const begun = gate();
    const ended = gate();
    calls.set('/Echo/Never', (stream) => {
      stream.respond(kHead);
      stream.write(message('begun.'));
      stream.on('close', () => ended.open(stream.rstCode));
      begun.open();
    });
    const call = new Call(session, '/Echo/Never');
    call.stream.write(message('hello'));
    await begun.opened;
    await call.heard.holds('begun.');
    call.stream.close(http2.constants.NGHTTP2_CANCEL);
    assert.notEqual(await within(ended.opened, 'the end of the call at the origin'), http2.constants.NGHTTP2_NO_ERROR);
  });

  client('an origin that breaks off: a reset, never an end without a status', async (session) => {
    calls.set('/Echo/Break', (stream) => {
      stream.respond(kHead);
      stream.write(message('half.'));
      stream.on('data', () => stream.session.destroy());   // its close() would end the answer, and only then reset it
    });
    const call = new Call(session, '/Echo/Break');
    await call.heard.holds('half.');
    call.stream.write(message('break'));
    const outcome = await call.ended.catch((error) => ({ code: error.code ?? 'an error' }));
    assert.ok(outcome.code && outcome.trailers === undefined, JSON.stringify(outcome));
  });
}
