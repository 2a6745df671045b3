// X-Forwarded-For, and Forwarded (RFC 7239); see forwarded.h. Both are read from their right end, so that no quote that
// a client left open reaches what a proxy added.
#include "proxy/http/forwarded.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "proxy/base/text.h"
#include "proxy/http/grammar.h"

namespace weir {
namespace {

// What a proxy says of the one that connected to it.
struct Hop {
  std::string_view address;  // as it is to be written; empty: none that can be understood
  Ip ip;
  std::string_view scheme;
};

bool is_port(std::string_view text) {
  const auto port = parse_number(text);
  return text.size() <= 5 && port && *port <= 65535;
}
// A port may be a secret of the proxy's, too.
bool is_hidden(std::string_view text) {
  constexpr CharSet kHidden = CharSet(kAlphaDigit).add("._-");
  return text.size() > 1 && text.front() == '_' && kHidden.covers(text.substr(1));
}

// "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]:80", and without brackets only where `bare`: "2001:db8::1".
void read_address(std::string_view text, bool bare, Arena& arena, Hop& hop) {
  std::string_view host = text, port;
  const bool bracketed = text.starts_with('[');
  const auto close = bracketed ? text.find(']') : std::string_view::npos;
  if (bracketed && close == std::string_view::npos) return;
  const std::size_t end = bracketed ? close + 1 : std::min(text.find(':'), text.size());
  const bool v6 = bracketed || (bare && std::count(text.begin(), text.end(), ':') > 1);
  if (bracketed || !v6) {
    host = bracketed ? text.substr(1, close - 1) : text.substr(0, end);
    port = text.substr(end);
    if (!port.empty() && (port.front() != ':' || !(is_port(port.substr(1)) || is_hidden(port.substr(1))))) return;
  }
  const auto ip = Ip::parse(host);
  if (!ip || (host.find(':') != std::string_view::npos) != v6) return;
  hop.ip = *ip;
  hop.address = v6 ? arena.copy(ip->text()) : host;  // of IPv4 there is but one form
}

// The members of all lines of one field, from the last to the first.
class FromTheRight {
 public:
  FromTheRight(const Fields& fields, Name name, bool quotes)
      : fields_(fields), name_(name), quotes_(quotes), line_(fields.size()) {}

  // False: there are no more.
  bool next(std::string_view& member) {
    while (rest_.data() == nullptr) {
      if (line_ == 0) return false;
      const Field& field = fields_[--line_];
      if (field.id == name_) rest_ = field.value.data() == nullptr ? std::string_view("") : field.value;
    }
    const std::size_t begin = begin_of_last();
    member = trim(rest_.substr(begin));
    rest_ = begin == 0 ? std::string_view{} : rest_.substr(0, begin - 1);
    return true;
  }

 private:
  // A quote seen from the right is the end of a quoted text, which begins at the next one that no backslash escapes.
  std::size_t begin_of_last() const {
    bool quoted = false;
    for (std::size_t at = rest_.size(); at > 0; --at) {
      const char c = rest_[at - 1];
      if (c == '"' && quotes_ && !(quoted && is_escaped(at - 1))) quoted = !quoted;
      if (c == ',' && !quoted) return at;
    }
    return 0;
  }
  bool is_escaped(std::size_t at) const {
    std::size_t slashes = 0;
    while (slashes < at && rest_[at - 1 - slashes] == '\\') ++slashes;
    return slashes % 2 == 1;
  }

