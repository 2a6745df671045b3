// Certificates of the test's own, made by the openssl command in a folder that the caller takes away again: an authority, what
// it signs with any dates, and its word on them (OCSP).
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const openssl = (cwd, ...args) => execFileSync('openssl', args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
const stamp = (seconds) => new Date(Date.now() + seconds * 1000).toISOString().replace(/[-:T]|\.\d+/g, '');
const kDay = 86400;
const kinds = { ecdsa: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], rsa: ['rsa:2048'] };

export class Authority {
  constructor(folder = fs.mkdtempSync(path.join(os.tmpdir(), 'weir-tls-')), name = 'ca') {
    this.folder = folder;
    this.name = name;
    this.file = path.join(folder, `${name}.crt`);
    this.database = path.join(folder, `${name}.db`);
    fs.mkdirSync(this.database);
    fs.writeFileSync(path.join(this.database, 'index.txt'), '');
    fs.writeFileSync(path.join(this.database, 'serial'), '01\n');
    fs.writeFileSync(path.join(this.database, 'config'), [
      '[ca]', 'default_ca = it', '[it]', 'database = index.txt', 'serial = serial', 'new_certs_dir = .', 'unique_subject = no',
      'default_md = sha256', 'policy = any', 'copy_extensions = copy', `certificate = ../${name}.crt`, `private_key = ../${name}.key`,
      '[any]', 'commonName = supplied', '',
    ].join('\n'));
    openssl(folder, 'req', '-x509', '-newkey', ...kinds.ecdsa, '-nodes', '-keyout', `${name}.key`, '-out', `${name}.crt`,
      '-subj', `/CN=${name}`, '-days', '100');
  }

  get pem() {
    return fs.readFileSync(this.file, 'utf8');
  }

  // Files NAME.crt and NAME.key for these host names and URIs; `begins` and `ends` in days from now.
  sign(name, names = [], { kind = 'ecdsa', begins = -1, ends = 365, usage = '', authority = false } = {}) {
    const all = names.map((one) => (one.includes('://') ? `URI:${one}` : `DNS:${one}`));
    const extensions = all.length ? ['-addext', `subjectAltName=${all.join(',')}`] : [];
    if (authority) extensions.push('-addext', 'basicConstraints=critical,CA:TRUE');
    if (usage) extensions.push('-addext', `extendedKeyUsage=${usage}`);
    openssl(this.folder, 'req', '-new', '-newkey', ...kinds[kind], '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`,
      '-subj', `/CN=${name}`, ...extensions);
    openssl(this.database, 'ca', '-batch', '-notext', '-config', 'config', '-in', `../${name}.csr`, '-out', `../${name}.crt`,
      '-startdate', stamp(begins * kDay), '-enddate', stamp(ends * kDay));
    fs.chmodSync(path.join(this.folder, `${name}.key`), 0o600);
    return this.files(name);
  }

  files(name) {
    return { certificate: path.join(this.folder, `${name}.crt`), key: path.join(this.folder, `${name}.key`) };
  }

  // NAME.ocsp: that the certificate is good (or revoked, once revoke() was called), said for so many days.
  vouch(name, days = 7) {
    openssl(this.database, 'ocsp', '-index', 'index.txt', '-CA', this.file, '-rsigner', this.file, '-rkey', `../${this.name}.key`,
      '-issuer', this.file, '-cert', `../${name}.crt`, '-respout', `../${name}.ocsp`, '-nmin', String(Math.round(days * 1440)));
    return path.join(this.folder, `${name}.ocsp`);
  }

  revoke(name) {
    openssl(this.database, 'ca', '-config', 'config', '-revoke', `../${name}.crt`);
  }

  remove() {
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}
