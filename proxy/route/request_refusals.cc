// Requests that never reach an origin, whatever it would say; see request_refusals.h.
#include "proxy/route/request_refusals.h"

#include "proxy/base/text.h"
#include "proxy/net/websocket.h"

namespace weir {
namespace {

// A body that is there for certain, or that won't come until it is asked for.
bool brings_body(const RequestHead& request) {
  return request.content_length > 0 || (request.framing == Framing::chunked && request.expect_continue);
}

}  // namespace

bool judge_method(const RequestHead& request, Refusal& why) {
  if (request.method != Method::connect && request.method != Method::trace) return true;
  return why.as(405, kNotServed);
}

bool judge_body_size(const RequestHead& request, const Route& route, Refusal& why) {
  if (request.framing != Framing::length || request.content_length <= route.max_request_body) return true;
  return why.as(413, "the request's body is larger than this route takes");
}

bool judge_upgrade(const RequestHead& request, std::string_view protocol, Refusal& why) {
  constexpr std::string_view kKey = "Sec-WebSocket-Key";
  const bool needs_key = equals_ignoring_case(protocol, "websocket") && request.version != Version::http2;
  if (!needs_key || is_websocket_key(request.fields.joined(kKey))) return true;
  return why.as(400, "a WebSocket without its one key");
}

bool judge_body(const RequestHead& request, const Eligibility& may, Refusal& why) {
  if (!may.lookup || !brings_body(request)) return true;
  return why.as(400, kNoContent);
}

}  // namespace weir
