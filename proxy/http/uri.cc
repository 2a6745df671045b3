// Request targets → one normal form; see uri.h. Hosts and ports are authority.cc's.
#include "proxy/http/uri.h"

#include <optional>

#include "proxy/base/text.h"
#include "proxy/http/grammar.h"

namespace weir {
namespace {

constexpr std::string_view kUpperHex = "0123456789ABCDEF";

Error refuse(std::string_view why) {
  return Error{Side::client, Code::malformed, std::string(why)};
}

// The byte that the escape at text[at] ('%') stands for, or nothing where it is broken.
std::optional<unsigned char> escaped_byte(std::string_view text, std::size_t at) {
  if (at + 2 >= text.size()) return std::nullopt;
  const int high = hex_value(text[at + 1]);
  const int low = hex_value(text[at + 2]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<unsigned char>(high << 4 | low);
}

bool may_be_escaped(unsigned char byte) {
  return byte != 0 && byte != '\r' && byte != '\n';
}

// Copies `text` with hex digits in upper case and, where `decode` says so, unreserved bytes decoded. Never grows.
// Null where an escape is broken or stands for NUL, CR or LF.
char* copy_escapes(std::string_view text, bool decode, char* out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      *out++ = text[i];
      continue;
    }
    const auto byte = escaped_byte(text, i);
    if (!byte || !may_be_escaped(*byte)) return nullptr;
    if (decode && kUnreservedChars.has(static_cast<char>(*byte))) {
      *out++ = static_cast<char>(*byte);
    } else {
      *out++ = '%';
      *out++ = kUpperHex[*byte >> 4];
      *out++ = kUpperHex[*byte & 15];
    }
    i += 2;
  }
  return out;
}

// RFC 3986 §5.2.4 in place, for a path that begins with '/'. Nothing where it climbs above the root.
std::optional<std::size_t> remove_dot_segments(char* path, std::size_t size) {
  const std::string_view in(path, size);
  std::size_t out = 0;  // always just before a '/'
  std::size_t at = 0;
  bool ends_open = false;  // the last segment was a dot segment: the path ends with '/'
  while (at < size) {
    const std::size_t end = std::min(in.find('/', at + 1), size);
    const auto segment = in.substr(at + 1, end - at - 1);
    ends_open = segment == "." || segment == "..";
    if (segment == "..") {
      if (out == 0) return std::nullopt;
      do --out;
      while (path[out] != '/');
    } else if (segment != ".") {
      for (std::size_t i = at; i < end; ++i) path[out++] = path[i];
    }
    at = end;
  }
  if (ends_open || out == 0) path[out++] = '/';
  return out;
}

// ".." for a reader that cuts at encoded slashes, or that drops what follows ';' in a segment. Plain dot segments are
// gone when this is asked.
bool hides_dot_segment(std::string_view path) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= path.size(); ++i) {
    const auto rest = path.substr(i);
    const bool escaped_slash = rest.starts_with("%2F") || rest.starts_with("%5C");
    if (!rest.empty() && rest.front() != '/' && !escaped_slash) continue;
    const auto piece = path.substr(begin, i - begin);
    const auto name = piece.substr(0, piece.find(';'));
    if (name == "." || name == "..") return true;
    begin = i + (escaped_slash ? 3 : 1);
  }
  return false;
}

Result<std::string_view> normalise_path(std::string_view raw, Arena& arena) {
  const bool plain = raw.find('%') == std::string_view::npos && raw.find("/.") == std::string_view::npos;
  if (plain) return raw;
  char* const path = arena.take(raw.size() + 1);
  const char* const end = copy_escapes(raw, true, path);
  if (end == nullptr) return refuse("the path holds a broken escape, or an escaped NUL, CR or LF");
  const auto size = remove_dot_segments(path, static_cast<std::size_t>(end - path));
  if (!size) return refuse("the path climbs above the root");
  const std::string_view normal(path, *size);
  if (hides_dot_segment(normal)) return refuse("the path hides a dot segment");
  return normal;
}

