// Loads a config file: YAML, ${VAR}, keys, values, and the rules that concern only what the file says. All errors at
// once. What needs patterns and templates is checked by route/compile.h, whose prepare_file() does both.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proxy/config/config.h"
#include "proxy/config/expand.h"
#include "proxy/config/place.h"

namespace weir {

struct Loaded {
  // As far as it could be read: where `diagnostics` has errors, good only for finding more of them. Empty after a YAML
  // error.
  std::optional<Config> config;
  Diagnostics diagnostics;
};

Loaded load_file(const std::string& path, const Environment& environment = process_environment());
// `file` is the name for diagnostics.
Loaded load_text(std::string file, std::string_view text, const Environment& environment = process_environment());

}  // namespace weir
