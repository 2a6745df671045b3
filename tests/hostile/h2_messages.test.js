// HTTP/2 messages (RFC 9113 §8): what is malformed is refused and never reaches the origin, and nothing that HTTP/2 can say makes two
// requests of one in HTTP/1.1 (hostile.md 3, 10-13, 35, 37). Each malformed request is for /evil, which must never arrive.
import { fieldsOf } from '../support/h2.js';
import { fine, kMalformed, messages, status, stream } from './h2_table.js';
import { hostileStage } from './table.js';

const stage = hostileStage();
// A request for /evil with other fields, or with other pseudo-headers.
const evil = (...fields) => [...fieldsOf('GET /evil'), ...fields];
const post = (...fields) => [...fieldsOf('POST /evil'), ...fields];
const but = (changes, line = 'GET /evil') => fieldsOf(line, changes);
const get = (...fields) => [...fieldsOf('GET /off/x'), ...fields];
const asked = (...lines) => ({ asked: lines });
const kAsked = asked('GET /off/x');
const pseudo = (...list) => list.map((name) => fieldsOf('GET /evil').find((field) => field[0] === name) ?? name);
const refused = [...kMalformed, status(405, 501)];

messages(stage, 'names of fields (8.2.1)', [
  ['upper case', evil(['X-Name', 'a'])],
  ['one letter of upper case', evil(['x-namE', 'a'])],
  ['Host in upper case', evil(['Host', 'streamvibe.test'])],
  ['empty', evil(['', 'a'])],
  ['a space', evil(['x name', 'a'])],
  ['a space behind', evil(['x-name ', 'a'])],
  ['a colon', evil(['x:name', 'a'])],
  ['a colon behind', evil(['x-name:', 'a'])],
  ['a NUL', evil(['x\0name', 'a'])],
  ['a CR LF', evil(['x\r\ny', 'a'])],
  ['a CR LF and a field', evil(['x: y\r\nz', 'a'])],
  ['an LF', evil(['x\ny', 'a'])],
  ['a tab', evil(['x\ty', 'a'])],
  ['DEL', evil(['x\x7f', 'a'])],
  ['an 8-bit byte', evil(['x\xe9', 'a'])],
  ['a quote', evil(['"x"', 'a'])],
  ['a slash', evil(['x/y', 'a'])],
]);

messages(stage, 'values of fields (8.2.1)', [
  ['a NUL', evil(['x-name', 'a\0b'])],
  ['a CR', evil(['x-name', 'a\rb'])],
  ['an LF', evil(['x-name', 'a\nb'])],
  ['a CR LF and a field', evil(['x-name', 'a\r\nX-Evil: b'])],
  ['a CR LF and a request', evil(['x-name', 'a\r\n\r\nGET /evil HTTP/1.1\r\nHost: a\r\n\r\n'])],
  ['an LF at the end', evil(['x-name', 'a\n'])],
  ['a space before', evil(['x-name', ' a'])],
  ['a space behind', evil(['x-name', 'a '])],
  ['a tab before', evil(['x-name', '\ta'])],
  ['a tab behind', evil(['x-name', 'a\t'])],
  // RFC 9110 §5.5 and hostile.md 1: no other control bytes either.
  ['DEL', evil(['x-name', 'a\x7fb'])],
  ['an escape byte', evil(['x-name', '\x1b[2J'])],
  ['a backspace', evil(['x-name', 'a\x08b'])],
  ['8-bit bytes are fine', get(['x-name', '\xe9\xff']), fine, kAsked],
  ['spaces and tabs within are fine', get(['x-name', 'a \t b']), fine, kAsked],
  ['an empty one is fine', get(['x-name', '']), fine, kAsked],
]);

