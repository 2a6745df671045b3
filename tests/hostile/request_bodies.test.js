// Requests, HTTP/1: where a body ends, by Content-Length, by chunks, and never by two opinions (hostile.md 3-9). The bytes after
// each malformed message are a request for /evil: it must never arrive.
import { hostileStage, requests } from './table.js';

const stage = hostileStage();
const evil = 'GET /evil HTTP/1.1\r\nHost: a\r\n\r\n';
const close = 'Connection: close';
const post = (...fields) => `${['POST /off/x HTTP/1.1', 'Host: a', ...fields].join('\r\n')}\r\n\r\n`;
const chunked = (body, ...fields) => post('Transfer-Encoding: chunked', ...fields) + body;
const bad = { status: 400 };
const either = { status: [400, 501] };
const followed = (rows, expected = bad) => rows.map(([what, data, own]) => [what, data + evil, own ?? expected]);

requests(stage, 'Content-Length (3)', followed([
  ['two that differ', `${post('Content-Length: 5', 'Content-Length: 6')}hello`],
  ['two that are equal', `${post('Content-Length: 5', 'Content-Length: 5')}hello`],
  ['a list', `${post('Content-Length: 5, 5')}hello`],
  ['a plus', `${post('Content-Length: +5')}hello`],
  ['a minus', `${post('Content-Length: -5')}hello`],
  ['empty', post('Content-Length:')],
  ['hexadecimal', `${post('Content-Length: 0x5')}hello`],
  ['a fraction', `${post('Content-Length: 5.0')}hello`],
  ['an exponent', `${post('Content-Length: 5e0')}hello`],
  ['a space within', `${post('Content-Length: 5 5')}hello`],
  ['quotes', `${post('Content-Length: "5"')}hello`],
  ['past 64 bits', `${post('Content-Length: 18446744073709551621')}hello`, { status: [400, 413] }],
  ['the largest of 64 bits', `${post('Content-Length: 18446744073709551615')}hello`, { status: [400, 413] }],
  ['a hundred digits', `${post(`Content-Length: ${'9'.repeat(100)}`)}hello`, { status: [400, 413] }],
  ['a letter behind', `${post('Content-Length: 5a')}hello`],
  ['an underscore', `${post('Content-Length: 1_0')}hello`],
  ['a space before the colon', `${post('Content-Length : 5')}hello`],
  ['a NUL behind', `${post('Content-Length: 5\0')}hello`],
  ['larger than the route takes', `${post('Content-Length: 100000')}hello`, { status: 413 }],
]));

requests(stage, 'Content-Length (3)', [
  ['leading zeros are digits', `${post('Content-Length: 0005', close)}hello`, { status: [200, 400], asked: ['POST /off/x hello'] }],
  ['spaces around it', `${post('Content-Length:   5 ', close)}hello`, { status: 200, asked: ['POST /off/x hello'] }],
  ['a tab around it, of which readers think differently', `${post('Content-Length: \t5 ', close)}hello`, { status: 400 }],
  ['what follows the body is the next request', `${post('Content-Length: 5')}hello${post('Content-Length: 2', close)}hi`,
    { status: 200, answers: 2, asked: ['POST /off/x hello', 'POST /off/x hi'] }],
  ['a body that is a request is a body', `${post(`Content-Length: ${evil.length}`, close)}${evil}`,
    { status: 200, asked: [`POST /off/x ${evil}`.trim()] }],
]);

