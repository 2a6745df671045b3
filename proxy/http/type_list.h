// Which media types are worth compressing: weir's own list, or the operator's (`types:` of compress). Only the type
// counts, in any case; parameters (charset …) are passed over. What has no type is never compressed.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/result.h"

namespace weir {

// Text in all its forms (text/*, +json, +xml, JavaScript, wasm, SVG, bare fonts, BMP …); not what is compressed as it
// stands (PNG, WOFF2, video, archives) and not what is unknown.
bool compresses_well(std::string_view content_type) noexcept;

// Patterns like application/json, text/*, *+json, *.
class TypeList {
 public:
  // Says which pattern can match no type, and why.
  static Result<TypeList> parse(std::span<const std::string> patterns);

  bool has(std::string_view content_type) const noexcept;

 private:
  std::vector<std::string> patterns_;  // lower case
};

}  // namespace weir
