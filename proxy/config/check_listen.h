// The rules between the options of one listener; see check.h. What the files hold that it names: certificates.h.
#pragma once

#include "proxy/config/config.h"

namespace weir {

void check_tls(const Config& config, Diagnostics& diagnostics);

}  // namespace weir
