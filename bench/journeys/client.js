// One virtual client's HTTP: keep-alive connections of its own, one request at a time, a bound on each. It tells what
// came and how long it took, and judges nothing but whether the answer is whole.

import http from 'node:http';

export class Client {
  constructor(target, timeout) {
    this.target = target;            // path → base URL
    this.timeout = timeout;          // milliseconds for one request, to its last byte
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 1, scheduling: 'lifo' });
    this.retries = 0;
  }

  // → { status, headers, body, ms } or { error, ms }
  async request(method, path, { headers = {}, body } = {}) {
    const began = performance.now();
    let answer = await this.#once(method, path, headers, body);
    if (answer.closedWhileKept) {    // an idle connection closed under the request: nothing was done with it yet
      this.retries += 1;
      answer = await this.#once(method, path, headers, body);
    }
    return { ...answer, ms: performance.now() - began };
  }

  #once(method, path, headers, body) {
    return new Promise((done) => {
      const request = http.request(new URL(path, this.target(path)), { method, agent: this.agent,
        headers: { 'user-agent': 'streamvibe-journeys', ...(body && { 'content-length': body.length }), ...headers } });
      let heard = false;
      const late = setTimeout(() => request.destroy(Object.assign(new Error('timeout'), { code: 'timeout' })), this.timeout);
      const end = (result) => { clearTimeout(late); done(result); };
      request.on('error', (error) => end({ error: error.code ?? error.message,
        closedWhileKept: request.reusedSocket && !heard && error.code === 'ECONNRESET' && (method === 'GET' || !body) }));
      request.on('response', (response) => {
        heard = true;
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', (error) => end({ error: error.code === 'timeout' ? 'timeout' : 'truncated' }));
        response.on('end', () => end(response.complete
          ? { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) } : { error: 'truncated' }));
      });
      request.end(body);
    });
  }

  close() { this.agent.destroy(); }
}