  const Fields& fields_;
  const Name name_;
  const bool quotes_;
  std::size_t line_;  // those before it are still to come
  std::string_view rest_;
};

// The value of a parameter, and what follows it; nothing where it has no good one. An escape is never needed in what
// weir reads, and so makes a value that is no address.
std::optional<std::string_view> take_value(std::string_view& text) {
  std::string_view value;
  if (!text.starts_with('"')) {
    value = text.substr(0, kTokenChars.span(text));
    text.remove_prefix(value.size());
    if (value.empty()) return std::nullopt;
    return value;
  }
  std::size_t end = 1;
  while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2U : 1U;
  if (end >= text.size()) return std::nullopt;
  value = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  return value;
}

// One member of Forwarded: "for=192.0.2.1;proto=https". Anything but that is a hop that says nothing.
Hop read_element(std::string_view text, Arena& arena) {
  std::optional<std::string_view> client, scheme;
  while (!text.empty()) {
    const auto name = text.substr(0, kTokenChars.span(text));
    if (!name.empty()) {
      text.remove_prefix(name.size());
      if (!text.starts_with('=')) return {};
      text.remove_prefix(1);
      const auto value = take_value(text);
      if (!value) return {};
      auto* const known = equals_ignoring_case(name, "for")     ? &client
                          : equals_ignoring_case(name, "proto") ? &scheme
                                                                : nullptr;
      if (known != nullptr && known->has_value()) return {};
      if (known != nullptr) *known = value;
    }
    text = trim(text);
    if (text.empty()) break;
    if (text.front() != ';') return {};
    text = trim(text.substr(1));
  }
  Hop hop;
  if (client) read_address(*client, false, arena, hop);
  if (scheme) hop.scheme = *scheme;
  return hop;
}

std::optional<bool> is_secure(std::string_view scheme) {
  if (equals_ignoring_case(scheme, "https")) return true;
  if (equals_ignoring_case(scheme, "http")) return false;
  return std::nullopt;
}

// Proxies that add to X-Forwarded-Proto do so as to X-Forwarded-For; others write the one scheme that there is. So it
// is the word as far from the right as the client is, or the one furthest from it.
std::optional<bool> forwarded_scheme(const Fields& fields, std::size_t hops) {
  FromTheRight words(fields, Name::x_forwarded_proto, false);
  std::string_view word, found;
  for (std::size_t i = 0; i < std::max<std::size_t>(hops, 1) && words.next(word); ++i) found = word;
  return is_secure(found);
}

std::string_view chain_of(const std::array<std::string_view, kMostProxies>& hops, std::size_t count,
                          std::string_view peer, Arena& arena) {
  if (count == 0) return peer;
  std::size_t size = peer.size();
  for (std::size_t i = 0; i < count; ++i) size += hops[i].size() + 2;
  char* const begin = arena.take(size);
  char* at = begin;
  const auto add = [&](std::string_view text) {
    std::memcpy(at, text.data(), text.size());
    at += text.size();
  };
  for (std::size_t i = count; i-- > 0;) {
    add(hops[i]);
    add(", ");
  }
  add(peer);
  return {begin, size};
}

}  // namespace

bool TrustedProxies::trusts(const Ip& ip) const {
  return std::any_of(proxies.begin(), proxies.end(), [&](const IpRange& range) { return range.contains(ip); });
}

ForwardedClient forwarded_client(const Fields& fields, std::string_view peer, const TrustedProxies& trusted,
                                 Arena& arena) {
  ForwardedClient client{peer, peer, true, std::nullopt};
  const auto ip = Ip::parse(peer);
  if (!ip || !trusted.trusts(*ip)) return client;
  const bool standard = trusted.field == ForwardedField::forwarded;
  FromTheRight members(fields, standard ? Name::forwarded : Name::x_forwarded_for, standard);
  std::array<std::string_view, kMostProxies> hops;
  std::size_t count = 0;
  std::string_view member;
  client.named = false;
  bool more = true, understood = true, reached = false;
  for (std::size_t looked = 0; looked < kMostProxies && understood && !reached; ++looked) {
    more = members.next(member);
    if (!more) break;
    if (member.empty()) continue;  // lists may have such
    Hop hop;
    if (standard) {
      hop = read_element(member, arena);
    } else {
      read_address(member, true, arena, hop);
    }
    if (!hop.scheme.empty()) client.secure = is_secure(hop.scheme);
    understood = !hop.address.empty();
    if (!understood) break;
    hops[count++] = client.address = hop.address;
    reached = !trusted.trusts(hop.ip);
  }
  // Where all are trusted, the first of them is the one who asks.
  client.named = reached || (understood && !more && count > 0);
  client.chain = chain_of(hops, count, peer, arena);
  if (!standard) client.secure = forwarded_scheme(fields, count);
  return client;
}

}  // namespace weir
