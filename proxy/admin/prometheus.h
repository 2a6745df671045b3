// The metrics as Prometheus reads them (text format 0.0.4). Labels are names from the config and the result words,
// never anything that a request said.
#pragma once

#include <string>

#include "proxy/fetch/context.h"

namespace weir {

std::string prometheus_text(const Node& node, const Snapshot& snapshot);

}  // namespace weir