requests(stage, 'Transfer-Encoding (4)', followed([
  ['with a Content-Length', chunked('0\r\n\r\n', 'Content-Length: 5')],
  ['with a Content-Length before it', `${post('Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n`],
  ['with a Content-Length of 0', chunked('0\r\n\r\n', 'Content-Length: 0')],
  ['two of them', chunked('0\r\n\r\n', 'Transfer-Encoding: chunked')],
  ['identity', `${post('Transfer-Encoding: identity')}`, either],
  ['gzip', `${post('Transfer-Encoding: gzip')}0\r\n\r\n`, either],
  ['gzip, chunked', `${post('Transfer-Encoding: gzip, chunked')}0\r\n\r\n`, either],
  ['chunked, identity', `${post('Transfer-Encoding: chunked, identity')}0\r\n\r\n`, either],
  ['chunked, chunked', `${post('Transfer-Encoding: chunked, chunked')}0\r\n\r\n`, either],
  ['xchunked', `${post('Transfer-Encoding: xchunked')}0\r\n\r\n`, either],
  ['chunked with a parameter', `${post('Transfer-Encoding: chunked;q=1')}0\r\n\r\n`, either],
  ['quoted', `${post('Transfer-Encoding: "chunked"')}0\r\n\r\n`, either],
  ['empty', `${post('Transfer-Encoding:')}0\r\n\r\n`, either],
  ['a comma before', `${post('Transfer-Encoding: ,chunked')}0\r\n\r\n`, either],
  ['a vertical tab before', `${post('Transfer-Encoding: \x0bchunked')}0\r\n\r\n`, either],
  ['a space before the colon', `${post('Transfer-Encoding : chunked')}0\r\n\r\n`],
  ['folded', `${post('Transfer-Encoding:', ' chunked')}0\r\n\r\n`],
  ['a name that looks alike, with a NUL', `${post('Transfer-Encoding\0: chunked')}0\r\n\r\n`],
  ['on HTTP/1.0', `POST /off/x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['by the other opinion: CL 4, chunked', `${post('Content-Length: 4', 'Transfer-Encoding: chunked')}29\r\nGET /evil HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n\r\n0\r\n\r\n`],
]));

requests(stage, 'Transfer-Encoding (4)', [
  ['chunked in capitals is the same coding', `${post('Transfer-Encoding: CHUNKED', close)}5\r\nhello\r\n0\r\n\r\n`,
    { status: [200, 400, 501], asked: ['POST /off/x hello'] }],
]);

requests(stage, 'chunks (5)', [
  ...[
    ['a bare LF after the size', '5\nhello\r\n0\r\n\r\n'],
    ['a bare LF after the data', '5\r\nhello\n0\r\n\r\n'],
    ['no CR LF after the data', '5\r\nhello0\r\n\r\n'],
    ['more data than it says', '5\r\nhello!\r\n0\r\n\r\n'],
    ['seventeen digits', '00000000000000005\r\nhello\r\n0\r\n\r\n'],
    ['a size past 64 bits', '10000000000000005\r\nhello\r\n0\r\n\r\n'],
    ['a negative size', '-5\r\nhello\r\n0\r\n\r\n'],
    ['a plus', '+5\r\nhello\r\n0\r\n\r\n'],
    ['0x', '0x5\r\nhello\r\n0\r\n\r\n'],
    ['no size', '\r\nhello\r\n0\r\n\r\n'],
    ['letters that are no digits', 'g\r\nhello\r\n0\r\n\r\n'],
    ['a space before the size', ' 5\r\nhello\r\n0\r\n\r\n'],
    ['a space within the size', '0 5\r\nhello\r\n0\r\n\r\n'],
    ['an underscore', '1_0\r\nhello\r\n0\r\n\r\n'],
    ['a bare LF in an extension', '5;a\nb\r\nhello\r\n0\r\n\r\n'],
    ['a NUL in an extension', '5;a=\0\r\nhello\r\n0\r\n\r\n'],
    ['an extension of 300 bytes', `5;a=${'b'.repeat(300)}\r\nhello\r\n0\r\n\r\n`],
    ['extensions of 10 KiB in all', `${`1;a=${'b'.repeat(200)}\r\nx\r\n`.repeat(50)}0\r\n\r\n`],
    ['a malformed extension', '5;=\r\nhello\r\n0\r\n\r\n'],
    ['an unclosed quote in an extension', '5;a="b\r\nhello\r\n0\r\n\r\n'],
    ['a malformed trailer', '5\r\nhello\r\n0\r\nX : y\r\n\r\n'],
    ['a bare LF in a trailer', '5\r\nhello\r\n0\r\nX: y\n\r\n'],
    ['trailers of 10 KiB', `5\r\nhello\r\n0\r\n${`X: ${'y'.repeat(1000)}\r\n`.repeat(10)}\r\n`],
    ['a size line without end', '5'.repeat(20_000)],
    ['a bare CR after the size', '5\rhello\r\n0\r\n\r\n'],
    ['a size of all ones', 'ffffffffffffffff\r\nhello\r\n0\r\n\r\n'],
  ].map(([what, body]) => [what, chunked(body) + evil, { status: [400, 413, 431] }]),
  ['an extension is read over', chunked('5;a=b;c="d e"\r\nhello\r\n0;x\r\n\r\n', close), { status: 200, asked: ['POST /off/x hello'] }],
  ['sizes with leading zeros, in capitals', chunked('000A\r\n0123456789\r\n0\r\n\r\n', close), { status: 200, asked: ['POST /off/x 0123456789'] }],
  ['trailers are checked and dropped', chunked('5\r\nhello\r\n0\r\nX: y\r\n\r\n', close), { status: 200, asked: ['POST /off/x hello'] }],
  ['a chunk for each byte', chunked(`${'1\r\nx\r\n'.repeat(3000)}0\r\n\r\n`, close), { status: 200, asked: [`POST /off/x ${'x'.repeat(3000)}`] }],
]);

requests(stage, 'a body that ends early (6)', [
  ['short of its length', `${post('Content-Length: 100')}hello`],
  ['within a chunk', chunked('ff\r\nhello')],
  ['before the last chunk', chunked('5\r\nhello\r\n')],
  ['before the end of the trailers', chunked('5\r\nhello\r\n0\r\n')],
].map(([what, data]) => [what, data, { status: [400, 408, undefined] }]));

requests(stage, 'a body that nobody reads (8)', [
  ['of a GET that may be kept', `GET /kept/x HTTP/1.1\r\nHost: a\r\nContent-Length: ${evil.length}\r\n\r\n${evil}`, bad],
  ['of a refused method', `TRACE /x HTTP/1.1\r\nHost: a\r\nContent-Length: ${evil.length}\r\n\r\n${evil}`, { status: [400, 405, 501] }],
  ['of an unknown Expect', `${post(`Content-Length: ${evil.length}`, 'Expect: x')}${evil}`, { status: 417 }],
  ['chunked, of a GET that may be kept', `GET /kept/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${evil.length.toString(16)}\r\n${evil}\r\n0\r\n\r\n`, bad],
]);

requests(stage, 'Expect (9)', [
  ['of an HTTP/1.0 client is ignored', `POST /off/x HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello`,
    { status: 200, asked: ['POST /off/x hello'] }],
]);
