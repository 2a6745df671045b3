// simdjson's tree into the caller's variables; see json_body.h. Nesting is bounded by the parser, size by whoever read
// the body.
#include "proxy/admin/json_body.h"

#include <simdjson.h>

#include "proxy/admin/parameters.h"

namespace weir {
namespace {

using Element = simdjson::dom::element;

Error wrong(std::string detail) {
  return Error{Side::client, Code::malformed, std::move(detail)};
}

Error wrong_type(std::string_view name, std::string_view right) {
  return wrong("\"" + std::string(name) + "\" must be " + std::string(right));
}

// Reads one value by the type of the variable that it goes to.
struct Reader {
  std::string_view name;
  const Element& element;

  Result<void> operator()(std::optional<bool>* into) const {
    bool value = false;
    if (element.get(value) != simdjson::SUCCESS) return wrong_type(name, "true or false");
    *into = value;
    return {};
  }

  Result<void> operator()(std::optional<std::string>* into) const {
    std::string_view value;
    if (element.get(value) != simdjson::SUCCESS) return wrong_type(name, "a text");
    *into = std::string(value);
    return {};
  }

  Result<void> operator()(std::optional<std::vector<std::string>>* into) const {
    simdjson::dom::array list;
    if (element.get(list) != simdjson::SUCCESS) return wrong_type(name, "a list of texts");
    auto& out = into->emplace();
    for (const Element item : list) {
      std::string_view value;
      if (item.get(value) != simdjson::SUCCESS) return wrong_type(name, "a list of texts");
      out.emplace_back(value);
    }
    return {};
  }
};

Result<void> read_field(std::string_view name, const Element& element, std::span<const JsonField> fields) {
  std::vector<std::string_view> known;
  for (const auto& field : fields) {
    if (field.name != name) {
      known.push_back(field.name);
      continue;
    }
    const bool twice = std::visit([](const auto* into) { return into->has_value(); }, field.into);
    if (twice) return wrong("\"" + std::string(name) + "\" is given twice");
    return std::visit(Reader{name, element}, field.into);
  }
  return wrong(unknown_name("key", name, known));
}

}  // namespace

Result<void> read_json_object(std::string_view body, std::span<const JsonField> fields) {
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return {};
  simdjson::dom::parser parser;
  Element root;
  if (const auto error = parser.parse(body.data(), body.size()).get(root); error != simdjson::SUCCESS) {
    return wrong(std::string("the body is not JSON: ") + simdjson::error_message(error));
  }
  simdjson::dom::object object;
  if (root.get(object) != simdjson::SUCCESS) return wrong("the body must be a JSON object: {\"tags\":[\"a\"]}");
  for (const auto [name, element] : object) {
    if (auto read = read_field(name, element, fields); !read) return read;
  }
  return {};
}

}  // namespace weir
