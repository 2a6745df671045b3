// The cache key: length-prefixed parts (host, path, query, keyed headers, cookies, user), so that no delimiter can be
// forged. What the key says and what the origin is asked are the same bytes: the query comes out in the form in which
// it must be forwarded (hostile.md 27).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/base/hash.h"
#include "proxy/cache/policy.h"
#include "proxy/http/message.h"

namespace weir {

// Who shares an answer that is kept under a request's key. What one user alone may have, and answers to Authorization,
// are kept, shown and waited for only as this allows (RFC 9111 §3.5, hostile.md 24).
enum class Asker : std::uint8_t {
  anyone,       // names no user, or an empty one, and shows no Authorization
  user,         // the key holds the user that it names, and the Authorization too where it shows one: nobody else's key
  credentials,  // shows an Authorization that the key doesn't hold: others with this key may show another
};

struct Key {
  std::string_view bytes;  // in the arena
  Digest digest;
  std::string_view query;  // to forward: filtered, normalised, stably sorted by name
  bool has_query = false;
  std::string_view user;  // hex digest of the user's value for ${user} in tags, "anonymous" where the request names
                          // none or an empty one; empty where the route has no user key
  Asker asker = Asker::anyone;
};

// By default the digests of what users sent are this process's own. Nodes that share what they keep must share them,
// too: so they do from now on, under `secret`, which may be empty. Before there is a second thread.
void share_value_digests(std::string_view secret);

// `host` is the normalised authority. Deterministic; allocates from the arena only.
Key make_key(const KeySpec& spec, const RequestHead& request, Arena& arena);

// What people see of a key: "host/path?query"; from a key's bytes, for admin listings, prefixes and patterns.
struct KeyParts {
  std::string_view host, path, query;
  bool has_query = false;
};
KeyParts key_parts(std::string_view key_bytes);

// A URL as people write it, in the form that matches a key of a route without filters: scheme and fragment dropped,
// host in lower case, query sorted. "/path?query" stays without a host.
std::string keyed_url(std::string_view url);

// One cookie's value from all Cookie lines; empty where it isn't there. First wins.
std::string_view cookie_value(const Fields& fields, std::string_view name);

}  // namespace weir
