// Frames of HTTP/2 (RFC 9113 §4) as bytes, right or wrong: names, a writer that writes what it is told, a reader for what comes back.

export const kPreface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

const numbered = (names, first = 0) => Object.fromEntries(names.split(' ').map((name, i) => [name, i + first]));

export const kType = { ...numbered('DATA HEADERS PRIORITY RST_STREAM SETTINGS PUSH_PROMISE PING GOAWAY WINDOW_UPDATE CONTINUATION ALTSVC'),
  ORIGIN: 12, PRIORITY_UPDATE: 16 };
export const kFlag = { ACK: 1, END_STREAM: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 32 };
export const kSetting = { ...numbered('HEADER_TABLE_SIZE ENABLE_PUSH MAX_CONCURRENT_STREAMS INITIAL_WINDOW_SIZE MAX_FRAME_SIZE MAX_HEADER_LIST_SIZE', 1),
  ENABLE_CONNECT_PROTOCOL: 8, NO_RFC7540_PRIORITIES: 9 };
export const kCode = numbered('NO_ERROR PROTOCOL_ERROR INTERNAL_ERROR FLOW_CONTROL_ERROR SETTINGS_TIMEOUT STREAM_CLOSED FRAME_SIZE_ERROR ' +
  'REFUSED_STREAM CANCEL COMPRESSION_ERROR CONNECT_ERROR ENHANCE_YOUR_CALM INADEQUATE_SECURITY HTTP_1_1_REQUIRED');

export const kMaxWindow = 2 ** 31 - 1;
export const nameOf = (names, value) => Object.keys(names).find((name) => names[name] === value) ?? `0x${value.toString(16)}`;

export function uint(value, bytes) {
  const out = Buffer.alloc(bytes);
  for (let i = bytes - 1, left = value; i >= 0; i -= 1, left = Math.floor(left / 256)) out[i] = left % 256;
  return out;
}

// `type` a name or a number, `flags` a number. `length`: what the frame says, where that isn't how long it is.
export function frame(type, flags, stream, payload = Buffer.alloc(0), { length } = {}) {
  const content = Buffer.isBuffer(payload) ? payload : Buffer.from(payload, 'latin1');
  const number = typeof type === 'number' ? type : kType[type];
  return Buffer.concat([uint(length ?? content.length, 3), Buffer.from([number, flags]), uint(stream, 4), content]);
}

// `pad`: how many bytes of padding stand behind; `says`: how many the frame says, where that differs.
export function padded(payload, pad, says = pad) {
  return Buffer.concat([Buffer.from([says]), Buffer.from(payload, 'latin1'), Buffer.alloc(pad)]);
}

// From { NAME: value } or a list of [number or name, value].
export function settingsPayload(settings) {
  const list = Array.isArray(settings) ? settings : Object.entries(settings);
  return Buffer.concat(list.map(([name, value]) => Buffer.concat([uint(kSetting[name] ?? name, 2), uint(value, 4)])));
}

export const priorityPayload = (on, weight = 15, exclusive = false) =>
  Buffer.concat([uint(on + (exclusive ? 2 ** 31 : 0), 4), Buffer.from([weight])]);

// Splits what arrives into frames: { type, flags, stream, payload }.
export class FrameReader {
  #chunks = [];
  #size = 0;

  *frames(data) {
    this.#chunks.push(data);
    this.#size += data.length;
    while (this.#size >= 9) {
      const head = this.#peek(9);
      const length = head.readUIntBE(0, 3);
      if (this.#size < 9 + length) return;
      this.#take(9);
      const stream = head.readUInt32BE(5) % 2 ** 31;
      yield { type: nameOf(kType, head[3]), flags: head[4], stream, payload: this.#take(length) };
    }
  }

  #peek(n) {
    if (this.#chunks[0].length < n) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0].subarray(0, n);
  }

  #take(n) {
    if (n === 0) return Buffer.alloc(0);
    let have = 0;
    let parts = 0;
    while (have < n) have += this.#chunks[parts++].length;
    const all = parts === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks.slice(0, parts));
    this.#chunks.splice(0, parts, ...(all.length > n ? [all.subarray(n)] : []));
    this.#size -= n;
    return all.subarray(0, n);
  }
}
