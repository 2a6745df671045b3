// Reads a query; see parameters.h.
#include "proxy/admin/parameters.h"

#include <algorithm>

#include "proxy/base/text.h"
#include "proxy/http/uri.h"

namespace weir {
namespace {

constexpr std::size_t kMostParameters = 100;

Error wrong(std::string detail) {
  return Error{Side::client, Code::malformed, std::move(detail)};
}

bool is_in(std::string_view name, std::span<const std::string_view> list) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace

std::string unknown_name(std::string_view what, std::string_view name, std::span<const std::string_view> known) {
  std::string text = "unknown ";
  text.append(what).append(" \"").append(printable(name.substr(0, 100))).append("\"");
  if (known.empty()) return text + ": this call takes none";
  const auto near = nearest(name, known);
  if (!near.empty()) return text.append(": did you mean \"").append(near).append("\"?");
  text += ": there are";
  for (const auto one : known) text.append(one == known.front() ? " " : ", ").append(one);
  return text;
}

Result<Parameters> Parameters::parse(std::string_view query, std::span<const std::string_view> once,
                                     std::span<const std::string_view> many) {
  std::vector<std::string_view> known(once.begin(), once.end());
  known.insert(known.end(), many.begin(), many.end());
  Parameters parameters;
  std::string error;
  for_each_query_pair(query, [&](std::string_view raw_name, std::string_view pair) {
    if (!error.empty()) return;
    const std::string name = percent_decode(raw_name);
    const auto equals = pair.find('=');
    if (!is_in(name, known)) {
      error = unknown_name("parameter", name, known) + " (within a value, & is written %26)";
    } else if (is_in(name, once) && parameters.value(name)) {
      error = "\"" + name + "\" is given twice";
    } else if (parameters.list_.size() == kMostParameters) {
      error = "too many parameters";
    } else {
      parameters.list_.emplace_back(name,
                                    equals == std::string_view::npos ? "" : percent_decode(pair.substr(equals + 1)));
    }
  });
  if (!error.empty()) return wrong(std::move(error));
  return parameters;
}

std::optional<std::string_view> Parameters::value(std::string_view name) const {
  for (const auto& [key, value] : list_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Parameters::values(std::string_view name) const {
  std::vector<std::string_view> found;
  for (const auto& [key, value] : list_) {
    if (key == name) found.push_back(value);
  }
  return found;
}

}  // namespace weir