Result<std::string_view> normalise_query(std::string_view raw, Arena& arena) {
  if (raw.find('%') == std::string_view::npos) return raw;
  char* const query = arena.take(raw.size());
  const char* const end = copy_escapes(raw, false, query);
  if (end == nullptr) return refuse("the query holds a broken escape, or an escaped NUL, CR or LF");
  return std::string_view(query, static_cast<std::size_t>(end - query));
}

// `raw` begins with '/' (or is what follows an authority: then perhaps with '?').
Result<Target> parse_origin_form(std::string_view raw, Arena& arena) {
  Target target;
  const auto mark = raw.find('?');
  auto path = normalise_path(raw.substr(0, mark), arena);
  if (!path) return std::move(path).error();
  target.path = *path;
  if (mark == std::string_view::npos) return target;
  auto query = normalise_query(raw.substr(mark + 1), arena);
  if (!query) return std::move(query).error();
  target.has_query = true;
  target.query = *query;
  return target;
}

Result<Target> parse_absolute_form(std::string_view raw, Method method, Arena& arena) {
  const auto colon = raw.find("://");
  if (colon == std::string_view::npos) return refuse("the target is neither a path nor an absolute URL");
  const auto scheme = raw.substr(0, colon);
  const bool tls = equals_ignoring_case(scheme, "https");
  if (!tls && !equals_ignoring_case(scheme, "http")) return refuse("the target's scheme is not http or https");
  const auto rest = raw.substr(colon + 3);
  const auto end = std::min(rest.find_first_of("/?"), rest.size());
  auto authority = parse_authority(rest.substr(0, end), tls, arena);
  if (!authority) return std::move(authority).error();
  auto tail = rest.substr(end);
  if (tail.empty()) tail = method == Method::options ? "*" : "/";  // RFC 9112 §3.2.4
  if (tail.front() == '?') tail = arena.join("/", tail);
  auto target = tail == "*" ? Result<Target>(Target{tail, {}, false, {}}) : parse_origin_form(tail, arena);
  if (target) target->authority = *authority;
  return target;
}

}  // namespace

Result<Target> parse_target(std::string_view raw, Method method, Arena& arena) {
  if (!kTargetChars.covers(raw) || raw.empty()) {
    return refuse("the target is empty or holds a byte that no target may hold");
  }
  if (raw.front() == '/') return parse_origin_form(raw, arena);
  if (raw != "*") return parse_absolute_form(raw, method, arena);
  if (method != Method::options) return refuse("the target '*' is for OPTIONS only");
  return Target{raw, {}, false, {}};
}

Result<std::string_view> parse_target_part(std::string_view raw, Arena& arena) {
  if (!kTargetChars.covers(raw)) return refuse("it holds a byte that no target may hold");
  char* const begin = arena.take(raw.size());
  const auto path = raw.substr(0, raw.find('?'));
  const char* const path_end = copy_escapes(path, true, begin);
  if (path_end == nullptr) return refuse("the path holds a broken escape, or an escaped NUL, CR or LF");
  const std::string_view normal_path(begin, static_cast<std::size_t>(path_end - begin));
  if (normal_path.find("/./") != std::string_view::npos || normal_path.find("/../") != std::string_view::npos) {
    return refuse("the path holds a dot segment");
  }
  const char* const end = copy_escapes(raw.substr(path.size()), false, begin + normal_path.size());
  if (end == nullptr) return refuse("the query holds a broken escape, or an escaped NUL, CR or LF");
  return std::string_view(begin, static_cast<std::size_t>(end - begin));
}

std::string percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = text[i] == '%' ? escaped_byte(text, i) : std::nullopt;
    out.push_back(byte ? static_cast<char>(*byte) : text[i]);
    if (byte) i += 2;
  }
  return out;
}

}  // namespace weir
