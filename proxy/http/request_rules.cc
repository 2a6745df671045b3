// What any request's head must be; see request_rules.h.
#include "proxy/http/request_rules.h"

#include "proxy/base/text.h"
#include "proxy/http/uri.h"

namespace weir {
namespace {

Code code_of(int status) noexcept {
  switch (status) {
    case 413:
    case 414:
    case 431: return Code::too_large;
    case 417:
    case 501:
    case 505: return Code::unsupported;
    default: return Code::malformed;
  }
}

}  // namespace

Error Refusal::error() const {
  return Error{Side::client, code_of(status), detail};
}

bool judge_target(RequestHead& head, Arena& arena, Refusal& why) {
  if (head.method == Method::connect) {  // authority-form: only so that the proxy can refuse it by name
    auto authority = parse_authority(head.target, true, arena);
    if (!authority) return why.as(400, "CONNECT wants host:port");
    head.authority = *authority;
    return true;
  }
  auto target = parse_target(head.target, head.method, arena);
  if (!target) return why.as(400, target.error().detail);
  head.path = target->path;
  head.query = target->query;
  head.has_query = target->has_query;
  head.authority = target->authority;
  return true;
}

bool judge_host(RequestHead& head, std::string_view host, bool tls, Arena& arena, Refusal& why) {
  auto normal = parse_authority(host, tls, arena);
  if (!normal) return why.as(400, normal.error().detail);
  if (head.authority.empty()) head.authority = *normal;
  if (host != head.authority) head.fields.set(Name::host, head.authority);
  return true;
}

bool judge_length(RequestHead& head, const HeadFacts& facts, Refusal& why) {
  if (facts.lengths == 0) return true;
  const auto length = parse_number(facts.length);
  if (facts.lengths > 1 || !length) return why.as(400, "Content-Length is not one number");
  head.framing = Framing::length;
  head.content_length = *length;
  return true;
}

bool judge_expect(RequestHead& head, const HeadFacts& facts, Refusal& why) {
  if (facts.expects == 0) return true;
  if (facts.expects > 1 || !equals_ignoring_case(facts.expect, "100-continue")) {
    return why.as(417, "only 100-continue can be expected");
  }
  const bool has_content = head.framing == Framing::chunked || head.content_length > 0;
  head.expect_continue = has_content && head.version != Version::http10;
  return true;
}

bool changes_framing(Name id) noexcept {
  return id == Name::content_length || id == Name::transfer_encoding || id == Name::host;
}

// Fields that mean something only in a head (RFC 9110 §6.5.1): dropped from trailers.
bool belongs_in_head(Name id) noexcept {
  switch (id) {
    case Name::age:
    case Name::authorization:
    case Name::cache_control:
    case Name::cdn_cache_control:
    case Name::content_encoding:
    case Name::content_range:
    case Name::content_type:
    case Name::cookie:
    case Name::date:
    case Name::expect:
    case Name::expires:
    case Name::if_match:
    case Name::if_modified_since:
    case Name::if_none_match:
    case Name::if_range:
    case Name::if_unmodified_since:
    case Name::location:
    case Name::max_forwards:
    case Name::pragma:
    case Name::range:
    case Name::retry_after:
    case Name::set_cookie:
    case Name::vary:
    case Name::www_authenticate: return true;
    default: return is_hop_by_hop(id);
  }
}

}  // namespace weir
