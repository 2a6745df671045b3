// Requests, HTTP/1: start lines, fields, hosts, targets, methods (hostile.md 1, 2, 10-14).
import { hostileStage, requests } from './table.js';

const stage = hostileStage();
const head = (line, ...fields) => `${[line, 'Host: a', ...fields].join('\r\n')}\r\n\r\n`;
const get = (...fields) => head('GET /off/x HTTP/1.1', ...fields);
const evil = 'GET /evil HTTP/1.1\r\nHost: a\r\n\r\n';
const bad = { status: 400 };
const fine = { status: 200, asked: ['GET /off/x'] };
const close = 'Connection: close';

// What comes after a malformed message is never read as a request: each of these is followed by one.
const malformed = (rows) => rows.map(([what, data, expected = bad]) => [what, data + evil, expected]);

requests(stage, 'line ends (1)', malformed([
  ['a bare LF after the request line', 'GET /off/x HTTP/1.1\nHost: a\r\n\r\n'],
  ['a bare LF after a field', 'GET /off/x HTTP/1.1\r\nHost: a\n\r\n'],
  ['a bare LF for the empty line', 'GET /off/x HTTP/1.1\r\nHost: a\r\n\n'],
  ['LF alone throughout', 'GET /off/x HTTP/1.1\nHost: a\n\n'],
  ['a bare CR in the request line', 'GET /off/x\rHTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a bare CR in a field', get('X: a\rb')],
  ['CR CR LF', 'GET /off/x HTTP/1.1\r\r\nHost: a\r\n\r\n'],
  ['a NUL in the target', head('GET /off/\0x HTTP/1.1')],
  ['a NUL in a value', get('X: a\0b')],
  ['a NUL in a name', get('X\0Y: a')],
  ['a DEL in a value', get('X: a\x7fb')],
  ['an escape byte in a value', get('X: \x1b[2J')],
  ['a vertical tab in a value', get('X: a\x0bb')],
  ['a backspace in the method', head('GE\x08T /off/x HTTP/1.1')],
]));

requests(stage, 'request lines (1, 10)', malformed([
  ['no version', 'GET /off/x\r\nHost: a\r\n\r\n'],
  ['HTTP/0.9', 'GET /off/x\r\n\r\n'],
  ['another protocol', head('GET /off/x HTCPCP/1.0')],
  ['HTTP/1.2', head('GET /off/x HTTP/1.2'), { status: [400, 505] }],
  ['HTTP/2.0', head('GET /off/x HTTP/2.0'), { status: [400, 505] }],
  ['HTTP/3.0', head('GET /off/x HTTP/3.0'), { status: [400, 505] }],
  ['HTTP/1.10', head('GET /off/x HTTP/1.10'), { status: [400, 505] }],
  ['http/1.1 in small letters', head('GET /off/x http/1.1')],
  ['HTTP/ 1.1', head('GET /off/x HTTP/ 1.1')],
  ['two spaces', head('GET  /off/x HTTP/1.1')],
  ['a tab for a space', head('GET\t/off/x HTTP/1.1')],
  ['a space at the end', head('GET /off/x HTTP/1.1 ')],
  ['a space in the target', head('GET /off/x y HTTP/1.1')],
  ['a space before the method', head(' GET /off/x HTTP/1.1')],
  ['no target', head('GET  HTTP/1.1')],
  ['a method that is no token', head('G(T /off/x HTTP/1.1')],
  ['an empty method', head(' /off/x HTTP/1.1')],
  ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
]));

requests(stage, 'fields (2)', malformed([
  ['a space before the colon', get('X : a')],
  ['a tab before the colon', get('X\t: a')],
  ['no name', get(': a')],
  ['no colon', get('nonsense')],
  ['a folded line', get('X: a', ' b')],
  ['a line folded by a tab', get('X: a', '\tb')],
  ['a folded first line', 'GET /off/x HTTP/1.1\r\n Host: a\r\n\r\n'],
  ['a space in the name', get('X Y: a')],
  ['a quote in the name', get('"X": a')],
  ['a slash in the name', get('X/Y: a')],
  ['an 8-bit byte in the name', get('X\xe9: a')],
  ['a parenthesis in the name', get('X(: a')],
]));

requests(stage, 'fields (2)', [
  ['an empty value is fine', get('X:', close), fine],
  ['white space around a value is fine', get('X: \t a \t ', close), fine],
  ['8-bit bytes in a value are fine', get('X: \xe9', close), fine],
  ['an unknown field is fine', get('X_y.z~: a', close), fine],
]);

