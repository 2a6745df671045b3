// Copies simdjson's tree, which also bounds the nesting; see json.h.
#include "proxy/cli/json.h"

#include <simdjson.h>

namespace weir {
namespace {

using Element = simdjson::dom::element;

JsonValue copied(const Element& element) {
  switch (element.type()) {
    case simdjson::dom::element_type::OBJECT: {
      std::vector<JsonValue::Member> members;
      for (const auto [name, value] : simdjson::dom::object(element)) members.emplace_back(name, copied(value));
      return JsonValue(std::move(members));
    }
    case simdjson::dom::element_type::ARRAY: {
      std::vector<JsonValue> items;
      for (const auto value : simdjson::dom::array(element)) items.push_back(copied(value));
      return JsonValue(std::move(items));
    }
    case simdjson::dom::element_type::STRING: return JsonValue(std::string(std::string_view(element)));
    case simdjson::dom::element_type::DOUBLE:
    case simdjson::dom::element_type::INT64:
    case simdjson::dom::element_type::UINT64: return JsonValue(double(element));
    default: return JsonValue();  // truth values and null: nothing here asks for them
  }
}

template <class T>
const T& held(const auto& value) {
  static const T kNone{};
  const T* const found = std::get_if<T>(&value);
  return found == nullptr ? kNone : *found;
}

}  // namespace

const JsonValue& JsonValue::operator[](std::string_view name) const {
  static const JsonValue kNone;
  for (const auto& [key, value] : members()) {
    if (key == name) return value;
  }
  return kNone;
}

const std::vector<JsonValue::Member>& JsonValue::members() const {
  return held<std::vector<Member>>(value_);
}

const std::vector<JsonValue>& JsonValue::items() const {
  return held<std::vector<JsonValue>>(value_);
}

std::string JsonValue::text() const {
  return held<std::string>(value_);
}

std::optional<double> JsonValue::number(std::string_view name) const {
  const double* const found = std::get_if<double>(&(*this)[name].value_);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

std::uint64_t JsonValue::count(std::string_view name) const {
  constexpr double kMost = 9007199254740992;  // beyond it a double skips whole numbers
  const double value = number(name).value_or(0);
  return value > 0 ? static_cast<std::uint64_t>(std::min(value, kMost)) : 0;
}

Result<JsonValue> JsonValue::parse(std::string_view text) {
  simdjson::dom::parser parser;
  Element root;
  if (parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS) {
    return Error{Side::internal, Code::malformed, "the answer is not JSON"};
  }
  return copied(root);
}

}  // namespace weir
