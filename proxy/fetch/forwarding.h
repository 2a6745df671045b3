// forwarding: which of a client's request fields the origin gets to see. What it doesn't see can't shape its answer,
// and so is no reason to keep that answer apart by Vary (hostile.md 13, 26).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/headers.h"
#include "proxy/http/message.h"
#include "proxy/route/route.h"

namespace weir {

inline constexpr std::string_view kClientCert = "Client-Cert";  // RFC 9440

// Never a client's to say, whatever the route: weir sets some of them itself.
bool is_weirs_own(const Field& field);

// Spelled with `_`, so that an origin with the ways of CGI takes it for a field that weir knows, or that the route
// names: a condition of one client's, or what selects an answer. Not for a fetch whose answer may be kept.
bool passes_for_another(const Field& field, const Route& route);

// The lines of a trailer section that go on, checked as they are by the codec: towards the origin without weir's own
// fields, towards the client without tags.
std::string trailers_of_request(const Fields& trailers);
std::string trailers_of_response(const Fields& trailers);

// On a route whose lifetime comes from `ttl`: says who asks or how to trace it, is in the key, or was let through by
// the operator.
bool may_shape_shared_answer(const Field& field, const Route& route);

// The Vary names of an answer that tell requests apart: those of fields that reach the origin on this route. nullopt:
// `*`, not a list, or a field that weir makes anew for each client (X-Forwarded-For): such an answer is nobody else's.
std::optional<std::vector<std::string>> varies_by(const Fields& response, const Route& route);

// A redirect to the same host by another scheme than the client's: it holds for this client only, and the key doesn't
// know of schemes. Whoever came by the other one would be sent in a circle.
bool changes_scheme(const ResponseHead& response, const RequestHead& request, bool secure);

}  // namespace weir
