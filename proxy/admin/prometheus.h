// The metrics as Prometheus reads them (text format 0.0.4). Labels are names from the config and the result words,
// never anything that a request said.
#pragma once

#include <string>

#include "proxy/admin/services.h"

namespace weir {

std::string prometheus_text(const AdminServices& services);

}  // namespace weir