requests(stage, 'Host (11)', malformed([
  ['none', 'GET /off/x HTTP/1.1\r\n\r\n'],
  ['two', 'GET /off/x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
  ['two that are equal', 'GET /off/x HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n'],
  ['empty', 'GET /off/x HTTP/1.1\r\nHost:\r\n\r\n'],
  ['a list', 'GET /off/x HTTP/1.1\r\nHost: a, b\r\n\r\n'],
  ['userinfo', 'GET /off/x HTTP/1.1\r\nHost: user@a\r\n\r\n'],
  ['a path', 'GET /off/x HTTP/1.1\r\nHost: a/b\r\n\r\n'],
  ['a space', 'GET /off/x HTTP/1.1\r\nHost: a b\r\n\r\n'],
  ['a port that is none', 'GET /off/x HTTP/1.1\r\nHost: a:http\r\n\r\n'],
  ['a port past 65535', 'GET /off/x HTTP/1.1\r\nHost: a:65536\r\n\r\n'],
  ['a negative port', 'GET /off/x HTTP/1.1\r\nHost: a:-1\r\n\r\n'],
  ['two ports', 'GET /off/x HTTP/1.1\r\nHost: a:1:2\r\n\r\n'],
  ['an open bracket', 'GET /off/x HTTP/1.1\r\nHost: [::1\r\n\r\n'],
  ['a bad address in brackets', 'GET /off/x HTTP/1.1\r\nHost: [::g]\r\n\r\n'],
  ['a question mark', 'GET /off/x HTTP/1.1\r\nHost: a?b\r\n\r\n'],
  ['a hash', 'GET /off/x HTTP/1.1\r\nHost: a#b\r\n\r\n'],
  ['a backslash', 'GET /off/x HTTP/1.1\r\nHost: a\\b\r\n\r\n'],
  ['two, one of them spaced', 'GET /off/x HTTP/1.1\r\nHost: a\r\nHost : b\r\n\r\n'],
]));

requests(stage, 'targets (10)', malformed([
  ['a fragment', head('GET /off/x#y HTTP/1.1')],
  ['a backslash', head('GET /off\\x HTTP/1.1')],
  ['an 8-bit byte', head('GET /off/\xe9 HTTP/1.1')],
  ['an encoded NUL', head('GET /off/%00 HTTP/1.1')],
  ['an encoded CR', head('GET /off/%0d HTTP/1.1')],
  ['an encoded LF', head('GET /off/%0A HTTP/1.1')],
  ['an encoded LF in the query', head('GET /off/x?a=%0a HTTP/1.1')],
  ['an encoded NUL in the query', head('GET /off/x?a=%00 HTTP/1.1')],
  ['a broken escape', head('GET /off/%zz HTTP/1.1')],
  ['a cut escape', head('GET /off/%2 HTTP/1.1')],
  ['a path that climbs out', head('GET /../../etc/passwd HTTP/1.1')],
  ['an encoded path that climbs out', head('GET /%2e%2e/x HTTP/1.1')],
  ['a relative path', head('GET off/x HTTP/1.1')],
  ['* for GET', head('GET * HTTP/1.1')],
  ['authority-form', head('GET a:80 HTTP/1.1')],
  ['another scheme', head('GET ftp://a/off/x HTTP/1.1')],
  ['file:', head('GET file:///etc/passwd HTTP/1.1')],
  ['an absolute form without a host', head('GET http:///off/x HTTP/1.1')],
  ['an absolute form with userinfo', head('GET http://u:p@a/off/x HTTP/1.1')],
]));

requests(stage, 'targets (10), in one form', [
  ['an absolute form', head('GET http://a/off/x HTTP/1.1', close), fine],
  ['https in an absolute form', head('GET https://a/off/x HTTP/1.1', close), { status: [200, 400], asked: ['GET /off/x'] }],
  ['dot segments', head('GET /off/./y/../x HTTP/1.1', close), fine],
  ['encoded dot segments', head('GET /off/y/%2E%2e/x HTTP/1.1', close), fine],
  ['unreserved bytes encoded', head('GET /%6Fff/%78 HTTP/1.1', close), fine],
  ['an encoded slash stays one', head('GET /off/a%2fb HTTP/1.1', close), { status: 200, asked: ['GET /off/a%2Fb'] }],
  ['two slashes stay two', head('GET /off//x HTTP/1.1', close), { status: 200, asked: ['GET /off//x'] }],
]);

requests(stage, 'methods (12)', malformed([
  ['CONNECT', head('CONNECT a:443 HTTP/1.1'), { status: [400, 405, 501] }],
  ['PURGE from anybody', head('PURGE /off/x HTTP/1.1', close), { status: [403, 405] }],
  ['SOFTPURGE from anybody', head('SOFTPURGE /off/x HTTP/1.1', close), { status: [403, 405] }],
  ['TRACE', head('TRACE /off/x HTTP/1.1', close), { status: [405, 501] }],
]));
requests(stage, 'methods (12)', [
  ['an unknown one is forwarded', head('BREW /off/x HTTP/1.1', close), { status: 200, asked: ['BREW /off/x'] }],
  ['get in small letters is not GET', head('get /off/x HTTP/1.1', close), { status: 200, asked: ['get /off/x'] }],
]);

requests(stage, 'hop-by-hop (13)', malformed([
  ['Connection names Host', get('Connection: Host')],
  ['Connection names Content-Length', get('Connection: close, content-length')],
  ['Connection names Authorization', get('Connection: Authorization')],
  ['Connection names Cookie', get('Connection: cookie')],
  ['Connection names Cache-Control', get('Connection: Cache-Control')],
  ['Connection names Transfer-Encoding', get('Connection: Transfer-Encoding')],
  ['Connection names Content-Type', get('Connection: Content-Type')],
  ['Connection is no list of tokens', get('Connection: a b(c')],
]));

requests(stage, 'limits (14)', [
  ['a request line without end', `GET /${'x'.repeat(20_000)}`, { status: 414 }],
  ['a field without end', `GET /off/x HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(50_000)}`, { status: 431 }],
  ['a name without end', `GET /off/x HTTP/1.1\r\nHost: a\r\n${'y'.repeat(50_000)}`, { status: 431 }],
  ['a thousand fields', `GET /off/x HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(1000)}\r\n`, { status: 431 }],
  ['a head that stops', 'GET /off/x HTTP/1.1\r\nHost: a\r\nX: ', { status: [400, 408] }],
  ['nothing but empty lines', '\r\n'.repeat(50_000), { status: 400 }],
  ['nothing', '', { status: undefined }],
]);

requests(stage, 'empty lines before a request', [
  ['one is read over (RFC 9112 §2.2)', `\r\n${get(close)}`, fine],
]);
