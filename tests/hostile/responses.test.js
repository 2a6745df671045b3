// The origin is untrusted (hostile.md 15-19): what is malformed is a 502 and never kept, what is incomplete never looks whole, and
// what follows an answer is never the answer to anybody else. Each is asked for on a route that would keep anything.
import { hostileStage, responses } from './table.js';

const stage = hostileStage();
const leftover = 'HTTP/1.1 200 Evil\r\nContent-Length: 4\r\n\r\nevil';
const head = (line, ...fields) => `${[line, ...fields].join('\r\n')}\r\n\r\n`;
const ok = (...fields) => head('HTTP/1.1 200 Fine', ...fields);
const cl = 'Content-Length: 5';
const te = 'Transfer-Encoding: chunked';
const bad = {};
const cut = { cut: true };
const kept = { status: 200, body: 'hello', kept: true };
const passed = { status: 200, body: 'hello' };

responses(stage, 'grammar (15)', [
  ['no HTTP at all', 'hello\r\n\r\n', bad],
  ['an empty answer: an error, or one more try', '', { status: [200, 502] }],
  ['a bare LF after the status line', `HTTP/1.1 200 Fine\n${cl}\r\n\r\nhello`, bad],
  ['a bare LF after a field', `HTTP/1.1 200 Fine\r\n${cl}\n\r\nhello`, bad],
  ['LF alone throughout', `HTTP/1.1 200 Fine\n${cl}\n\nhello`, bad],
  ['a bare CR in a value', `${ok(cl, 'X: a\rb')}hello`, bad],
  ['a NUL in a value', `${ok(cl, 'X: a\0b')}hello`, bad],
  ['a NUL in a name', `${ok(cl, 'X\0: a')}hello`, bad],
  ['a space before the colon', `${ok(cl, 'X : a')}hello`, bad],
  ['no colon', `${ok(cl, 'nonsense')}hello`, bad],
  ['no name', `${ok(cl, ': a')}hello`, bad],
  ['a folded line', `${ok(cl, 'X: a', ' b')}hello`, bad],
  ['a status of two digits', `${head('HTTP/1.1 20 Fine', cl)}hello`, bad],
  ['a status of four digits', `${head('HTTP/1.1 2000 Fine', cl)}hello`, bad],
  ['a status of 099', `${head('HTTP/1.1 099 Fine', cl)}hello`, bad],
  ['a status of 600', `${head('HTTP/1.1 600 Fine', cl)}hello`, bad],
  ['a status of 000', `${head('HTTP/1.1 000 Fine', cl)}hello`, bad],
  ['a negative status', `${head('HTTP/1.1 -20 Fine', cl)}hello`, bad],
  ['a status with letters', `${head('HTTP/1.1 2OO Fine', cl)}hello`, bad],
  ['another version', `${head('HTTP/2.0 200 Fine', cl)}hello`, bad],
  ['another protocol', `${head('ICY 200 Fine', cl)}hello`, bad],
  ['a control byte in the reason', `${head('HTTP/1.1 200 Fi\x01ne', cl)}hello`, bad],
  ['a space before the status line', ` ${ok(cl)}hello`, bad],
  ['a head of 70 KiB', `${ok(cl, ...Array.from({ length: 70 }, (_, i) => `X-${i}: ${'y'.repeat(1000)}`))}hello`, bad],
  ['a head without end', `HTTP/1.1 200 Fine\r\nX: ${'y'.repeat(200_000)}`, bad],
  ['a thousand fields', `${ok(cl, ...Array(1000).fill('X: y'))}hello`, bad],
]);

responses(stage, 'grammar (15), fine', [
  ['no reason', `${head('HTTP/1.1 200 ', cl)}hello`, kept],
  ['8-bit bytes in the reason', `${head('HTTP/1.1 200 F\xe9', cl)}hello`, kept],
  ['an empty value', `${ok(cl, 'X:')}hello`, kept],
]);

