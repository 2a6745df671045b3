// What the answer to an unsafe request makes invalid: its own target (RFC 9111 §4.4), Location and Content-Location on
// the same host, and what the route's `invalidate:` says.
#pragma once

#include <vector>

#include "proxy/cache/invalidation.h"
#include "proxy/fetch/fetch.h"

namespace weir {

// Whether the route says anything, or a GET of the target could be kept: else an answer makes nothing invalid that must
// be (Location and Content-Location may).
bool may_invalidate(const Fetch& fetch);
// Empty for safe methods and for answers other than 2xx and 3xx.
std::vector<InvalidationRecord> invalidations(const Fetch& fetch, const ResponseHead& response);

}  // namespace weir
