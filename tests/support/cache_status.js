// Cache-Status (RFC 9211) of an answer, as an object: { hit, ttl, fwd, fwdStatus, stored, collapsed, detail }.

export function cacheStatus(answer) {
  const text = answer.get('cache-status');
  if (text === undefined) return null;
  // Caches behind weir come first in the list; the last member is weir's own.
  const member = text.split(',').at(-1).trim();
  const [name, ...parameters] = member.split(';').map((part) => part.trim());
  if (name !== 'weir') throw new Error(`Cache-Status: ${text}`);
  const status = { hit: false, stored: false, collapsed: false };
  for (const parameter of parameters) {
    const [, key, value] = /^([a-z-]+)(?:=("[^"]*"|[^\s"]+))?$/.exec(parameter) ?? [];
    if (!key) throw new Error(`Cache-Status: ${text}`);
    const plain = value?.replace(/^"|"$/g, '');
    if (value === undefined) status[key] = true;
    else if (key === 'fwd-status') status.fwdStatus = Number(plain);
    else status[key] = key === 'ttl' ? Number(plain) : plain;
  }
  return status;
}

export const isHit = (answer) => cacheStatus(answer)?.hit === true;
