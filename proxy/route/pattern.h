// Path patterns: /api/videos/{id}/comments, /media/{path...}. Matched on the normalised path, segment by segment,
// without allocation. A pattern that ends in "/" matches everything below it too.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/result.h"

namespace weir {

inline constexpr std::size_t kMaxParameters = 8;

// What {names} matched: percent-encoded, as in the path. Views into path and pattern.
struct RouteValues {
  struct Value {
    std::string_view name, value;
  };
  std::array<Value, kMaxParameters> list{};
  std::size_t count = 0;
  std::string_view user;  // digest of the user key, for ${user}

  void add(std::string_view name, std::string_view value) { list[count++] = {name, value}; }
  std::string_view find(std::string_view name) const;
};

class Pattern {
 public:
  // Errors name what is wrong and what would be right.
  static Result<Pattern> parse(std::string_view text);

  // On a match fills `values` (which it clears first).
  bool match(std::string_view path, RouteValues& values) const;

  // Whether every path that `other` matches is matched by this too: then a later `other` is unreachable.
  bool covers(const Pattern& other) const;

  std::vector<std::string_view> names() const;

 private:
  struct Segment {
    enum class Kind : std::uint8_t { literal, parameter, rest } kind = Kind::literal;
    std::string text;  // the literal (in normal form) or the parameter's name

    bool covers(const Segment& other) const;
  };
  static Result<Segment> parse_segment(std::string_view text, bool last);
  bool has_rest() const { return !segments_.empty() && segments_.back().kind == Segment::Kind::rest; }
  // The segments before a {rest...}.
  std::size_t fixed() const { return segments_.size() - (has_rest() ? 1 : 0); }

  std::vector<Segment> segments_;
  bool prefix_ = false;  // ends in "/": matches below
};

}  // namespace weir
