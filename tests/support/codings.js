// Bodies back from their content coding, by other programs than weir's libraries where there are any.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, constants, gunzipSync } from 'node:zlib';

function unzstd(body) {
  const result = spawnSync('zstd', ['-dcq'], { input: body, maxBuffer: 1 << 28 });
  if (result.status !== 0) throw new Error(`zstd: ${result.stderr}`);
  return result.stdout;
}

const hash_of = (bytes) => createHash('sha256').update(bytes).digest();

// What a client that holds `dictionary` says beside its Accept-Encoding (RFC 9842 §2.2).
export function holding(dictionary, codings = 'gzip, br, zstd, dcz') {
  return { 'Accept-Encoding': codings, 'Available-Dictionary': `:${hash_of(dictionary).toString('base64')}:` };
}

// The text of an answer in dcz (RFC 9842 §5): a header that names the dictionary, then a zstd frame that refers to it.
export function decoded_by(dictionary, { fields, body }) {
  if (fields.get('content-encoding') !== 'dcz') throw new Error(`Content-Encoding: ${fields.get('content-encoding')}`);
  const header = Buffer.concat([Buffer.from('5e2a4d1820000000', 'hex'), hash_of(dictionary)]);
  if (!body.subarray(0, 40).equals(header)) throw new Error(`not the header of dcz: ${body.subarray(0, 40).toString('hex')}`);
  const folder = mkdtempSync(join(tmpdir(), 'weir-dictionary-'));
  try {
    writeFileSync(join(folder, 'dictionary'), dictionary);
    const result = spawnSync('zstd', ['-dcq', `--patch-from=${join(folder, 'dictionary')}`], { input: body.subarray(40) });
    if (result.status !== 0) throw new Error(`zstd: ${result.stderr}`);
    return result.stdout.toString('latin1');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// The text of an answer's body. `part`: the beginning of one, as far as it can be read.
export function decoded({ fields, body, part = false }) {
  const coding = fields.get('content-encoding');
  if (coding === undefined) return body.toString('latin1');
  if (coding === 'zstd') return unzstd(body).toString('latin1');
  if (part && body.length === 0) return '';
  if (coding === 'gzip') return gunzipSync(body, part ? { finishFlush: constants.Z_SYNC_FLUSH } : {}).toString('latin1');
  if (coding === 'br') return brotliDecompressSync(body, part ? { finishFlush: constants.BROTLI_OPERATION_FLUSH } : {}).toString('latin1');
  throw new Error(`Content-Encoding: ${coding}`);
}
