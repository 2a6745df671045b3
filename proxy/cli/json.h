// Reads the JSON that the admin endpoint answers with: for the command line only, which takes what it knows and lets
// the rest be. A member that is not there, or is of another type, reads as empty.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "proxy/base/result.h"

namespace weir {

class JsonValue {
 public:
  using Member = std::pair<std::string, JsonValue>;

  static Result<JsonValue> parse(std::string_view text);

  JsonValue() = default;
  template <class T>
  explicit JsonValue(T value) : value_(std::move(value)) {}

  const JsonValue& operator[](std::string_view name) const;  // of an object
  const std::vector<Member>& members() const;                // of an object, in order
  const std::vector<JsonValue>& items() const;               // of a list
  std::string text() const;

  std::string text(std::string_view name) const { return (*this)[name].text(); }
  std::optional<double> number(std::string_view name) const;
  std::uint64_t count(std::string_view name) const;  // whole and not negative, else 0

 private:
  std::variant<std::monostate, double, std::string, std::vector<JsonValue>, std::vector<Member>> value_;
};

}  // namespace weir
