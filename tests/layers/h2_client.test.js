// The raw HTTP/2 client that weir is tested with is right itself: against Node's server, and by the examples of RFC 7541.
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { after, before, test } from 'node:test';
import { connect } from '../support/h2.js';
import { kCode, kFlag } from '../support/h2_wire.js';
import { block, Decoder, huffman, indexed, kStatic, literal, resize } from '../support/hpack.js';

let server;
const told = [];   // what the server's streams were given: { headers, body, trailers }

before(async () => {
  server = http2.createServer({ settings: { enableConnectProtocol: true } });
  server.on('stream', (stream, headers, flags, raw) => {
    const request = { headers, raw, body: '', trailers: null };
    told.push(request);
    stream.on('error', () => {});
    stream.on('trailers', (trailers) => (request.trailers = trailers));
    stream.setEncoding('latin1').on('data', (text) => (request.body += text));
    stream.on('end', () => {
      const size = /^\/bytes\/(\d+)$/.exec(headers[':path'])?.[1];
      if (headers[':path'] === '/hints') stream.additionalHeaders({ ':status': 103, link: '</a>' });
      stream.respond({ ':status': 200, 'x-sum': request.body.length, 'x-name': headers['x-name'] ?? '' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-end': 'at last' }));
      stream.end(size ? Buffer.alloc(Number(size), 'x') : `you said ${request.body}`);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
});
after(() => server.close());

async function client(play, options) {
  const h2 = await connect(server.address().port, options);
  try {
    await play(h2);
    if (h2.fault) throw h2.fault;
  } finally {
    h2.close();
  }
}

test('HPACK: the examples of RFC 7541, appendix C', () => {
  assert.equal(huffman('www.example.com').toString('hex'), 'f1e3c2e5f23a6ba0ab90f4ff');
  const decoder = new Decoder(256);
  const decode = (hex) => decoder.decode(Buffer.from(hex, 'hex'));
  const first = decode('488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3');
  assert.deepEqual(first, [[':status', '302'], ['cache-control', 'private'], ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
    ['location', 'https://www.example.com']]);
  assert.deepEqual(decode('4883640effc1c0bf'), [[':status', '307'], ...first.slice(1)]);
});

test('HPACK: a decoder that forgives nothing', () => {
  const wrong = {
    'index 0': [indexed(0)], 'past the table': [indexed(kStatic.length + 1)], 'a size too large': [resize(4097)],
    'a size in the middle': [indexed(2), resize(0)], 'EOS': [Buffer.from([0, 1, 0x61, 0x84, 0xff, 0xff, 0xff, 0xff])],
    'padding of zeros': [Buffer.from([0, 1, 0x61, 0x81]), huffman('a', { padding: '000' })], 'cut': [literal('a', 'b').subarray(0, 3)],
    'an integer without end': [Buffer.from('ffffffffffffffffffffff', 'hex')],
  };
  for (const [what, parts] of Object.entries(wrong)) assert.throws(() => new Decoder().decode(Buffer.concat(parts)), /HPACK/, what);
});

test('HPACK: a smaller table has to be confirmed', () => {
  const decoder = new Decoder();
  decoder.allow(100);
  assert.throws(() => decoder.decode(block([['a', 'b']])), /does not begin/);
  assert.deepEqual(decoder.decode(Buffer.concat([resize(100), block([['a', 'b']])])), [['a', 'b']]);
  assert.throws(() => decoder.decode(Buffer.concat([resize(101), block([['a', 'b']])])), /are allowed/);
});

test('HPACK: every byte of a value, by each way of writing it, as Node reads it', () => client(async (h2) => {
  const text = Array.from({ length: 256 - 33 }, (_, i) => String.fromCharCode(i + 33)).filter((c) => c !== '\x7f').join('');
  for (const how of ['plain', 'never', 'keep']) {
    for (const coded of [false, true]) {
      const list = [[':method', 'POST'], [':scheme', 'http'], [':authority', 'a'], [':path', '/x']];
      const stream = h2.request(Buffer.concat([block(list), literal('x-name', text, { how, coded })]));
      const { fields } = await stream.answer();
      assert.equal(told.at(-1).headers['x-name'], text);
      assert.equal(fields.get('x-name'), text, 'and as we read what Node wrote');
    }
  }
}));

test('a GET, a POST with a body, trailers both ways, an interim answer', () => client(async (h2) => {
  const got = await h2.get('/hints', { 'X-Name': 'a' });
  assert.equal(got.status, 200);
  assert.equal(got.text, 'you said ');
  assert.deepEqual(got.interim.map((one) => [one.status, one.get('link')]), [[103, '</a>']]);
  assert.equal(got.trailers.get('x-end'), 'at last');
  const body = Buffer.alloc(300_000, 'upload ').toString();
  const answer = await h2.request('POST /x', { body, trailers: { 'x-mine': '1' } }).answer();
  assert.equal(answer.get('x-sum'), '300000');
  assert.equal(told.at(-1).body, body);
  assert.equal(told.at(-1).trailers['x-mine'], '1');
  assert.ok(answer.whole);
}));

test('megabytes come through windows of 65535, many streams beside each other', () => client(async (h2) => {
  const streams = Array.from({ length: 8 }, () => h2.request('GET /bytes/1000000'));
  for (const stream of streams) assert.equal((await stream.answer()).body.length, 1_000_000);
}));

test('a table that shrinks while requests go on', () => client(async (h2) => {
  for (const size of [4096, 0, 4096, 50]) {
    h2.settings({ HEADER_TABLE_SIZE: size });
    for (let i = 0; i < 2; i += 1) assert.equal((await h2.get('/x', { 'X-Name': 'again and again' })).get('x-name'), 'again and again');
  }
}));

test('by hand: a stream stands still until its window is opened', () => client(async (h2) => {
  const stream = h2.request('GET /bytes/100');
  await h2.settled();
  assert.equal(stream.size, 0);
  h2.grant(stream.id, 60);
  await stream.holds(60);
  await h2.settled();
  assert.equal(stream.size, 60);
  h2.grant(stream.id, 100);
  assert.equal((await stream.answer()).body.length, 100);
}, { hand: true, settings: { INITIAL_WINDOW_SIZE: 0 } }));

test('a header block longer than a frame goes on in CONTINUATIONs; padding and priority are written right', () => client(async (h2) => {
  const answer = await h2.get('/x', { 'X-Long': 'y'.repeat(30_000) });
  assert.equal(answer.status, 200);
  assert.equal(told.at(-1).headers['x-long'].length, 30_000);
  const stream = h2.request('GET /x', { pad: 200, priority: Buffer.from([0, 0, 0, 0, 15]) });
  assert.equal((await stream.answer()).status, 200);
}));

test('wrong frames are written as they were meant: Node complains of the right thing', async () => {
  const cases = {
    FRAME_SIZE_ERROR: (h2) => h2.frame('PING', 0, 0, 'short'),
    COMPRESSION_ERROR: (h2) => h2.headers(h2.next(), indexed(0), { end: true }),
  };
  for (const [code, play] of Object.entries(cases)) {
    await client(async (h2) => {
      play(h2);
      await h2.until(() => h2.goaway, `a GOAWAY: ${code}`);
      assert.equal(h2.goaways[0].code, code, JSON.stringify(h2.goaways));
    });
  }
});

test('a refused stream is told from an ended connection', () => client(async (h2) => {
  const stream = h2.request('GET /x', { headers: { Connection: 'close' } });
  assert.equal(await stream.closed(), 'PROTOCOL_ERROR');
  assert.equal(await stream.answer(), null);
  assert.equal((await h2.get('/x')).status, 200);
  h2.leave(kCode.NO_ERROR);
  await h2.closed();
}));

test('what weir may never write is a fault', async () => {
  const raw = await import('node:net');
  const { frame, settingsPayload } = await import('../support/h2_wire.js');
  const answers = {
    'an upper case name': [block([[':status', '200'], ['X-Name', 'a']])],
    'a connection field': [block([[':status', '200'], ['connection', 'close']])],
    'a second status': [block([[':status', '200'], [':status', '200']])],
    'a table size in the middle': [block([[':status', '200']]), resize(0)],
  };
  for (const [what, parts] of Object.entries(answers)) {
    const fake = raw.createServer((socket) => {
      socket.on('error', () => {});
      socket.write(frame('SETTINGS', 0, 0, settingsPayload({})));
      socket.once('data', () => socket.write(frame('HEADERS', kFlag.END_HEADERS | kFlag.END_STREAM, 1, Buffer.concat(parts))));
    });
    await new Promise((resolve) => fake.listen(0, '127.0.0.1', resolve));
    const h2 = await connect(fake.address().port);
    await assert.rejects(h2.get('/x'), /weir wrote|HPACK/, what);
    h2.close();
    fake.close();
  }
});