messages(stage, 'fields of a connection (8.2.2)', [
  ['connection', evil(['connection', 'close'])],
  ['connection: keep-alive', evil(['connection', 'keep-alive'])],
  ['an empty connection', evil(['connection', ''])],
  ['keep-alive', evil(['keep-alive', 'timeout=5'])],
  ['proxy-connection', evil(['proxy-connection', 'keep-alive'])],
  ['transfer-encoding: chunked', post(['transfer-encoding', 'chunked'])],
  ['transfer-encoding: chunked, with a body that says so', post(['transfer-encoding', 'chunked']), undefined, { body: '0\r\n\r\nGET /evil HTTP/1.1\r\nHost: a\r\n\r\n' }],
  ['transfer-encoding: identity', post(['transfer-encoding', 'identity'])],
  ['upgrade: h2c', evil(['upgrade', 'h2c'])],
  ['upgrade: websocket', evil(['upgrade', 'websocket'])],
  ['te: gzip', evil(['te', 'gzip'])],
  ['te: trailers, deflate', evil(['te', 'trailers, deflate'])],
  ['an empty te', evil(['te', ''])],
  ['http2-settings without an upgrade is a field like any', get(['http2-settings', 'AAMAAABkAAQAAP__']), [fine, ...kMalformed], { asked: null }],
  ['te: trailers is fine', get(['te', 'trailers']), fine, kAsked],
]);

messages(stage, 'pseudo-headers (8.3)', [
  ['unknown', evil().toSpliced(1, 0, [':evil', 'a'])],
  ['of an answer', evil().toSpliced(1, 0, [':status', '200'])],
  ['an empty name', evil().toSpliced(1, 0, [':', 'a'])],
  [':protocol without CONNECT', evil().toSpliced(1, 0, [':protocol', 'websocket'])],
  ...[':method', ':scheme', ':path', ':authority'].map((name) => [`${name} twice`, [pseudo(name)[0], ...evil()]]),
  ...[':method', ':scheme', ':path'].map((name) => [`no ${name}`, evil().filter((field) => field[0] !== name)]),
  ['none at all', [['x-name', 'a']]],
  ['after a field', [['x-name', 'a'], ...evil()]],
  ['one after a field', [...pseudo(':method', ':scheme', ':authority'), ['x-name', 'a'], ...pseudo(':path')]],
  ['in upper case', [...pseudo(':method', ':scheme', ':authority'), [':Path', '/evil']]],
  ['in any order is fine', get().toReversed(), fine, kAsked],
]);

messages(stage, ':method', [
  ['empty', but({ ':method': '' })],
  ['a space', but({ ':method': 'GET /evil' })],
  ['a request line', but({ ':method': 'GET /evil HTTP/1.1\r\nX: y\r\n\r\nGET' })],
  ['a CR LF', but({ ':method': 'GET\r\n' })],
  ['no token', but({ ':method': 'G(T' })],
  ['a NUL', but({ ':method': 'GET\0' })],
  ['TRACE', but({ ':method': 'TRACE' }), refused],
  ['PURGE', but({ ':method': 'PURGE' }), [...refused, status(403)]],
  ['a plain CONNECT', [[':method', 'CONNECT'], [':authority', 'evil:443']], refused],
  ['CONNECT with a path', but({ ':method': 'CONNECT' }), refused],
  ['CONNECT without an authority', [[':method', 'CONNECT']], refused],
  ['CONNECT with :protocol where no route allows it', [...but({ ':method': 'CONNECT' }), [':protocol', 'websocket']].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    [...refused, status(403, 404)]],
  ['PRI', but({ ':method': 'PRI', ':path': '*' }), refused],
  ['an unknown one is fine', fieldsOf('FROBNICATE /off/x'), fine, asked('FROBNICATE /off/x')],
]);

messages(stage, ':path', [
  ['empty', but({ ':path': '' })],
  ['without a slash', but({ ':path': 'evil' })],
  ['* for GET', but({ ':path': '*' })],
  ['an absolute form', but({ ':path': 'http://streamvibe.test/evil' })],
  ['an authority', but({ ':path': 'evil:80' })],
  ['a space', but({ ':path': '/evil x' })],
  ['a request line', but({ ':path': '/off/x HTTP/1.1\r\nHost: a\r\n\r\nGET /evil' })],
  ['a version', but({ ':path': '/evil HTTP/1.1' })],
  ['a CR', but({ ':path': '/evil\r' })],
  ['an LF', but({ ':path': '/evil\n' })],
  ['a NUL', but({ ':path': '/evil\0' })],
  ['a tab', but({ ':path': '/evil\tx' })],
  ['an 8-bit byte', but({ ':path': '/evil\xe9' })],
  ['a fragment', but({ ':path': '/evil#x' })],
  ['a backslash', but({ ':path': '/evil\\x' })],
  ['an encoded NUL', but({ ':path': '/evil%00' })],
  ['an encoded CR LF', but({ ':path': '/evil%0d%0aX:y' })],
  ['a broken escape', but({ ':path': '/evil%zz' })],
  ['a path that climbs out', but({ ':path': '/../../evil' })],
  ['dot segments are taken out', but({ ':path': '/off/y/%2e%2e/x' }), fine, kAsked],
  ['OPTIONS *', but({ ':path': '*' }, 'OPTIONS *'), [status(200, 204, 404), ...refused], { asked: null }],
]);

