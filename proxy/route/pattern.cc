// Parses and matches path patterns; see pattern.h. Literals are kept in the normal form of http/uri, which is the form
// in which paths come here, so that comparing bytes is enough.
#include "proxy/route/pattern.h"

#include <algorithm>

#include "proxy/base/arena.h"
#include "proxy/base/text.h"
#include "proxy/http/uri.h"

namespace weir {
namespace {

constexpr std::size_t kLongestPattern = 1024;
constexpr std::size_t kMostSegments = 64;

Error bad(std::string_view text, std::string_view shape, std::string_view right) {
  std::string detail = "\"" + printable(text) + "\" is not ";
  return Error{Side::config, Code::malformed, detail.append(shape).append(": ").append(right)};
}

bool is_parameter_name(std::string_view name) {
  const auto good = [](char c) { return (c >= 'a' && c <= 'z') || c == '_' || is_digit(c); };
  return !name.empty() && name.size() <= 32 && !is_digit(name.front()) && std::all_of(name.begin(), name.end(), good);
}

// The next segment of what follows a '/'; the rest begins after the next '/' (npos: there is none).
std::string_view segment_of(std::string_view path) {
  return path.substr(0, path.find('/'));
}

}  // namespace

std::string_view RouteValues::find(std::string_view name) const {
  for (std::size_t i = 0; i < count; ++i) {
    if (list[i].name == name) return list[i].value;
  }
  return name == "user" ? user : std::string_view{};
}

Result<Pattern::Segment> Pattern::parse_segment(std::string_view text, bool last) {
  using Kind = Segment::Kind;
  if (text.find_first_of("{}") == std::string_view::npos) {
    Arena arena;
    const std::string raw = "/" + std::string(text);
    const auto target = parse_target(raw, Method::get, arena);
    const bool whole =
        target && !target->has_query && target->path.size() > 1 && target->path.find('/', 1) == std::string_view::npos;
    if (!whole)
      return bad(text, "a segment of a path", "plain or percent-encoded text; not empty, no dots alone, no query");
    return Segment{Kind::literal, std::string(target->path.substr(1))};
  }
  if (text.front() != '{' || text.back() != '}') {
    return bad(text, "a segment of a path", "a parameter takes a whole segment, as in /videos/{id}/page");
  }
  std::string_view name = text.substr(1, text.size() - 2);
  const bool rest = name.ends_with("...");
  if (rest) name.remove_suffix(3);
  if (!is_parameter_name(name)) {
    return bad(text, "a parameter",
               "small letters, digits and _, as in {id} or {path...}; capitals are for the environment");
  }
  if (rest && !last) return bad(text, "a parameter in the middle", "what takes the rest stands last");
  return Segment{rest ? Kind::rest : Kind::parameter, std::string(name)};
}

Result<Pattern> Pattern::parse(std::string_view text) {
  if (!text.starts_with('/')) return bad(text, "a path", "it begins with /");
  if (text.size() > kLongestPattern) return bad(text.substr(0, 40), "a path", "at most 1024 bytes");
  Pattern pattern;
  pattern.prefix_ = text.ends_with('/');
  std::string_view inside = text.substr(1);
  if (pattern.prefix_ && !inside.empty()) inside.remove_suffix(1);
  if (inside.empty()) return pattern;
  const auto parts = split(inside, '/');
  if (parts.size() > kMostSegments) return bad(text, "a path", "at most 64 segments");
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size() && !pattern.prefix_;
    auto segment = parse_segment(parts[i], last);
    if (!segment) return std::move(segment).error();
    const auto taken = pattern.names();
    if (segment->kind != Segment::Kind::literal) {
      if (std::find(taken.begin(), taken.end(), segment->text) != taken.end()) {
        return bad(text, "a path", "each name once; {" + segment->text + "} stands twice");
      }
      if (taken.size() == kMaxParameters) return bad(text, "a path", "at most 8 parameters");
    }
    pattern.segments_.push_back(std::move(*segment));
  }
  return pattern;
}

bool Pattern::match(std::string_view path, RouteValues& values) const {
  values.count = 0;
  values.user = {};
  if (!path.starts_with('/')) return prefix_ && segments_.empty();
  std::string_view left = path.substr(1);  // what follows the last '/'
  bool more = true;                        // there was such a '/'
  for (const Segment& segment : segments_) {
    if (!more) return false;
    if (segment.kind == Segment::Kind::rest) {
      if (left.empty()) return false;
      values.add(segment.text, left);
      return true;
    }
    const auto found = segment_of(left);
    if (segment.kind == Segment::Kind::literal ? found != segment.text : found.empty()) return false;
    if (segment.kind == Segment::Kind::parameter) values.add(segment.text, found);
    more = found.size() < left.size();
    left.remove_prefix(more ? found.size() + 1 : found.size());
  }
  if (prefix_) return more;
  return segments_.empty() ? left.empty() : !more;
}

bool Pattern::Segment::covers(const Segment& other) const {
  if (kind == Kind::literal) return other.kind == Kind::literal && other.text == text;
  return true;  // what a parameter of the other takes is not empty, and so are literals
}

bool Pattern::covers(const Pattern& other) const {
  const std::size_t ours = fixed();
  const std::size_t theirs = other.fixed();
  if (theirs < ours) return false;
  for (std::size_t i = 0; i < ours; ++i) {
    if (!segments_[i].covers(other.segments_[i])) return false;
  }
  const bool open = other.prefix_ || other.has_rest();  // the other takes further segments
  if (prefix_) return open || theirs > ours || segments_.empty();
  if (has_rest()) return theirs > ours || other.has_rest();
  return theirs == ours && !open;
}

std::vector<std::string_view> Pattern::names() const {
  std::vector<std::string_view> names;
  for (const Segment& segment : segments_) {
    if (segment.kind != Segment::Kind::literal) names.push_back(segment.text);
  }
  return names;
}

}  // namespace weir
