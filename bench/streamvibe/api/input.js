// What the API accepts: ids, pages, users, in one strict spelling each, so that one thing has one address. `007`,
// `1e3` and `+1` aren't ids. Answers 400 or 401 by a Refusal.

import { Refusal } from '../service.js';

const kLargest = 2_147_483_647;       // PostgreSQL's integer

export function id(text, what) {
  if (!/^[1-9][0-9]{0,9}$/.test(text) || Number(text) > kLargest) {
    throw new Refusal(400, 'bad_request', `${what} must be a whole number from 1 to ${kLargest}`);
  }
  return Number(text);
}

export function whole(query, name, { least, most, otherwise }) {
  const text = query[name];
  if (text === undefined) return otherwise;
  if (typeof text !== 'string' || !/^(0|[1-9][0-9]{0,9})$/.test(text) || Number(text) < least || Number(text) > most) {
    throw new Refusal(400, 'bad_request', `${name} must be one whole number from ${least} to ${most}`);
  }
  return Number(text);
}

export function words(text, name, { least = 1, most }) {
  const trimmed = typeof text === 'string' ? text.trim() : '';
  // PostgreSQL's text holds no NUL.
  if (trimmed.length < least || trimmed.length > most || trimmed.includes('\0')) {
    throw new Refusal(400, 'bad_request', `${name} must be a text of ${least} to ${most} characters`);
  }
  return trimmed;
}

// `Authorization: Bearer user-17` is user 17. No secret: StreamVibe is a demo, and the header is what matters to weir.
// Like everything here it costs a query.
export async function signed_in(request, database) {
  const match = /^Bearer user-([1-9][0-9]{0,9})$/i.exec(request.headers.authorization ?? '');
  const user = match && Number(match[1]) <= kLargest
    ? await database.row('SELECT id, name FROM users WHERE id = $1', Number(match[1])) : null;
  if (!user) throw new Refusal(401, 'unauthorized', 'sign in: Authorization: Bearer user-ID');
  return user;
}

// Signed in or not, but not as somebody who doesn't exist.
export async function maybe_signed_in(request, database) {
  return request.headers.authorization === undefined ? null : signed_in(request, database);
}
