// Place: where in the config file something stands; Diagnostic: what is wrong (or worth a warning) there. Plain values,
// kept after loading so that `weir explain` and the compile step can name lines.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct Place {
  unsigned line = 0;  // counted from 1; 0: not in the file, a default
  unsigned column = 0;
  explicit operator bool() const { return line != 0; }
  friend bool operator==(const Place&, const Place&) = default;
};

// By the option's path: "cache.ttl", "request.headers.set", "tags.0" for the first of a list.
using Places = std::map<std::string, Place, std::less<>>;

struct Diagnostic {
  // `expired`: as bad as an error, but no reason not to start: what else the file says is right.
  enum class Severity { error, expired, warning } severity = Severity::error;
  std::string file;
  Place place;
  std::string what;   // is wrong
  std::string right;  // what would be right; may be empty

  // FILE:LINE:COL: what is wrong (what would be right)
  std::string text() const;
};

// From a detail of the form `"x" is not a duration: what would be right`.
Diagnostic diagnose(std::string file, Place place, std::string_view detail);

using Diagnostics = std::vector<Diagnostic>;

bool has_errors(const Diagnostics& diagnostics);
bool has_expired(const Diagnostics& diagnostics);

inline constexpr std::size_t kMostDiagnostics = 100;  // who reads more? What finds them may stop one later
// By place, those without one last. Drops what is said twice, and what is too much, and says so.
void put_in_order(Diagnostics& diagnostics);
std::string text_of(const Diagnostics& diagnostics);  // a line each; warnings begin with "warning: " after the place

}  // namespace weir
