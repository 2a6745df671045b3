// The options of a call: described in a table, read from the command line, listed by help.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/base/result.h"

namespace weir {

struct OptionType {
  std::string_view name;   // "config", for --config
  char letter = 0;         // 'c' for -c; 0: none
  std::string_view value;  // what follows it, as help calls it: "FILE"; empty: nothing does
  std::string_view meaning;
};

class Arguments {
 public:
  // Errors say what is wrong and, where near, what was meant.
  static Result<Arguments> parse(std::span<const std::string_view> words, std::span<const OptionType> options);

  bool has(std::string_view name) const;
  std::optional<std::string> value(std::string_view name) const;  // of the last one given
  std::vector<std::string> values(std::string_view name) const;
  const std::vector<std::string>& plain() const { return plain_; }  // what is no option

 private:
  std::vector<std::pair<std::string_view, std::string>> given_;  // by OptionType::name
  std::vector<std::string> plain_;
};

}  // namespace weir
