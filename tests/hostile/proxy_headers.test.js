// Headers of the PROXY protocol that are wrong, too long, slow or cut off: the connection closes, nothing is answered and
// nothing reaches the origin; who comes after is served.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { askAfter, beginWith, kLocal, speakAfter, v1, v2 } from '../support/proxy_header.js';
import { eventually } from '../support/patience.js';
import { scenario, sharedStage } from '../support/scenario.js';

const config = (rest = '') => `
listen: [ { address: "127.0.0.1:0", proxy_protocol: 127.0.0.1 }, { address: "127.0.0.1:0" } ]
${rest}
routes: [ { name: all, match: /, cache: origin } ]
`;
const refused = (weir, reason) => weir.metric('weir_proxy_protocol_refused_total', { reason });
const kRequest = 'GET /who HTTP/1.1\r\nHost: a\r\n\r\n';

const stage = sharedStage({ before, after }, config(), {}, ({ origin }) => origin.otherwise((request) => ({ body: request.get('x-forwarded-for') })));

const kWrong = {
  'a request': [kRequest, 'missing'],
  'a request with the word in it': ['PROXYTCP4 / HTTP/1.1\r\n\r\n', 'missing'],
  'small letters': ['proxy TCP4 192.0.2.1 192.0.2.1 1 2\r\n', 'missing'],
  'TLS': [Buffer.from('\x16\x03\x01\x02\x00\x01\x00', 'latin1'), 'missing'],
  'zeros': [Buffer.alloc(64), 'missing'],
  'a line end alone': ['PROXY TCP4 192.0.2.1 192.0.2.1 1 2\n', 'malformed'],
  'a return alone': ['PROXY TCP4 192.0.2.1 192.0.2.1 1 2\rGET', 'malformed'],
  'no addresses': ['PROXY TCP4\r\n', 'malformed'],
  'an address of the other kind': ['PROXY TCP6 192.0.2.1 192.0.2.1 1 2\r\n', 'malformed'],
  'a zero in front': ['PROXY TCP4 192.0.2.01 192.0.2.1 1 2\r\n', 'malformed'],
  'a port past 65535': ['PROXY TCP4 192.0.2.1 192.0.2.1 1 65536\r\n', 'malformed'],
  'two spaces': ['PROXY TCP4  192.0.2.1 192.0.2.1 1 2\r\n', 'malformed'],
  'a name': ['PROXY TCP4 localhost 192.0.2.1 1 2\r\n', 'malformed'],
  'a byte of zero': ['PROXY UNKNOWN \0\r\n', 'malformed'],
  'a line without an end': [`PROXY UNKNOWN ${'x'.repeat(4096)}`, 'too_long'],
  'a line of 108 bytes': [`PROXY UNKNOWN ${' '.repeat(92)}\r\n`, 'too_long'],
  'version 3': [v2('192.0.2.1', { command: 0x31 }), 'malformed'],
  'no such command': [v2('192.0.2.1', { command: 0x22 }), 'malformed'],
  'UDP': [v2('192.0.2.1', { family: 0x12 }), 'malformed'],
  'addresses cut short': [v2('192.0.2.1', { rest: Buffer.alloc(11) }), 'malformed'],
  'IPv6 in the place of IPv4': [v2('192.0.2.1', { family: 0x21 }), 'malformed'],
  'an extra that is longer than the header': [v2('192.0.2.1', { extra: Buffer.from([4, 255, 255]) }), 'malformed'],
  'a checksum that does not fit': [v2('192.0.2.1', { extra: Buffer.from([3, 0, 4, 0, 0, 0, 0]) }), 'malformed'],
  'a length of 64 KiB': [v2('192.0.2.1', { length: 65535 }), 'too_long'],
  'a LOCAL of 64 KiB': [v2(null, { command: 0x20, family: 0, rest: Buffer.alloc(0), length: 65535 }), 'too_long'],
};
for (const [what, [first, reason]] of Object.entries(kWrong)) {
  test(`${what}: closed, as ${reason}`, async () => {
    const { weir, origin } = stage();
    const [counted, asked] = [await refused(weir, reason), origin.count('/who')];
    const client = await speakAfter(weir, first);
    client.send(kRequest);
    assert.equal(await client.rest().catch(() => ''), '');
    client.close();
    assert.equal(await refused(weir, reason), counted + 1);
    assert.equal(origin.count('/who'), asked);
    assert.equal((await askAfter(weir, v1('192.0.2.7'))).text, '192.0.2.7');
  });
}

for (const [what, header] of Object.entries({ 'version 1': v1('192.0.2.1'), 'version 2': v2('192.0.2.1') })) {
  test(`${what}, and its sender leaves in the middle`, async () => {
    const { weir } = stage();
    for (const cut of [1, 5, 12, header.length - 1]) {
      const counted = await refused(weir, 'closed');
      const client = await speakAfter(weir, header.subarray(0, cut));
      client.finish();
      assert.equal(await client.rest().catch(() => ''), '');
      client.close();
      assert.equal(await refused(weir, 'closed'), counted + 1);
    }
  });
}

test('who only looks whether weir is there is no case for the metric', async () => {
  const { weir } = stage();
  const counted = await refused(weir, 'closed');
  const client = await speakAfter(weir, '');
  client.finish();
  assert.equal(await client.rest(), '');
  client.close();
  const whole = await speakAfter(weir, kLocal);
  whole.finish();
  assert.equal(await whole.rest(), '');
  whole.close();
  assert.equal(await refused(weir, 'closed'), counted);
});

scenario('a header that does not come in time', config('client: { timeouts: { head: 200ms } }'), async ({ weir, origin }) => {
  origin.otherwise(() => ({ body: 'fine' }));
  const slow = await Promise.all(['', 'PROXY TCP4 192.', v2('192.0.2.1').subarray(0, 20)].map((first) => speakAfter(weir, first)));
  for (const client of slow) {
    assert.equal(await client.rest().catch(() => ''), '');
    client.close();
  }
  assert.equal(await refused(weir, 'timeout'), 3);
  assert.equal((await askAfter(weir, v1('192.0.2.1'))).text, 'fine');
});

scenario('a byte now and then gains no time', config('client: { timeouts: { head: 200ms } }'), async ({ weir }) => {
  const client = await speakAfter(weir, 'PROXY UNKNOWN ');
  const feeding = setInterval(() => client.send('x'), 20);
  try {
    assert.equal(await client.rest().catch(() => ''), '');
  } finally {
    clearInterval(feeding);
    client.close();
  }
  const reasons = (await refused(weir, 'timeout')) + (await refused(weir, 'too_long'));
  assert.equal(reasons, 1);
});

scenario('a thousand headers that stop half-way hold nobody up, and are gone when weir ends', config(), async ({ weir, origin }) => {
  origin.otherwise((request) => ({ body: request.get('x-forwarded-for') }));
  const half = v2('192.0.2.1', { extra: Buffer.from([4, 0x0f, 0, ...Buffer.alloc(0x0f00)]) }).subarray(0, 2000);
  const sockets = await Promise.all(Array.from({ length: 1000 }, () => beginWith(weir, half)));
  await eventually(async () => (await weir.metric('weir_connections')) >= 1000, 'all are connected');
  assert.equal((await askAfter(weir, v1('192.0.2.1'))).text, '192.0.2.1');
  for (const socket of sockets) socket.destroy();
  await eventually(async () => (await refused(weir, 'closed')) === 1000, 'all are gone');
});
