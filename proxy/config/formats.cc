// Which texts the config file accepts where; see formats.h. What a route may do to a message ends where its framing,
// its connection and weir's own words about it begin (hostile input: a config must not be able to smuggle either).
#include "proxy/config/formats.h"

#include <algorithm>
#include <array>

#include "proxy/base/text.h"
#include "proxy/http/headers.h"
#include "proxy/http/type_list.h"
#include "proxy/http/upgrade.h"
#include "proxy/net/tls_clients.h"
#include "proxy/shared/postgres_url.h"

namespace weir {
namespace {

constexpr CharSet kRouteNameChars = CharSet(kAlphaDigit).add("-_.");
constexpr CharSet kQueryNameChars = CharSet("").add_range(0x21, 0x7e).remove("&=#\"<>\\");
constexpr CharSet kTagChars = CharSet("").add_range(0x21, 0x7e).remove(",");

bool frames_or_hops(Name id) {
  switch (id) {
    case Name::content_length:
    case Name::host:
    case Name::expect:
    case Name::content_range: return true;
    default: return is_hop_by_hop(id);
  }
}

// Conditions and ranges are weir's to put: an answer to the client's would not be the one to keep.
bool is_condition(Name id) {
  switch (id) {
    case Name::if_match:
    case Name::if_modified_since:
    case Name::if_none_match:
    case Name::if_range:
    case Name::if_unmodified_since:
    case Name::range: return true;
    default: return false;
  }
}

// Dropped wherever a client sends them, because origins tend to believe them.
bool is_believed(std::string_view text) {
  constexpr std::array<std::string_view, 3> kBeginnings{"x-forwarded-", "x-original-", "x-rewrite-"};
  const std::string name = lower(text);
  const auto begins = [&](std::string_view beginning) { return name.starts_with(beginning); };
  if (std::any_of(kBeginnings.begin(), kBeginnings.end(), begins)) return true;
  if (name == "client-cert" || name == "client-cert-chain") return true;
  return name == "forwarded" || name == "x-real-ip" || name == "x-host" || name == "x-http-method-override";
}

}  // namespace

bool is_edit_value(std::string_view text) {
  return is_field_value(text) && trim(text).size() == text.size();
}

bool is_edited_field(std::string_view text) {
  return is_token(text) && !frames_or_hops(name_of(text));
}

bool is_forwarded_field(std::string_view text) {
  const Name id = name_of(text);
  return is_token(text) && !frames_or_hops(id) && !is_condition(id) && !is_believed(text);
}

bool is_client_name_pattern(std::string_view text) {
  return is_client_name(text);
}

bool is_query_name(std::string_view text) {
  return !text.empty() && kQueryNameChars.covers(text);
}

bool is_route_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && kRouteNameChars.covers(text);
}

bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= 256 && kTagChars.covers(text);
}

bool is_path(std::string_view text) {
  return text.starts_with('/') && kTargetChars.covers(text);
}

bool is_postgres_url_or_empty(std::string_view text) {
  return text.empty() || is_postgres_url(text);
}

bool is_database_name(std::string_view text) {
  return !text.empty() && text.size() <= 63;
}

bool is_server_name_or_empty(std::string_view text) {
  constexpr CharSet kNameChars = CharSet(kHostChars).add(":");
  return text.size() <= 253 && kNameChars.covers(text) && !text.starts_with('.');
}

// HTTP inside a tunnel would be requests that no route, no limit and no key ever sees.
bool is_tunnelled_protocol(std::string_view text) {
  const std::string name = lower(text.substr(0, text.find('/')));
  return is_upgrade_protocol(text) && name != "h2c" && name != "h2" && name != "h3" && name != "http" && name != "tls";
}

bool is_media_type(std::string_view text) {
  const std::string pattern(text);
  return static_cast<bool>(TypeList::parse({&pattern, 1}));
}

}  // namespace weir
