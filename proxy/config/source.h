// The text of a config file before YAML sees it: checked for bytes that have no business there, and the one form that
// reads well but is no YAML, `match: [ PUT, PATCH ] /path`, made readable for it without moving anything.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/place.h"

namespace weir {

// Stands for '[' at the start of a match; occurs in no checked source. Undone by restore_matches().
inline constexpr char kMatchBracket = '\x01';

class ConfigSource {
 public:
  explicit ConfigSource(std::string_view text);

  // Size, UTF-8, control bytes.
  std::optional<Diagnostic> wrong(const std::string& file) const;

  std::string for_yaml() const;
  static void restore_matches(std::string& scalar);

  // Whether the quote that opens at (or, after an anchor, beyond) this place is closed on its line.
  bool quote_closes(Place place) const;

 private:
  std::string_view line(unsigned number) const;
  Place place_of(std::size_t offset) const;

  std::string_view text_;
  std::vector<std::size_t> lines_;  // offset of each line's first byte
};

}  // namespace weir
