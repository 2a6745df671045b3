// Reads --name VALUE, --name=VALUE, -n VALUE and -nVALUE; `--` ends options. See options.h.
#include "proxy/cli/options.h"

#include <algorithm>

#include "proxy/base/text.h"

namespace weir {
namespace {

Error wrong_use(std::string detail) {
  return Error{Side::client, Code::malformed, std::move(detail)};
}

Error unknown(std::string_view word, std::span<const OptionType> options) {
  std::vector<std::string_view> names;
  for (const auto& option : options) names.push_back(option.name);
  const auto name = word.substr(0, word.find('='));
  const auto near = name.starts_with("--") ? nearest(name.substr(2), names) : std::string_view{};
  std::string detail = "unknown option " + printable(name);
  return wrong_use(near.empty() ? detail : detail + " (did you mean --" + std::string(near) + "?)");
}

const OptionType* find_long(std::string_view name, std::span<const OptionType> options) {
  const auto found = std::find_if(options.begin(), options.end(), [&](const OptionType& o) { return o.name == name; });
  return found == options.end() ? nullptr : &*found;
}

const OptionType* find_letter(char letter, std::span<const OptionType> options) {
  const auto found =
      std::find_if(options.begin(), options.end(), [&](const OptionType& o) { return o.letter == letter; });
  return found == options.end() ? nullptr : &*found;
}

struct Read {
  const OptionType* option = nullptr;  // null: no such
  std::optional<std::string_view> value;
};

Read read_option(std::string_view word, std::span<const OptionType> options) {
  if (word.starts_with("--")) {
    const auto equals = word.find('=');
    Read read{find_long(word.substr(2, equals == std::string_view::npos ? equals : equals - 2), options), {}};
    if (equals != std::string_view::npos) read.value = word.substr(equals + 1);
    return read;
  }
  Read read{find_letter(word[1], options), {}};
  if (word.size() > 2) read.value = word.substr(2);
  return read;
}

}  // namespace

Result<Arguments> Arguments::parse(std::span<const std::string_view> words, std::span<const OptionType> options) {
  Arguments made;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--") {
      for (++i; i < words.size(); ++i) made.plain_.emplace_back(words[i]);
      break;
    }
    if (word.size() < 2 || word.front() != '-') {
      made.plain_.emplace_back(word);
      continue;
    }
    auto [option, value] = read_option(word, options);
    if (option == nullptr) return unknown(word, options);
    const std::string name = "--" + std::string(option->name);
    if (option->value.empty() && value) return wrong_use(name + " takes no value");
    if (!option->value.empty() && !value) {
      if (++i == words.size()) return wrong_use(name + " needs a value: " + std::string(option->value));
      value = words[i];
    }
    made.given_.emplace_back(option->name, std::string(value.value_or("")));
  }
  return made;
}

bool Arguments::has(std::string_view name) const {
  return std::any_of(given_.begin(), given_.end(), [&](const auto& one) { return one.first == name; });
}

std::optional<std::string> Arguments::value(std::string_view name) const {
  const auto all = values(name);
  if (all.empty()) return std::nullopt;
  return all.back();
}

std::vector<std::string> Arguments::values(std::string_view name) const {
  std::vector<std::string> out;
  for (const auto& [given, value] : given_) {
    if (given == name) out.push_back(value);
  }
  return out;
}

}  // namespace weir
