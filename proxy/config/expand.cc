// Expands environment variables in one value; see expand.h.
#include "proxy/config/expand.h"

#include <algorithm>
#include <cstdlib>

#include "proxy/base/text.h"

namespace weir {
namespace {

constexpr std::size_t kLongest = 64 * 1024;

Error wrong(std::string what) {
  return Error{Side::config, Code::malformed, std::move(what)};
}

bool is_variable(std::string_view name) {
  const auto good = [](char c) { return (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c); };
  return !name.empty() && !is_digit(name.front()) && std::all_of(name.begin(), name.end(), good);
}

// What the inside of ${…} stands for; nullopt: a template's own name, to be left alone.
Result<std::optional<std::string>> value_of(std::string_view inside, const Environment& environment, bool is_template) {
  const auto colon = inside.find(":-");
  const std::string name(inside.substr(0, colon));
  if (!is_variable(name)) {
    if (is_template) return std::optional<std::string>();
    return wrong("${" + printable(name) +
                 "} is not an environment variable: their names are in capitals, as in ${REDIS_URL}");
  }
  auto value = environment(name);
  if (colon != std::string_view::npos) {
    if (!value || value->empty()) value = std::string(inside.substr(colon + 2));
    return value;
  }
  if (!value)
    return wrong("the environment variable " + name + " is not set: set it, or write ${" + name + ":-default}");
  return value;
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* const value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

Result<std::string> expand(std::string_view text, const Environment& environment, bool is_template) {
  std::string out;
  for (;;) {
    const auto begin = text.find("${");
    out += text.substr(0, begin);
    if (begin == std::string_view::npos) return out;
    const auto end = text.find('}', begin);
    if (end == std::string_view::npos) return wrong("${ is not closed: ${VAR} or ${VAR:-default}");
    auto value = value_of(text.substr(begin + 2, end - begin - 2), environment, is_template);
    if (!value) return std::move(value).error();
    out += *value ? **value : std::string(text.substr(begin, end - begin + 1));
    if (out.size() > kLongest) return wrong("longer than 64 KiB once its variables are filled in");
    text.remove_prefix(end + 1);
  }
}

}  // namespace weir
