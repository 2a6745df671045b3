// Cache-Control (RFC 9111 §5.2) → values; see cache_control.h. Where a line is malformed, what restricts still counts
// and what permits does not: nobody makes an answer more cacheable by breaking its grammar.
#include "proxy/http/cache_control.h"

#include <algorithm>

#include "proxy/base/text.h"
#include "proxy/http/grammar.h"

namespace weir {
namespace {

struct Directive {
  std::string_view name;
  bool has_value = false;
  std::string value;  // a quoted string without quotes and escapes
  bool well_formed = true;
};

// The end of the quoted string that begins at text[0], or npos where nothing closes it.
std::size_t end_of_quoted(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return i + 1;
    if (text[i] == '\\') ++i;
  }
  return std::string_view::npos;
}

std::string unquote(std::string_view quoted) {
  std::string out;
  for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
    if (quoted[i] == '\\') ++i;
    out.push_back(quoted[i]);
  }
  return out;
}

// The length of the list member that `text` begins with: up to the first comma outside quotes. From a quote that
// nothing closes, all quotes of the line are ordinary bytes, lest they hide a no-store; `broken` remembers it.
std::size_t member_length(std::string_view text, bool& broken) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ',') return i;
    if (text[i] != '"' || broken) continue;
    const auto end = end_of_quoted(text.substr(i));
    broken = end == std::string_view::npos;
    if (!broken) i += end - 1;
  }
  return text.size();
}

Directive read_directive(std::string_view member) {
  Directive directive;
  directive.name = member.substr(0, kTokenChars.span(member));
  auto rest = member.substr(directive.name.size());
  directive.has_value = rest.starts_with('=');
  if (!directive.has_value) {
    directive.well_formed = rest.empty();
    return directive;
  }
  rest.remove_prefix(1);
  if (rest.starts_with('"')) {
    directive.well_formed = end_of_quoted(rest) == rest.size();
    if (directive.well_formed) directive.value = unquote(rest);
  } else {
    directive.well_formed = is_token(rest);
    directive.value = rest;
  }
  return directive;
}

// Calls `each` for every directive of every line; true where a quote was left open.
template <class Each>
bool for_each_directive(const Fields& fields, Name name, Each each) {
  bool any_broken = false;
  for (const Field& field : fields) {
    if (field.id != name) continue;
    bool broken = false;
    auto rest = field.value;
    while (!rest.empty()) {
      const std::size_t length = member_length(rest, broken);
      const Directive directive = read_directive(trim(rest.substr(0, length)));
      if (!directive.name.empty()) each(directive);
      rest.remove_prefix(std::min(length + 1, rest.size()));
    }
    any_broken = any_broken || broken;
  }
  return any_broken;
}

std::optional<Seconds> seconds_of(const Directive& directive) {
  if (!directive.well_formed || !directive.has_value) return std::nullopt;
  return parse_delta_seconds(directive.value);
}

// A lifetime: malformed or contradicted ones make the answer "not fresh"; the shortest is kept all the same.
void read_lifetime(const Directive& directive, std::optional<Seconds>& lifetime, bool& invalid) {
  const auto seconds = seconds_of(directive);
  invalid = invalid || !seconds || (lifetime && *lifetime != *seconds);
  if (seconds) lifetime = std::min(lifetime.value_or(*seconds), *seconds);
}

// A permission to be lax: malformed ones permit nothing; of several the smallest counts.
void read_permission(const Directive& directive, std::optional<Seconds>& permission) {
  const auto seconds = seconds_of(directive).value_or(0);
  permission = std::min(permission.value_or(seconds), seconds);
}

// no-cache and private: for the whole answer, or (with a list of names) for some of its fields.
void read_restriction(const Directive& directive, bool& whole, bool& some, std::string& list) {
  bool names = directive.has_value && directive.well_formed;
  std::size_t count = 0;
  for_each_member(directive.value, [&](std::string_view name) {
    names = names && is_token(name);
    ++count;
  });
  if (!names || count == 0) {
    whole = true;
    return;
  }
  some = true;
  if (!list.empty()) list.append(", ");
  list.append(directive.value);
}

void read_response_directive(const Directive& d, ResponseDirectives& out) {
  const auto is = [&](std::string_view name) { return equals_ignoring_case(d.name, name); };
  const bool plain = d.well_formed && !d.has_value;
  if (is("max-age")) return read_lifetime(d, out.max_age, out.invalid_lifetime);
  if (is("s-maxage")) return read_lifetime(d, out.s_maxage, out.invalid_lifetime);
  if (is("stale-while-revalidate")) return read_permission(d, out.stale_while_revalidate);
  if (is("stale-if-error")) return read_permission(d, out.stale_if_error);
  if (is("no-cache")) return read_restriction(d, out.no_cache, out.no_cache_fields, out.no_cache_list);
  if (is("private")) return read_restriction(d, out.private_, out.private_fields, out.private_list);
  if (is("no-store")) out.no_store = true;
  if (is("must-revalidate")) out.must_revalidate = true;
  if (is("proxy-revalidate")) out.proxy_revalidate = true;
  if (is("no-transform")) out.no_transform = true;
  if (is("must-understand")) out.must_understand = out.must_understand || plain;  // it can lift a no-store
  if (is("public")) out.public_ = out.public_ || plain;
  if (is("immutable")) out.immutable = out.immutable || plain;
}

void read_request_directive(const Directive& d, RequestDirectives& out) {
  const auto is = [&](std::string_view name) { return equals_ignoring_case(d.name, name); };
  const auto seconds = seconds_of(d);
  if (is("no-store")) out.no_store = true;
  if (is("no-cache")) out.no_cache = true;
  if (is("no-transform")) out.no_transform = true;
  if (is("only-if-cached")) out.only_if_cached = true;
  if (is("max-age") && seconds) out.max_age = std::min(out.max_age.value_or(*seconds), *seconds);
  if (is("min-fresh") && seconds) out.min_fresh = std::max(out.min_fresh.value_or(*seconds), *seconds);
  if (is("stale-if-error")) read_permission(d, out.stale_if_error);
  if (is("max-stale") && d.well_formed && (seconds || !d.has_value)) {
    out.max_stale = true;
    if (seconds) out.max_stale_for = std::min(out.max_stale_for.value_or(*seconds), *seconds);
  }
}

}  // namespace

std::optional<Seconds> parse_delta_seconds(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  Seconds seconds = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    seconds = std::min<Seconds>(seconds * 10 + (c - '0'), kMaxDelta);
  }
  return seconds;
}

ResponseDirectives parse_response_cache_control(const Fields& fields) {
  ResponseDirectives out;
  const bool broken = for_each_directive(fields, Name::cache_control, [&](const Directive& directive) {
    out.present = true;
    read_response_directive(directive, out);
  });
  out.invalid_lifetime = out.invalid_lifetime || broken;
  return out;
}

RequestDirectives parse_request_cache_control(const Fields& fields) {
  RequestDirectives out;
  (void)for_each_directive(fields, Name::cache_control, [&](const Directive& d) { read_request_directive(d, out); });
  if (!fields.has(Name::cache_control)) {
    (void)for_each_directive(fields, Name::pragma, [&](const Directive& d) {
      out.no_cache = out.no_cache || equals_ignoring_case(d.name, "no-cache");
    });
  }
  return out;
}

}  // namespace weir
