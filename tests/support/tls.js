// A client over TLS: the Connection of client.js, with what was agreed in the handshake beside it.
import tls from 'node:tls';
import { Connection } from './client.js';
import { within } from './patience.js';

const portOf = (target) => (typeof target === 'number' ? target : target.port);

// `options` are those of node's tls.connect; `servername` is the name that is asked for and verified.
export async function connectTls(target, options = {}) {
  const socket = tls.connect({ host: '127.0.0.1', port: portOf(target), servername: 'localhost', ...options });
  const connection = new Connection(socket);
  connection.sessions = [];
  socket.on('session', (session) => connection.sessions.push(session));
  await within(
    new Promise((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('closed during the handshake')));
    }),
    `a TLS connection to port ${portOf(target)}`,
  );
  connection.subject = socket.getPeerCertificate().subject?.CN;
  return connection;
}

// One request on a connection of its own.
export async function fetchTls(target, line, options = {}, headers = {}, body = '') {
  const connection = await connectTls(target, options);
  try {
    const answer = await connection.request(line, headers, body).answer();
    answer.connection = connection;
    return answer;
  } finally {
    connection.close();
  }
}
