// The public suite of HTTP caching rules, by HTTP/1.1: see http_cache.js.
import { conform, suiteFetch } from './http_cache.js';

conform(() => ({ fetch: suiteFetch, close() {} }));
