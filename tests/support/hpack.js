// HPACK (RFC 7541) for the raw HTTP/2 client. The pieces of a header block are written one by one, also wrong ones; what weir
// writes is read strictly: a decoder that forgives nothing.
//
//   Buffer.concat([indexed(2), literal('x-name', 'value', { how: 'keep' }), resize(0)])
//   new Decoder().decode(block)   →   [[':status', '200'], …]

const kPlainStatic = `:authority|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|:scheme=https|:status=200|:status=204|
:status=206|:status=304|:status=400|:status=404|:status=500|accept-charset|accept-encoding=gzip, deflate|accept-language|accept-ranges|
accept|access-control-allow-origin|age|allow|authorization|cache-control|content-disposition|content-encoding|content-language|
content-length|content-location|content-range|content-type|cookie|date|etag|expect|expires|from|host|if-match|if-modified-since|
if-none-match|if-range|if-unmodified-since|last-modified|link|location|max-forwards|proxy-authenticate|proxy-authorization|range|referer|
refresh|retry-after|server|set-cookie|strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate`;
// Entry n of the static table is kStatic[n - 1].
export const kStatic = kPlainStatic.replaceAll('\n', '').split('|').map((entry) => {
  const [, name, value = ''] = /^(:?[^=]+)(?:=(.*))?$/.exec(entry);
  return [name, value];
});

// How many bits the code of each byte has, and that of EOS at the end. The code is canonical: in the order of lengths, then of bytes.
const kLengths = `
13 23 28 28 28 28 28 28 28 24 30 28 28 30 28 28 28 28 28 28 28 28 30 28 28 28 28 28 28 28 28 28
6 10 10 12 13 6 8 11 10 10 8 11 8 6 6 6 5 5 5 6 6 6 6 6 6 6 7 8 15 6 12 10
13 6 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 8 7 8 13 19 13 14 6
15 5 6 5 6 5 6 6 6 5 7 7 6 6 6 5 6 7 6 5 5 6 7 7 7 7 7 15 11 14 13 28
20 22 20 20 22 22 22 23 22 23 23 23 23 23 24 23 24 24 22 23 24 23 23 23 23 21 22 23 22 23 23 24
22 21 20 22 22 23 23 21 23 22 22 24 21 22 23 23 21 21 22 21 23 22 23 23 20 22 22 22 23 22 22 23
26 26 20 19 22 23 22 25 26 26 26 27 27 26 24 25 19 21 26 27 27 26 27 24 21 21 26 26 28 27 27 27
20 24 20 21 22 21 21 23 22 22 25 25 24 24 26 23 26 27 26 26 27 27 27 27 27 28 27 27 27 27 27 26
30`.trim().split(/\s+/).map(Number);
const kEos = 256;

function canonical() {
  const order = kLengths.map((length, symbol) => ({ length, symbol })).sort((a, b) => a.length - b.length || a.symbol - b.symbol);
  const codes = [];
  let code = 0;
  let length = order[0].length;
  for (const entry of order) {
    code *= 2 ** (entry.length - length);
    length = entry.length;
    codes[entry.symbol] = code.toString(2).padStart(length, '0');
    code += 1;
  }
  if (code !== 2 ** length) throw new Error('the Huffman code is not complete');
  return codes;
}
const kCodes = canonical();   // strings of 0 and 1: plain before fast
const kSymbols = new Map(kCodes.map((bits, symbol) => [bits, symbol]));

const toBytes = (bits) => Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));

// `padding`: the bits after the last code, where they are not to be the right ones. `eos`: the code of EOS goes behind.
export function huffman(text, { padding, eos = false } = {}) {
  let bits = [...Buffer.from(text, 'latin1')].map((byte) => kCodes[byte]).join('');
  if (eos) bits += kCodes[kEos];
  bits += padding ?? '1'.repeat((8 - (bits.length % 8)) % 8);
  return toBytes(bits);
}

function unhuffman(data) {
  let bits = '';
  let text = '';
  for (const byte of data) {
    for (const bit of byte.toString(2).padStart(8, '0')) {
      bits += bit;
      const symbol = kSymbols.get(bits);
      if (symbol === undefined) continue;
      if (symbol === kEos) throw new Error('HPACK: EOS in a string');
      text += String.fromCharCode(symbol);
      bits = '';
    }
  }
  if (bits.length > 7 || bits.includes('0')) throw new Error(`HPACK: the padding ${bits}`);
  return text;
}

