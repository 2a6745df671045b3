// The public suite of HTTP caching rules, by HTTP/2: what holds for a client of HTTP/1.1 holds for one of HTTP/2. See http_cache.js.
import { connect } from '../support/h2.js';
import { conform, suiteFetch } from './http_cache.js';

// All cases on one connection, as streams beside each other; what comes is read as strictly as anywhere.
conform(async (weir) => {
  const h2 = await connect(weir);
  async function fetch(url, { method = 'GET', headers = [], body } = {}) {
    const { host, pathname, search } = new URL(url);
    const given = Array.isArray(headers) ? headers : Object.entries(headers);
    const fields = [[':method', method], [':scheme', 'http'], [':authority', host], [':path', pathname + search],
      ...given.map(([name, value]) => [name.toLowerCase(), `${value}`.trim()])];
    const answer = await h2.request(fields, { body: body && Buffer.from(body) }).answer();
    if (!answer?.whole) throw new Error(`no whole answer: ${answer?.cut} ${JSON.stringify(h2.goaway)} ${h2.fault ?? ''}`);
    const bodiless = [204, 205, 304].includes(answer.status);
    return new suiteFetch.Response(bodiless ? null : answer.body, { status: answer.status, headers: answer.fields.list });
  }
  return { fetch, close: () => h2.close() };
});
