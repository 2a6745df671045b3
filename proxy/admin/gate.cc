// The decisions of gate.h. None of them depends on time, order or earlier calls.
#include "proxy/admin/gate.h"

#include "proxy/base/text.h"
#include "proxy/net/address.h"

namespace weir {
namespace {

std::string_view host_of(std::string_view authority) {
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    return end == std::string_view::npos ? std::string_view{} : authority.substr(1, end - 1);
  }
  return authority.substr(0, authority.find(':'));
}

// An origin is a scheme and an authority; it has no default port in it.
bool is_same_origin(std::string_view origin, std::string_view authority) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) return equals_ignoring_case(origin.substr(scheme.size()), authority);
  }
  return false;
}

bool is_json(std::string_view content_type) {
  return equals_ignoring_case(trim(content_type.substr(0, content_type.find(';'))), "application/json");
}

bool is_open(std::string_view path) {
  return path == "/health" || path == "/ready";
}

AdminReply without_token() {
  AdminReply reply = error_reply(401, "this call needs Authorization: Bearer and the admin token");
  reply.fields.emplace_back("WWW-Authenticate", "Bearer realm=\"weir\"");
  return reply;
}

}  // namespace

bool is_allowed_host(std::string_view authority, const AdminConfig& config) {
  const std::string_view host = host_of(authority);
  if (host.empty()) return false;
  return equals_ignoring_case(host, "localhost") || host == config.address.host || parse_ip(host, 0).ok();
}

bool has_token(std::string_view authorization, std::string_view token) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() < kScheme.size()) return false;
  if (!equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) return false;
  return equals_constant_time(trim(authorization.substr(kScheme.size())), token);
}

std::optional<AdminReply> refusal(const AdminRequest& request, const AdminConfig& config) {
  if (!is_allowed_host(request.authority, config)) {
    return error_reply(403, "Host must be an IP address or localhost");
  }
  if (!request.origin.empty() && !is_same_origin(request.origin, request.authority)) {
    return error_reply(403, "a page of another origin may not call this");
  }
  const auto& token = config.token.text;
  if (!is_open(request.path) && !token.empty() && !has_token(request.authorization, token)) return without_token();
  if (!request.reads() && (request.has_body || !request.content_type.empty()) && !is_json(request.content_type)) {
    return error_reply(415, "the body must be JSON, with Content-Type: application/json");
  }
  return std::nullopt;
}

}  // namespace weir