responses(stage, 'lengths (15)', [
  ['two that differ', `${ok(cl, 'Content-Length: 6')}hello!`, bad],
  ['two that are equal', `${ok(cl, cl)}hello`, bad],
  ['a list', `${ok('Content-Length: 5, 5')}hello`, bad],
  ['negative', `${ok('Content-Length: -5')}hello`, bad],
  ['a plus', `${ok('Content-Length: +5')}hello`, bad],
  ['past 64 bits', `${ok('Content-Length: 18446744073709551621')}hello`, bad],
  ['hexadecimal', `${ok('Content-Length: 0x5')}hello`, bad],
  ['empty', `${ok('Content-Length:')}hello`, bad],
  ['with Transfer-Encoding', `${ok(cl, te)}5\r\nhello\r\n0\r\n\r\n`, bad],
  ['Transfer-Encoding: gzip', `${ok('Transfer-Encoding: gzip')}hello`, bad],
  ['Transfer-Encoding: gzip, chunked', `${ok('Transfer-Encoding: gzip, chunked')}5\r\nhello\r\n0\r\n\r\n`, bad],
  ['Transfer-Encoding: chunked, identity', `${ok('Transfer-Encoding: chunked, identity')}5\r\nhello\r\n0\r\n\r\n`, bad],
  ['Transfer-Encoding twice', `${ok(te, te)}5\r\nhello\r\n0\r\n\r\n`, bad],
  ['Transfer-Encoding: xchunked', `${ok('Transfer-Encoding: xchunked')}hello`, bad],
  ['Transfer-Encoding on HTTP/1.0', `${head('HTTP/1.0 200 Fine', te)}5\r\nhello\r\n0\r\n\r\n`, bad],
]);

responses(stage, 'chunks (15)', [
  ['a bare LF after the size', `${ok(te)}5\nhello\r\n0\r\n\r\n`, cut],
  ['no CR LF after the data', `${ok(te)}5\r\nhello0\r\n\r\n`, cut],
  ['a size past 64 bits', `${ok(te)}10000000000000005\r\nhello\r\n0\r\n\r\n`, cut],
  ['a negative size', `${ok(te)}-5\r\nhello\r\n0\r\n\r\n`, cut],
  ['a size that is none', `${ok(te)}zz\r\nhello\r\n0\r\n\r\n`, cut],
  ['an extension of 300 bytes', `${ok(te)}5;a=${'b'.repeat(300)}\r\nhello\r\n0\r\n\r\n`, cut],
  ['a malformed trailer', `${ok(te)}5\r\nhello\r\n0\r\nX : y\r\n\r\n`, cut],
  ['a good one', `${ok(te)}5\r\nhello\r\n0\r\n\r\n`, kept],
  ['a good one with extensions and trailers', `${ok(te)}5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n`, kept],
]);

