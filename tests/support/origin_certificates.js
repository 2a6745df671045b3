// Certificates made for one test by the openssl command: an authority, and what it signs. Files in a folder of the test's own.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
const kKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export class Authority {
  #number = 0;

  constructor(name = 'authority') {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'weir-certificates-'));
    this.file = this.#file('ca.crt');
    openssl('req', '-x509', ...kKey, '-keyout', this.#file('ca.key'), '-out', this.file, '-days', '2', '-subj', `/CN=${name}`,
      '-addext', 'basicConstraints=critical,CA:TRUE');
  }

  #file(name) {
    return path.join(this.folder, name);
  }

  // For `names` as openssl writes them. { certFile, keyFile, cert, key }: paths, and what stands in them.
  sign(names = 'DNS:localhost,IP:127.0.0.1', days = 2) {
    const name = `signed-${(this.#number += 1)}`;
    const [request, certFile, keyFile, extensions] = ['csr', 'crt', 'key', 'ext'].map((end) => this.#file(`${name}.${end}`));
    fs.writeFileSync(extensions, `subjectAltName=${names}\nbasicConstraints=CA:FALSE\n`);
    openssl('req', '-new', ...kKey, '-keyout', keyFile, '-out', request, '-subj', `/CN=${name}`);
    openssl('x509', '-req', '-in', request, '-CA', this.file, '-CAkey', this.#file('ca.key'), '-CAcreateserial', '-out', certFile,
      '-days', `${days}`, '-extfile', extensions);
    return { certFile, keyFile, cert: fs.readFileSync(certFile), key: fs.readFileSync(keyFile) };
  }

  end() {
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}
