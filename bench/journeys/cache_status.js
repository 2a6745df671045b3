// What an answer says about how it came (RFC 9211), in the words of weir's own metrics. Reads only weir's member.

const kMember = /^\s*weir\s*(?:;|$)/;

// Splits at `mark` outside of quoted strings.
function split(text, mark) {
  const parts = [''];
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const c = text[at];
    if (quoted && c === '\\') { parts[parts.length - 1] += c + (text[++at] ?? ''); continue; }
    if (c === '"') quoted = !quoted;
    if (c === mark && !quoted) parts.push(''); else parts[parts.length - 1] += c;
  }
  return parts;
}

function parameters(member) {
  const found = {};
  for (const part of split(member, ';').slice(1)) {
    const [name, ...value] = part.trim().split('=');
    found[name.toLowerCase()] = value.length ? value.join('=').replace(/^"|"$/g, '') : true;
  }
  return found;
}

// → 'none' (no weir on the way), or hit | stale | coalesced | revalidated | expired | miss, all of them cacheable, or
// bypass | uncacheable. A hit also has its tier.
export function outcome(header) {
  const member = header && split(header, ',').find((one) => kMember.test(one));
  if (!member) return { word: 'none' };
  const said = parameters(member);
  if (said.hit) {
    const tier = /redis/i.test(said.detail ?? '') ? 'redis' : 'memory';
    return { word: Number(said.ttl) < 0 ? 'stale' : 'hit', tier };
  }
  if (said.collapsed) return { word: 'coalesced' };
  if (said.fwd === 'bypass' || said.fwd === 'method') return { word: 'bypass' };
  if (said.fwd === 'stale') return { word: said['fwd-status'] === '304' ? 'revalidated' : 'expired' };
  return { word: said.stored ? 'miss' : 'uncacheable' };
}

export const kHits = ['hit', 'stale'];
export const kCacheable = [...kHits, 'coalesced', 'revalidated', 'expired', 'miss'];
