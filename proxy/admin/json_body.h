// Reads the JSON object that a call was sent, into the caller's variables. Strict: an unknown or repeated key, another
// type, bytes after the end are errors that say where and what would be right. simdjson stops here.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "proxy/base/result.h"

namespace weir {

struct JsonField {
  std::string_view name;
  std::variant<std::optional<bool>*, std::optional<std::string>*, std::optional<std::vector<std::string>>*> into;
};

// An empty body is an empty object.
Result<void> read_json_object(std::string_view body, std::span<const JsonField> fields);

}  // namespace weir
