// The running config as JSON, secrets masked: for GET /admin/config.
#pragma once

#include <string>

#include "proxy/config/config.h"

namespace weir {

std::string print_config(const Config& config);

}  // namespace weir
