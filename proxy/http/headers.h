// Fields: the header (or trailer) fields of one message, in order, as views into memory that somebody else keeps
// (the read buffer, an Arena, a stored object). Names compare without case; the known ones by number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

// X(identifier, "Canonical-Spelling"): the fields that weir itself reads or writes.
#define WEIR_FIELD_NAMES(X)                                 \
  X(accept, "Accept")                                       \
  X(accept_charset, "Accept-Charset")                       \
  X(accept_encoding, "Accept-Encoding")                     \
  X(accept_language, "Accept-Language")                     \
  X(accept_ranges, "Accept-Ranges")                         \
  X(age, "Age")                                             \
  X(allow, "Allow")                                         \
  X(alt_svc, "Alt-Svc")                                     \
  X(authorization, "Authorization")                         \
  X(available_dictionary, "Available-Dictionary")           \
  X(cache_control, "Cache-Control")                         \
  X(cache_status, "Cache-Status")                           \
  X(cache_tag, "Cache-Tag")                                 \
  X(cdn_cache_control, "CDN-Cache-Control")                 \
  X(clear_site_data, "Clear-Site-Data")                     \
  X(connection, "Connection")                               \
  X(content_disposition, "Content-Disposition")             \
  X(content_encoding, "Content-Encoding")                   \
  X(content_language, "Content-Language")                   \
  X(content_length, "Content-Length")                       \
  X(content_location, "Content-Location")                   \
  X(content_range, "Content-Range")                         \
  X(content_type, "Content-Type")                           \
  X(cookie, "Cookie")                                       \
  X(date, "Date")                                           \
  X(etag, "ETag")                                           \
  X(expect, "Expect")                                       \
  X(expires, "Expires")                                     \
  X(forwarded, "Forwarded")                                 \
  X(host, "Host")                                           \
  X(if_match, "If-Match")                                   \
  X(if_modified_since, "If-Modified-Since")                 \
  X(if_none_match, "If-None-Match")                         \
  X(if_range, "If-Range")                                   \
  X(if_unmodified_since, "If-Unmodified-Since")             \
  X(keep_alive, "Keep-Alive")                               \
  X(last_modified, "Last-Modified")                         \
  X(link, "Link")                                           \
  X(location, "Location")                                   \
  X(max_forwards, "Max-Forwards")                           \
  X(origin, "Origin")                                       \
  X(pragma, "Pragma")                                       \
  X(priority, "Priority")                                   \
  X(proxy_authenticate, "Proxy-Authenticate")               \
  X(proxy_authentication_info, "Proxy-Authentication-Info") \
  X(proxy_authorization, "Proxy-Authorization")             \
  X(proxy_connection, "Proxy-Connection")                   \
  X(range, "Range")                                         \
  X(referer, "Referer")                                     \
  X(retry_after, "Retry-After")                             \
  X(server, "Server")                                       \
  X(server_timing, "Server-Timing")                         \
  X(set_cookie, "Set-Cookie")                               \
  X(surrogate_control, "Surrogate-Control")                 \
  X(surrogate_key, "Surrogate-Key")                         \
  X(te, "TE")                                               \
  X(traceparent, "traceparent")                             \
  X(tracestate, "tracestate")                               \
  X(trailer, "Trailer")                                     \
  X(transfer_encoding, "Transfer-Encoding")                 \
  X(upgrade, "Upgrade")                                     \
  X(use_as_dictionary, "Use-As-Dictionary")                 \
  X(user_agent, "User-Agent")                               \
  X(vary, "Vary")                                           \
  X(via, "Via")                                             \
  X(warning, "Warning")                                     \
  X(www_authenticate, "WWW-Authenticate")                   \
  X(x_forwarded_for, "X-Forwarded-For")                     \
  X(x_forwarded_host, "X-Forwarded-Host")                   \
  X(x_forwarded_port, "X-Forwarded-Port")                   \
  X(x_forwarded_proto, "X-Forwarded-Proto")                 \
  X(x_host, "X-Host")                                       \
  X(x_http_method_override, "X-HTTP-Method-Override")       \
  X(x_real_ip, "X-Real-IP")                                 \
  X(x_request_id, "X-Request-Id")                           \
  X(xkey, "xkey")

enum class Name : std::uint8_t {
  other,
#define WEIR_AS_NAME(id, text) id,
  WEIR_FIELD_NAMES(WEIR_AS_NAME)
#undef WEIR_AS_NAME
};

// The known name spelled so (in any case), or Name::other. Constant time in the number of names.
Name name_of(std::string_view text) noexcept;
std::string_view text_of(Name name) noexcept;  // canonical spelling; empty for other

struct Field {
  std::string_view name;
  std::string_view value;  // without surrounding white space
  Name id = Name::other;
};

class Fields {
 public:
  using const_iterator = std::vector<Field>::const_iterator;

  const Field* find(Name id) const noexcept;
  const Field* find(std::string_view name) const noexcept;
  bool has(Name id) const noexcept { return find(id) != nullptr; }
  std::size_t count(Name id) const noexcept;

  // The first line's value, empty where there is none.
  std::string_view value(Name id) const noexcept;
  std::string_view value(std::string_view name) const noexcept;

  // All lines of that name joined by ", " (RFC 9110 §5.3). Not for Set-Cookie.
  std::string joined(Name id) const;
  std::string joined(std::string_view name) const;

  // The views must outlive this.
  void add(Name id, std::string_view value) { list_.push_back({text_of(id), value, id}); }
  void add(std::string_view name, std::string_view value) { list_.push_back({name, value, name_of(name)}); }
  void add(const Field& field) { list_.push_back(field); }
  void set(Name id, std::string_view value);
  void set(std::string_view name, std::string_view value);
  void remove(Name id);
  void remove(std::string_view name);
  template <class Predicate>
  void remove_if(Predicate predicate) {
    std::erase_if(list_, predicate);
  }

  void clear() noexcept { list_.clear(); }  // keeps its memory
  void reserve(std::size_t n) { list_.reserve(n); }
  bool empty() const noexcept { return list_.empty(); }
  std::size_t size() const noexcept { return list_.size(); }
  const_iterator begin() const noexcept { return list_.begin(); }
  const_iterator end() const noexcept { return list_.end(); }
  const Field& operator[](std::size_t i) const { return list_[i]; }

 private:
  std::vector<Field> list_;
};

// A field that concerns one connection only (RFC 9110 §7.6.1), not counting those that Connection names.
bool is_hop_by_hop(Name id) noexcept;

// Drops hop-by-hop fields and those that Connection names (responses: also Proxy-Authentication-Info …). What caching,
// framing or a user's identity hangs on (Cache-Control, Content-*, Vary, Set-Cookie …) stays even if it is named.
void remove_hop_by_hop(Fields& fields);

// The same for the fields that Connection names, and only them: before a request's fields select anything.
void remove_named_in_connection(Fields& fields);

// Whether who sent this request can make use of a trailer section (RFC 9110 §6.5.1).
bool takes_trailers(const Fields& request);

// Each non-empty member of a comma-separated list without quoted strings (RFC 9110 §5.6.1), without white space.
template <class Each>
void for_each_member(std::string_view list, Each each) {
  constexpr std::string_view kBlank = " \t";
  while (!list.empty()) {
    const auto comma = list.find(',');
    auto member = list.substr(0, comma);
    const auto begin = member.find_first_not_of(kBlank);
    if (begin != std::string_view::npos) each(member.substr(begin, member.find_last_not_of(kBlank) - begin + 1));
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  }
}

}  // namespace weir
