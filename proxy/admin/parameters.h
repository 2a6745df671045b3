// The query of a call: its parameters by name, decoded. An unknown or repeated one is refused with the nearest right
// name.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/base/result.h"

namespace weir {

class Parameters {
 public:
  // `once`: may be given once; `many`: any number of times. '+' is no space: URLs hold it as it is.
  static Result<Parameters> parse(std::string_view query, std::span<const std::string_view> once,
                                  std::span<const std::string_view> many = {});

  std::optional<std::string_view> value(std::string_view name) const;
  std::vector<std::string_view> values(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> list_;
};

// `"tagz" is not known: did you mean "tags"?` or the list of what is.
std::string unknown_name(std::string_view what, std::string_view name, std::span<const std::string_view> known);

}  // namespace weir