// https on a connection without TLS is what a terminator before weir would say.
messages(stage, ':scheme', [
  ['empty', but({ ':scheme': '' })],
  ['another', but({ ':scheme': 'ftp' })],
  ['with a colon', but({ ':scheme': 'http:' })],
  ['with an authority', but({ ':scheme': 'http://evil/' })],
  ['a space', but({ ':scheme': 'ht tp' })],
  ['a CR LF', but({ ':scheme': 'http\r\nX: y' })],
  ['https', fieldsOf('GET /off/x', { ':scheme': 'https' }), [fine, status(400, 421)], { asked: null }],
]);

messages(stage, ':authority and host (35)', [
  ['empty', but({ ':authority': '' })],
  ['neither', but({ ':authority': null })],
  ['userinfo', but({ ':authority': 'user@streamvibe.test' })],
  ['userinfo with a password', but({ ':authority': 'user:word@streamvibe.test' })],
  ['a path', but({ ':authority': 'streamvibe.test/evil' })],
  ['a space', but({ ':authority': 'stream vibe' })],
  ['a list', but({ ':authority': 'a, b' })],
  ['a port that is none', but({ ':authority': 'a:http' })],
  ['a port past 65535', but({ ':authority': 'a:65536' })],
  ['a hash', but({ ':authority': 'a#b' })],
  ['a question mark', but({ ':authority': 'a?b' })],
  ['a backslash', but({ ':authority': 'a\\b' })],
  ['a CR LF', but({ ':authority': 'a\r\nX: y' })],
  ['an open bracket', but({ ':authority': '[::1' })],
  ['another host', evil(['host', 'other.test'])],
  ['another port', evil(['host', 'streamvibe.test:81'])],
  ['an empty host', evil(['host', ''])],
  ['two hosts', [...but({ ':authority': null }), ['host', 'streamvibe.test'], ['host', 'streamvibe.test']]],
  ['two hosts, one the same', evil(['host', 'streamvibe.test'], ['host', 'other.test'])],
  ['the same two, beside the authority', evil(['host', 'streamvibe.test'], ['host', 'streamvibe.test']), [...kMalformed, fine], { asked: null }],
  ['userinfo in host', [...but({ ':authority': null }), ['host', 'user@streamvibe.test']]],
  ['the same host is fine', get(['host', 'streamvibe.test']), fine, kAsked],
  ['host alone is fine', [...fieldsOf('GET /off/x', { ':authority': null }), ['host', 'streamvibe.test']], fine, kAsked],
  // The same host by RFC 3986 §6.2.2, but not byte by byte.
  ['the same host in other letters', get(['host', 'StreamVibe.test']), [fine, ...kMalformed], { asked: null }],
]);