// An integer whose first byte has `first` in its upper bits and `prefix` bits of room.
export function integer(value, prefix, first = 0) {
  const most = 2 ** prefix - 1;
  if (value < most) return Buffer.from([first | value]);
  const out = [first | most];
  let left = value - most;
  for (; left >= 128; left = Math.floor(left / 128)) out.push(128 + (left % 128));
  return Buffer.from([...out, left]);
}

export function string(text, coded = false) {
  const data = coded ? huffman(text) : Buffer.from(text, 'latin1');
  return Buffer.concat([integer(data.length, 7, coded ? 0x80 : 0), data]);
}

const kWays = { plain: [4, 0x00], never: [4, 0x10], keep: [6, 0x40] };

// `how`: plain (without indexing), never (never indexed), keep (goes into the table). `name` may be an index.
export function literal(name, value, { how = 'plain', coded = false } = {}) {
  const [prefix, first] = kWays[how];
  if (typeof name === 'number') return Buffer.concat([integer(name, prefix, first), string(value, coded)]);
  return Buffer.concat([Buffer.from([first]), string(name, coded), string(value, coded)]);
}

export const indexed = (index) => integer(index, 7, 0x80);
export const resize = (size) => integer(size, 5, 0x20);

// A whole block of plain literals: no state on either side. A value may be a Buffer of the encoded field.
export function block(fields, options) {
  return Buffer.concat(fields.map((field) => (Buffer.isBuffer(field) ? field : literal(field[0], String(field[1]), options))));
}

export class Decoder {
  #table = [];
  #size = 0;
  #limit;   // as the other side's encoder last said
  #due = null;   // the size at most that its next block has to begin with

  // `max`: what we allow (SETTINGS_HEADER_TABLE_SIZE).
  constructor(max = 4096) {
    this.max = max;
    this.#limit = max;
  }

  // Another size is allowed from now on. A smaller one has to be confirmed (RFC 9113 §4.3.1), at the next block's beginning.
  allow(max) {
    if (max < this.#limit) this.#due = Math.min(max, this.#due ?? max);
    this.max = max;
  }

  decode(data) {
    this.data = data;
    this.at = 0;
    const fields = [];
    while (this.at < data.length) {
      const byte = data[this.at];
      if (this.#due !== null && byte >> 5 !== 1) throw new Error(`HPACK: a block that does not begin with the size of ${this.#due} at most`);
      if (byte & 0x80) fields.push(this.#entry(this.#integer(7)));
      else if (byte & 0x40) fields.push(this.#keep(this.#literal(6)));
      else if (byte & 0x20) this.#resize(this.#integer(5), fields);
      else fields.push(this.#literal(4));
    }
    return fields;
  }

  #entry(index) {
    const entry = index <= kStatic.length ? kStatic[index - 1] : this.#table[index - kStatic.length - 1];
    if (!entry) throw new Error(`HPACK: no entry ${index}`);
    return [...entry];
  }

  #integer(prefix) {
    const most = 2 ** prefix - 1;
    let value = this.#byte() & most;
    if (value < most) return value;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * factor;
      if (factor > 2 ** 28) throw new Error('HPACK: an integer past all bounds');
      if (byte < 128) return value;
    }
  }

  #byte() {
    if (this.at >= this.data.length) throw new Error('HPACK: cut short');
    return this.data[this.at++];
  }

  #string() {
    const coded = (this.data[this.at] & 0x80) !== 0;
    const length = this.#integer(7);
    if (this.at + length > this.data.length) throw new Error('HPACK: a string is cut short');
    const bytes = this.data.subarray(this.at, (this.at += length));
    return coded ? unhuffman(bytes) : bytes.toString('latin1');
  }

  #literal(prefix) {
    const index = this.#integer(prefix);
    const name = index ? this.#entry(index)[0] : this.#string();
    return [name, this.#string()];
  }

  #keep(entry) {
    this.#table.unshift(entry);
    this.#size += entry[0].length + entry[1].length + 32;
    this.#evict();
    return entry;
  }

  #resize(size, fields) {
    if (fields.length) throw new Error('HPACK: a table size in the middle of a block');
    if (size > this.max) throw new Error(`HPACK: a table of ${size}, ${this.max} are allowed`);
    if (this.#due !== null && size <= this.#due) this.#due = null;
    this.#limit = size;
    this.#evict();
  }

  #evict() {
    while (this.#size > this.#limit) {
      const [name, value] = this.#table.pop();
      this.#size -= name.length + value.length + 32;
    }
  }
}