responses(stage, 'interim answers (16)', [
  ['nine of them', `${'HTTP/1.1 103 Hints\r\n\r\n'.repeat(9)}${ok(cl)}hello`, bad],
  ['a 101 nobody asked for', 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n', bad],
  ['without a final one', 'HTTP/1.1 100 Continue\r\n\r\n', bad],
  ['one, then a good answer', `HTTP/1.1 103 Hints\r\n\r\n${ok(cl)}hello`, kept],
]);

responses(stage, 'bytes after the end (17)', [
  ['after a body with a length', `${ok(cl)}hello${leftover}`, { ...passed, kept: true, end: 'open' }],
  ['after the last chunk', `${ok(te)}5\r\nhello\r\n0\r\n\r\n${leftover}`, { ...passed, kept: true, end: 'open' }],
  ['after a 204', `${head('HTTP/1.1 204 None', cl)}hello${leftover}`, { status: 204, body: '', end: 'open' }],
  ['after a 204 without a length', `${head('HTTP/1.1 204 None')}${leftover}`, { status: 204, body: '', end: 'open' }],
  ['after an answer to HEAD', `${ok(cl)}hello${leftover}`,
    { status: 200, body: '', end: 'open', ask: 'HEAD', headers: { 'Cache-Control': 'no-store' } }],
  ['after the GET that stands for a HEAD', `${ok(cl)}hello${leftover}`, { status: 200, body: '', kept: true, end: 'open', ask: 'HEAD' }],
  ['a garbage byte', `${ok(cl)}hello\0`, { ...passed, kept: true, end: 'open' }],
]);

for (const end of ['cut', 'reset']) {
  responses(stage, `incomplete (18), by ${end}`, [
    ['short of its length', `${ok('Content-Length: 500')}hello`, { ...cut, end }],
    ['a length and no byte', ok('Content-Length: 500'), { ...cut, end }],
    ['no last chunk', `${ok(te)}5\r\nhello\r\n`, { ...cut, end }],
    ['within a chunk', `${ok(te)}ff\r\nhello`, { ...cut, end }],
    ['within the size of a chunk', `${ok(te)}5\r\nhello\r\n1`, { ...cut, end }],
    ['after the last chunk, before its end', `${ok(te)}5\r\nhello\r\n0\r\n`, { ...cut, end }],
    ['within the head', 'HTTP/1.1 200 Fine\r\nContent-Le', { ...bad, end }],
    ['after the status line', 'HTTP/1.1 200 Fine\r\n', { ...bad, end }],
  ]);
}
responses(stage, 'incomplete (18)', [
  ['a body until the connection ends: passed on, not kept', `${ok()}hello`, passed],
  ['the same, by a reset', `${ok()}hello`, { ...cut, end: 'reset' }],
  ['HTTP/1.0 until the connection ends', `${head('HTTP/1.0 200 Fine')}hello`, passed],
]);

responses(stage, 'conditions nobody made (19)', [
  ['a 304 without a validator of weir\'s', head('HTTP/1.1 304 Same', 'ETag: "x"'), bad],
  ['a 206 without a range of weir\'s', `${head('HTTP/1.1 206 Part', cl, 'Content-Range: bytes 0-4/10')}hello`, bad],
  ['a 206 without Content-Range', `${head('HTTP/1.1 206 Part', cl)}hello`, bad],
]);

responses(stage, 'what a field may say', [
  ['a lifetime that is malformed', `${ok(cl, 'Cache-Control: max-age=abc')}hello`, passed],
  ['a lifetime that is negative', `${ok(cl, 'Cache-Control: max-age=-1')}hello`, passed],
  ['lifetimes that differ', `${ok(cl, 'Cache-Control: max-age=60', 'Cache-Control: max-age=600')}hello`, passed],
  ['a lifetime past all bounds', `${ok(cl, 'Cache-Control: max-age=99999999999999999999999')}hello`, kept],
  ['no-store in quotes is not no-store', `${ok(cl, 'Cache-Control: max-age=60, ext="no-store"')}hello`, kept],
  ['no-store in capitals', `${ok(cl, 'Cache-Control: MAX-AGE=60, NO-STORE')}hello`, passed],
  ['no-store on a second line', `${ok(cl, 'Cache-Control: max-age=60', 'Cache-Control: no-store')}hello`, passed],
  ['private with a field name is not private for all', `${ok(cl, 'Cache-Control: max-age=60, private="x-mine"', 'X-Mine: 1')}hello`, kept],
  ['a Date of another age', `${ok(cl, 'Date: Thu, 01 Jan 1970 00:00:00 GMT', 'Cache-Control: max-age=60')}hello`, { ...passed, kept: true }],  // straight from the origin: its clock counts for nothing (RFC 9111 §4.2.3)
  ['an Age past all bounds', `${ok(cl, 'Age: 99999999999999999999', 'Cache-Control: max-age=60')}hello`, passed],
  ['a Vary of nine names', `${ok(cl, 'Vary: A, B, C, D, E, F, G, H, I')}hello`, passed],
  ['Vary: *', `${ok(cl, 'Vary: Accept', 'Vary: *')}hello`, passed],
  ['Set-Cookie', `${ok(cl, 'Set-Cookie: a=b')}hello`, passed],
]);