const say = (...pieces) => (h2, one) => pieces.forEach((piece, i) => h2.data(one.id, piece, { end: i === pieces.length - 1 }));
const body = (...pieces) => ({ end: false, then: say(...pieces) });
const request = 'GET /evil HTTP/1.1\r\nHost: a\r\n\r\n';
messages(stage, 'content-length (8.1.1)', [
  ['more than there is', post(['content-length', '10']), undefined, body('hello')],
  ['more than there is, and nothing comes', post(['content-length', '5']), undefined, body('')],
  ['with END_STREAM at once', post(['content-length', '5'])],
  ['of a GET with END_STREAM at once', evil(['content-length', '5'])],
  ['less than there is', post(['content-length', '2']), undefined, body('hello')],
  ['0, and a request behind it', post(['content-length', '0']), undefined, body(request)],
  ['two that differ', post(['content-length', '5'], ['content-length', '6']), undefined, body('hello')],
  ['two that are equal', post(['content-length', '5'], ['content-length', '5']), undefined, body('hello')],
  ['a list', post(['content-length', '5, 5']), undefined, body('hello')],
  ['a plus', post(['content-length', '+5']), undefined, body('hello')],
  ['a minus', post(['content-length', '-5']), undefined, body('hello')],
  ['empty', post(['content-length', '']), undefined, body('hello')],
  ['hexadecimal', post(['content-length', '0x5']), undefined, body('hello')],
  ['a space within', post(['content-length', '5 5']), undefined, body('hello')],
  ['a letter behind', post(['content-length', '5a']), undefined, body('hello')],
  ['past 64 bits', post(['content-length', '18446744073709551621']), [...kMalformed, status(413)], body('hello')],
  ['the largest of 64 bits', post(['content-length', '18446744073709551615']), [...kMalformed, status(413)], body('hello')],
  ['larger than the route takes', post(['content-length', '100000']), status(413), { end: false, then: (h2, one) => void h2.data(one.id, 'x') }],
  ['right', fieldsOf('POST /off/x', { 'Content-Length': '5' }), fine, { ...body('hel', 'lo'), asked: ['POST /off/x hello'] }],
  ['none', fieldsOf('POST /off/x'), fine, { ...body('hel', '', 'lo'), asked: ['POST /off/x hello'] }],
  ['a body that is a request is a body', fieldsOf('POST /off/x'), fine, { ...body(request), asked: [`POST /off/x ${request.trim()}`] }],
  ['a body that is chunks is a body', fieldsOf('POST /off/x'), fine, { ...body('0\r\n\r\nGET /x'), asked: ['POST /off/x 0\r\n\r\nGET /x'] }],
  ['a body that a GET brings to what may be kept (28)', fieldsOf('GET /kept/evil'), [status(400), ...kMalformed], body('x')],
]);

const behind = (trailers) => ({ end: false, then: (h2, one) => void h2.data(one.id, 'body').headers(one.id, trailers, { end: true }) });
messages(stage, 'trailers (8.1)', [
  ['a pseudo-header', post(), undefined, behind([[':path', '/evil']])],
  ['a status', post(), undefined, behind([[':status', '200']])],
  ['upper case', post(), undefined, behind([['X-Sum', '1']])],
  ['a connection', post(), undefined, behind([['connection', 'close']])],
  ['transfer-encoding', post(), undefined, behind([['transfer-encoding', 'chunked']])],
  ['a CR LF in a value', post(), undefined, behind([['x-sum', `1\r\n\r\n${request}`]])],
  ['a CR LF in a name', post(), undefined, behind([['x-sum: 1\r\n\r\nx', '1']])],
  ['a NUL', post(), undefined, behind([['x-sum', '\0']])],
  ['a body shorter than its length', post(['content-length', '10']), undefined, behind([['x-sum', '1']])],
  ['more than 8 KiB', post(), [...kMalformed, status(413, 431), stream('ENHANCE_YOUR_CALM', 'CANCEL', 'INTERNAL_ERROR')], behind([['x-sum', 'y'.repeat(9000)]])],
  // Fields that frame or route are no trailers (RFC 9110 §6.5.1): dropped, or the whole is refused.
  ['content-length is none', fieldsOf('POST /off/x'), [fine, ...kMalformed], { ...behind([['content-length', '100']]), asked: null }],
  ['host is none', fieldsOf('POST /off/x'), [fine, ...kMalformed], { ...behind([['host', 'other.test']]), asked: null }],
  ['good ones are fine', fieldsOf('POST /off/x'), fine, { ...behind([['x-sum', '1']]), asked: ['POST /off/x body'] }],
]);

messages(stage, 'what a field may ask for', [
  ['an unknown Expect', post(['expect', 'x']), status(417), { ...body('hello') }],
  ['a hundred ranges', get(['range', `bytes=${Array.from({ length: 100 }, (_, i) => `${i}-${i}`).join(',')}`]), fine, kAsked],
  ['cookies with CR LF', evil(['cookie', 'a=b'], ['cookie', 'c=d\r\nX: y'])],
  ['x-forwarded-for of the client', get(['x-forwarded-for', 'evil'], ['x-original-url', '/evil'], ['x-rewrite-url', '/evil']), fine, kAsked],
]);
