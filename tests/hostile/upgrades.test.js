// Requests that pretend to an upgrade, to hide another request behind it. The origin here grants none: whatever follows such a
// request is parsed by weir, or never read at all (hostile.md 13).
import { askingBytes, kAsking } from '../support/tunnel.js';
import { hostileStage, requests } from './table.js';

const stage = hostileStage();
const kEvil = 'GET /evil HTTP/1.1\r\nHost: a\r\n\r\n';
const bytes = (fields = {}, behind = '', line = 'GET /live HTTP/1.1') =>
  askingBytes('/live', fields).toString('latin1').replace('GET /live HTTP/1.1', line) + behind;

requests(stage, 'refused by the origin, and behind it', [
  ['another request', bytes({}, kEvil), { status: 200, asked: ['GET /live'] }],
  ['frames', bytes({}, '\x81\x85\x00\x00\x00\x00hello'), { status: 200, asked: ['GET /live'] }],
  ['much', bytes({}, kEvil.repeat(5000)), { status: 200, asked: ['GET /live'] }],
  ['nothing', bytes(), { status: 200, asked: ['GET /live'] }],
]);

requests(stage, 'with content that hides another request', [
  ['of a length', bytes({ 'Content-Length': kEvil.length }, kEvil), { status: 200, asked: [`GET /live ${kEvil}`.trim()] }],
  ['in chunks', bytes({ 'Transfer-Encoding': 'chunked' }, `${kEvil.length.toString(16)}\r\n${kEvil}\r\n0\r\n\r\n`),
    { status: 200, asked: [`GET /live ${kEvil}`.trim()] }],
  ['of a POST', bytes({ 'Content-Length': kEvil.length }, kEvil, 'POST /live HTTP/1.1'), { status: 200, asked: [`POST /live ${kEvil}`.trim()] }],
]);

requests(stage, 'that is none', [
  ['of HTTP/1.0', bytes({}, '', 'GET /live HTTP/1.0'), { status: 200, asked: ['GET /live'] }],
  ['of a protocol with a space', bytes({ Upgrade: 'web socket' }), { status: 200, asked: ['GET /live'] }],
  ['of forty protocols', bytes({ Upgrade: Array.from({ length: 40 }, (_, i) => `p${i}`).join(', ') }), { status: 200, asked: ['GET /live'] }],
  ['that names h2c', bytes({ Upgrade: 'h2c', Connection: 'Upgrade, HTTP2-Settings', 'HTTP2-Settings': 'AAMAAABkAAQAAP__' }),
    { status: 200, asked: ['GET /live'] }],
  ['on a route without', bytes({}, '', 'GET /off/live HTTP/1.1'), { status: 200, asked: ['GET /off/live'] }],
]);

requests(stage, 'that is malformed', [
  ['Connection names Host', bytes({ Connection: 'Upgrade, Host' }), { status: 400 }],
  ['Connection names Transfer-Encoding', bytes({ Connection: 'Upgrade, Transfer-Encoding', 'Transfer-Encoding': 'chunked' }), { status: 400 }],
  ['a control byte in Upgrade', bytes({ Upgrade: 'websocket\x01' }), { status: 400 }],
  ['no key', bytes({ 'Sec-WebSocket-Key': null }, kEvil), { status: 400 }],
  ['a key with more behind it', bytes({ 'Sec-WebSocket-Key': `${kAsking['Sec-WebSocket-Key']}, x` }, kEvil), { status: 400 }],
  ['CONNECT', `CONNECT live:80 HTTP/1.1\r\nHost: live:80\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${kEvil}`, { status: 405 }],
]);
