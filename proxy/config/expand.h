// ${VAR} and ${VAR:-default} inside a value. The name of an environment variable is in capitals: A-Z, 0-9 and _, as in
// ${REDIS_URL}. In texts that are templates (tags, urls, prefixes) lower-case names stand for what a request fills in,
// and are left as they are; anywhere else they are an error. What comes from the environment is never read as YAML.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/result.h"

namespace weir {

// The value of an environment variable; nullopt where it isn't set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();

// As a shell does it, `:-` stands for a variable that is unset or empty. Errors: unset without a default, no closing
// brace, no valid name.
Result<std::string> expand(std::string_view text, const Environment& environment, bool is_template);

}  // namespace weir
